"""What the Generate page shows of a model: its draws, the map of what lies where, the way from one code to another.

Imports no Streamlit, so that plain tests reach it.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pages.ui.images import animation
from pages.ui.text import t, tn
from vae_core import latent, priors
from vae_core.latent import Codes, Plane
from vae_core.models import Model
from vae_core.priors import FittedGaussian

MOST = 100


@dataclass(frozen=True)
class CodeFit:
    """Where a model's codes lie.

    Attributes:
        gaussian: Fitted to the codes.
        pictures: How many codes there were.
        distance: Their mean distance from 0.
    """

    gaussian: FittedGaussian
    pictures: int
    distance: float


def fit(mu: Codes) -> CodeFit:
    """Fits a Gaussian to codes with shape (N, latent_dim). Raises as `priors.fitted_gaussian`."""
    return CodeFit(priors.fitted_gaussian(mu), len(mu), float(np.linalg.norm(mu, axis=1).mean()))


def prior_distance(latent_dim: int) -> float:
    """The mean distance from 0 of a draw from N(0, I): the mean of the chi distribution."""
    half = latent_dim / 2
    return math.sqrt(2) * math.exp(math.lgamma(half + 0.5) - math.lgamma(half))


def sheet_scale(count: int, side: int, width: int = 640) -> int:
    """How many screen pixels a pixel gets in a square sheet of `count` pictures, `side` wide, that fits `width`."""
    columns = math.ceil(math.sqrt(count))
    return max(1, min(8, width // (columns * (side + 1))))


def plane_codes(points: Codes, latent_dim: int, axes: tuple[int, int] | Plane) -> Codes:
    """Places on a plane to codes of the whole space.

    Args:
        points: With shape (N, 2).
        axes: Two dimensions, the others at 0; or a plane.
    """
    if isinstance(axes, Plane):
        return axes.to_codes(points)
    codes = np.zeros((len(points), latent_dim), np.float32)
    codes[:, list(axes)] = points
    return codes


def plane_places(mu: Codes, axes: tuple[int, int] | Plane) -> NDArray[np.float32]:
    """Codes to their places on a plane, (N, 2); `axes` as in `plane_codes`."""
    return axes.to_points(mu) if isinstance(axes, Plane) else mu[:, list(axes)]


def line_codes(mu: Codes, count: int, *, by_prior: bool) -> Codes:
    """Codes along a latent space of one dimension, (count, 1): at equal steps of probability under N(0, 1), or along
    the quantiles of the codes `mu`."""
    both = np.repeat(mu, 2, axis=1)
    grid = latent.manifold_grid(count) if by_prior else latent.quantile_grid(both, count)
    return grid[:count, :1]


def plane_grid(mu: Codes, side: int, axes: tuple[int, int] | Plane, *, by_prior: bool) -> Codes:
    """The places of a square map, (side * side, 2): at equal steps of probability under N(0, I), or along the quantiles
    of the codes `mu`."""
    return latent.manifold_grid(side) if by_prior else latent.quantile_grid(plane_places(mu, axes), side)


def widest_plane(mu: Codes) -> Plane:
    """The plane on which the codes differ most."""
    plane = latent.project(mu, "pca").plane
    assert plane is not None, "PCA always has the way back"
    return plane


def places_around_origin(mu: Codes) -> NDArray[np.float32]:
    """Codes on the plane where they differ most, (N, 2), measured from the origin, around which N(0, I) lies. Codes of
    one number lie on a line."""
    if mu.shape[1] == 1:
        return np.concatenate([mu, np.zeros_like(mu)], axis=1)
    if mu.shape[1] == 2:
        return mu
    plane = widest_plane(mu)
    return plane.to_points(mu) - plane.to_points(np.zeros((1, mu.shape[1]), np.float32))


def widest_dimensions(mu: Codes) -> tuple[int, int]:
    """The two numbers of the code that differ most between pictures."""
    first, second = np.argsort(-mu.var(0), kind="stable")[:2]
    return int(first), int(second)


def plane_words(model: Model, grid: Codes, axes: tuple[int, int] | Plane, *, by_prior: bool) -> str:
    """How a map was made, and what lies along its axes."""
    (left, bottom), (right, top) = grid.min(0), grid.max(0)
    if isinstance(axes, Plane):
        across, up = t("the first principal component"), t("the second principal component")
    else:
        across, up = (t("latent dimension {number}", number=axis + 1) for axis in axes)
    words = [
        t(
            "What the model decodes at each point. Across: {across}, from {left:.2f} to {right:.2f}. Up: "
            "{up}, from {bottom:.2f} to {top:.2f}.",
            across=across,
            up=up,
            **{"left": left, "right": right, "bottom": bottom, "top": top},
        )
    ]
    if isinstance(axes, Plane):
        words.append(
            tn(
                "The code has {count} dimension; this plane goes through the mean of the test images' codes, along the "
                "two directions in which they differ most, and leaves all other directions at 0.",
                "The code has {count} dimensions; this plane goes through the mean of the test images' "
                "codes, along the two directions in which they differ most, and leaves all other "
                "directions at 0.",
                "count",
                count=model.latent_dim,
            )
        )
    elif model.latent_dim > 2:
        words.append(
            tn(
                "The code has {count} dimension; all but these two are 0.",
                "The code has {count} dimensions; all but these two are 0.",
                "count",
                count=model.latent_dim,
            )
        )
    words.append(step_words(model, by_prior=by_prior))
    return " ".join(words)


def step_words(model: Model, *, by_prior: bool) -> str:
    """How far apart the places of a map are, in a sentence."""
    if by_prior:
        return t("Steps are even in probability under N(0, 1), from 1\u00a0% to 99\u00a0%.")
    if model.config.kind != "autoencoder":
        return t("Steps follow the quantiles of the test images' codes, from 1\u00a0% to 99\u00a0%.")
    return t(
        "An autoencoder has no prior, so the steps follow the quantiles of the test images' codes, from 1\u00a0% to 99\u00a0%."
    )


def gif(images: NDArray[np.uint8], scale: int = 4) -> bytes:
    """The pictures (N, C, H, W) one after the other, there and back."""
    return animation([image[None] for image in images], scale=scale, milliseconds=90, back_and_forth=True)


def find_picture(labels: NDArray[np.int64], wanted: int | None, seed: int) -> int:
    """The number of a random test picture, of the class `wanted` where there is one of it."""
    among = np.flatnonzero(labels == wanted) if wanted is not None else np.arange(len(labels))
    among = among if len(among) else np.arange(len(labels))
    return int(np.random.default_rng(seed).choice(among))


def file_stem(run_id: str, what: str, *parts: object) -> str:
    """A file's name without its ending: `diabolo-RUN-sheet-seed7`."""
    return "-".join(["diabolo", run_id, what, *map(str, parts)])
