"""The table of a model's layers: what each puts out, and how many numbers in it are trained.

It is read off the model itself, which lies on torch's meta device meanwhile: no weights, no memory, nothing computed.
"""

from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor, nn

from vae_core.config import ModelConfig
from vae_core.errors import N_
from vae_core.models import ACTIVATIONS, DiagonalGaussian, ImageShape, Model, on_meta
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
PICTURE = N_("Picture")
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
    """

    name: str
    part: Part
    kind: str
    shape: tuple[int, ...]
    parameters: int = 0
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
    model = on_meta(config, image_shape, classes)
    found = [Layer("picture", "encoder", PICTURE, image_shape)]
    with torch.device("meta"), torch.no_grad():
        outputs = _outputs(model, torch.zeros(1, *image_shape))
        posterior = model.encode(torch.zeros(1, *image_shape))
    found += _rows("encoder", model.encoder, outputs)
    found[-1] = replace(found[-1], part="code", told=model.classes)
    if isinstance(posterior, DiagonalGaussian):  # else the features are the code itself
        found.append(Layer("z", "code", SAMPLING, (model.latent_dim,)))
    first, *rest = _rows("decoder", model.decoder, outputs)
    found += [replace(first, told=model.classes), *rest]
    return [*found[:-1], replace(found[-1], activation="sigmoid")]


def _outputs(model: Model, x: Tensor) -> dict[nn.Module, tuple[int, ...]]:
    """The shape that each layer puts out for one picture."""
    found: dict[nn.Module, tuple[int, ...]] = {}

    def note(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        found[module] = tuple(output.shape[1:])

    hooks = [layer.register_forward_hook(note) for layer in (*model.encoder, *model.decoder)]
    model.decode(model.encode(x).mu)
    for hook in hooks:
        hook.remove()
    return found


def _rows(
    part: Literal["encoder", "decoder"], network: nn.Sequential, outputs: dict[nn.Module, tuple[int, ...]]
) -> list[Layer]:
    rows: list[Layer] = []
    for number, module in enumerate(network):
        if type(module) in _ACTIVATIONS:
            rows[-1] = replace(rows[-1], activation=_ACTIVATIONS[type(module)])
            continue
        residual = isinstance(module, Residual)
        inner, *after = module if isinstance(module, Residual) else (module,)
        rows.append(
            Layer(
                name=f"{part}.{number}",
                part=part,
                kind=TITLES[type(inner)],
                shape=outputs[module],
                parameters=sum(p.numel() for p in module.parameters()),
                activation=_ACTIVATIONS[type(after[0])] if after else "",
                residual=residual,
                kernel=inner.kernel_size[0] if isinstance(inner, nn.Conv2d | nn.ConvTranspose2d) else 0,
            )
        )
    return rows
