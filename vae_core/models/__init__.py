"""Models by name, and how to build one."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from numpy.typing import NDArray
from torch.utils.flop_counter import FlopCounterMode

from vae_core.config import ModelConfig
from vae_core.errors import N_, WorkError
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
    "load",
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


def load(config: ModelConfig, weights: Mapping[str, NDArray[Any]], image_shape: ImageShape) -> Model:
    """A trained model, for looking at: its parameters take no gradients.

    Args:
        config: The settings.
        weights: Arrays by parameter name, float16 or float32.
        image_shape: (C, H, W) of the pictures.

    Raises:
        WorkError: The weights are those of other settings.
    """
    with torch.device("meta"):
        model = MODELS[config.kind](config, image_shape)
    tensors = {name: torch.from_numpy(array).float() for name, array in weights.items()}
    try:
        model.load_state_dict(tensors, assign=True)
    except RuntimeError as error:
        raise WorkError(
            N_("The weights don't fit the run's settings ({reason}). Delete this run, or train it again."),
            reason=str(error).splitlines()[-1].strip(),
        ) from error
    return model.eval().requires_grad_(False)


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
