"""The only `@st.cache_data` and `@st.cache_resource` wrappers. Keyed by run id and checkpoint, never by language.

What comes out is shared by all visitors: look at it, never change it. Arrays in it can't be; of a model, which has no
such guard, everybody takes care. torch is imported only by what needs a model.
"""

from __future__ import annotations

import base64
import functools
import threading
from collections.abc import Callable, Mapping, Sequence, Set
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, TypeVar

import numpy as np
import streamlit as st

from vae_core import datasets, runs
from vae_core.datasets import ImageData, Split
from vae_core.environment import runs_root
from vae_core.events import share_done
from vae_core.jobs.client import ensure_supervisor
from vae_core.runs import EventLog, Run
from vae_core.sheets import sheet

if TYPE_CHECKING:
    from pages.ui.generation import CodeFit
    from pages.ui.reconstruction import Baseline
    from vae_core.anomaly import Detector, Scores
    from vae_core.comparison import Measured
    from vae_core.compression import PCACode
    from vae_core.config import ModelConfig, RunConfig
    from vae_core.diagnosis import Check
    from vae_core.film import Film
    from vae_core.latent import Codes, LatentPoints
    from vae_core.metrics import Pixels
    from vae_core.models import ImageShape, Model, Size
    from vae_core.models.layers import Layer
    from vae_core.paths import Ways
    from vae_core.priors import FittedGaussian
    from vae_core.quality import FeatureCloud
    from vae_core.slow_motion import Step
    from vae_core.uncertainty import Uncertainty

    Cut = tuple[str, Split, bool, float]

P = ParamSpec("P")
R = TypeVar("R")


def shared(**options: Any) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """`st.cache_resource` for what many visitors look at: nobody can change an array in it."""

    def decorate(compute: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(compute)
        def frozen(*args: P.args, **kwargs: P.kwargs) -> R:
            found = compute(*args, **kwargs)
            freeze(found)
            return found

        wrapped: Callable[P, R] = st.cache_resource(show_spinner=False, **options)(frozen)
        return wrapped

    return decorate


def freeze(value: object) -> None:
    """Makes all arrays in something read-only, however deep in mappings, sequences and objects of ours they lie."""
    waiting, seen = [value], set[int]()
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, str | bytes | int | float | type):
            continue
        seen.add(id(one))
        if isinstance(one, np.ndarray):
            one.setflags(write=False)
            if isinstance(one.base, np.ndarray):  # what it is a part of, or it could be changed there
                waiting.append(one.base)
        elif isinstance(one, Mapping):
            waiting += one.values()
        elif isinstance(one, Sequence | Set):
            waiting += one
        elif type(one).__module__.partition(".")[0] in ("vae_core", "pages", "sklearn") and not hasattr(
            one, "parameters"
        ):
            waiting += vars(one).values() if hasattr(one, "__dict__") else ()


@shared(ttl=5)
def supervisor() -> None:
    """Make sure that the jobs' supervisor runs. It leaves after ten idle minutes, so ask again every few seconds."""
    ensure_supervisor()


@shared(max_entries=6)
def _images(name: str, split: Split, leave_out_digits_test: bool, validation: float) -> ImageData:
    return datasets.load(name, split, leave_out_digits_test=leave_out_digits_test, validation=validation)


def images(name: str, split: Split, leave_out_digits_test: bool = False, validation: float = 0.1) -> ImageData:
    """A split of a data set, all classes. Raises as `datasets.load`.

    However it is asked for, it is there once: Streamlit takes a default that is left out for another argument, and the
    test split is the same however the training part is cut.
    """
    if split == "test":
        leave_out_digits_test, validation = False, 0.1
    return _images(name, split, leave_out_digits_test, validation)


@shared(max_entries=6)
def baseline(name: str, split: Split, classes: tuple[int, ...] | None) -> Baseline:
    """What the mean image of some classes gives on a split. Raises as `datasets.load`."""
    from pages.ui.reconstruction import mean_image_baseline

    return mean_image_baseline(images(name, split), classes)


@shared(max_entries=16)
def _log(run_id: str) -> EventLog:
    return EventLog(runs.find(run_id))


def log(run: Run) -> EventLog:
    """The follower of a run's events: each line is read once, however many visitors look."""
    return _log(run.id)


@shared(max_entries=8)
def _model(run_id: str, version: tuple[str, int]) -> Model:
    import torch

    from vae_core.models import load

    torch.set_num_threads(1)  # the other cores belong to the training
    run = runs.find(run_id)
    config = run.config
    source = datasets.source(config.data.name)
    return load(config.model, run.weights(), source.image_shape, len(source.class_names))


def model(run: Run) -> Model:
    """The run's model with its newest weights, for looking at.

    Raises:
        InputError: It has none yet.
        WorkError: Its files are damaged.
    """
    return _model(run.id, run.weights_version())


@shared(max_entries=8)
def _latent(run_id: str, version: tuple[str, int], name: str, split: Split) -> LatentPoints:
    from vae_core.latent import encode

    return encode(_model(run_id, version), images(name, split))


def latent(run: Run, name: str, split: Split = "test") -> LatentPoints:
    """Where the run's model places each image of a split: posterior means and spreads."""
    return _latent(run.id, run.weights_version(), name, split)


@st.cache_data(max_entries=16, show_spinner=False)
def _latent_map(
    run_id: str, version: tuple[str, int], name: str, split: Split, axes: tuple[int, int] | None, held: int
) -> dict[str, Any]:
    from pages.ui.components.latent_map import payload
    from pages.ui.latent_map import plane
    from vae_core import atlas

    model, points, data = _model(run_id, version), _latent(run_id, version, name, split), images(name, split)
    shown = plane(points, axes, held)
    places = atlas.place(points, shown)
    is_vae = model.config.kind != "autoencoder"
    tiles = atlas.draw(model, shown, atlas.extent_of(places.points, prior=is_vae))
    return payload(tiles, places, data.labels, len(data.class_names), prior=is_vae)


def latent_map(run: Run, name: str, split: Split, axes: tuple[int, int] | None, held: int) -> dict[str, Any]:
    """What the browser needs of a map of the latent space: tiles and points; see `pages.ui.latent_map.plane`."""
    return _latent_map(run.id, run.weights_version(), name, split, axes, held)


@shared(max_entries=8)
def _fitting_codes(run_id: str, version: tuple[str, int], name: str) -> Codes:
    from vae_core.latent import encode
    from vae_core.priors import fitting_codes

    own = runs.find(run_id).config.data
    is_own = name == own.name
    pictures = images(name, "train", is_own and own.leave_out_digits_test).only(own.classes if is_own else None)
    return fitting_codes(encode(_model(run_id, version), pictures.subset(slice(10_000))))  # enough for a covariance


@shared(max_entries=16)
def _code_fit(run_id: str, version: tuple[str, int], name: str) -> CodeFit:
    from pages.ui.generation import fit

    return fit(_fitting_codes(run_id, version, name))


def code_fit(run: Run, name: str) -> CodeFit:
    """Where the run's model places training pictures of a data set, at most 10,000: what an autoencoder is drawn from."""
    return _code_fit(run.id, run.weights_version(), name)


class ProgressPictures(NamedTuple):
    """What a run made of fixed inputs at the end of an epoch, as sheets of two rows, each a `data:` address.

    Streamlit forgets a picture's own address at the next run, which may come before the browser has fetched it.
    """

    epoch: int
    recon: str
    samples: str
    mse: float | None  # of the reconstructions, a pixel from 0 to 1; `None` where the originals are lost


@shared(max_entries=64)
def _progress_pictures(run_id: str, first: int, epoch: int) -> ProgressPictures:
    run = runs.find(run_id)
    # A folder that lost its first snapshot lost the originals with it.
    originals, now = run.snapshot(first).get("images"), run.snapshot(epoch)
    recon = now["recon"][:8]
    pairs = recon if originals is None else np.concatenate([originals[:8], recon])
    recon_png, samples_png = (
        "data:image/png;base64," + base64.b64encode(sheet(rows, 8, scale=3)).decode()
        for rows in (pairs, now["samples"][:16])
    )
    mse = None if originals is None else float(np.square((recon.astype(np.float32) - originals[:8]) / 255).mean())
    return ProgressPictures(epoch, recon_png, samples_png, mse)


def progress_pictures(run: Run) -> ProgressPictures | None:
    """The newest snapshot of a run; `None` while there is none. Raises WorkError where a file is damaged."""
    epochs = run.snapshot_epochs()
    return _progress_pictures(run.id, epochs[0], epochs[-1]) if epochs else None


@shared(max_entries=64)
def _thumbnail(run_id: str, epoch: int) -> str:
    drawn = runs.find(run_id).snapshot(epoch)["samples"][:4]
    return "data:image/png;base64," + base64.b64encode(sheet(drawn, 4, scale=1, padding=0)).decode()


def thumbnail(run: Run) -> str | None:
    """Four images that a run drew at its newest snapshot, in a row, as a `data:` address; `None` while there is none.

    Raises:
        WorkError: The file is damaged.
    """
    epochs = run.snapshot_epochs()
    return _thumbnail(run.id, epochs[-1]) if epochs else None


@shared(max_entries=16)
def _model_checks(run_id: str, version: tuple[str, int], name: str) -> tuple[Check, ...]:
    from vae_core.diagnosis import diagnose_model

    own = runs.find(run_id).config
    cut = (own.data.leave_out_digits_test, own.data.validation) if name == own.data.name else ()
    classes = own.data.classes if name == own.data.name else None
    train, validation = (images(name, split, *cut).only(classes) for split in ("train", "validation"))
    return tuple(diagnose_model(own, _model(run_id, version), train, validation))


def model_checks(run: Run, name: str) -> tuple[Check, ...]:
    """What the coach finds by looking at a run's model, on pictures that were kept aside to choose by.

    Args:
        name: The run's own data set, or `digits` in the place of MNIST.

    Raises:
        InputError: As `model`.
        WorkError: Its files are damaged, or its weights of no use.
    """
    return _model_checks(run.id, run.weights_version(), name)


@shared(max_entries=16)
def _slow_motion(run_id: str, version: tuple[str, int], name: str, first: int, batch: int) -> Step:
    from vae_core.slow_motion import step_by_step

    data = images(name, "test")
    others = [number for number in range(min(batch, len(data))) if number != first][: batch - 1]
    run, batch_of = runs.find(run_id), data.subset(np.array([first, *others]))
    return step_by_step(run.config, _model(run_id, version), batch_of, progress=share_done(log(run).read()))


def slow_motion(run: Run, name: str, first: int, batch: int) -> Step:
    """One training step of a run's model, with a test picture first.

    Raises:
        InputError: Its objective is none that can be told so.
        WorkError: Its files are damaged.
    """
    return _slow_motion(run.id, run.weights_version(), name, first, batch)


@shared(max_entries=8)
def _film(run_id: str, epochs: tuple[int, ...]) -> Film | None:
    from vae_core.film import film

    return film(runs.find(run_id))


def film(run: Run) -> Film | None:
    """The film of a run's snapshots so far; `None` while there is none. Raises WorkError where a file is damaged."""
    return _film(run.id, tuple(run.snapshot_epochs()))


@st.cache_data(max_entries=16, show_spinner=False)
def _live_codes(run_id: str, epoch: int) -> dict[str, Any] | None:
    from pages.ui.components.live_codes import payload
    from vae_core.film import newest_frame

    run = runs.find(run_id)
    frame = newest_frame(run)
    classes = len(datasets.source(run.config.data.name).class_names)
    return None if frame is None else payload(frame, classes)


def live_codes(run: Run) -> dict[str, Any] | None:
    """What the browser needs of the newest snapshot's codes; `None` while there is none.

    Raises:
        WorkError: A file is damaged.
    """
    epochs = run.snapshot_epochs()
    return _live_codes(run.id, epochs[-1]) if epochs else None


@st.cache_data(max_entries=8, show_spinner=False)
def _film_payload(run_id: str, epochs: tuple[int, ...]) -> dict[str, Any]:
    from pages.ui.components.film import payload

    run = runs.find(run_id)
    found = _film(run_id, epochs)
    assert found is not None, "asked only where there is a film"
    return payload(found, len(datasets.source(run.config.data.name).class_names))


def film_payload(run: Run) -> dict[str, Any]:
    """What the browser needs of a film that is there."""
    return _film_payload(run.id, tuple(run.snapshot_epochs()))


@shared()
def _counting() -> threading.Thread:
    def load() -> None:
        from vae_core.config import ModelConfig
        from vae_core.models import size as count

        count(ModelConfig(), (1, 28, 28))  # the first count loads more of torch

    thread = threading.Thread(target=load, daemon=True)
    thread.start()
    return thread


def can_count() -> bool:
    """Whether `size` answers at once. Else torch is being loaded, aside, so that no button waits for it meanwhile."""
    return not _counting().is_alive()


@shared(max_entries=256)
def size(config: ModelConfig, image_shape: ImageShape, classes: int) -> Size:
    """Parameters and operations of a model that is not made yet. Raises InputError where it does not fit."""
    from vae_core.models import size as count

    return count(config, image_shape, classes)


@shared(max_entries=64)
def layers(config: ModelConfig, image_shape: ImageShape, classes: int) -> list[Layer]:
    """The layers of a model that is not made yet. Raises InputError where it does not fit."""
    from vae_core.models.layers import layers as read

    return read(config, image_shape, classes)


@shared(max_entries=256)
def check_batch(config: RunConfig) -> None:
    """Whether model and batch fit into a shared machine's memory. Raises InputError where they don't."""
    from vae_core.models import check_batch as check

    source = datasets.source(config.data.name)
    found = size(config.model, source.image_shape, len(source.class_names))
    activations = config.loss.samples * found.activations_per_image
    check(config.training.batch_size, activations)


@shared(max_entries=256, ttl=10)
def run_size(run_id: str) -> int:
    """A run's bytes on disk, of the last seconds: there may be hundreds of files, and a list shows many runs."""
    return runs.find(run_id).size()


@shared(max_entries=12)
def _scores(run_id: str, version: tuple[str, int], name: str, split: Split) -> Mapping[str, Scores]:
    from vae_core.anomaly import score

    return score(_model(run_id, version), images(name, split))


def scores(run: Run, name: str, split: Split = "test") -> Mapping[str, Scores]:
    """Those anomaly scores of all images of a split, by their names in `anomaly.SCORES`, that look at one picture alone.

    Raises:
        InputError: As `model`, or the images don't fit the model.
        WorkError: Its files are damaged, or its weights of no use.
    """
    return _scores(run.id, run.weights_version(), name, split)


@shared(max_entries=4)
def _detector(run_id: str, version: tuple[str, int], train: Cut, classes: tuple[int, ...]) -> Detector:
    from vae_core.anomaly import Detector

    name, _, leave_out, share = train
    aside = images(name, "validation", leave_out, share)
    return Detector(_model(run_id, version), images(*train).only(classes), aside.only(classes))


def detector(run: Run, name: str, classes: tuple[int, ...]) -> Detector:
    """What decides whether an image is anomalous to a run's model.

    Args:
        name: Of the data set whose training images are compared with, and whose validation images the threshold is of;
            the run's own is cut as it was for its training.
        classes: The normal classes, in order.

    Raises:
        InputError: As `model`, or there are too few normal images.
        WorkError: Its files are damaged, or its weights of no use.
    """
    return _detector(run.id, run.weights_version(), (name, "train", *datasets.cut_for(run.config.data, name)), classes)


@shared(max_entries=12)
def _strangeness(
    run_id: str, version: tuple[str, int], train: Cut, split: Split, classes: tuple[int, ...]
) -> Mapping[str, Scores]:
    judge = _detector(run_id, version, train, classes)
    return judge.score(images(train[0], split) if split == "test" else judge.validation)


def strangeness(run: Run, name: str, classes: tuple[int, ...], split: Split = "test") -> Mapping[str, Scores]:
    """As `scores`, and those that compare with training pictures of the normal classes, and the baselines.

    Args:
        name, classes: As for `detector`.
        split: The test split, or the normal pictures of the validation split.
    """
    train: Cut = (name, "train", *datasets.cut_for(run.config.data, name))
    return _strangeness(run.id, run.weights_version(), train, split, classes)


@shared(max_entries=256)
def _training_seconds(root: str, config: RunConfig, train_images: int, image_shape: ImageShape) -> float:
    from vae_core.jobs.speed import estimate

    seconds = estimate(config, train_images, image_shape)
    if seconds is None:
        raise LookupError("not measured yet")  # so that it is not remembered
    return seconds


def training_seconds(config: RunConfig, train_images: int, image_shape: ImageShape) -> float | None:
    """As `speed.estimate`: `None` while this machine is not measured yet."""
    try:
        return _training_seconds(str(runs_root()), config, train_images, image_shape)
    except LookupError:
        return None


@shared(max_entries=12)
def _ways(run_id: str, version: tuple[str, int], name: str, split: Split) -> Ways:
    from vae_core.paths import between, pairs

    data, own = images(name, split), runs.find(run_id).config.data
    real = images(name, "train", name == own.name and own.leave_out_digits_test)
    mu = _latent(run_id, version, name, split).mu
    return between(_model(run_id, version), mu, pairs(data.labels), real)


def ways(run: Run, name: str, split: Split = "test") -> Ways:
    """The ways between the codes of 200 pairs of pictures. Takes some seconds the first time.

    Raises:
        InputError: The pictures are no digits.
    """
    return _ways(run.id, run.weights_version(), name, split)


@shared(max_entries=12)
def _uncertainty(run_id: str, version: tuple[str, int], name: str, split: Split) -> Uncertainty:
    from vae_core import uncertainty as unsure

    data = images(name, split).subset(slice(1_000))
    return unsure.uncertainty(_model(run_id, version), data, unsure.strangers(data))


def uncertainty(run: Run, name: str, split: Split = "test") -> Uncertainty:
    """How wide a VAE's posteriors are, of 1,000 test pictures and of strange ones."""
    return _uncertainty(run.id, run.weights_version(), name, split)


@shared(max_entries=24)
def _measured(run_id: str, version: tuple[str, int], name: str, split: Split, pixels: Pixels) -> Measured:
    from vae_core.comparison import measure

    return measure(_model(run_id, version), images(name, split), real=_real_cloud(name, split), pixels=pixels)


def measured(run: Run, name: str, split: Split, pixels: Pixels) -> Measured:
    """What `comparison.measure` finds of a run. Raises as `model`."""
    return _measured(run.id, run.weights_version(), name, split, pixels)


@shared(max_entries=12)
def _per_image(run_id: str, version: tuple[str, int], name: str, split: Split) -> Mapping[str, Scores]:
    from vae_core.metrics import per_image as measure

    return measure(_model(run_id, version), images(name, split)).figures


def per_image(run: Run, name: str, split: Split = "test") -> Mapping[str, Scores]:
    """The figures of each image of a split, as `metrics.per_image` gives them, of grey pixels. Raises as `model`."""
    return _per_image(run.id, run.weights_version(), name, split)


@shared(max_entries=6)
def _real_cloud(name: str, split: Split) -> FeatureCloud | None:
    from vae_core.comparison import real_cloud

    return real_cloud(images(name, "train"), images(name, split))


@shared(max_entries=6)
def real_distances(name: str, split: Split) -> tuple[float, ...]:
    """As `comparison.real_distances`, of a data set's own training pictures."""
    from vae_core.comparison import real_distances as measure

    return measure(images(name, "train"), _real_cloud(name, split))


@shared(max_entries=3)
def _all_pca(name: str) -> PCACode:
    from vae_core.compression import fit_pca

    return fit_pca(images(name, "train"))


@shared(max_entries=12)
def pca(name: str, components: int) -> tuple[PCACode, FittedGaussian]:
    """PCA of a data set's training pictures, and the Gaussian of its codes. Takes a second or two the first time."""
    from vae_core.comparison import pca_prior

    first = _all_pca(name).first(components)
    return first, pca_prior(first, images(name, "train"))


@shared(max_entries=12)
def measured_pca(name: str, split: Split, components: int) -> Measured:
    """What `comparison.measure_pca` finds."""
    from vae_core.comparison import measure_pca

    return measure_pca(*pca(name, components), images(name, split), real=_real_cloud(name, split))
