"""How an image looks, whatever it shows: nine numbers that no model has a part in, and how far they are from normal ones.

Digits and textures differ in them long before a model has learnt anything: ink covers little, is nearly white or black, and
has its power at a few cycles an image. Brushed metal, wood, cloth, noise, gradients and photographs don't.
"""

import itertools
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vae_core.anomaly.normal import Scores, ledoit_wolf

BANDS: Final = (0.0, 0.5, 1.5, 2.5, 4.0, 6.0, 9.0)
"""Where the bands of the power spectrum begin and end, in cycles an image."""
FAINT, BRIGHT = 0.15, 0.8
"""Below the one a pixel is ground, above the other it is full ink; between them lie mid-tones."""
PARTS: Final = 1000
"""Images at a time: a spectrum takes 32 times the memory of its image."""
LEAST_SPREAD: Final = 1e-3
"""Of a number over the normal images: what never moves there would count without limit."""


def look(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The nine numbers: the logarithms of the shares of power in six `BANDS` and of the share of the image that is inked;
    the mean brightness of the ink, weighted by itself; the share of mid-tones in it.

    Args:
        images: With shape (N, C, H, W); the channels are averaged.

    Returns:
        With shape (N, 9).
    """
    height, width = images.shape[-2:]
    cycles = np.hypot(np.fft.fftfreq(height)[:, None] * height, np.fft.fftfreq(width) * width)
    bands = np.stack([(low <= cycles) & (cycles < high) for low, high in itertools.pairwise(BANDS)])
    found = np.empty((len(images), len(bands) + 3))
    for start in range(0, len(images), PARTS):
        part = slice(start, start + PARTS)
        x = images[part].mean(1, dtype=np.float64) / 255
        spectrum = np.square(np.abs(np.fft.fft2(x))) / (height * width)
        power = np.maximum(np.square(x).sum((1, 2)), 1)  # an image darker than one white pixel counts as one
        inked = x > FAINT
        covered = inked.sum((1, 2))
        shares = np.einsum("nhw,bhw->nb", spectrum, bands) / power[:, None]
        found[part] = np.column_stack(
            [
                np.log(shares + 1e-3),
                np.log(covered / (height * width) + 1e-3),
                power / np.maximum(x.sum((1, 2)), 1),
                (inked & (x < BRIGHT)).sum((1, 2)) / np.maximum(covered, 1),
            ]
        )
    return found


class Look:
    """What normal images look like: the mean and the covariance of their nine numbers.

    Args:
        images: Normal ones, with shape (N, C, H, W).
    """

    def __init__(self, images: NDArray[np.uint8]) -> None:
        own = look(images)
        self._scale = np.maximum(own.std(0), LEAST_SPREAD)
        self._mean, covariance = ledoit_wolf(own / self._scale)
        self._precision = np.linalg.pinv(covariance, hermitian=True)
        self.own = self._distance(own)
        """The normal images' own distances, with shape (N,)."""

    def distance(self, images: NDArray[np.uint8]) -> Scores:
        """Each image's Mahalanobis distance from how normal ones look, with shape (N,)."""
        return self._distance(look(images))

    def _distance(self, found: NDArray[np.float64]) -> Scores:
        centred = found / self._scale - self._mean
        return np.asarray(np.sqrt(np.einsum("ni,ij,nj->n", centred, self._precision, centred).clip(min=0)), np.float64)
