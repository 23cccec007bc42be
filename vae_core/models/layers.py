"""The table of a model's layers: what each puts out, and how many numbers in it are trained.

It is read off the model itself by torchinfo. The model lies on torch's meta device meanwhile: no weights, no memory,
nothing computed.
"""

from dataclasses import dataclass, replace
from math import prod
from typing import Literal

import torch
from torch import Tensor, nn
from torchinfo import summary
from torchinfo.layer_info import LayerInfo

from vae_core.config import ModelConfig
from vae_core.errors import N_
from vae_core.models import ACTIVATIONS, DiagonalGaussian, ImageShape, Model, without_numbers
from vae_core.models.networks import Residual

Part = Literal["encoder", "code", "decoder"]

TITLES: dict[type[nn.Module], str] = {
    nn.Linear: N_("Dense"),
    nn.Conv2d: N_("Convolution"),
    nn.ConvTranspose2d: N_("Transposed convolution"),
    nn.Flatten: N_("Flatten"),
    nn.Unflatten: N_("Reshape"),
}
SAMPLING = N_("Sampling: z = μ + σ · ε")
PICTURE = N_("Image")
_ACTIVATIONS: dict[type[nn.Module], str] = {type(make()): name for name, make in ACTIVATIONS.items()}


@dataclass(frozen=True)
class Layer:
    """A row of the table.

    Attributes:
        name: What it is called in the file of weights: `encoder.3`; `picture` and `z` for what is no layer.
        part: Where it stands.
        kind: What it is, marked for translation.
        activation: The bend that follows it, by its name in `ModelConfig.activation`, or `sigmoid`, which makes pixels
            of the decoder's last numbers whatever the likelihood; empty where there is none.
        residual: Whether what came in is added to what it puts out.
        kernel: The side of its windows in pixels; 0 for a layer without windows.
        told: How many numbers beside those of the layer before tell it the class; 0 where it is not told.
        shape: What it puts out for one picture.
        parameters: The numbers in it that are trained.
        multiply_adds: For one picture, how often a weight is multiplied and the product added up; a bias that is added
            counts as one, activations don't count.
    """

    name: str
    part: Part
    kind: str
    shape: tuple[int, ...]
    parameters: int = 0
    multiply_adds: int = 0
    activation: str = ""
    residual: bool = False
    kernel: int = 0
    told: int = 0

    @property
    def numbers(self) -> int:
        """How many numbers it puts out for one picture."""
        return int(torch.Size(self.shape).numel())


def layers(config: ModelConfig, image_shape: ImageShape, classes: int = 10) -> list[Layer]:
    """The layers in the order in which a picture goes through them: the picture, encoder, code, decoder.

    The encoder's last layer is the first part of the code: for a VAE it puts out the means and the logarithms of the
    variances, from which `z` is drawn. An activation is told with the layer that it follows.

    Args:
        config: The settings.
        image_shape: (C, H, W) of the pictures.
        classes: How many classes the pictures have; only a conditional model looks at it.

    Raises:
        InputError: The network does not fit pictures of that shape, or has more parameters than are trained here.
    """
    model = without_numbers(config, image_shape, classes)
    found = [Layer("picture", "encoder", PICTURE, image_shape)]
    seen = _seen(model, image_shape)
    found += _rows("encoder", model.encoder, seen)
    found[-1] = replace(found[-1], part="code", told=model.classes)
    with torch.no_grad():
        posterior = model.encode(torch.zeros(1, *image_shape))
    if isinstance(posterior, DiagonalGaussian):  # else the features are the code itself
        found.append(Layer("z", "code", SAMPLING, (model.latent_dim,)))
    first, *rest = _rows("decoder", model.decoder, seen)
    found += [replace(first, told=model.classes), *rest]
    return [*found[:-1], replace(found[-1], activation="sigmoid")]


class _Way(nn.Module):
    """A picture's way through a model from end to end: torchinfo follows a module's `forward`."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> Tensor:
        return self.model.decode(self.model.encode(x).mu).mean


def _seen(model: Model, image_shape: ImageShape) -> dict[nn.Module, LayerInfo]:
    """What torchinfo sees of each module as one picture goes through a model.

    It leaves model and picture where they are as long as it is given the picture itself: for an `input_size`, it takes
    both to a device of its own choice. It keeps its last summary, and thus the model, alive, of which nothing is written.
    """
    found = summary(_Way(model), input_data=torch.zeros(1, *image_shape), verbose=0)
    return {info.module: info for info in found.summary_list}


def _rows(part: Literal["encoder", "decoder"], network: nn.Sequential, seen: dict[nn.Module, LayerInfo]) -> list[Layer]:
    rows: list[Layer] = []
    for number, module in enumerate(network):
        if type(module) in _ACTIVATIONS:
            rows[-1] = replace(rows[-1], activation=_ACTIVATIONS[type(module)])
            continue
        residual = isinstance(module, Residual)
        inner, *after = module if isinstance(module, Residual) else (module,)
        kernel = seen[inner].kernel_size
        rows.append(
            Layer(
                name=f"{part}.{number}",
                part=part,
                kind=TITLES[type(inner)],
                shape=tuple(seen[module].output_size[1:]),
                parameters=seen[module].num_params,
                multiply_adds=_multiply_adds(seen[inner]),
                activation=_ACTIVATIONS[type(after[0])] if after else "",
                residual=residual,
                kernel=kernel[0] if isinstance(kernel, list) else 0,
            )
        )
    return rows


def _multiply_adds(info: LayerInfo) -> int:
    """The multiply-adds of a layer that holds no others.

    torchinfo 1.8.0, held against torch's own FlopCounterMode, is right for dense layers and convolutions. For a
    transposed convolution it takes each weight once for each pixel that comes out, where it is used once for each that
    goes in: with a stride of 2 up to four times too many. For what holds layers, such as `Residual`, its number has no
    meaning; torchinfo itself adds up the layers inside, and so do we.
    """
    module = info.module
    if isinstance(module, nn.ConvTranspose2d):
        return module.weight.numel() * prod(info.input_size[2:]) + prod(info.output_size)
    return info.macs
