"""The nearest of some points, by comparing with all: scikit-learn's search, whose import costs a server 100 MB."""

import numpy as np
import torch
from numpy.typing import NDArray

from vae_core.liveness import alive

PART = 250  # points whose distances to all others are in memory together
_SPARE = 3  # candidates more, since |a|^2 - 2 a.b + |b|^2 ranks near ties by chance


@torch.inference_mode()
def nearest(
    points: NDArray[np.float32], known: NDArray[np.float32], count: int, *, themselves: bool = False
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The Euclidean distances to the nearest known points, the nearest first, and the numbers of those.

    Args:
        points: With shape (N, D).
        known: With shape (M, D).
        count: How many, at most M.
        themselves: The points are the known ones, and none is its own neighbour; then at most M - 1.

    Returns:
        Both with shape (N, count).
    """
    centre = known.mean(0, dtype=np.float64)  # lengths far from 0 would drown what distances differ in
    others = torch.from_numpy((known - centre).astype(np.float32))
    lengths = others.square().sum(1)
    distances, numbers = np.empty((len(points), count)), np.empty((len(points), count), np.int64)
    for start in range(0, len(points), PART):
        alive()
        part = torch.from_numpy((points[start : start + PART] - centre).astype(np.float32))
        squared = torch.addmm(lengths, part, others.T, alpha=-2)
        if themselves:
            squared[torch.arange(len(part)), start + torch.arange(len(part))] = torch.inf
        found = squared.topk(min(count + _SPARE, len(others) - themselves), largest=False).indices
        exact = (others[found] - part[:, None]).double().square().sum(2).sqrt()
        near = exact.topk(count, largest=False)
        distances[start : start + PART] = near.values.numpy()
        numbers[start : start + PART] = found.gather(1, near.indices).numpy()
    return distances, numbers
