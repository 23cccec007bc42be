"""The space of codes: where images lie in it, and what the decoder makes of a place.

Everything takes and returns numpy arrays. What draws at random takes a seed, and the same seed gives the same result.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from vae_core.datasets import ImageData
from vae_core.environment import compiled_cache
from vae_core.errors import N_, InputError, WorkError
from vae_core.liveness import alive, long_call
from vae_core.metrics import BATCH, batches
from vae_core.models import DiagonalGaussian, Model
from vae_core.pixels import to_bytes, to_tensor

Codes = NDArray[np.float32]
"""Points of the latent space, with shape (N, latent_dim)."""

FEWEST_POINTS = 5  # with fewer there is no neighbourhood to draw


@dataclass(frozen=True)
class LatentPoints:
    """Where the images of a split lie.

    Attributes:
        mu: Codes, or posterior means, float32 with shape (N, latent_dim).
        sigma: The posterior's standard deviations, with the same shape; `None` for an autoencoder.
    """

    mu: Codes
    sigma: Codes | None


@torch.inference_mode()
def encode(model: Model, data: ImageData) -> LatentPoints:
    """The codes of all images.

    Raises:
        InputError: There are no images, or they don't have the model's shape.
        WorkError: A code is not finite: the model's weights are of no use.
    """
    mu = np.empty((len(data), model.latent_dim), np.float32)
    sigma = np.empty_like(mu)
    is_density = False
    start = 0
    for x, y in batches(model, data):
        posterior = model.encode(x, y)
        mu[start : start + len(x)] = posterior.mu.numpy()
        is_density = isinstance(posterior, DiagonalGaussian)
        if isinstance(posterior, DiagonalGaussian):
            sigma[start : start + len(x)] = posterior.sigma.numpy()
        start += len(x)
    if not np.isfinite(mu).all():
        raise WorkError(
            N_(
                "The model gives codes that are not finite: its training diverged. Train it again, with a "
                "smaller learning rate."
            )
        )
    return LatentPoints(mu, sigma if is_density else None)


@torch.inference_mode()
def decode(model: Model, z: Codes, y: int | NDArray[np.int64] | None = None) -> NDArray[np.uint8]:
    """The decoder's mean picture of each code, uint8 with shape (N, C, H, W).

    Args:
        model: The model.
        z: The codes.
        y: For a conditional model: the class, one for all or int64 with shape (N,); `None` leaves it open.

    Raises:
        InputError: The codes don't have the model's latent size.
    """
    if z.ndim != 2 or z.shape[1] != model.latent_dim:
        raise InputError(
            N_("The codes have the shape {shape}, but this model's have {latent_dim} dimensions each."),
            shape=" x ".join(map(str, z.shape)),
            latent_dim=model.latent_dim,
        )
    pictures = np.empty((len(z), *model.image_shape), np.uint8)
    labels = None if y is None else torch.from_numpy(np.broadcast_to(np.asarray(y, np.int64), len(z)).copy())
    for start in range(0, len(z), BATCH):
        alive()
        here = slice(start, start + BATCH)
        codes = to_tensor(np.ascontiguousarray(z[here], np.float32))
        pictures[here] = to_bytes(model.decode(codes, None if labels is None else labels[here]).mean)
    return pictures


def sample_prior(latent_dim: int, count: int, seed: int, temperature: float = 1.0) -> Codes:
    """Codes from N(0, temperature^2 I), with shape (count, latent_dim). Fewer are the first of more."""
    draws = np.random.default_rng(seed).standard_normal((count, latent_dim), np.float32)
    return np.float32(temperature) * draws


def interpolate(
    a: NDArray[np.floating], b: NDArray[np.floating], steps: int, kind: Literal["linear", "spherical"] = "linear"
) -> Codes:
    """Codes on the way from one to another, both ends included.

    Args:
        a, b: Codes with shape (latent_dim,).
        steps: How many, at least 2.
        kind: `linear` is the straight line. `spherical` (White 2016) turns from one direction to the other and so keeps
            the distance from the origin at which draws from N(0, I) lie when the latent space has many dimensions.

    Returns:
        With shape (steps, latent_dim).

    Raises:
        InputError: There are too few steps, or the kind is unknown.
    """
    if steps < 2:
        raise InputError(N_("An interpolation of {steps} steps is none. Choose at least 2."), steps=steps)
    if kind not in ("linear", "spherical"):
        raise InputError(N_("'{kind}' is no interpolation. Choose 'linear' or 'spherical'."), kind=kind)
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    t = np.linspace(0, 1, steps)[:, None]
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    angle = np.arccos(np.clip(a @ b / lengths, -1, 1)) if kind == "spherical" and lengths > 0 else 0.0
    if np.sin(angle) < 1e-6:  # the same direction, the opposite one, or none: there is no arc, or no single one
        return (a + t * (b - a)).astype(np.float32)
    return np.asarray((np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle), np.float32)


def traverse(z: NDArray[np.floating], dimension: int, values: NDArray[np.floating]) -> Codes:
    """One code with one of its numbers replaced by each of `values`, with shape (len(values), latent_dim).

    Raises:
        InputError: The code has no such dimension.
    """
    z = np.asarray(z, np.float32)
    if not 0 <= dimension < len(z):
        raise InputError(
            N_("There is no latent dimension {dimension}: they are 0 to {last}. Choose one of them."),
            dimension=dimension,
            last=len(z) - 1,
        )
    codes = np.repeat(z[None], len(values), axis=0)
    codes[:, dimension] = values
    return codes


def prior_radius(share: float) -> float:
    """The radius of the circle around the origin that holds this share of a two-dimensional N(0, I)."""
    return float(np.sqrt(-2 * np.log1p(-share)))


def manifold_grid(n: int, spread: float = 0.98) -> Codes:
    """The grid of Kingma and Welling 2014, figure 4: equal steps of probability under N(0, I), through the inverse
    Gaussian CDF.

    Args:
        n: Codes a side.
        spread: The share of each axis' probability that the grid spans, between 0 and 1.

    Returns:
        With shape (n * n, 2), in reading order: the first number grows to the right, the second upwards, so that the
        sheet of pictures lies as the scatter of points does.

    Raises:
        InputError: The spread is not between 0 and 1.
    """
    axis = np.array([NormalDist().inv_cdf(share) for share in _shares(n, spread)])
    return _in_reading_order(axis, axis)


def quantile_grid(points: NDArray[np.floating], n: int, spread: float = 0.98) -> Codes:
    """As `manifold_grid`, but along the quantiles of points with shape (N, 2): for codes that no prior holds.

    Raises:
        InputError: As `manifold_grid`.
    """
    shares = _shares(n, spread)
    return _in_reading_order(np.quantile(points[:, 0], shares), np.quantile(points[:, 1], shares))


def _shares(n: int, spread: float) -> NDArray[np.float64]:
    if not 0 < spread < 1:
        raise InputError(N_("The spread is {spread}, but must be between 0 and 1. 0.98 is usual."), spread=spread)
    return np.linspace(0.5 - spread / 2, 0.5 + spread / 2, n) if n > 1 else np.array([0.5])


def _in_reading_order(horizontal: NDArray[np.floating], vertical: NDArray[np.floating]) -> Codes:
    second, first = np.meshgrid(vertical[::-1], horizontal, indexing="ij")
    return np.stack([first.ravel(), second.ravel()], axis=1).astype(np.float32)


@dataclass(frozen=True)
class Plane:
    """The flat piece of the latent space on which the codes vary most: a map that can be read both ways.

    Attributes:
        mean: float64 with shape (latent_dim,).
        axes: Orthonormal, float64 with shape (components, latent_dim).
    """

    mean: NDArray[np.float64]
    axes: NDArray[np.float64]

    def to_points(self, z: NDArray[np.floating]) -> NDArray[np.float32]:
        """Codes (N, latent_dim) to their places on the plane, (N, components)."""
        return ((z - self.mean) @ self.axes.T).astype(np.float32)

    def to_codes(self, points: NDArray[np.floating]) -> Codes:
        """Places on the plane (N, components) to the codes that lie there, (N, latent_dim)."""
        return (self.mean + points @ self.axes).astype(np.float32)


@dataclass(frozen=True)
class Projection:
    """Codes laid out for the eye.

    Attributes:
        points: float32 with shape (n, components).
        index: Which codes they are of, int64 with shape (n,): all, or a sample.
        explained: The share of the variance along each axis, float64 with shape (components,); PCA only.
        plane: The way back to codes; `None` for t-SNE and UMAP, which have none.
    """

    points: NDArray[np.float32]
    index: NDArray[np.int64]
    explained: NDArray[np.float64] | None = None
    plane: Plane | None = None


@dataclass(frozen=True)
class Method:
    """A row of `PROJECTIONS`.

    Attributes:
        title, help: For a person, marked for translation.
        limit: The most points it is given; `None` for all.
        seconds: About how long 2,000 points take, imports included; 0 is at once.
        function: (codes, components, seed) to points, explained variance, plane.
    """

    title: str
    help: str
    limit: int | None
    seconds: float
    function: Callable[[Codes, int, int], tuple[NDArray[np.float32], NDArray[np.float64] | None, Plane | None]]


def project(mu: Codes, method: str, seed: int = 0, components: int = 2) -> Projection:
    """Codes in two or three dimensions. The same seed gives the same picture.

    Args:
        mu: With shape (N, latent_dim).
        method: A name in `PROJECTIONS`.
        seed: Of the sample, where there are more points than the method takes, and of the method.
        components: 2 or 3.

    Raises:
        InputError: There is no such method, the components are others, there are fewer than 5 codes, or they are all
            the same and the method is about neighbours.
    """
    if method not in PROJECTIONS:
        raise InputError(
            N_("There is no projection '{method}'. Choose one of: {known}."),
            method=method,
            known=", ".join(PROJECTIONS),
        )
    if components not in (2, 3):
        raise InputError(
            N_("A projection to {components} dimensions can't be shown. Choose 2 or 3."), components=components
        )
    if len(mu) < FEWEST_POINTS:
        raise InputError(
            N_("There are {count} codes, but a projection needs at least {fewest}. Choose more images."),
            count=len(mu),
            fewest=FEWEST_POINTS,
        )
    row = PROJECTIONS[method]
    if row.limit is not None and (mu == mu[0]).all():
        raise InputError(
            N_(
                "All codes are the same, so none is nearer than another: the model tells no image from the next. Look at the PCA, or at another model."
            )
        )
    index = np.arange(len(mu))
    if row.limit is not None and len(mu) > row.limit:
        index = np.sort(np.random.default_rng(seed).choice(len(mu), row.limit, replace=False))
    # One thread: scikit-learn takes all cores for t-SNE whatever `n_jobs` says, and beside a training, 2,000 points then
    # took minutes instead of ten seconds.
    with threadpool_limits(1), long_call():
        points, explained, plane = row.function(mu[index], components, seed)
    return Projection(points, index, explained, plane)


def _pca(mu: Codes, components: int, seed: int) -> tuple[NDArray[np.float32], NDArray[np.float64], Plane]:
    codes = mu.astype(np.float64)
    mean = codes.mean(0)
    # By the covariance's eigenvectors: a few milliseconds, where importing scikit-learn's PCA alone takes a second.
    values, vectors = np.linalg.eigh((codes - mean).T @ (codes - mean))
    variances, axes = values[::-1].clip(min=0), vectors[:, ::-1].T
    axes = axes * np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(1)])[:, None]  # one sign of the two
    # With fewer latent dimensions than axes, the axes left over are there and lead nowhere.
    missing = max(0, components - len(axes))
    axes = np.pad(axes, ((0, missing), (0, 0)))[:components]
    explained = np.pad(variances / max(variances.sum(), np.finfo(np.float64).tiny), (0, missing))[:components]
    plane = Plane(mean, axes)
    return plane.to_points(mu), explained, plane


def _tsne(mu: Codes, components: int, seed: int) -> tuple[NDArray[np.float32], None, None]:
    from sklearn.manifold import TSNE

    method = TSNE(
        components,
        perplexity=min(30.0, (len(mu) - 1) / 3),  # it must stay below the number of points
        init="pca" if mu.shape[1] >= components else "random",
        random_state=seed,
        n_jobs=1,
    )
    return method.fit_transform(mu).astype(np.float32), None, None


def _umap(mu: Codes, components: int, seed: int) -> tuple[NDArray[np.float32], None, None]:
    compiled_cache("umap")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ImportWarning)  # it says that Tensorflow, which nothing here needs, is missing
        from umap import UMAP  # several seconds to import

    method = UMAP(
        n_neighbors=min(15, len(mu) - 1),
        n_components=components,
        init="pca" if mu.shape[1] >= components else "random",
        random_state=seed,
        n_jobs=1,
    )
    return method.fit_transform(mu).astype(np.float32), None, None


PROJECTIONS: dict[str, Method] = {
    "pca": Method(
        N_("PCA"),
        N_("The flat view in which the codes differ most. At once, and the only one with a way back to images."),
        None,
        0,
        _pca,
    ),
    "tsne": Method(
        N_("t-SNE"),
        N_("Keeps neighbours together. Distances between far groups, and sizes of groups, say nothing."),
        2_000,
        10,
        _tsne,
    ),
    "umap": Method(
        N_("UMAP"),
        N_("Keeps neighbours together, and more of the large order than t-SNE. Distances are still not to be trusted."),
        2_000,
        20,
        _umap,
    ),
}
"""The projections by name."""
