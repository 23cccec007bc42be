"""The way from one picture's code to another's: does it lead through pictures that look real?

Two measures, both of what the decoder makes of the codes on the straight line: how sure a digit classifier is of them,
and how far they are from the nearest real picture. Where nothing was learnt between two codes, the first falls and the
second rises on the way.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from vae_core import classifier, latent
from vae_core.datasets import ImageData
from vae_core.latent import Codes
from vae_core.models import Model
from vae_core.neighbours import nearest

STEPS = 11
PAIRS = 200
REAL = 10_000


@dataclass(frozen=True)
class Ways:
    """What lies on the straight lines between pairs of codes.

    Attributes:
        confidences: The classifier's highest probability, float64 with shape (pairs, steps).
        distances: Euclidean, in pixels of [0, 1], from the decoded picture to the nearest real one, likewise.
        images: The decoded pictures of the first pairs, uint8 with shape (pairs, steps, C, H, W).
    """

    confidences: NDArray[np.float64]
    distances: NDArray[np.float64]
    images: NDArray[np.uint8]

    @property
    def confidence(self) -> NDArray[np.float64]:
        """The mean over the pairs, with shape (steps,)."""
        return np.asarray(self.confidences.mean(0))

    @property
    def distance(self) -> NDArray[np.float64]:
        """The mean over the pairs, with shape (steps,)."""
        return np.asarray(self.distances.mean(0))


def pairs(labels: NDArray[np.int64], count: int = PAIRS, seed: int = 0) -> NDArray[np.int64]:
    """Pairs of pictures of different classes, by number, with shape (n, 2): `count` of them, or fewer if few are there."""
    generator = np.random.default_rng(seed)
    chosen = generator.integers(0, len(labels), (20 * count, 2))
    different = labels[chosen[:, 0]] != labels[chosen[:, 1]]
    return np.asarray(chosen[different][:count], np.int64)


def between(
    model: Model, mu: Codes, chosen: NDArray[np.int64], real: ImageData, *, steps: int = STEPS, shown: int = 6
) -> Ways:
    """Goes from the first code of each pair to the second.

    Args:
        model: An autoencoder or a VAE of pictures that the classifier can judge.
        mu: The codes of pictures, with shape (N, latent_dim).
        chosen: Pairs of numbers into them, with shape (pairs, 2), at least one.
        real: Pictures to look for the nearest in; the first 10,000 are.
        steps: Places on the way, both ends included.
        shown: Of how many pairs the pictures are kept.

    Raises:
        InputError: The classifier can't judge the model's pictures.
    """
    codes = np.stack([latent.interpolate(mu[a], mu[b], steps) for a, b in chosen])
    images = latent.decode(model, codes.reshape(-1, model.latent_dim))
    confidence = classifier.look(images).probabilities.max(1)
    with threadpool_limits(1):
        distance = nearest(_flat(images), _flat(real.images[:REAL]), 1)[0][:, 0]
    whole = images.reshape(len(chosen), steps, *images.shape[1:])
    confidences, distances = (values.reshape(len(chosen), steps) for values in (confidence, distance))
    return Ways(confidences, distances.astype(np.float64), whole[:shown])


def _flat(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.asarray(images.reshape(len(images), -1) / 255, np.float32)
