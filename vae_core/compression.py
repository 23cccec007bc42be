"""A code as a compressed picture: how few numbers, and how few bits, a picture can be told in, and at which error.

The yardstick is PCA, the best linear code in the sense of squared error. With test images x, the training images' mean
m and orthonormal principal directions u_j, the error of n numbers is

    MSE(n) = (|x - m|^2 - sum_{j <= n} (u_j . (x - m))^2) / pixels,

so one pass gives it for every n. A number becomes bits by a uniform quantiser over the range of the training codes
(Gersho and Gray 1992, chapter 5).

Everything here looks at pixels in [0, 1]; an MSE is the mean over pixels and images.
"""

import math
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray

from vae_core import latent
from vae_core.datasets import ImageData
from vae_core.errors import N_, InputError
from vae_core.latent import Codes
from vae_core.liveness import alive
from vae_core.metrics import BATCH, mse
from vae_core.models import UNKNOWN, Model
from vae_core.pixels import to_tensor, to_unit

Indices = NDArray[np.uint16]
"""Quantised codes, with shape (N, latent_dim)."""

MOST_BITS = 16
BYTE = 8  # bits of an uncompressed pixel
_TABLE_BITS = 8  # of each number, the leading bits that have a table of probabilities; those below are nearly noise


@dataclass(frozen=True)
class PCACode:
    """The principal directions of some training images.

    Attributes:
        mean: m, float32 with shape (pixels,).
        directions: The u_j in rows, the largest variance first, float32 with shape (most, pixels).
        image_shape: (C, H, W).
    """

    mean: NDArray[np.float32]
    directions: NDArray[np.float32]
    image_shape: tuple[int, int, int]

    def first(self, n: int) -> Self:
        """Only the first n directions."""
        return replace(self, directions=self.directions[:n])

    def encode(self, data: ImageData) -> Codes:
        """The numbers of each image, with shape (N, most)."""
        return np.concatenate([(x - self.mean) @ self.directions.T for x in _rows(data)])

    def decode(self, z: Codes) -> NDArray[np.float32]:
        """The pictures of codes of the first n numbers, clipped to [0, 1], with shape (N, C, H, W).

        Args:
            z: With shape (N, n), n at most `most`.
        """
        pictures: NDArray[np.float32] = z @ self.directions[: z.shape[1]] + self.mean
        return np.clip(pictures, 0, 1).reshape(-1, *self.image_shape)


def fit_pca(train: ImageData) -> PCACode:
    """PCA of the training images: as many directions as there are pixels, or images if those are fewer.

    Of each direction, the component that is largest in size is positive.
    """
    mean = train.images.reshape(len(train), -1).mean(0, dtype=np.float64) / 255
    if len(train) > len(mean):
        # The covariance's eigenvectors: exact, and quick where there are more images than pixels.
        scatter = np.zeros((len(mean), len(mean)))
        for x in _rows(train):
            scatter += (x - mean).T @ (x - mean)
        directions = np.linalg.eigh(scatter)[1].T[::-1]
    else:
        directions = np.linalg.svd(np.concatenate([x - mean for x in _rows(train)]), full_matrices=False)[2]
    largest = np.abs(directions).argmax(1)
    directions = directions * np.sign(directions[np.arange(len(directions)), largest])[:, None]
    return PCACode(mean.astype(np.float32), np.ascontiguousarray(directions, np.float32), train.image_shape)


def pca_errors(pca: PCACode, data: ImageData) -> NDArray[np.float64]:
    """The MSE of PCA with n numbers, for n = 0 (the mean image) to all, with shape (most + 1,). Nothing is clipped.

    Args:
        pca: Fitted on training images.
        data: The images that are judged, others than those.
    """
    energy = np.zeros(len(pca.directions))
    whole = 0.0
    for x in _rows(data):
        centred = x - pca.mean
        whole += float(np.square(centred, dtype=np.float64).sum())
        energy += np.square(centred @ pca.directions.T, dtype=np.float64).sum(0)
    left = whole - np.concatenate([[0.0], np.cumsum(energy)])
    return np.asarray(np.maximum(left, 0.0) / (len(data) * pca.mean.size))


def equivalent_dimensions(errors: NDArray[np.float64], mse: float) -> int | None:
    """The fewest numbers with which PCA is at least as good.

    Args:
        errors: As `pca_errors`.
        mse: What is to be matched.

    Returns:
        `None` where PCA never gets there.
    """
    good = np.flatnonzero(errors <= mse)
    return int(good[0]) if len(good) else None


@dataclass(frozen=True)
class Quantiser:
    """Each number of a code as one of 2^bits whole numbers: the equal cells between `low` and `high`, each told by its
    middle. What lies outside is taken to the nearest cell.

    Attributes:
        low, high: The range of each number, float32 with shape (latent_dim,).
        bits: For each number, 1 to `MOST_BITS`.
    """

    low: NDArray[np.float32]
    high: NDArray[np.float32]
    bits: int

    def __post_init__(self) -> None:
        if not 1 <= self.bits <= MOST_BITS:
            raise InputError(
                N_("'bits' is {bits}, but must be from 1 to {most} for each latent dimension. Choose one in between."),
                bits=self.bits,
                most=MOST_BITS,
            )

    @property
    def step(self) -> NDArray[np.float64]:
        """The width of a cell; 0 for a number that never changes."""
        return np.asarray((self.high.astype(np.float64) - self.low) / 2**self.bits)

    @property
    def bits_per_picture(self) -> int:
        return self.bits * len(self.low)

    def quantise(self, z: Codes) -> Indices:
        """Codes to whole numbers, with the same shape."""
        step = np.where(self.step > 0, self.step, 1.0)
        cells = np.floor((z - self.low.astype(np.float64)) / step)
        return np.clip(cells, 0, 2**self.bits - 1).astype(np.uint16)

    def dequantise(self, indices: Indices) -> Codes:
        """The middle of each cell, with the same shape."""
        return (self.low + (indices.astype(np.float64) + 0.5) * self.step).astype(np.float32)


@dataclass(frozen=True)
class Rates:
    """How many bits a picture takes and how wrong it then is, at 1 to `MOST_BITS` bits for each number of the code.

    Attributes:
        bits: A picture's, int64 with shape (MOST_BITS,).
        entropy_bits: The same, entropy-coded, float64.
        mse: At those bits, float64.
    """

    bits: NDArray[np.int64]
    entropy_bits: NDArray[np.float64]
    mse: NDArray[np.float64]


def quantiser(train_codes: Codes, bits: int) -> Quantiser:
    """The quantiser between the smallest and the largest training code of each dimension.

    Raises:
        InputError: `bits` is out of range.
    """
    return Quantiser(train_codes.min(0), train_codes.max(0), bits)


def entropy_coded_bits(train: Indices, test: Indices, bits: int) -> float:
    """Bits a picture when frequent cells get shorter words, as an ideal arithmetic coder would write them.

    The mean of -log2 p over the test codes, one number of the code at a time, with p counted on the training codes (a
    count more for each cell, so that none is impossible). Only the leading eight bits of a number have such a table;
    the others stay as they are.

    Args:
        train, test: Whole numbers, with shapes (M, latent_dim) and (N, latent_dim).
        bits: How many each has.
    """
    below = max(0, bits - _TABLE_BITS)
    cells = 2 ** (bits - below)
    total = 0.0
    for own, seen in zip((test >> below).T, (train >> below).T, strict=True):
        counts = np.bincount(seen, minlength=cells) + 1
        total += float(-np.log2(counts / counts.sum())[own].mean()) + below
    return total


def encode(model: Model, data: ImageData) -> Codes:
    """The code of each image, with shape (N, latent_dim): of a VAE, the posterior mean.

    A conditional model is not told the class: the code alone has to do.

    Raises:
        InputError, WorkError: As `latent.encode`.
    """
    return latent.encode(model, replace(data, labels=np.full(len(data), UNKNOWN, np.int64))).mu


@torch.inference_mode()
def image_errors(model: Model, z: Codes, data: ImageData) -> NDArray[np.float64]:
    """The MSE of each picture that the model decodes from codes, with shape (N,).

    Args:
        z: The code of each image, with shape (N, latent_dim).
        data: The images, in the same order.
    """
    found = []
    for start in range(0, len(data), BATCH):
        alive()
        here = slice(start, start + BATCH)
        x = to_unit(to_tensor(data.images[here]))
        found.append(mse(model.decode(to_tensor(z[here])).mean, x).double().numpy())
    return np.concatenate(found)


def reconstruction_mse(model: Model, z: Codes, data: ImageData) -> float:
    """The mean of `image_errors`."""
    return float(image_errors(model, z, data).mean())


def pca_image_errors(pca: PCACode, n: int, data: ImageData) -> NDArray[np.float64]:
    """The MSE of each picture that PCA decodes from n numbers, clipped to [0, 1] as a model's pictures are: to be held
    against `image_errors`. With shape (N,)."""
    first = pca.first(n)
    found = []
    for x in _rows(data):
        z = np.asarray((x - first.mean) @ first.directions.T, np.float32)
        found.append(np.square(first.decode(z).reshape(x.shape) - x, dtype=np.float64).mean(1))
    return np.concatenate(found)


def rate_distortion(
    model: Model, train: Codes, z: Codes, data: ImageData, report: Callable[[float], None] = lambda share: None
) -> Rates:
    """The error at each number of bits.

    Args:
        train: The training codes, which give the quantiser its range and the entropy code its table.
        z: The code of each image of `data`.
        data: The images that are judged.
        report: Called with the share that is done.
    """
    entropy, errors = [], []
    for bits in range(1, MOST_BITS + 1):
        scale = quantiser(train, bits)
        indices = scale.quantise(z)
        entropy.append(entropy_coded_bits(scale.quantise(train), indices, bits))
        errors.append(reconstruction_mse(model, scale.dequantise(indices), data))
        report(bits / MOST_BITS)
    return Rates(_bits(z.shape[1]), np.array(entropy), np.array(errors))


def pca_rate_distortion(train: Codes, z: Codes, error: float, pixels: int) -> Rates:
    """The same of a PCA code. The directions are orthonormal, so what quantising its numbers costs adds up.

    Args:
        train, z: PCA codes of the training images and of those that are judged.
        error: The MSE before quantising.
        pixels: Of an image.
    """
    entropy, errors = [], []
    for bits in range(1, MOST_BITS + 1):
        scale = quantiser(train, bits)
        indices = scale.quantise(z)
        lost = np.square(scale.dequantise(indices) - z, dtype=np.float64).sum(1).mean() / pixels
        entropy.append(entropy_coded_bits(scale.quantise(train), indices, bits))
        errors.append(error + lost)
    return Rates(_bits(z.shape[1]), np.array(entropy), np.array(errors))


def _bits(latent_dim: int) -> NDArray[np.int64]:
    return latent_dim * np.arange(1, MOST_BITS + 1)


def raw_bits(image_shape: tuple[int, int, int]) -> int:
    """Bits of a picture as it is kept in memory: eight a pixel."""
    return BYTE * math.prod(image_shape)


def zipped_bits(data: ImageData) -> float:
    """Bits a picture when all of them are packed without loss (DEFLATE, as in ZIP and PNG), one after the other."""
    return 8 * len(zlib.compress(data.images.tobytes(), 9)) / len(data)


def cross_entropies_of_mean_image(train: ImageData, data: ImageData) -> NDArray[np.float64]:
    """Nats a pixel of answering each image with the mean of the training images, with shape (N,)."""
    half_a_grey = 0.5 / 255  # a pixel that was always black would have an infinite error where it isn't
    p = (train.images.mean(0, dtype=np.float64) / 255).clip(half_a_grey, 1 - half_a_grey).reshape(-1)
    # Linear in the image: log(1 - p) for black, and what white adds.
    return np.concatenate([-(x @ (np.log(p) - np.log(1 - p)) + np.log(1 - p).sum()) / p.size for x in _rows(data)])


def cross_entropy_of_mean_image(train: ImageData, data: ImageData) -> float:
    """The mean of `cross_entropies_of_mean_image`."""
    return float(cross_entropies_of_mean_image(train, data).mean())


def cross_entropy_floor(data: ImageData) -> float:
    """Nats a pixel of a perfect reconstruction: grey pixels have an entropy of their own, only black and white ones none."""
    x = np.arange(1, 255) / 255  # black and white have none
    entropy = -(x * np.log(x) + (1 - x) * np.log(1 - x))
    counts = np.bincount(data.images.reshape(-1), minlength=256)
    return float(entropy @ counts[1:255] / counts.sum())


def _rows(data: ImageData, size: int = 10 * BATCH) -> Iterator[NDArray[np.float32]]:
    """The images as rows of pixels in [0, 1], float32 with shape (n, pixels), a few thousand at a time."""
    for start in range(0, len(data), size):
        alive()
        part = data.images[start : start + size]
        yield np.asarray(part.reshape(len(part), -1) / np.float32(255), np.float32)
