"""How an image looks, whatever it shows: ten numbers that no model has a part in, and how far they are from normal ones.

Handwriting and textures differ in them long before a model has learnt anything: strokes have their power at a few cycles an
image, are nearly white or black, leave most of their box empty, and a line through them meets few edges. Brushed metal,
wood, cloth, noise, gradients and photographs don't.
"""

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vae_core.anomaly.normal import Scores, ledoit_wolf

BANDS: Final = (0.0, 0.5, 1.5, 2.5, 4.0, 6.0, 9.0)
"""Where the bands of the power spectrum begin and end, in cycles an image."""
FAINT, EDGE, BRIGHT = 0.15, 0.4, 0.8
"""Below the first a pixel is ground, above the last it is full ink, between them lie mid-tones; edges cross the second."""
PARTS: Final = 1000
"""Images at a time: a spectrum takes 16 times the memory of its image."""
LEAST_SPREAD: Final = 1e-3
"""Of a number over the normal images: what never moves there would count without limit."""
SOFT: Final = 0.15
"""How much of the mean of its neighbourhood a pixel gets in a copy that is as soft as a photograph."""


def look(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The ten numbers: the logarithms of the shares of power in six `BANDS`, the share of mid-tones in the ink, the share of
    its box that the ink fills, and the mean number of edges in its rows and in its columns.

    Args:
        images: With shape (N, C, H, W); the channels are averaged.

    Returns:
        With shape (N, 10).
    """
    parts = [images[start : start + PARTS].mean(1, dtype=np.float64) / 255 for start in range(0, len(images), PARTS)]
    return np.concatenate([_look(x) for x in parts])


class Look:
    """What normal images look like: the mean and the covariance of their ten numbers and those of softer copies, because a
    photograph of the same is softer.

    Args:
        images: Normal ones, with shape (N, C, H, W).
    """

    def __init__(self, images: NDArray[np.uint8]) -> None:
        own = look(images)
        both = np.concatenate([own, look(_softer(images))])
        self._scale = np.maximum(both.std(0), LEAST_SPREAD)
        self._mean, covariance = ledoit_wolf(both / self._scale)
        self._precision = np.linalg.pinv(covariance, hermitian=True)
        self.own = self._distance(own)
        """The normal images' own distances, with shape (N,)."""

    def distance(self, images: NDArray[np.uint8]) -> Scores:
        """Each image's Mahalanobis distance from how normal ones look, with shape (N,)."""
        return self._distance(look(images))

    def _distance(self, found: NDArray[np.float64]) -> Scores:
        centred = found / self._scale - self._mean
        return np.asarray(np.sqrt(np.einsum("ni,ij,nj->n", centred, self._precision, centred).clip(min=0)), np.float64)


def _look(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """`look` of images in [0, 1] with shape (N, H, W)."""
    height, width = x.shape[1:]
    cycles = np.hypot(np.fft.fftfreq(height)[:, None] * height, np.fft.fftfreq(width) * width)
    bands = np.stack([(low <= cycles) & (cycles < high) for low, high in pairwise(BANDS)])
    spectrum = np.square(np.abs(np.fft.fft2(x))) / (height * width)
    power = np.maximum(np.square(x).sum((1, 2)), 1)  # an image darker than one white pixel counts as one
    shares = np.einsum("nhw,bhw->nb", spectrum, bands) / power[:, None]
    inked = x > FAINT
    rows, columns = (np.maximum(inked.any(axis).sum(1), 1) for axis in (2, 1))
    covered = np.maximum(inked.sum((1, 2)), 1)
    inside = np.pad(x > EDGE, ((0, 0), (1, 1), (1, 1)))
    across, down = (np.diff(inside, axis=axis).sum((1, 2)) for axis in (2, 1))
    others = [(inked & (x < BRIGHT)).sum((1, 2)) / covered, covered / (rows * columns), across / rows, down / columns]
    return np.column_stack([np.log(shares + 1e-3), *others])


def _softer(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Copies of which each pixel has got a little of its neighbours."""
    height, width = images.shape[-2:]
    found = np.empty_like(images)
    for start in range(0, len(images), PARTS):
        part = images[start : start + PARTS].astype(np.float32)
        around = np.pad(part, ((0, 0), (0, 0), (1, 1), (1, 1)))
        mean = sum(around[..., y : y + height, x : x + width] for y in range(3) for x in range(3)) / 9
        found[start : start + PARTS] = (1 - SOFT) * part + SOFT * mean
    return found
