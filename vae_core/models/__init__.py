"""Models by name, and how to build one."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from vae_core.config import ModelConfig
from vae_core.errors import N_, InputError, WorkError
from vae_core.models.distributions import Bernoulli, DiagonalGaussian, Gaussian, Likelihood, PointMass, Posterior
from vae_core.models.model import UNKNOWN, VAE, Autoencoder, ConditionalVAE, Model
from vae_core.models.networks import ACTIVATIONS, NETWORKS, ImageShape

__all__ = [
    "ACTIVATIONS",
    "MODELS",
    "NETWORKS",
    "UNKNOWN",
    "VAE",
    "Autoencoder",
    "Bernoulli",
    "ConditionalVAE",
    "DiagonalGaussian",
    "Gaussian",
    "ImageShape",
    "Likelihood",
    "Model",
    "PointMass",
    "Posterior",
    "Size",
    "activations_per_image",
    "build",
    "check_batch",
    "load",
    "on_meta",
    "size",
]

MODELS: dict[str, type[Model]] = {"autoencoder": Autoencoder, "vae": VAE, "conditional-vae": ConditionalVAE}
"""The kinds of model by their name in `ModelConfig.kind`."""


def on_meta(config: ModelConfig, image_shape: ImageShape, classes: int) -> Model:
    """The model without any numbers in it: it takes no memory and no time.

    Raises:
        InputError: The network does not fit pictures of that shape, or has more parameters than are trained here.
    """
    with torch.device("meta"):
        model = MODELS[config.kind](config, image_shape, classes)
    parameters = sum(p.numel() for p in model.parameters())
    if parameters > MOST_PARAMETERS:
        raise InputError(
            N_(
                "The model would have {parameters:,} parameters, but at most {most:,} are trained here. Choose smaller "
                "or fewer hidden widths."
            ),
            parameters=parameters,
            most=MOST_PARAMETERS,
        )
    return model


def build(config: ModelConfig, image_shape: ImageShape, seed: int = 0, classes: int = 10) -> Model:
    """A model with fresh weights; the global random state is left as it was.

    Args:
        config: The settings.
        image_shape: (C, H, W) of the pictures.
        seed: Decides the weights.
        classes: How many classes the pictures have; only a conditional model looks at it.

    Raises:
        InputError: The network does not fit pictures of that shape, or has more parameters than are trained here.
    """
    on_meta(config, image_shape, classes)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return MODELS[config.kind](config, image_shape, classes)


def load(config: ModelConfig, weights: Mapping[str, NDArray[Any]], image_shape: ImageShape, classes: int = 10) -> Model:
    """A trained model, for looking at: its parameters take no gradients.

    Args:
        config: The settings.
        weights: Arrays by parameter name, float16 or float32.
        image_shape: (C, H, W) of the pictures.
        classes: As for `build`.

    Raises:
        WorkError: The weights are those of other settings.
    """
    model = on_meta(config, image_shape, classes)
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


def size(config: ModelConfig, image_shape: ImageShape, classes: int = 10) -> Size:
    """Counts parameters, operations and activations without computing anything (on torch's meta device).

    The first call in a process takes more than a second, in which torch loads what it needs for that. Arguments as for
    `build`.

    Raises:
        InputError: As `build`.
    """
    model = on_meta(config, image_shape, classes)
    with torch.device("meta"):
        x = torch.zeros(1, *image_shape)
        activations = activations_per_image(model, x)
        with FlopCounterMode(display=False) as counter:
            model.decode(model.encode(x).mu).mean.sum().backward()
    return Size(sum(p.numel() for p in model.parameters()), counter.get_total_flops(), activations)


def activations_per_image(model: Model, x: Tensor | None = None) -> int:
    """Numbers that all layers put out together for one image `x`, with shape (1, C, H, W)."""
    total = 0

    def count(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total
        total += output.numel()

    hooks = [layer.register_forward_hook(count) for layer in (*model.encoder, *model.decoder)]
    with torch.no_grad():
        model.decode(model.encode(torch.zeros(1, *model.image_shape) if x is None else x).mu)
    for hook in hooks:
        hook.remove()
    return total


def check_batch(batch_size: int, activations: int) -> None:
    """Whether a batch's activations, kept for the way back, fit into a shared machine's memory.

    Args:
        batch_size: Images in a batch.
        activations: As `activations_per_image` counts them.

    Raises:
        InputError: They don't.
    """
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
    if batch_size > most:
        raise InputError(
            N_(
                "'training.batch_size' is {batch_size}, but with these hidden widths at most {most} pictures fit into "
                "memory together. Choose a number from 1 to {most}, or smaller widths."
            ),
            batch_size=batch_size,
            most=most,
        )
