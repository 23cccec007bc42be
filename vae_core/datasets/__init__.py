"""Data sets by name, as `ImageData`: one byte a pixel, official train and test parts, validation cut from train.

Nothing here imports torch or torchvision; `get` does, when it has to download.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, get_args

import numpy as np

from vae_core.config import DataConfig
from vae_core.datasets.digits import Digits
from vae_core.datasets.images import ImageData, Split
from vae_core.datasets.sources import DataSource, Part
from vae_core.datasets.table import DATASETS
from vae_core.datasets.validation import validation_mask
from vae_core.environment import data_root
from vae_core.errors import N_, InputError

__all__ = [
    "DATASETS",
    "DataSource",
    "ImageData",
    "Split",
    "Splits",
    "cut_for",
    "get",
    "is_present",
    "load",
    "source",
    "splits",
]


class Splits(NamedTuple):
    """What a run needs: `train` and `validation` of the chosen classes, `test` of all classes."""

    train: ImageData
    validation: ImageData
    test: ImageData


def source(name: str) -> DataSource:
    """The row of `DATASETS`.

    Raises:
        InputError: There is no data set of that name.
    """
    if name not in DATASETS:
        raise InputError(
            N_("There is no data set '{name}'. Choose one of: {known}."), name=name, known=", ".join(DATASETS)
        )
    return DATASETS[name]


def is_present(name: str, root: Path | None = None) -> bool:
    """Whether the data set's files are there and as long as they should be. Cheap: it reads a few bytes of each.

    Raises:
        InputError: There is no data set of that name.
    """
    reader = source(name).reader
    return all(reader.is_whole(path) for path in reader.found(root or data_root()))


def get(
    name: str,
    root: Path | None = None,
    progress: Callable[[int, int | None], None] | None = None,
    timeout: float = 20.0,
) -> None:
    """Download a data set, unless it is there already. Whatever goes wrong, nothing half is left behind.

    Args:
        name: Its name in `DATASETS`.
        root: The data root (default: `DIABOLO_DATA`).
        progress: Called with the bytes that have come so far and their total, `None` while that is not known.
        timeout: Seconds of silence, or of less than 1 KB a second, after which a server is given up.

    Raises:
        InputError: There is no data set of that name, or the root can't be written to.
        WorkError: The download failed; the message says why and what to do.
    """
    if is_present(name, root):
        return
    from vae_core.datasets.download import download

    download(source(name), root or data_root(), progress, timeout)


def load(
    name: str,
    split: Split,
    *,
    root: Path | None = None,
    validation: float = 0.1,
    leave_out_digits_test: bool = False,
    classes: tuple[int, ...] | None = None,
) -> ImageData:
    """One split of a data set.

    Args:
        name: Its name in `DATASETS`.
        split: `train` and `validation` together are the official training part, `test` is the official test part.
        root: The data root (default: `DIABOLO_DATA`).
        validation: The share of the training part that is kept for validation.
        leave_out_digits_test: For `mnist`: train and validation without the 1,000 images that `digits` tests on.
        classes: Only images of these classes.

    Raises:
        InputError: The name, split, share or a class is unknown or out of range, or the data set is not there.
        WorkError: A file is damaged.
    """
    if split not in get_args(Split):
        raise InputError(
            N_("There is no split '{split}'. Choose one of: {known}."), split=split, known=", ".join(get_args(Split))
        )
    row = source(name)
    _check(row, classes, leave_out_digits_test)
    if split == "test":
        return _only(_read(row, "test", root), classes)
    both = _cut(_read(row, "train", root), validation, leave_out_digits_test)
    return _only(both[split == "validation"], classes)


def splits(data: DataConfig, root: Path | None = None) -> Splits:
    """All three splits for a run's settings, reading each file once. The test split keeps all classes.

    Raises:
        InputError, WorkError: As `load`.
    """
    row = source(data.name)
    _check(row, data.classes, data.leave_out_digits_test)
    if data.rare_class is not None:
        _check(row, (data.rare_class,), False)
        if data.classes is not None and data.rare_class not in data.classes:
            raise InputError(
                N_("The rare class {number} is not among the chosen classes {classes}. Choose it as well, or another."),
                number=data.rare_class,
                classes=", ".join(map(str, data.classes)),
            )
    train, validation = _cut(_read(row, "train", root), data.validation, data.leave_out_digits_test)
    test = _read(row, "test", root)
    return Splits(_thinned(_only(train, data.classes), data), _thinned(_only(validation, data.classes), data), test)


def cut_for(data: DataConfig, name: str) -> tuple[bool, float]:
    """How the training part of a data set is cut for a run: its own as it was for its training, another by the defaults.

    Returns:
        `leave_out_digits_test` and `validation`, as `load` takes them.
    """
    own = data if data.name == name else DataConfig()
    return own.leave_out_digits_test, own.validation


def _thinned(part: ImageData, data: DataConfig) -> ImageData:
    """With only a share of the rare class, always the same pictures; at least two, so that there is a spread."""
    if data.rare_class is None:
        return part
    rare = np.flatnonzero(part.labels == data.rare_class)
    kept = max(2, round(data.rare_share * len(rare)))
    dropped = np.random.default_rng(0).permutation(rare)[kept:]
    return part.subset(np.setdiff1d(np.arange(len(part)), dropped))


def _check(row: DataSource, classes: tuple[int, ...] | None, leave_out_digits_test: bool) -> None:
    if leave_out_digits_test and row.name != "mnist":
        raise InputError(
            N_(
                "'leave_out_digits_test' is on for the data set '{name}', but only 'mnist' holds the test images of "
                "'digits'. Turn it off, or choose 'mnist'."
            ),
            name=row.name,
        )
    if classes is None:
        return
    last = len(row.class_names) - 1
    if not classes:
        raise InputError(
            N_("No class is chosen of '{name}'. Choose at least one from 0 to {last}, or all."),
            name=row.name,
            last=last,
        )
    for number in classes:
        if not 0 <= number <= last:
            raise InputError(
                N_("'{name}' has no class {number}: its classes are 0 to {last}. Choose among them."),
                name=row.name,
                number=number,
                last=last,
            )


def _read(row: DataSource, part: Part, root: Path | None) -> ImageData:
    root = root or data_root()
    missing = [path for path in row.reader.found(root) if not path.is_file()]
    if missing and not row.bundled:
        raise InputError(
            N_(
                "The data set '{name}' is not in '{root}'. Fetch it with: python -m vae_core data get {name}. Or put its "
                "files there, of which these are missing: {files} (as .gz, too). The bundled 'digits' need no download."
            ),
            name=row.name,
            root=str(root),
            files=", ".join(path.relative_to(root).as_posix() for path in missing),
        )
    images, labels = row.reader.read(root, part, row)
    return ImageData(row.name, part, images[:, None], labels, row.class_names, row.source, row.licence)


def _cut(data: ImageData, validation: float, leave_out_digits_test: bool) -> tuple[ImageData, ImageData]:
    """Train and validation. The cut comes after the leaving out, so that it has its share, and before any choice of
    classes, so that the same images are validated on whichever classes are chosen."""
    kept = np.arange(len(data))
    if leave_out_digits_test:
        kept = np.setdiff1d(kept, Digits().tested_on())
    aside = validation_mask(data.labels[kept], validation)
    return data.subset(kept[~aside]), data.subset(kept[aside], split="validation")


def _only(data: ImageData, classes: tuple[int, ...] | None) -> ImageData:
    found = data.only(classes)
    if len(found) == 0:
        raise InputError(
            N_("The {split} split of '{name}' has no image of the classes {classes}. Choose more classes."),
            split=data.split,
            name=data.name,
            classes=", ".join(map(str, classes or ())),
        )
    return replace(found, split=data.split)
