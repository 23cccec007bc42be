"""Models by name, and how to build one."""

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vae_core.config import ModelConfig, named
from vae_core.errors import N_, InputError, WorkError
from vae_core.models.distributions import Bernoulli, DiagonalGaussian, Gaussian, Likelihood, PointMass, Posterior
from vae_core.models.model import UNKNOWN, VAE, Autoencoder, ConditionalVAE, Model
from vae_core.models.networks import ACTIVATIONS, NETWORKS, ImageShape
from vae_core.models.uninitialised import Uninitialised

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
    "misfit",
    "size",
    "without_numbers",
]

MODELS: dict[str, type[Model]] = {"autoencoder": Autoencoder, "vae": VAE, "conditional-vae": ConditionalVAE}
"""The kinds of model by their name in `ModelConfig.kind`."""


def without_numbers(config: ModelConfig, image_shape: ImageShape, classes: int) -> Model:
    """The model with whatever its memory holds for numbers: it takes no time, and no memory until it is written to.

    Raises:
        InputError: The network does not fit pictures of that shape, or has more parameters than are trained here.
    """
    with Uninitialised():
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
    without_numbers(config, image_shape, classes)
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
    model = without_numbers(config, image_shape, classes)
    if wrong := misfit(model, weights):
        raise WorkError(
            N_("The weights don't fit the run's settings ({reason}). Delete this run, or train it again."), reason=wrong
        )
    model.load_state_dict({name: torch.from_numpy(array).float() for name, array in weights.items()}, assign=True)
    return model.eval().requires_grad_(False)


def misfit(model: Model, weights: Mapping[str, NDArray[Any] | Tensor]) -> WorkError | None:
    """Why these arrays are not a model's weights; `None` where they are."""
    expected = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    if missing := expected.keys() - weights.keys():
        return WorkError(N_("'{name}' is missing"), name=min(missing))
    if other := weights.keys() - expected.keys():
        return WorkError(N_("'{name}' is of other settings"), name=min(other))
    wrong = [name for name, shape in expected.items() if tuple(weights[name].shape) != shape]
    return WorkError(N_("'{name}' has another shape than the run's settings say"), name=wrong[0]) if wrong else None


WEIGHTED = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)
"""The layers whose weights are multiplied; there are no others in the networks."""
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
    """Counts parameters, operations and activations, as one image goes through a model that has learnt nothing.

    Arguments as for `build`.

    Raises:
        InputError: As `build`.
    """
    model = without_numbers(config, image_shape, classes)
    products = _products(model)
    # Forward, and backward for the weights and for what came in, which the first layer's pictures don't need.
    flops = 2 * (3 * sum(products) - products[0])
    return Size(sum(p.numel() for p in model.parameters()), flops, activations_per_image(model))


def _products(model: Model) -> list[int]:
    """Multiplications of weights in each layer that has some, for one image, in the order in which it comes to them."""
    found: list[int] = []

    def count(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        # Each weight is used once for a vector, and once for each place that a window is laid down at.
        is_transposed = isinstance(module, nn.ConvTranspose2d)
        places = (inputs[0] if is_transposed else output).shape[2:]
        found.append(cast(Tensor, module.weight).numel() * places.numel())

    hooks = [each.register_forward_hook(count) for each in model.modules() if isinstance(each, WEIGHTED)]
    with torch.no_grad():
        model.decode(model.encode(torch.zeros(1, *model.image_shape)).mu)
    for hook in hooks:
        hook.remove()
    return found


def activations_per_image(model: Model) -> int:
    """Numbers that all layers put out together for one image."""
    total = 0

    def count(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total
        total += output.numel()

    hooks = [layer.register_forward_hook(count) for layer in (*model.encoder, *model.decoder)]
    with torch.no_grad():
        model.decode(model.encode(torch.zeros(1, *model.image_shape)).mu)
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
                "The layers put out {activations:,} values for each image, but at most {most:,} can be "
                "kept. Choose smaller or fewer hidden widths."
            ),
            activations=activations,
            most=MOST_ACTIVATIONS // SMALLEST_BATCH,
        )
    if batch_size > most:
        raise InputError(
            N_(
                "'{setting}' is {batch_size}, but with these hidden widths at most {most} images fit into "
                "memory together. Choose a number from 1 to {most}, or smaller widths."
            ),
            setting=named("training.batch_size"),
            batch_size=batch_size,
            most=most,
        )
