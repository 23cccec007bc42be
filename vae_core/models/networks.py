"""The networks between a picture and its code: dense or convolutional, the decoder the encoder's mirror image."""

from collections.abc import Callable
from itertools import pairwise

from torch import nn

from vae_core.errors import N_, InputError

ImageShape = tuple[int, int, int]
"""(C, H, W)."""

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
}


def dense_encoder(shape: ImageShape, hidden: tuple[int, ...], activation: str, features: int) -> nn.Sequential:
    """(N, C, H, W) to (N, features) through fully connected layers of the widths `hidden`."""
    channels, height, width = shape
    layers: list[nn.Module] = [nn.Flatten()]
    for before, after in pairwise((channels * height * width, *hidden)):
        layers += [nn.Linear(before, after), ACTIVATIONS[activation]()]
    return nn.Sequential(*layers, nn.Linear(hidden[-1], features))


def dense_decoder(shape: ImageShape, hidden: tuple[int, ...], activation: str, features: int) -> nn.Sequential:
    """(N, features) to (N, C, H, W) through the widths `hidden` in reverse."""
    channels, height, width = shape
    layers: list[nn.Module] = []
    for before, after in pairwise((features, *reversed(hidden))):
        layers += [nn.Linear(before, after), ACTIVATIONS[activation]()]
    return nn.Sequential(*layers, nn.Linear(hidden[0], channels * height * width), nn.Unflatten(1, shape))


def _halved(shape: ImageShape, hidden: tuple[int, ...]) -> list[ImageShape]:
    """The shape after each convolution of stride 2, the picture's own first."""
    shapes = [shape]
    for channels in hidden:
        _, height, width = shapes[-1]
        if height == 1 and width == 1:
            raise InputError(
                N_(
                    "'model.hidden' has {layers} layers, but a picture of {height} x {width} pixels can be halved only {most} times. Take away layers."
                ),
                layers=len(hidden),
                height=shape[1],
                width=shape[2],
                most=len(shapes) - 1,
            )
        shapes.append((channels, (height + 1) // 2, (width + 1) // 2))
    return shapes


def conv_encoder(shape: ImageShape, hidden: tuple[int, ...], activation: str, features: int) -> nn.Sequential:
    """(N, C, H, W) to (N, features): a 3 x 3 convolution of stride 2 for each of the channels `hidden`, then a dense layer."""
    shapes = _halved(shape, hidden)
    layers: list[nn.Module] = []
    for before, after in pairwise(shapes):
        layers += [nn.Conv2d(before[0], after[0], 3, stride=2, padding=1), ACTIVATIONS[activation]()]
    channels, height, width = shapes[-1]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels * height * width, features))


def conv_decoder(shape: ImageShape, hidden: tuple[int, ...], activation: str, features: int) -> nn.Sequential:
    """(N, features) to (N, C, H, W): a dense layer, then a transposed convolution for each halving of the encoder."""
    shapes = _halved(shape, hidden)
    channels, height, width = shapes[-1]
    layers: list[nn.Module] = [nn.Linear(features, channels * height * width), nn.Unflatten(1, shapes[-1])]
    for before, after in pairwise(reversed(shapes)):
        # A halving rounds up, so an even side needs one more row than the transposed convolution gives by itself.
        extra = (after[1] - (2 * before[1] - 1), after[2] - (2 * before[2] - 1))
        layers += [
            ACTIVATIONS[activation](),
            nn.ConvTranspose2d(before[0], after[0], 3, stride=2, padding=1, output_padding=extra),
        ]
    return nn.Sequential(*layers)


NetworkBuilder = Callable[[ImageShape, tuple[int, ...], str, int], nn.Sequential]
NETWORKS: dict[str, tuple[NetworkBuilder, NetworkBuilder]] = {
    "dense": (dense_encoder, dense_decoder),
    "conv": (conv_encoder, conv_decoder),
}
"""The encoder's and the decoder's builder by the network's name."""
