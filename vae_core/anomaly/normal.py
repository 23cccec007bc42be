"""What normal training pictures look like, with a model's eyes and without: what some scores compare a picture with.

Nothing here looks at a validation or test picture before it is scored.
"""

import warnings
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from vae_core.anomaly.pictures import squared_error_over_norm
from vae_core.datasets import ImageData
from vae_core.errors import N_, InputError, WorkError
from vae_core.metrics import batches
from vae_core.models import Model

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
                    "There are {images} normal training pictures, but at least {fewest} are needed to compare others "
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
                    "The model gives codes that are not finite: its training went astray. Train it again, with a smaller learning rate."
                )
            )
        self._errors = errors

    @cached_property
    def _neighbours(self) -> Any:
        return _index(self.codes)

    @cached_property
    def _covariance(self) -> Any:
        from sklearn.covariance import LedoitWolf

        with threadpool_limits(1):
            return LedoitWolf().fit(self.codes.astype(np.float64))

    @cached_property
    def _scales(self) -> dict[str, tuple[float, float]]:
        """Mean and standard deviation, over the training pictures, of what the combinations add up."""
        with threadpool_limits(1):
            distances = self._neighbours.kneighbors()[0].mean(1)  # without itself
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
        with threadpool_limits(1):
            found = self._neighbours.kneighbors(codes, min(count, len(self.codes)), return_distance=False)
        return np.asarray(found, np.int64)

    def latent_knn(self, codes: Codes) -> Scores:
        """The mean distance of each code to those of its five nearest training pictures."""
        return _mean_distance(self._neighbours, codes)

    def latent_mahalanobis(self, codes: Codes) -> Scores:
        """Each code's Mahalanobis distance from the training pictures' mean code.

        The covariance is Ledoit and Wolf's (2004), which a dimension that never moves does not make singular.
        """
        with threadpool_limits(1):
            squared = self._covariance.mahalanobis(codes.astype(np.float64))
        return np.asarray(np.sqrt(squared.clip(min=0)), np.float64)

    @cached_property
    def _mean_image(self) -> NDArray[np.float32]:
        return np.asarray(_flat(self.train.images).mean(0, dtype=np.float64), np.float32)

    @cached_property
    def _pca(self) -> Any:
        from sklearn.decomposition import PCA

        x = _flat(self.train.images)
        with threadpool_limits(1), warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # pictures that are all the same have no variance to share
            return PCA(min(COMPONENTS, *x.shape), svd_solver="covariance_eigh").fit(x)

    @cached_property
    def _pixels(self) -> Any:
        return _index(_flat(self.train.images))

    def mean_image(self, data: ImageData) -> Scores:
        """|x - mean|^2, summed over the pixels: answering every picture with the mean of the training pictures."""
        return _by_parts(data, lambda x: np.square(x - self._mean_image).sum(1))

    def pca(self, data: ImageData) -> Scores:
        """|x - recon|^2, summed over the pixels, recon being made from the training pictures' 20 main directions."""
        with threadpool_limits(1):
            return _by_parts(data, lambda x: np.square(x - self._pca.inverse_transform(self._pca.transform(x))).sum(1))

    def pixel_knn(self, data: ImageData) -> Scores:
        """The mean Euclidean distance of each picture to the five nearest training pictures."""
        return _by_parts(data, lambda x: _mean_distance(self._pixels, x))


def _flat(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    return images.reshape(len(images), -1).astype(np.float32) / np.float32(255)


def _by_parts(data: ImageData, function: Any) -> Scores:
    """A score of the flattened pixels, 1,000 pictures at a time."""
    parts = [function(_flat(data.images[start : start + 1000])) for start in range(0, len(data), 1000)]
    return np.concatenate(parts).astype(np.float64)


def _index(points: NDArray[np.float32]) -> Any:
    from sklearn.neighbors import NearestNeighbors

    with threadpool_limits(1):
        return NearestNeighbors(n_neighbors=NEIGHBOURS, n_jobs=1).fit(points)


def _mean_distance(index: Any, points: NDArray[np.float32]) -> Scores:
    # One thread: scikit-learn takes all cores whatever `n_jobs` says, and then waits for those that a training holds.
    with threadpool_limits(1):
        return np.asarray(index.kneighbors(points)[0].mean(1), np.float64)
