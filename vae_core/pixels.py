"""Between stored bytes and the numbers that a model computes with."""

import warnings
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor


def _told_once() -> None:
    """torch warns once a process that a tensor could write into a read-only array (the pages' cache gives out such):
    `to_tensor` sees to it, and who only looks at `torch.from_numpy`'s tensor need not be told."""
    array = np.zeros(1)
    array.setflags(write=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.from_numpy(array)


_told_once()


def to_tensor(array: NDArray[Any]) -> Tensor:
    """The array as a tensor, in the same memory; an array that can't be written to is copied, because a tensor can."""
    return torch.from_numpy(array if array.flags.writeable else array.copy())


def to_unit(images: Tensor) -> Tensor:
    """Bytes to the unit interval, the one conversion of a batch.

    Args:
        images: uint8 pixels, with any shape.

    Returns:
        float32 pixels in [0, 1], with the same shape.
    """
    return images.to(torch.float32).mul_(1 / 255)


def to_bytes(x: Tensor) -> NDArray[np.uint8]:
    """Pixels in [0, 1] to bytes, rounded; what lies outside is clipped."""
    return x.detach().clamp(0, 1).mul(255).round_().to(torch.uint8).cpu().numpy()


def binarise(x: Tensor, generator: Generator | None = None) -> Tensor:
    """Each pixel black or white, white with the probability of its grey (Salakhutdinov and Murray 2008).

    Args:
        x: Pixels in [0, 1], with any shape.
        generator: Draws them.

    Returns:
        0 or 1, float32, with the same shape.
    """
    return (torch.rand(x.shape, generator=generator) < x).to(x.dtype)


def noisy(x: Tensor, size: float, generator: Generator | None = None) -> Tensor:
    """Pixels with Gaussian noise of that standard deviation, clipped to [0, 1], with the same shape."""
    return torch.randn(x.shape, generator=generator).mul_(size).add_(x).clamp_(0, 1)
