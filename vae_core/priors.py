"""What codes are drawn from: N(0, I), which a VAE is trained for, or a density fitted afterwards to the codes of real
pictures (Ghosh et al. 2020, section 4: ex-post density estimation, also for models that have no prior at all).

Each draws by `sample(count, seed, temperature)`; the same seed gives the same codes, and fewer are the first of more.
"""

import warnings
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from vae_core.errors import N_, InputError
from vae_core.latent import Codes, LatentPoints, sample_prior
from vae_core.liveness import long_call

PriorName = Literal["normal", "fitted", "mixture"]
REGULARISATION = 1e-6  # added to the mixture's variances: a code that never moves in some direction is no density
MOST_ITERATIONS = 100
MOST_CODES = 60_000
"""To fit a mixture to: all of MNIST's training part, where 50 components of 32 dimensions take 50 CPU-seconds. A third of
them gives distances that are a fifth larger."""


class Prior(Protocol):
    """A density over codes."""

    name: ClassVar[PriorName]

    def sample(self, count: int, seed: int, temperature: float = 1.0) -> Codes:
        """Codes with shape (count, latent_dim); `temperature` stretches the standard deviations."""


@dataclass(frozen=True)
class StandardNormal:
    """N(0, I)."""

    name: ClassVar[PriorName] = "normal"
    latent_dim: int

    def sample(self, count: int, seed: int, temperature: float = 1.0) -> Codes:
        return sample_prior(self.latent_dim, count, seed, temperature)


@dataclass(frozen=True)
class FittedGaussian:
    """N(mean, covariance) of the codes that images have.

    Attributes:
        mean: float64 with shape (latent_dim,).
        covariance: float64 with shape (latent_dim, latent_dim).
    """

    name: ClassVar[PriorName] = "fitted"
    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]

    def sample(self, count: int, seed: int, temperature: float = 1.0) -> Codes:
        draws = np.random.default_rng(seed).standard_normal((count, len(self.mean)))
        return np.asarray(self.mean + temperature * draws @ _root(self.covariance).T, np.float32)


def fitted_gaussian(codes: NDArray[np.floating]) -> FittedGaussian:
    """The Gaussian with the mean and the covariance of codes with shape (N, latent_dim).

    Raises:
        InputError: There are fewer than two codes.
    """
    if len(codes) < 2:
        raise InputError(N_("{count} codes have no spread to measure. Take at least 2 images."), count=len(codes))
    codes = codes.astype(np.float64)
    return FittedGaussian(codes.mean(0), np.atleast_2d(np.cov(codes, rowvar=False)))


@dataclass(frozen=True)
class Mixture:
    """sum_k weights_k N(means_k, covariances_k).

    Attributes:
        weights: Of each component, together 1, float64 with shape (K,).
        means: float64 with shape (K, latent_dim).
        covariances: float64 with shape (K, latent_dim, latent_dim).
    """

    name: ClassVar[PriorName] = "mixture"
    weights: NDArray[np.float64]
    means: NDArray[np.float64]
    covariances: NDArray[np.float64]

    def sample(self, count: int, seed: int, temperature: float = 1.0) -> Codes:
        # Two streams, so that the first codes don't depend on how many follow.
        which, where = (np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(2))
        components = which.choice(len(self.weights), count, p=self.weights)
        codes = where.standard_normal((count, self.means.shape[1]))
        for number, covariance in enumerate(self.covariances):
            chosen = components == number
            codes[chosen] = self.means[number] + temperature * codes[chosen] @ _root(covariance).T
        return np.asarray(codes, np.float32)


def fitted_mixture(codes: NDArray[np.floating], components: int, seed: int = 0) -> Mixture:
    """The mixture of Gaussians, each with a full covariance, that EM finds from a k-means start (scikit-learn).

    Args:
        codes: With shape (N, latent_dim).
        components: How many.
        seed: Of the start.

    Raises:
        InputError: There are fewer codes than components, or no component.
    """
    if not 1 <= components <= len(codes) or len(codes) < 2:
        raise InputError(
            N_(
                "A mixture of {components} components can't be fitted to {count} codes. Choose 1 to {count} components, and at least 2 images."
            ),
            components=components,
            count=len(codes),
        )
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture  # takes a second to import

    method = GaussianMixture(components, reg_covar=REGULARISATION, max_iter=MOST_ITERATIONS, random_state=seed)
    with threadpool_limits(1), long_call(), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the last step still fits better than the one before
        # In float64: a precision matrix of nearly singular codes in float32 is none.
        method.fit(codes.astype(np.float64))
    return Mixture(method.weights_ / method.weights_.sum(), method.means_, method.covariances_)


def evenly(count: int, most: int = MOST_CODES) -> NDArray[np.int64]:
    """At most so many of `count` pictures, evenly spread: enough to fit a mixture to."""
    return np.linspace(0, count - 1, min(most, count)).astype(np.int64)


def fitting_codes(points: LatentPoints, seed: int = 0) -> Codes:
    """Codes to fit a density to, with shape (N, latent_dim): one draw from the posterior of each picture.

    Draws rather than means: together they are what the decoder was trained on. A point mass's draw is its code.
    """
    if points.sigma is None:
        return points.mu
    eps = np.random.default_rng(seed).standard_normal(points.mu.shape, np.float32)
    return points.mu + points.sigma * eps


def _root(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    # By eigenvalues rather than Cholesky: dimensions that never move make a covariance singular.
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(values.clip(min=0)))
