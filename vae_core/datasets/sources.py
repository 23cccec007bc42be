"""The form of a row of `DATASETS`: what a data set is, and what reads its files."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from vae_core.errors import N_, WorkError

Part = Literal["train", "test"]  # the official parts; validation is cut from train


class Reader(Protocol):
    """Reads one data set from the data root."""

    def files(self, root: Path) -> tuple[Path, ...]:
        """All files that must be there, where a download puts them."""

    def found(self, root: Path) -> tuple[Path, ...]:
        """The same files where they are: other programs call them otherwise, or put them elsewhere."""

    def is_whole(self, path: Path) -> bool:
        """Whether one of them is there and, at a quick look, not cut short."""

    def read(self, root: Path, part: Part, source: "DataSource") -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Images, uint8 (N, H, W), and labels from 0, int64 (N,), as `source` describes them.

        Raises:
            WorkError: A file is damaged.
        """


@dataclass(frozen=True)
class DataSource:
    """A data set that can be chosen by name.

    Attributes:
        name: Its name in settings and on the command line.
        title: Its name for people.
        image_shape: (C, H, W).
        class_names: A name a class, in the order of the labels.
        sizes: How many images the official train and test parts have.
        source: Where it comes from, in words.
        licence: Under which licence.
        reader: What reads it.
        bundled: It lies in this package and needs no download.
    """

    name: str
    title: str
    image_shape: tuple[int, int, int]
    class_names: tuple[str, ...]
    sizes: Mapping[Part, int]
    source: str
    licence: str
    reader: Reader
    bundled: bool = False


def damaged(path: Path, name: str) -> WorkError:
    return WorkError(
        N_(
            "The file '{path}' is damaged or not complete. Delete it and fetch it again with: "
            "python -m vae_core data get {name}"
        ),
        path=str(path),
        name=name,
    )


def fits(images: NDArray[np.uint8], source: DataSource) -> bool:
    """Whether images (N, H, W) have the size that `source` says, and there is one at all."""
    return images.dtype == np.uint8 and images.shape[1:] == source.image_shape[1:] and len(images) > 0


def labels_fit(labels: NDArray[np.int64], images: NDArray[np.uint8], source: DataSource) -> bool:
    """Whether there is a label for each image, and each is the number of a class."""
    return labels.shape == (len(images),) and labels.min() >= 0 and labels.max() < len(source.class_names)
