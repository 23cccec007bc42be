"""Labelled images as they are kept in memory: one byte a pixel."""

from dataclasses import dataclass, replace
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

Split = Literal["train", "validation", "test"]


@dataclass(frozen=True)
class ImageData:
    """One split of a data set.

    Attributes:
        name: The data set's name in `DATASETS`.
        split: Which part of it this is.
        images: Grey or colour images, uint8 with shape (N, C, H, W), 0 to 255.
        labels: The class of each image, int64 with shape (N,), indices into `class_names`.
        class_names: A name a class.
        source: Where the images come from, in words.
        licence: Under which licence.
    """

    name: str
    split: Split
    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    class_names: tuple[str, ...]
    source: str
    licence: str

    def __post_init__(self) -> None:
        assert self.images.dtype == np.uint8 and self.images.ndim == 4, (self.images.dtype, self.images.shape)
        assert self.labels.dtype == np.int64 and self.labels.shape == (len(self.images),), self.labels.shape

    def __len__(self) -> int:
        return len(self.images)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(C, H, W)."""
        return self.images.shape[1:]  # type: ignore[return-value]

    def subset(self, index: NDArray[np.integer] | NDArray[np.bool_] | slice, split: Split | None = None) -> Self:
        """The images at `index`, in that order; `split` renames the part."""
        return replace(self, images=self.images[index], labels=self.labels[index], split=split or self.split)

    def only(self, classes: tuple[int, ...] | None) -> Self:
        """The images of these classes; all of them for `None`."""
        if classes is None:
            return self
        chosen = np.isin(self.labels, classes)
        return self if chosen.all() else self.subset(chosen)  # all of them need not be there twice
