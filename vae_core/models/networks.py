"""The networks between a picture and its code: dense or convolutional.

An encoder's last layer and a decoder's first are linear and see the whole code, and the label where there is one.
"""

from collections.abc import Callable
from itertools import pairwise

from torch import Tensor, nn

from vae_core.config import ModelConfig
from vae_core.errors import N_, InputError

ImageShape = tuple[int, int, int]
"""(C, H, W)."""

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
}


class Residual(nn.Sequential):
    """x + f(x) (He et al. 2016), f being the layers that it is given."""

    def forward(self, input: Tensor) -> Tensor:
        return input + super().forward(input)  # type: ignore[no-any-return]


def _dense(widths: tuple[int, ...], config: ModelConfig) -> list[nn.Module]:
    """Fully connected layers, each with its activation, from the first of the widths to the last."""
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        layer = nn.Linear(before, after), ACTIVATIONS[config.activation]()
        layers += [Residual(*layer)] if config.residual and before == after else layer
    return layers


def dense_encoder(shape: ImageShape, config: ModelConfig, labels: int, features: int) -> nn.Sequential:
    channels, height, width = shape
    body = _dense((channels * height * width, *config.hidden), config)
    return nn.Sequential(nn.Flatten(), *body, nn.Linear(config.hidden[-1] + labels, features))


def dense_decoder(shape: ImageShape, config: ModelConfig, labels: int, features: int) -> nn.Sequential:
    channels, height, width = shape
    hidden = decoder_widths(config)
    body = _dense((features + labels, *hidden), config)
    return nn.Sequential(*body, nn.Linear(hidden[-1], channels * height * width), nn.Unflatten(1, shape))


def conv_encoder(shape: ImageShape, config: ModelConfig, labels: int, features: int) -> nn.Sequential:
    """A convolution of stride 2 for each of the channels `hidden`, then a dense layer."""
    shapes = _halved("model.hidden", shape, config.hidden, config.kernel)
    kernel, padding = config.kernel, (config.kernel - 1) // 2
    layers: list[nn.Module] = []
    for before, after in pairwise(shapes):
        layers += [nn.Conv2d(before[0], after[0], kernel, stride=2, padding=padding), ACTIVATIONS[config.activation]()]
        layers += _residual_convolution(after[0], config)
    channels, height, width = shapes[-1]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels * height * width + labels, features))


def conv_decoder(shape: ImageShape, config: ModelConfig, labels: int, features: int) -> nn.Sequential:
    """A dense layer, then a transposed convolution of stride 2 for each halving back."""
    shapes = _halved("model.decoder_hidden", shape, decoder_widths(config)[::-1], config.kernel)
    channels, height, width = shapes[-1]
    kernel, padding = config.kernel, (config.kernel - 1) // 2
    layers: list[nn.Module] = [nn.Linear(features + labels, channels * height * width), nn.Unflatten(1, shapes[-1])]
    for before, after in pairwise(reversed(shapes)):
        # Two sides halve to the same one, so the larger needs one more row than the transposed convolution gives.
        least = [2 * (side - 1) - 2 * padding + kernel for side in before[1:]]
        extra = after[1] - least[0], after[2] - least[1]
        layers += [
            ACTIVATIONS[config.activation](),
            *_residual_convolution(before[0], config),
            nn.ConvTranspose2d(before[0], after[0], kernel, stride=2, padding=padding, output_padding=extra),
        ]
    return nn.Sequential(*layers)


def decoder_widths(config: ModelConfig) -> tuple[int, ...]:
    """The decoder's hidden widths (or channels) from the code to the picture."""
    return config.decoder_hidden or config.hidden[::-1]


def _residual_convolution(channels: int, config: ModelConfig) -> list[nn.Module]:
    if not config.residual:
        return []
    return [Residual(nn.Conv2d(channels, channels, 3, padding=1), ACTIVATIONS[config.activation]())]


def _halved(setting: str, shape: ImageShape, hidden: tuple[int, ...], kernel: int) -> list[ImageShape]:
    """The shape after each convolution of stride 2, the picture's own first."""
    shapes = [shape]
    for channels in hidden:
        _, height, width = shapes[-1]
        if height == 1 and width == 1:
            raise InputError(
                N_(
                    "'{setting}' has {layers} layers, but an image of {height} x {width} pixels can be halved only {most} times. Take away layers."
                ),
                setting=setting,
                layers=len(hidden),
                height=shape[1],
                width=shape[2],
                most=len(shapes) - 1,
            )
        height, width = (1 + (side + 2 * ((kernel - 1) // 2) - kernel) // 2 for side in (height, width))
        shapes.append((channels, max(height, 1), max(width, 1)))
    return shapes


NetworkBuilder = Callable[[ImageShape, ModelConfig, int, int], nn.Sequential]
NETWORKS: dict[str, tuple[NetworkBuilder, NetworkBuilder]] = {
    "dense": (dense_encoder, dense_decoder),
    "conv": (conv_encoder, conv_decoder),
}
"""The encoder's and the decoder's builder by the network's name: of the pictures' shape, the settings, how many numbers
tell the label (0: it is not told), and how many features come out of the encoder or go into the decoder."""
