"""Is a VAE less sure of strange pictures? Its posterior's variance as a score, and pictures to try it on.

The encoder says with each code how wide its cloud q(z|x) is. One might hope that pictures unlike any it has learnt get
wide ones. Nothing in the loss asks for it: whether it is so has to be measured, model by model.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vae_core import datasets, latent, significance
from vae_core.datasets import ImageData
from vae_core.errors import N_
from vae_core.latent import LatentPoints
from vae_core.models import Model
from vae_core.significance import Difference

STRANGERS: dict[str, str] = {
    "noise": N_("Noise"),
    "shuffled": N_("Shuffled pixels"),
    "turned": N_("A quarter turn"),
    "inverted": N_("White and black exchanged"),
    "fashion-mnist": N_("Clothes (Fashion-MNIST)"),
}
"""Kinds of strange pictures by name. All but the last are made of the normal ones; the last needs its data set."""


def strangers(data: ImageData, seed: int = 0) -> dict[str, NDArray[np.uint8]]:
    """As many strange pictures of each kind as there are normal ones, uint8 with shape (N, C, H, W).

    Pictures that aren't square can't be turned, and clothes are there where Fashion-MNIST is and fits.
    """
    generator = np.random.default_rng(seed)
    images = data.images
    _, channels, height, width = images.shape
    order = generator.permutation(height * width)  # one order for all: the amount of ink stays
    found = {
        "noise": generator.integers(0, 256, images.shape, dtype=np.uint8),
        "shuffled": images.reshape(len(images), channels, -1)[:, :, order].reshape(images.shape),
        "inverted": 255 - images,
    }
    if height == width:
        found["turned"] = np.ascontiguousarray(np.rot90(images, axes=(2, 3)))
    clothes = "fashion-mnist"
    if (
        data.name != clothes
        and datasets.source(clothes).image_shape == data.image_shape
        and datasets.is_present(clothes)
    ):
        found[clothes] = datasets.load(clothes, "test").images[: len(images)]
    return {name: found[name] for name in STRANGERS if name in found}


WIDTHS = (1e-30, 1e30)
"""Between which standard deviations are told apart: the encoder gives strange pictures some that float32 can't hold."""


@dataclass(frozen=True)
class Uncertainty:
    """How wide the posteriors of pictures are.

    Attributes:
        normal: The log variance of each normal picture, float64 with shape (N,).
        strange: The same of each kind of strange pictures.
        auroc: Per kind, the chance that a strange picture has a wider posterior than a normal one: 0.5 is guessing, and
            less means that strange pictures have the narrower ones.
        above: Per kind, how far that lies above guessing, and with which uncertainty.
    """

    normal: NDArray[np.float64]
    strange: dict[str, NDArray[np.float64]]
    auroc: dict[str, float]
    above: dict[str, Difference]


def log_variance(points: LatentPoints) -> NDArray[np.float64]:
    """The posterior's log variance, a mean over the latent dimensions, with shape (N,): the logarithm of the cloud's
    volume, per dimension. 0 is as wide as the prior."""
    assert points.sigma is not None, "an autoencoder's codes are points"
    return np.asarray(2 * np.log(points.sigma.astype(np.float64).clip(*WIDTHS)).mean(1))


def uncertainty(model: Model, data: ImageData, strange: dict[str, NDArray[np.uint8]]) -> Uncertainty:
    """The posteriors' variance of normal and strange pictures, and how well it tells them apart.

    Args:
        model: A VAE.
        data: Normal pictures.
        strange: Others by kind, as `strangers` gives them.

    Raises:
        InputError: The pictures don't have the model's shape.
        WorkError: The model's weights are of no use.
    """
    normal = log_variance(latent.encode(model, data))
    scores, above = {}, {}
    for name, images in strange.items():
        labels = np.zeros(len(images), np.int64)
        others = ImageData(data.name, data.split, images, labels, data.class_names, data.source, data.licence)
        scores[name] = log_variance(latent.encode(model, others))
        is_strange = np.repeat([False, True], [len(normal), len(images)])
        above[name] = significance.auroc(is_strange, np.concatenate([normal, scores[name]]))
    return Uncertainty(normal, scores, {name: 0.5 + one.value for name, one in above.items()}, above)
