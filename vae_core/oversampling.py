"""Fill up a rare class: new images of it until it is as large as the others.

Every method takes the same thinned training images and gives more of the rare class (or a larger weight to what there
is), so that one classifier can judge them all (`rare_class.py`):

    copies      x_i                                     of a random real image
    SMOTE       x_i + u (x_j - x_i)                     x_j among the nearest neighbours of x_i (Chawla et al. 2002)
    affine      a small shift, turn and scaling of x_i
    VAE         p(x | z), z ~ N(0, I)                   of a model that saw the rare class alone
    CVAE        p(x | z, y), z ~ N(0, I)                of a model that saw all classes and is told the label
    posterior   p(x | mu_i + w sigma_i eps, y)          of the same model: near a real image, but w times wider

The last one borrows the ways in which images vary from the other classes, and the rare class from its real images.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from vae_core import latent
from vae_core.datasets import ImageData
from vae_core.errors import N_, InputError
from vae_core.fillings import METHODS
from vae_core.models import Model
from vae_core.pixels import to_bytes, to_unit

SMOTE_NEIGHBOURS = 5  # Chawla et al. 2002, section 4.2
SHIFT, TURN, SCALE = 2 / 28, 15.0, 0.1  # shares of the side, degrees, share; see `affine`


UNFILLED = ("nothing", "weights", "real")
"""The methods that make no image."""


class Drawers(NamedTuple):
    """The models that some methods draw with.

    Attributes:
        conditional: Trained on all classes, the rare one thinned, and told the label.
        rare: A VAE that was trained on the rare class alone, if the method "vae" is wanted.
    """

    conditional: Model
    rare: Model | None = None


@dataclass(frozen=True)
class Filled:
    """A training set whose rare class was filled up.

    Attributes:
        data: The real images, then the made ones.
        synthetic: Which of them nobody drew, bool with shape (N,).
        weights: How much a mistake on an image of each class counts, float32 with shape (classes,).
    """

    data: ImageData
    synthetic: NDArray[np.bool_]
    weights: NDArray[np.float32]


def missing(data: ImageData, rare: int) -> int:
    """How many images the rare class lacks to be as large as the others are on average.

    Raises:
        InputError: It has fewer than two images, or there is no other class.
    """
    counts = np.bincount(data.labels, minlength=len(data.class_names))
    others = np.delete(counts, rare)
    others = others[others > 0]
    if counts[rare] < 2 or not len(others):
        raise InputError(
            N_(
                "Class {rare} has {count} training images beside {others} other classes. To oversample it "
                "there must be at least 2 of it and 1 other class: keep a larger share, or choose more "
                "classes."
            ),
            rare=rare,
            count=int(counts[rare]),
            others=len(others),
        )
    return max(0, round(float(others.mean())) - int(counts[rare]))


def fill(method: str, data: ImageData, rare: int, seed: int, drawers: Drawers | None = None) -> Filled:
    """The training set with the rare class as large as the others are on average.

    Args:
        method: A name in `METHODS`.
        data: Training images, the rare class thinned.
        rare: Its number.
        seed: Decides every draw.
        drawers: The models; only the VAE's methods need them.

    Raises:
        InputError: There is no such method, or the rare class can't be filled up (`missing`).
    """
    if method not in METHODS:
        raise InputError(
            N_("There is no method '{method}'. Choose one of: {known}."), method=method, known=", ".join(METHODS)
        )
    count = missing(data, rare)
    weights = np.ones(len(data.class_names), np.float32)
    real = data.images[data.labels == rare]
    if method == "weights":
        weights[rare] = (len(real) + count) / len(real)
    made = real[:0] if method in UNFILLED else make(method, real, rare, count, seed, drawers)
    labels = np.full(len(made), rare, np.int64)
    whole = ImageData(
        data.name,
        data.split,
        np.concatenate([data.images, made]),
        np.concatenate([data.labels, labels]),
        data.class_names,
        data.source,
        data.licence,
    )
    synthetic = np.arange(len(whole)) >= (len(data) if METHODS[method].makes_synthetic else len(whole))
    return Filled(whole, synthetic, weights)


def make(
    method: str, real: NDArray[np.uint8], rare: int, count: int, seed: int, drawers: Drawers | None = None
) -> NDArray[np.uint8]:
    """New images of the rare class.

    Args:
        method: A name in `METHODS` but not in `UNFILLED`.
        real: The rare class's real images, uint8 with shape (N, C, H, W), N at least 2.
        rare, seed, drawers: As for `fill`.
        count: How many.

    Returns:
        uint8 with shape (count, C, H, W).
    """
    if count == 0:
        return real[:0]
    chosen = np.random.default_rng(seed).integers(len(real), size=count)
    if method == "copies":
        return real[chosen]
    if method == "smote":
        return smote(real, count, seed)
    if method == "affine":
        return affine(real[chosen], seed)
    assert drawers is not None, f"'{method}' draws with a model"
    if method == "vae":
        if drawers.rare is None:
            raise InputError(
                N_("There is no VAE of the rare class here. Run the comparison with that oversampling method.")
            )
        return latent.decode(drawers.rare, latent.sample_prior(drawers.rare.latent_dim, count, seed))
    model, width = drawers.conditional, METHODS[method].width
    eps = latent.sample_prior(model.latent_dim, count, seed)
    if width is None:
        return latent.decode(model, eps, rare)
    with torch.inference_mode():
        posterior = model.encode(to_unit(torch.from_numpy(real)), torch.full((len(real),), rare))
    mu, sigma = posterior.mu.numpy(), posterior.sigma.numpy()  # type: ignore[union-attr]
    return latent.decode(model, mu[chosen] + np.float32(width) * sigma[chosen] * eps, rare)


def smote(real: NDArray[np.uint8], count: int, seed: int) -> NDArray[np.uint8]:
    """Points between real images and their nearest neighbours, by imbalanced-learn; shapes as `make`, `count` at least 1."""
    from imblearn.over_sampling import SMOTE

    flat = real.reshape(len(real), -1).astype(np.float32)
    # It wants a second, larger class, and looks at nothing but its size.
    other = np.zeros((len(real) + count, flat.shape[1]), np.float32)
    labels = np.repeat([1, 0], [len(flat), len(other)])
    sampler = SMOTE(random_state=seed, k_neighbors=min(SMOTE_NEIGHBOURS, len(real) - 1))
    made = sampler.fit_resample(np.concatenate([flat, other]), labels)[0][len(labels) :]
    pixels: NDArray[np.uint8] = np.rint(made).clip(0, 255).astype(np.uint8)
    return pixels.reshape(-1, *real.shape[1:])


def affine(images: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
    """Each image a little shifted, turned and scaled, with its background where nothing is left; same shape.

    At most two pixels of 28, 15 degrees and a tenth of its size, drawn evenly: what changes no digit into another.
    """
    chance = np.random.default_rng(seed)
    n = len(images)
    angle = np.deg2rad(chance.uniform(-TURN, TURN, n))
    scale = 1 / chance.uniform(1 - SCALE, 1 + SCALE, n)
    shift = chance.uniform(-SHIFT, SHIFT, (n, 2)) * 2  # a side is 2 units long for affine_grid
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    theta = np.stack([cos, -sin, shift[:, 0], sin, cos, shift[:, 1]], axis=1).reshape(n, 2, 3).astype(np.float32)
    x = to_unit(torch.from_numpy(images))
    grid = F.affine_grid(torch.from_numpy(theta), list(x.shape), align_corners=False)
    return to_bytes(F.grid_sample(x, grid, padding_mode="border", align_corners=False))
