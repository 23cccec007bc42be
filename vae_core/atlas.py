"""A map of a plane through the latent space: what the decoder makes of every place, small enough to be sent once.

    z(u, v) = mean + u * axes[0] + v * axes[1]

A browser that holds the tiles shows the picture of any place by itself, blended from the four tiles around it.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vae_core import latent
from vae_core.latent import Codes, LatentPoints, Plane
from vae_core.models import Model
from vae_core.sheets import tiled, to_bytes

MOST_BYTES = 190 * 1024  # of the picture; written as text and with the points beside it, a map stays below 300 KiB
SIDE = 1_160  # pixels of the picture: more than a map has room for on a screen
TILES = (41, 33, 25, 17)  # a side; odd, so that one lies in the middle
QUALITIES = (80, 60, 40)  # of WebP
MOST_POINTS = 1_500
MARGIN = 0.04  # of the codes' range
PRIOR_RANGE = 3.2  # standard deviations of N(0, I), for a model that is held to it


@dataclass(frozen=True)
class Atlas:
    """Decoded pictures side by side.

    Attributes:
        webp: All tiles in one picture, in reading order: u grows to the right, v upwards.
        tiles: How many a side; the middle of tile (i, j) lies at ((i + 0.5) / tiles, (j + 0.5) / tiles) of the extent.
        tile: Height and width of one, in pixels.
        extent: left, right, bottom, top; as wide as high, so that a circle is round.
    """

    webp: bytes
    tiles: int
    tile: tuple[int, int]
    extent: tuple[float, float, float, float]


@dataclass(frozen=True)
class Places:
    """Where the codes of pictures lie on a plane.

    Attributes:
        points: float32 with shape (n, 2).
        index: Which pictures they are of, int64 with shape (n,): all, or a sample.
        ellipses: One standard deviation of each posterior as it is seen on the plane: the long half axis, the short one
            and the long one's angle in radians, float32 with shape (n, 3); `None` for an autoencoder.
    """

    points: NDArray[np.float32]
    index: NDArray[np.int64]
    ellipses: NDArray[np.float32] | None


def plane_of_dimensions(code: NDArray[np.floating], first: int, second: int) -> Plane:
    """The plane of two numbers of the code; the others stay as they are in `code`, with shape (latent_dim,)."""
    axes = np.zeros((2, len(code)))
    axes[0, first] = axes[1, second] = 1
    return plane_through(code, axes)


def plane_through(code: NDArray[np.floating], axes: NDArray[np.floating]) -> Plane:
    """The plane along two orthonormal axes that holds `code`. Its places are measured from where it is nearest to the
    origin, so N(0, I) lies round (0, 0) with standard deviation 1."""
    across, up = axes.astype(np.float64)
    mean: NDArray[np.float64] = code - (across @ code) * across - (up @ code) * up
    return Plane(mean, np.stack([across, up]))


def extent_of(points: NDArray[np.floating], *, prior: bool) -> tuple[float, float, float, float]:
    """The square that holds all points and, where there is one, the prior."""
    low, high = points.min(0).astype(float), points.max(0).astype(float)
    if prior:
        low, high = np.minimum(low, -PRIOR_RANGE), np.maximum(high, PRIOR_RANGE)
    middle = (low + high) / 2
    half = max(float((high - low).max()) / 2 * (1 + 2 * MARGIN), 1e-3)
    return float(middle[0] - half), float(middle[0] + half), float(middle[1] - half), float(middle[1] + half)


def grid(extent: Sequence[float], tiles: int) -> NDArray[np.float32]:
    """The middles of the tiles in reading order, (tiles * tiles, 2)."""
    left, right, bottom, top = extent
    shares = (np.arange(tiles) + 0.5) / tiles
    second, first = np.meshgrid(top - shares * (top - bottom), left + shares * (right - left), indexing="ij")
    return np.stack([first.ravel(), second.ravel()], axis=1).astype(np.float32)


def draw(model: Model, plane: Plane, extent: Sequence[float], *, most_bytes: int = MOST_BYTES) -> Atlas:
    """Decodes the plane, as finely as the size allows.

    Args:
        model: Its decoder; a conditional one is asked without a label.
        plane: In its latent space.
        extent: left, right, bottom, top on the plane.
        most_bytes: Of the compressed picture.
    """
    _, height, width = model.image_shape
    fitting = [tiles for tiles in TILES if tiles * max(height, width) <= SIDE] or [TILES[-1]]
    webp, tiles = b"", fitting[0]
    for tiles in fitting:
        pictures = to_bytes(latent.decode(model, plane.to_codes(grid(extent, tiles))))
        sheet = tiled(pictures, tiles, 0, transparent=False).convert("RGB")
        for quality in QUALITIES:
            webp = _webp(sheet, quality)
            if len(webp) <= most_bytes:
                break
        else:
            continue
        break
    left, right, bottom, top = extent
    return Atlas(webp, tiles, (height, width), (left, right, bottom, top))


def place(points: LatentPoints, plane: Plane, *, most: int = MOST_POINTS, seed: int = 0) -> Places:
    """Codes on the plane: those of all pictures, or of `most` that are drawn at random."""
    index = np.arange(len(points.mu))
    if len(index) > most:
        index = np.sort(np.random.default_rng(seed).choice(len(index), most, replace=False))
    ellipses = None
    if points.sigma is not None:
        variance = points.sigma[index].astype(np.float64) ** 2
        covariance = np.einsum("ak,nk,bk->nab", plane.axes, variance, plane.axes)
        values, vectors = np.linalg.eigh(covariance)  # the smaller one first
        angle = np.arctan2(vectors[:, 1, 1], vectors[:, 0, 1]) % np.pi
        half = np.sqrt(values.clip(min=0))
        ellipses = np.stack([half[:, 1], half[:, 0], angle], axis=1).astype(np.float32)
    return Places(plane.to_points(points.mu[index]), index, ellipses)


def nearest(mu: Codes, code: NDArray[np.floating], count: int) -> NDArray[np.int64]:
    """The pictures whose codes lie nearest to a code, in the whole latent space, the nearest first."""
    return np.argsort(((mu - code) ** 2).sum(1), kind="stable")[:count]


def _webp(sheet: Image.Image, quality: int) -> bytes:
    file = io.BytesIO()
    sheet.save(file, "WEBP", quality=quality, method=4)
    return file.getvalue()
