"""Test images to pick one from by sight; whoever knows its number types that beside them."""

from collections.abc import Callable

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.ui.components.thumbnails import thumbnails
from pages.ui.text import t
from vae_core.datasets import ImageData

MOST = 60
"""Images that are shown at once; of more, those among which the picked one is."""


def show_images(
    data: ImageData,
    picked: int,
    *,
    key: str,
    on_pick: Callable[[int], None],
    among: NDArray[np.int64] | None = None,
) -> None:
    """Small images in a grid.

    Args:
        data: The split.
        picked: The number of the image that is picked.
        key: Of the widget.
        on_pick: Hears the number of the image that was clicked, before the page runs again.
        among: The numbers of the images to choose among, in order; `None` for all.
    """
    numbers = window(np.arange(len(data)) if among is None else among, picked)
    names = [
        t("Image {number}, class {name}", number=number, name=t(data.class_names[data.labels[number]]))
        for number in numbers
    ]
    thumbnails(data.images[numbers], numbers, names, picked, key=key, label=t("Test images"), on_pick=on_pick)


def offer_images(data: ImageData, picked: int | None, *, key: str, on_pick: Callable[[int], None]) -> None:
    """The same behind a button, for a row of controls."""
    opened = st.popover(t("Pick an image"), icon=":material/grid_view:", key=f"{key}_open", on_change="rerun")
    if opened.open:
        with opened:
            show_images(data, -1 if picked is None else picked, key=key, on_pick=on_pick)


def window(numbers: NDArray[np.int64], picked: int) -> list[int]:
    """The part of these numbers, in order, in which the picked one lies: the same for all of a part."""
    place = int(np.searchsorted(numbers, picked))
    start = min(place, len(numbers) - 1) // MOST * MOST
    return [int(number) for number in numbers[start : start + MOST]]
