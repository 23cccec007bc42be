"""Somebody who opens a page in Chromium, what their clicks wait for, and how figures are rounded."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Page

from tests.browser.driving import WIDE, device

STARTER = "starter-vae-2d"
PATIENCE = 120.0  # seconds


def wait(condition: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited in vain for {what}")
        time.sleep(0.005)
    return found


@contextmanager
def visitor(browser: Browser, size: dict[str, int] = WIDE) -> Iterator[Page]:
    """A page in a profile that has seen nothing yet."""
    context = browser.new_context(color_scheme="light", **device(size))
    context.set_default_timeout(1000 * PATIENCE)
    try:
        yield context.new_page()
    finally:
        context.close()


def percentile(values: Sequence[float], percent: float) -> float:
    return float(np.percentile(values, percent))


def rounded(values: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 1) for name, value in values.items()}
