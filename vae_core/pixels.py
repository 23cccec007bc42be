"""Between stored bytes and the numbers that a model computes with."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


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
