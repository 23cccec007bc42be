"""Which classes the nearest normal images speak for: one, two, or none.

A class is supported alone by more than half of the votes. Two are supported together where they hold more than three
quarters, and each of them more than one quarter; there is never a third that has as many. Of 0, 5, 0, 6, 0, 0, 5, 6
nothing is supported: half is no majority, and 5 has no more votes than 6.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Vote:
    """What the neighbours say.

    Attributes:
        counts: The votes of each class that has any, by its number, the most first; equal ones in the classes' order.
        supported: The class that is supported, or the two, the more frequent first; empty where none is.
    """

    counts: dict[int, int]
    supported: tuple[int, ...]

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def vote(labels: Sequence[int] | np.ndarray) -> Vote:
    """Counts the neighbours' classes, with shape (N,); N may be 0, and then none is supported."""
    numbers, counts = np.unique(np.asarray(labels, np.int64), return_counts=True)
    order = np.argsort(-counts, kind="stable")
    found = dict(zip(numbers[order].tolist(), counts[order].tolist(), strict=True))
    total = sum(found.values())
    first, second = [*found.items(), (-1, 0), (-1, 0)][:2]
    if 2 * first[1] > total:
        return Vote(found, (first[0],))
    if 4 * (first[1] + second[1]) > 3 * total and 4 * second[1] > total:
        return Vote(found, (first[0], second[0]))
    return Vote(found, ())
