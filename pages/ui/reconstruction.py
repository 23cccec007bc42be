"""What a model gives back for a picture, and how far off it is. Imports no Streamlit.

A picture is always reconstructed from the posterior mean, never from a random draw: the same picture gives the same
reconstruction each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pages.ui.images import error_map, sheet
from vae_core.datasets import ImageData

if TYPE_CHECKING:
    from vae_core.models import Model

WHOLLY_WRONG = 1.0
"""The end of the colour scale of every error map, whichever pictures are shown: black where white should be."""


@dataclass(frozen=True)
class Reconstructions:
    """Some pictures of a split and what a model makes of them.

    Attributes:
        data: The pictures.
        numbers: Where they stand in their split, with shape (N,).
        recons: Their reconstructions in [0, 1], with shape (N, C, H, W).
        errors: By the scores' names in `anomaly.SCORES`, one figure a picture, each with shape (N,).
    """

    data: ImageData
    numbers: NDArray[np.int64]
    recons: NDArray[np.float32]
    errors: dict[str, NDArray[np.float64]]

    def side_by_side(self, row: int, *, scale: int = 3) -> bytes:
        """Original, reconstruction and error map of one picture, as one PNG."""
        original = self.data.images[row : row + 1]
        maps = error_map(original, self.recons[row : row + 1], limit=WHOLLY_WRONG)
        pictures = [in_colour(original / 255), in_colour(self.recons[row : row + 1]), maps / 255]
        return sheet(np.concatenate(pictures), 3, scale=scale, padding=2)

    def pixel_error(self, row: int) -> NDArray[np.float64]:
        """|reconstruction - original| of each pixel of one picture, its channels averaged, with shape (H, W)."""
        return np.asarray(np.abs(self.recons[row] - self.data.images[row] / 255).mean(0), np.float64)


def reconstruct(model: Model, data: ImageData, numbers: Sequence[int] | NDArray[np.int64]) -> Reconstructions:
    """Reconstructs some pictures of a split.

    Args:
        data: The whole split.
        numbers: Which pictures of it.

    Raises:
        InputError: There are none, or they don't have the model's shape.
        WorkError: The model's weights are of no use.
    """
    import torch

    from vae_core.anomaly import score
    from vae_core.metrics import batches

    numbers = np.asarray(numbers, np.int64)
    some = data.subset(numbers)
    errors = score(model, some)  # first: it says what is wrong with weights that give no numbers
    with torch.inference_mode():
        parts = [model.decode(model.encode(x, y).mu, y).mean.numpy() for x, y in batches(model, some)]
    return Reconstructions(some, numbers, np.concatenate(parts), errors)


@dataclass(frozen=True)
class Baseline:
    """What answering every picture with one and the same picture gives: any model must beat it.

    Attributes:
        picture: The mean of the pictures, in [0, 1], with shape (C, H, W).
        squared_error: Its squared error for each picture of the split, summed over the pixels, with shape (N,).
    """

    picture: NDArray[np.float32]
    squared_error: NDArray[np.float64]


def mean_image_baseline(data: ImageData, classes: tuple[int, ...] | None) -> Baseline:
    """The best constant answer: the mean of the split's pictures, of the given classes only (all for `None`)."""
    known = data.only(classes)
    picture = (known if len(known) else data).images.mean(0, dtype=np.float64) / 255
    errors = np.empty(len(data))
    for start in range(0, len(data), 1000):
        x = data.images[start : start + 1000] / 255
        errors[start : start + len(x)] = ((x - picture) ** 2).sum((1, 2, 3))
    return Baseline(picture.astype(np.float32), errors)


def random_numbers(count: int, total: int, seed: int) -> NDArray[np.int64]:
    """Numbers of pictures, each at most once. The same seed gives the same ones; more of them begin with the fewer."""
    return np.random.default_rng(seed).permutation(total)[:count]


def place_in_class(data: ImageData, number: int) -> tuple[int, int]:
    """A picture's class, and which one of that class it is, from 0."""
    label = int(data.labels[number])
    return label, int((data.labels[:number] == label).sum())


def number_in_class(data: ImageData, label: int, place: int) -> int:
    """The number of the picture that is the `place`-th of its class; the nearest there is, where there are fewer."""
    numbers = np.flatnonzero(data.labels == label)
    return int(numbers[min(max(place, 0), len(numbers) - 1)])


def legend() -> bytes:
    """The colour scale of the error maps as a PNG: no error on the left, wholly wrong on the right."""
    ramp = np.broadcast_to(np.linspace(0, WHOLLY_WRONG, 256), (1, 12, 256))
    return sheet(error_map(np.zeros_like(ramp), ramp, limit=WHOLLY_WRONG), 1, scale=1, padding=0)


def in_colour(images: NDArray[Any]) -> NDArray[Any]:
    """(N, 1 or 3, H, W) to (N, 3, H, W)."""
    return np.broadcast_to(images, (len(images), 3, *images.shape[2:]))
