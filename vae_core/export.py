"""A run, to take away: as one archive, or as weights that other programs read. And pictures, real and synthetic ones
told apart, as other programs read them."""

import io
import json
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vae_core import files, run_files
from vae_core.csv_text import FOR_PROGRAMS, Form, rows_to_csv
from vae_core.datasets import ImageData
from vae_core.errors import N_, InputError
from vae_core.events import Diverged
from vae_core.runs import EventLog, Run, thinned_log
from vae_core.sheets import to_bytes
from vae_core.standalone import to_notebook, to_script

if TYPE_CHECKING:
    from vae_core.drawing import Drawing  # torch

FORMATS = {
    "safetensors": N_("The weights, with the settings as JSON in the metadata ('config')."),
    "zip": N_(
        "The whole run: settings, history, figures, weights, snapshots. Whoever gets it opens it in any Diabolo: page "
        "Train, “Import a run”."
    ),
    "script": N_(
        "A program of its own that trains the same model again: with torch, and torchvision to fetch the data. The "
        "bundled digits are in it, so that it needs no network."
    ),
    "notebook": N_("The same program as a Jupyter notebook."),
    "onnx": N_("Encoder and decoder for programs without PyTorch, two files in a zip, checked against PyTorch."),
}
"""The formats by name, with what they hold."""

ENDINGS = {"onnx": "onnx.zip", "script": "py", "notebook": "ipynb"}
"""How a file's name ends, where that is not the format's name."""

_RESUME = "resume.safetensors"
NO_CLOCK = (1980, 1, 1, 0, 0, 0)  # no time of day in the archive: the same run gives the same bytes


def export(run: Run, kind: str) -> bytes:
    """A run as the bytes of one file.

    Args:
        run: One's own or a starter.
        kind: A name in `FORMATS`.

    Raises:
        InputError: There is no such format, or the run has no weights yet.
        WorkError: One of its files is damaged.
    """
    if kind not in FORMATS:
        raise InputError(
            N_("There is no format '{format}'. Choose one of: {known}."), format=kind, known=", ".join(FORMATS)
        )
    return _MAKERS[kind](run)


def to_safetensors(run: Run) -> bytes:
    """The weights by parameter name. Metadata: `config` (the settings as JSON) and `run`. Errors as `export`."""
    return files.arrays_to_bytes(run.weights(), {"config": json.dumps(run.config.to_dict()), "run": run.id})


def archived(run: Run) -> list[Path]:
    """The files of a run that are worth taking away, in the order of their names: those that `importing` takes.

    A run that ended goes without its last checkpoint, which is three times as large as its model, unless it was stopped
    and so may still go on; of any other run the checkpoint is all there is.

    Raises:
        InputError: It has no weights yet.
        WorkError: One of them is damaged: an archive that can't come back is no use to anyone.
    """
    config, _ = run.config, run.weights()
    metrics, model, resume = (run.folder / f"{name}" for name in ("metrics.json", "model.safetensors", _RESUME))
    run_files.check_snapshots(run.folder / "snapshots", config)
    found = [run.folder / "config.json", run.folder / "events.jsonl"]
    found += [run.folder / "snapshots" / f"{epoch:06d}.safetensors" for epoch in run.snapshot_epochs()]
    if model.exists() and metrics.exists():
        is_stopped = run_files.check_metrics(metrics, config).stopped
        found += [metrics, model, *([resume] if is_stopped else [])]
    else:
        # Without figures, a model is that of a training which diverged at once, or which is being measured right now.
        has_diverged = any(isinstance(event, Diverged) for event in EventLog(run).read()[-1:])
        found.append(model if model.exists() and (has_diverged or not resume.exists()) else resume)
    return sorted(path for path in found if path.exists())


def to_zip(run: Run, report: Callable[[float], None] | None = None) -> bytes:
    """The run's `archived` files under its name. Errors as `archived`.

    Args:
        report: Told the share of the bytes that are packed.
    """
    archive = io.BytesIO()
    paths = archived(run)
    done, total = 0, sum(path.stat().st_size for path in paths)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for path in paths:
            content = thinned_log(run) if path.suffix == ".jsonl" else path.read_bytes()
            _add(file, f"{run.id}/{path.relative_to(run.folder).as_posix()}", content, zipfile.ZIP_DEFLATED)
            done += len(content)
            if report is not None:
                report(done / max(total, done))
    return archive.getvalue()


def to_onnx(run: Run) -> bytes:
    """A zip of encoder.onnx, decoder.onnx and about.json. Errors as `export`, and WorkError where they don't compute
    what PyTorch does."""
    from vae_core import onnx_export  # torch and half a gigabyte of memory

    return onnx_export.to_onnx(run).to_zip(run)


_MAKERS = {
    "safetensors": to_safetensors,
    "zip": to_zip,
    "script": to_script,
    "notebook": to_notebook,
    "onnx": to_onnx,
}


NO_CLASS = "no class"

PICTURE_FORMATS = {
    "zip": N_("A folder for each class with a PNG for each image (ImageFolder), and a list with a column 'synthetic'."),
    "npz": N_("NumPy arrays: images, labels, synthetic, class_names."),
    "csv": N_("A row for each image: label, class, synthetic, then its pixels from 0 to 255."),
}
"""The formats of pictures by name, with what they hold. The name is also the file's ending."""


def export_pictures(data: ImageData, synthetic: NDArray[np.bool_], kind: str, form: Form = FOR_PROGRAMS) -> bytes:
    """Labelled pictures as the bytes of one file. The same pictures give the same bytes.

    Args:
        data: The pictures.
        synthetic: Which of them were made and not taken, with shape (N,).
        kind: A name in `PICTURE_FORMATS`.
        form: How its table is written, if it has one.

    Raises:
        InputError: There is no such format.
    """
    if kind not in PICTURE_FORMATS:
        raise InputError(
            N_("There is no format '{format}'. Choose one of: {known}."), format=kind, known=", ".join(PICTURE_FORMATS)
        )
    return _PICTURE_MAKERS[kind](data, synthetic, form)


def pictures_to_folders(data: ImageData, synthetic: NDArray[np.bool_], form: Form = FOR_PROGRAMS) -> bytes:
    """A zip for torchvision's `ImageFolder`: CLASS/real-00000.png, CLASS/synthetic-00001.png, and pictures.csv."""
    archive = io.BytesIO()
    listing = []
    folders = _folders(data.class_names)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as file:  # a PNG is packed already
        for number, (pixels, label) in enumerate(zip(to_bytes(data.images), data.labels, strict=True)):
            picture = io.BytesIO()
            Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(picture, "PNG")
            kind = "synthetic" if synthetic[number] else "real"
            name = f"{folders[label]}/{kind}-{number:05d}.png"
            _add(file, name, picture.getvalue())
            listing.append((name, label, files.no_formula(data.class_names[label]), int(synthetic[number])))
        _add(file, "pictures.csv", rows_to_csv(("file", "label", "class", "synthetic"), listing, form))
    return archive.getvalue()


def drawing_to_folders(drawing: "Drawing", class_names: tuple[str, ...], form: Form = FOR_PROGRAMS) -> bytes:
    """Pictures that a model drew, as `pictures_to_folders` does: in the folder of the class that was asked for, or all
    in one folder, `no class`, where none was.

    Args:
        class_names: The data set's, a name a class.
        form: How the list is written.
    """
    names = class_names if drawing.y is not None else (NO_CLASS,)
    labels = np.full(len(drawing.images), drawing.y or 0, np.int64)
    data = ImageData("drawn", "test", drawing.images, labels, names, "", "")
    return pictures_to_folders(data, np.ones(len(data), bool), form)


def pictures_to_npz(data: ImageData, synthetic: NDArray[np.bool_], form: Form = FOR_PROGRAMS) -> bytes:
    """`images` uint8 (N, C, H, W), `labels` int64 (N,), `synthetic` bool (N,), `class_names` (classes,); no table."""
    arrays: dict[str, NDArray[Any]] = {
        "images": data.images,
        "labels": data.labels,
        "synthetic": synthetic,
        "class_names": np.array(data.class_names),
    }
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:  # not numpy's `savez`, which writes the time of day
        for name, array in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, array, allow_pickle=False)
            _add(file, f"{name}.npy", content.getvalue(), zipfile.ZIP_DEFLATED)
    return archive.getvalue()


def pictures_to_csv(data: ImageData, synthetic: NDArray[np.bool_], form: Form = FOR_PROGRAMS) -> bytes:
    """`label,class,synthetic,p0,p1,...`: the pixels channel by channel, row by row, from 0 to 255."""
    flat = data.images.reshape(len(data), -1)
    names = [files.no_formula(name) for name in data.class_names]
    rows = (
        [label, names[label], int(made), *pixels]
        for label, made, pixels in zip(data.labels.tolist(), synthetic, flat.tolist(), strict=True)
    )
    return rows_to_csv(["label", "class", "synthetic", *(f"p{number}" for number in range(flat.shape[1]))], rows, form)


def _add(file: zipfile.ZipFile, name: str, content: bytes, compression: int = zipfile.ZIP_STORED) -> None:
    entry = zipfile.ZipInfo(name, NO_CLOCK)
    entry.compress_type = compression
    entry.external_attr = 0o644 << 16
    file.writestr(entry, content)


def _folders(class_names: Sequence[str]) -> list[str]:
    """A folder a class; where names differ only in signs that no folder has, the class' number tells them apart."""
    found = [_folder(name) for name in class_names]
    return [name if found.count(name) == 1 else f"{name} {number}" for number, name in enumerate(found)]


def _folder(class_name: str) -> str:
    """A class' name as a folder's: 'T-shirt/top' would be two."""
    name = "".join(c if c.isalnum() or c in " -_" else "-" for c in class_name)
    return name if name[:1].isalnum() else f"class {name}"  # a list of files is a table, and "-a" would be a formula


_PICTURE_MAKERS = {"zip": pictures_to_folders, "npz": pictures_to_npz, "csv": pictures_to_csv}
