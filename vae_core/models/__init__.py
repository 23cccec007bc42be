"""Models by name, and how to build one."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from vae_core.config import ModelConfig, RunConfig
from vae_core.errors import N_, InputError, WorkError
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
    "check_batch",
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


MOST_PARAMETERS = 20_000_000  # with gradient and optimizer 16 bytes each
MOST_ACTIVATIONS = 60_000_000  # in a batch; forward and backward keep about 12 bytes each
SMALLEST_BATCH = 250  # what is looked at without training goes in batches of this size


class Size(NamedTuple):
    """How large a model is."""

    parameters: int
    flops_per_image: int
    """Floating-point operations of one image's forward and backward pass."""
    activations_per_image: int
    """Numbers that all layers put out together for one image."""


def size(config: ModelConfig, image_shape: ImageShape) -> Size:
    """Counts parameters, operations and activations without computing anything (on torch's meta device).

    Raises:
        InputError: As `build`; or it is larger than a shared machine can bear.
    """
    activations = 0

    def count(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal activations
        activations += output.numel()

    with torch.device("meta"):
        model = MODELS[config.kind](config, image_shape)
        for layer in (*model.encoder, *model.decoder):
            layer.register_forward_hook(count)
        x = torch.zeros(1, *image_shape)
        with FlopCounterMode(display=False) as counter:
            output = model.decoder(model.encoder(x)[:, : config.latent_dim])
            output.sum().backward()
    found = Size(sum(p.numel() for p in model.parameters()), counter.get_total_flops(), activations)
    if found.parameters > MOST_PARAMETERS:
        raise InputError(
            N_(
                "The model would have {parameters:,} parameters, but at most {most:,} are trained here. Choose smaller "
                "or fewer hidden widths."
            ),
            parameters=found.parameters,
            most=MOST_PARAMETERS,
        )
    return found


def check_batch(config: RunConfig, image_shape: ImageShape) -> None:
    """Whether a batch's activations, kept for the way back, fit into a shared machine's memory.

    Raises:
        InputError: They don't, or the model is too large by itself.
    """
    activations = size(config.model, image_shape).activations_per_image
    most = MOST_ACTIVATIONS // activations
    if most < SMALLEST_BATCH:
        raise InputError(
            N_(
                "The layers put out {activations:,} numbers for each picture, but at most {most:,} can be kept. Choose "
                "smaller or fewer hidden widths."
            ),
            activations=activations,
            most=MOST_ACTIVATIONS // SMALLEST_BATCH,
        )
    if config.training.batch_size > most:
        raise InputError(
            N_(
                "'training.batch_size' is {batch_size}, but with these hidden widths at most {most} pictures fit into "
                "memory together. Choose a number from 1 to {most}, or smaller widths."
            ),
            batch_size=config.training.batch_size,
            most=most,
        )
