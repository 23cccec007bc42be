"""What tells a computation that gets on from one that hangs: it says so at each step, wherever it is in the code.

    for x, y in batches:
        alive()
        ...

    with long_call():
        method.fit(codes)  # a library's, which says nothing before it is done

Only the heart of a worker listens (`jobs/heartbeat.py`); elsewhere nobody does, and a step costs an addition.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

LONGEST = 3600.0
"""Seconds that a single call of a library may take: t-SNE, UMAP or an export to ONNX take a minute, and many times as long
on a machine that is busy."""


@dataclass
class _Signs:
    """What a process has said.

    Attributes:
        steps: How many steps it made.
        patience: Until when, by the monotonic clock, it is in a call that makes none.
    """

    steps: int = 0
    patience: float = 0.0


_signs = _Signs()  # of this process, which works at one job


def alive() -> None:
    """A step was made."""
    _signs.steps += 1


@contextmanager
def long_call(seconds: float = LONGEST) -> Iterator[None]:
    """What is inside makes no steps for so long, and is believed to get on as long as it computes."""
    before = _signs.patience
    _signs.patience = time.monotonic() + seconds
    try:
        yield
    finally:
        _signs.patience = before
        alive()


def steps() -> int:
    """How many steps this process made."""
    return _signs.steps


def is_in_long_call() -> bool:
    """Whether it is in a call that may take this long yet."""
    return time.monotonic() < _signs.patience
