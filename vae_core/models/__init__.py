"""Models by name, and how to build one."""

from typing import NamedTuple

import torch
from torch.utils.flop_counter import FlopCounterMode

from vae_core.config import ModelConfig
from vae_core.models.distributions import Bernoulli, DiagonalGaussian, Gaussian, Likelihood, PointMass, Posterior
from vae_core.models.model import VAE, Autoencoder, Model
from vae_core.models.networks import ACTIVATIONS, NETWORKS, ImageShape

__all__ = [
    "ACTIVATIONS",
    "MODELS",
    "NETWORKS",
    "VAE",
    "Autoencoder",
    "Bernoulli",
    "DiagonalGaussian",
    "Gaussian",
    "ImageShape",
    "Likelihood",
    "Model",
    "PointMass",
    "Posterior",
    "Size",
    "build",
    "size",
]

MODELS: dict[str, type[Model]] = {"autoencoder": Autoencoder, "vae": VAE}
"""The kinds of model by their name in `ModelConfig.kind`."""


def build(config: ModelConfig, image_shape: ImageShape, seed: int = 0) -> Model:
    """A model with fresh weights; the global random state is left as it was.

    Args:
        config: The settings.
        image_shape: (C, H, W) of the pictures.
        seed: Decides the weights.

    Raises:
        InputError: The network does not fit pictures of that shape.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return MODELS[config.kind](config, image_shape)


class Size(NamedTuple):
    """How large a model is."""

    parameters: int
    flops_per_image: int
    """Floating-point operations of one image's forward and backward pass."""


def size(config: ModelConfig, image_shape: ImageShape) -> Size:
    """Counts parameters and operations without allocating or computing anything (on torch's meta device).

    Raises:
        InputError: As `build`.
    """
    with torch.device("meta"):
        model = MODELS[config.kind](config, image_shape)
        x = torch.zeros(1, *image_shape)
        with FlopCounterMode(display=False) as counter:
            output = model.decoder(model.encoder(x)[:, : config.latent_dim])
            output.sum().backward()
    return Size(sum(p.numel() for p in model.parameters()), counter.get_total_flops())
