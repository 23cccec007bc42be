"""What the files of a run hold, by its settings: how large each may be, which arrays, figures and events are in it.

`export` packs nothing else and `importing` takes nothing else, so that whatever goes out comes back, and an archive
from anybody can make no page fail. Errors are those of a damaged file; nothing is read before its size is known.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError, safe_open

from vae_core import datasets, files
from vae_core import events as ev
from vae_core.config import RunConfig
from vae_core.errors import N_, WorkError

MOST_TEXT = 1 << 16  # bytes of `config.json` and of `metrics.json`, which have one or two thousand
MOST_EVENTS = 1 << 28  # bytes of `events.jsonl`: of an earlier version, four points a second for three days
MOST_HEADER = 1 << 16  # bytes of the list of arrays at the beginning of a file of them
SNAPSHOT_IMAGES, SNAPSHOT_CODES, MOST_SNAPSHOTS = 16, 1_000, 202  # a test holds them to what a training makes
LARGEST_NUMBER = 1e60  # of a loss: a training that diverges comes this side of it, and sums of such stay finite

_Share = Annotated[float, Field(ge=0, le=1)]


class Figures(BaseModel):
    """`metrics.json`, in the words of `metrics.evaluate` and of the worker that writes it."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    dataset: str
    split: Literal["test"]
    classes: list[int] | None
    epoch: Annotated[int, Field(ge=0)]
    stopped: bool
    seconds: Annotated[float, Field(ge=0)]
    cpu_seconds: Annotated[float, Field(ge=0)]
    images: Annotated[int, Field(ge=1)]
    pixels: Literal["grey", "binarised"]
    recon: Annotated[float, Field(ge=-LARGEST_NUMBER, le=LARGEST_NUMBER)]
    kl: Annotated[float, Field(ge=-1e-3, le=LARGEST_NUMBER)] | None
    elbo: float | None
    nll_iwae: float | None
    iwae_k: Annotated[int, Field(ge=1)] | None
    mse: _Share
    psnr: Annotated[float, Field(ge=-1, le=101)]
    ssim: Annotated[float, Field(ge=-1.001, le=1.001)]
    active_units: Annotated[int, Field(ge=0)] | None
    mse_mean_image: _Share


def check_metrics(path: Path, config: RunConfig) -> Figures:
    """`metrics.json`, which has to be about these settings and in itself without contradiction.

    Raises:
        WorkError: It is missing, damaged, or of another run.
    """
    values = files.read_json(path)
    try:
        found = Figures.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise files.damaged(
            path, N_("'{name}' is not what it should be"), name=".".join(map(str, first["loc"]))[:60]
        ) from error
    data, is_vae = config.data, config.model.kind != "autoencoder"
    of_a_vae = {"kl": found.kl, "elbo": found.elbo, "active_units": found.active_units}
    whole = {
        "dataset": found.dataset == data.name,
        "classes": found.classes == (None if data.classes is None else list(data.classes)),
        "pixels": found.pixels == data.pixels,
        "epoch": found.epoch <= config.training.epochs,
        "images": found.images <= datasets.source(data.name).sizes["test"],
        **{name: (value is not None) == is_vae for name, value in of_a_vae.items()},
    }
    if is_vae and found.kl is not None and found.elbo is not None and found.active_units is not None:
        whole["elbo"] = math.isclose(found.elbo, -(found.recon + found.kl), rel_tol=1e-5, abs_tol=1e-3)
        whole["active_units"] = found.active_units <= config.model.latent_dim
    wrong = [name for name, fits in whole.items() if not fits]
    if wrong:
        raise files.damaged(path, N_("'{name}' does not fit the run's settings"), name=wrong[0])
    return found


def check_events(path: Path, config: RunConfig) -> ev.Finished | ev.Diverged | None:
    """Reads all events, which have to be possible in a training of these settings.

    Returns:
        How it ended, `None` where it has not.

    Raises:
        WorkError: A whole line can't be read, or tells of what can't be.
    """
    step, steps = 0, None
    end: ev.Finished | ev.Diverged | None = None
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.endswith(b"\n"):
                break
            try:
                event = ev.from_json(line)
            except WorkError as error:
                raise files.damaged(path, N_("line {number}: {reason}"), number=number, reason=error) from error
            if isinstance(event, ev.Progress | ev.EpochEnd):
                steps = steps or event.steps
                end = None  # it went on
            elif isinstance(event, ev.Finished | ev.Diverged):
                end = event
            elsewhere = isinstance(event, ev.Snapshot | ev.Checkpoint) and event.file not in _files_of(event)
            if elsewhere or not _is_possible(event, step, steps or event.step, config.training.epochs):
                raise files.damaged(path, N_("line {number}: it can't be of this run"), number=number)
            step = event.step
    return end


def _is_possible(event: ev.Event, step: int, steps: int, epochs: int) -> bool:
    """Whether an event after step `step` can be one of a training of so many steps and epochs."""
    fits = 0 <= event.epoch <= epochs and step <= event.step <= steps
    if not isinstance(event, ev.Progress | ev.EpochEnd):
        return fits
    paces, parts = [event.images_per_s, event.seconds_left], [event.train]
    if isinstance(event, ev.EpochEnd):
        paces.append(event.seconds)
        parts.append(event.validation)
    losses = [abs(number) for part in parts for number in (part.loss, part.recon, part.kl)]
    return fits and event.steps == steps and min(paces) >= 0 and max(*paces, *losses) <= LARGEST_NUMBER


def _files_of(event: ev.Event) -> tuple[str, ...]:
    """What an event that comes with arrays may name as their file."""
    return ("", f"snapshots/{event.epoch:06d}.safetensors" if isinstance(event, ev.Snapshot) else "resume.safetensors")


class Arrays(NamedTuple):
    """What a file of arrays has to hold.

    Attributes:
        shapes: By name.
        dtypes: By name, as numpy calls them.
        optional: Names that may be missing.
        fewer: Names whose first axis may be shorter, as of a data set with fewer test pictures.
    """

    shapes: Mapping[str, tuple[int, ...]]
    dtypes: Mapping[str, Sequence[str]]
    optional: frozenset[str] = frozenset()
    fewer: frozenset[str] = frozenset()

    def bytes(self) -> int:
        """At most, with its head."""
        sizes = (
            math.prod(shape) * max(np.dtype(dtype).itemsize for dtype in self.dtypes[name])
            for name, shape in self.shapes.items()
        )
        return sum(sizes) + MOST_HEADER


def weights(config: RunConfig) -> Arrays:
    """What `model.safetensors` holds.

    Raises:
        InputError: There is no such model or data set.
    """
    from vae_core.models import without_numbers  # torch

    source = datasets.source(config.data.name)
    model = without_numbers(config.model, source.image_shape, len(source.class_names))
    shapes = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    return Arrays(shapes, dict.fromkeys(shapes, ("float32", "float16")))


def resume(config: RunConfig) -> Arrays:
    """What `resume.safetensors` holds (`Trainer.checkpoint`). Raises as `weights`."""
    import torch

    shapes: dict[str, tuple[int, ...]] = {}
    for name, shape in weights(config).shapes.items():
        moments = {f"optimizer.{name}.{part}": shape for part in ("exp_avg", "exp_avg_sq")}
        shapes |= {f"model.{name}": shape, **moments, f"optimizer.{name}.step": ()}
    dtypes = dict.fromkeys(shapes, ("float32",))
    shapes |= {"generator": tuple(torch.Generator().get_state().shape), "sums": (2,), "place": (3,)}
    return Arrays(shapes, {**dtypes, "generator": ("uint8",), "sums": ("float64",), "place": ("int64",)})


def snapshot(config: RunConfig) -> Arrays:
    """What a file of `snapshots/` holds (`events.Snapshot`). Raises as `weights`."""
    pictures = (SNAPSHOT_IMAGES, *datasets.source(config.data.name).image_shape)
    shapes = {"recon": pictures, "samples": pictures, "mu": (SNAPSHOT_CODES, config.model.latent_dim)}
    shapes |= {"images": pictures, "labels": (SNAPSHOT_CODES,)}
    dtypes = {**dict.fromkeys(("recon", "samples", "images"), ("uint8",)), "mu": ("float16",), "labels": ("int64",)}
    return Arrays(shapes, dtypes, frozenset({"images", "labels"}), frozenset(shapes) - {"samples"})


def check_arrays(path: Path, expected: Arrays) -> dict[str, str]:
    """Reads a file of arrays one after the other, so that the largest of them is all the memory it takes.

    Returns:
        What was written beside them.

    Raises:
        WorkError: It is damaged, or holds anything else.
    """
    try:
        with path.open("rb") as head:
            if int.from_bytes(head.read(8), "little") > MOST_HEADER:
                raise files.damaged(path, N_("its list of arrays is too long"))
        with safe_open(path, framework="numpy") as file:
            found = _OneByOne(file)
            if not set(expected.shapes) - expected.optional <= set(found) <= set(expected.shapes):
                raise files.damaged(path, N_("its arrays are not those of the run's settings"))
            for name in found:
                shape, wanted = tuple(file.get_slice(name).get_shape()), expected.shapes[name]
                is_shorter = name in expected.fewer and shape[1:] == wanted[1:] and 1 <= shape[0] <= wanted[0]
                if shape != wanted and not is_shorter:
                    raise files.damaged(path, N_("'{name}' has another shape than the run's settings say"), name=name)
            metadata: dict[str, str] = file.metadata() or {}
            if metadata.get("crc32") != files.checksum(found):
                raise files.damaged(path, N_("its checksum does not match"))
            for name in found:
                array = found[name]
                if array.dtype.name not in expected.dtypes[name]:
                    raise files.damaged(path, N_("'{name}' holds {kind}"), name=name, kind=array.dtype.name)
                if name.startswith(("model.", "encoder.", "decoder.", "sums")) and not np.isfinite(array).all():
                    raise files.damaged(path, N_("'{name}' holds numbers that are not finite"), name=name)
    except (SafetensorError, OSError, ValueError, TypeError) as error:
        raise files.damaged(path, error) from error
    return metadata


class _OneByOne(Mapping[str, NDArray[Any]]):
    """An open file of arrays, each read when it is looked at and then forgotten."""

    def __init__(self, file: Any) -> None:
        self.file = file
        self.names = sorted(file.keys())

    def __getitem__(self, name: str) -> NDArray[Any]:
        array: NDArray[Any] = self.file.get_tensor(name)
        return array

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


def check_weights(path: Path, config: RunConfig) -> int:
    """`model.safetensors`; returns the epoch that its weights are of. Raises as `check_arrays` and `weights`."""
    return _place(path, check_arrays(path, weights(config)), config)


def check_resume(path: Path, config: RunConfig) -> None:
    """`resume.safetensors`. Raises as `check_arrays` and `weights`."""
    import torch

    _place(path, check_arrays(path, resume(config)), config)
    with safe_open(path, framework="numpy") as file:
        epoch, position, step = file.get_tensor("place").tolist()
        if not 1 <= epoch <= config.training.epochs + 1 or position < 0 or step < 0:
            raise files.damaged(path, N_("its place is not in the training"))
        try:
            torch.Generator().set_state(torch.from_numpy(file.get_tensor("generator").copy()))
        except RuntimeError as error:
            raise files.damaged(path, N_("its generator of chance can't be set")) from error


def _place(path: Path, metadata: Mapping[str, str], config: RunConfig) -> int:
    """The epoch that stands beside the arrays."""
    numbers = [metadata.get(name, "") for name in ("epoch", "step")]
    if not all(re.fullmatch("[0-9]{1,12}", number) for number in numbers) or int(numbers[0]) > config.training.epochs:
        raise files.damaged(path, N_("its epoch is not one of the training"))
    return int(numbers[0])


def check_snapshots(folder: Path, config: RunConfig) -> None:
    """All files of `snapshots/`. Raises as `check_arrays` and `weights`."""
    expected, classes = snapshot(config), len(datasets.source(config.data.name).class_names)
    counts: set[tuple[int, int]] = set()
    for path in sorted(folder.glob("*.safetensors")):
        check_arrays(path, expected)
        if int(path.stem) > config.training.epochs:
            raise files.damaged(path, N_("its epoch is not one of the training"))
        with safe_open(path, framework="numpy") as file:
            counts.add(tuple(file.get_slice(name).get_shape()[0] for name in ("recon", "mu")))
            if "images" in file.keys() and "labels" in file.keys():  # noqa: SIM118 (not a dict)
                counts.add(tuple(file.get_slice(name).get_shape()[0] for name in ("images", "labels")))
            labels = file.get_tensor("labels") if "labels" in file.keys() else np.zeros(1)  # noqa: SIM118
        if not ((labels >= 0) & (labels < classes)).all():
            raise files.damaged(path, N_("a label is no class of the data set"))
        if len(counts) > 1:
            raise files.damaged(path, N_("it is of another number of images than the others"))


def most_bytes(config: RunConfig) -> dict[str, int]:
    """How large each file of a run of these settings may be; of a snapshot as `snapshots/`.

    Raises:
        InputError: As `weights`.
    """
    return {
        "config.json": MOST_TEXT,
        "metrics.json": MOST_TEXT,
        "events.jsonl": MOST_EVENTS,
        "model.safetensors": weights(config).bytes(),
        "resume.safetensors": resume(config).bytes(),
        "snapshots/": snapshot(config).bytes(),
    }
