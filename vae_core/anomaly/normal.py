"""What normal training pictures look like, with a model's eyes and without: what some scores compare a picture with.

Nothing here looks at a validation or test picture before it is scored.
"""

from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from vae_core.anomaly.pictures import squared_error_over_norm
from vae_core.compression import fit_pca
from vae_core.datasets import ImageData
from vae_core.errors import N_, InputError, WorkError
from vae_core.liveness import alive
from vae_core.metrics import batches
from vae_core.models import Model
from vae_core.neighbours import nearest

Scores = NDArray[np.float64]
"""One score an image, with shape (N,)."""
Codes = NDArray[np.float32]
"""Posterior means, with shape (N, latent_dim)."""

NEIGHBOURS = 5
COMPONENTS = 20
"""Of the PCA: about as many numbers as the codes of a small autoencoder have."""
FEWEST = NEIGHBOURS + 1
MOST = 10_000
"""More training pictures are thinned to so many, at random with seed 0: their neighbourhoods hardly change."""


class Normal:
    """The normal training pictures, and where a model places them.

    Fitted once, then asked for the scores of any pictures. The parts that need no model (`pixel` and PCA) are fitted
    when they are first asked for.

    Args:
        model: Trained on what is normal.
        train: Normal pictures that the model has learnt from.

    Raises:
        InputError: There are fewer than six of them, or they don't fit the model.
        WorkError: The model's weights are of no use.
    """

    def __init__(self, model: Model, train: ImageData) -> None:
        if len(train) < FEWEST:
            raise InputError(
                N_(
                    "There are {images} normal training images, but at least {fewest} are needed to compare others "
                    "with. Choose more classes, or a larger data set."
                ),
                images=len(train),
                fewest=FEWEST,
            )
        if len(train) > MOST:
            train = train.subset(np.sort(np.random.default_rng(0).permutation(len(train))[:MOST]))
        self.train = train
        self.codes = np.empty((len(train), model.latent_dim), np.float32)
        errors = np.empty(len(train))
        start = 0
        with torch.inference_mode():
            for x, _ in batches(model, train):
                here = slice(start, start + len(x))
                posterior = model.encode(x)
                self.codes[here] = posterior.mu.numpy()
                errors[here] = squared_error_over_norm(x, posterior, model.decode(posterior.mu)).numpy()
                start += len(x)
        if not np.isfinite(self.codes).all():
            raise WorkError(
                N_(
                    "The model gives codes that are not finite: its training diverged. Train it again, "
                    "with a smaller learning rate."
                )
            )
        self._errors = errors

    @cached_property
    def _covariance(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The mean code, and the inverse of the codes' covariance."""
        with threadpool_limits(1):
            mean, covariance = ledoit_wolf(self.codes)
            return mean, np.asarray(np.linalg.pinv(covariance, hermitian=True), np.float64)

    @cached_property
    def _scales(self) -> dict[str, tuple[float, float]]:
        """Mean and standard deviation, over the training pictures, of what the combinations add up."""
        with threadpool_limits(1):
            distances = nearest(self.codes, self.codes, NEIGHBOURS, themselves=True)[0].mean(1)
        parts = {
            "squared_error_over_norm": self._errors,
            "latent_knn": distances,
            "latent_mahalanobis": self.latent_mahalanobis(self.codes),
        }
        return {name: (float(values.mean()), max(float(values.std()), 1e-12)) for name, values in parts.items()}

    def standardised(self, name: str, values: Scores) -> Scores:
        """A score less its mean over the training pictures, divided by its standard deviation there.

        Of the neighbours' distance a training picture has that to the others, never to itself.
        """
        mean, deviation = self._scales[name]
        return (values - mean) / deviation

    def nearest(self, codes: Codes, count: int) -> NDArray[np.int64]:
        """Which of the normal training pictures (`train`) have the nearest codes, the nearest first, with shape (N, K)."""
        return nearest(codes, self.codes, min(count, len(self.codes)))[1]

    def latent_knn(self, codes: Codes) -> Scores:
        """The mean distance of each code to those of its five nearest training pictures."""
        return np.asarray(nearest(codes, self.codes, NEIGHBOURS)[0].mean(1))

    def latent_mahalanobis(self, codes: Codes) -> Scores:
        """Each code's Mahalanobis distance from the training pictures' mean code.

        The covariance is Ledoit and Wolf's (2004), which a dimension that never moves does not make singular.
        """
        with threadpool_limits(1):
            mean, precision = self._covariance
            squared = np.einsum("ni,ij,nj->n", codes - mean, precision, codes - mean, optimize=True)
        return np.asarray(np.sqrt(squared.clip(min=0)), np.float64)

    @cached_property
    def _mean_image(self) -> NDArray[np.float32]:
        return np.asarray(_flat(self.train.images).mean(0, dtype=np.float64), np.float32)

    @cached_property
    def _directions(self) -> NDArray[np.float32]:
        """Of the PCA, with shape (COMPONENTS, pixels), or fewer where there are no more."""
        with threadpool_limits(1):
            return fit_pca(self.train).first(COMPONENTS).directions.copy()

    def mean_image(self, data: ImageData) -> Scores:
        """|x - mean|^2, summed over the pixels: answering every picture with the mean of the training pictures."""
        return _by_parts(data, lambda x: np.square(x - self._mean_image).sum(1))

    def pca(self, data: ImageData) -> Scores:
        """|x - recon|^2, summed over the pixels, recon being made from the training pictures' 20 main directions."""

        def outside(x: NDArray[np.float32]) -> NDArray[np.float32]:
            centred = x - self._mean_image
            return np.asarray(np.square(centred - centred @ self._directions.T @ self._directions).sum(1))

        with threadpool_limits(1):
            return _by_parts(data, outside)

    def pixel_knn(self, data: ImageData) -> Scores:
        """The mean Euclidean distance of each picture to the five nearest training pictures."""
        known = _flat(self.train.images)  # four times as large as the images: not kept
        return _by_parts(data, lambda x: nearest(x, known, NEIGHBOURS)[0].mean(1))


def ledoit_wolf(points: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and covariance of points, the latter drawn towards a multiple of the identity (Ledoit and Wolf 2004).

    Args:
        points: With shape (N, D).
    """
    count, dimensions = points.shape
    mean = points.mean(0, dtype=np.float64)
    centred = points - mean
    sample = centred.T @ centred / count
    size = np.trace(sample) / dimensions
    spread = np.square(sample).sum()
    distance = spread - dimensions * size**2  # from the multiple of the identity
    noise = (np.square(np.square(centred).sum(1)).sum() / count - spread) / count
    shrinkage = min(noise, distance) / distance if distance > 0 else 0.0
    return mean, (1 - shrinkage) * sample + shrinkage * size * np.eye(dimensions)


def _flat(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    return images.reshape(len(images), -1).astype(np.float32) / np.float32(255)


def _by_parts(data: ImageData, function: Any) -> Scores:
    """A score of the flattened pixels, 1,000 pictures at a time."""
    parts = []
    for start in range(0, len(data), 1000):
        alive()
        parts.append(function(_flat(data.images[start : start + 1000])))
    return np.concatenate(parts).astype(np.float64)
