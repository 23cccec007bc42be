"""Small images to pick one from, with the mouse, a finger or the keyboard."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import streamlit as st
from numpy.typing import NDArray

from pages.ui.images import data_url, sheet

_HERE = Path(__file__).parent
_COMPONENT = st.components.v2.component(
    "diabolo_thumbnails",
    html=(_HERE / "thumbnails.html").read_text(encoding="utf-8"),
    css=(_HERE / "thumbnails.css").read_text(encoding="utf-8"),
    js=(_HERE / "thumbnails.js").read_text(encoding="utf-8"),
)
COLUMNS = 10
"""Of the picture that is sent; how many stand side by side is the browser's choice."""


def thumbnails(
    images: NDArray[Any],
    numbers: Sequence[int],
    names: Sequence[str],
    picked: int,
    *,
    key: str,
    label: str,
    on_pick: Callable[[int], None],
) -> None:
    """The grid.

    Args:
        images: With shape (N, C, H, W).
        numbers: What each is known by.
        names: What each is called, for who doesn't see it.
        picked: The number of the image that is framed.
        key: Of the widget.
        label: What is picked here, translated.
        on_pick: Hears which one was picked, before the page runs again.
    """

    def heard() -> None:
        number = picked_from(st.session_state[key].get("picked"), numbers)
        if number is not None:
            on_pick(number)

    columns = min(COLUMNS, len(numbers))
    _COMPONENT(
        key=key,
        data={
            "sheet": data_url(sheet(images, columns, scale=1, padding=0)),
            "columns": columns,
            "numbers": list(numbers),
            "names": list(names),
            "picked": picked,
            "label": label,
        },
        on_picked_change=heard,
        height="content",
    )


def picked_from(sent: object, numbers: Sequence[int]) -> int | None:
    """What a browser sent, if it is one of the images that were shown: it may send anything."""
    is_number = isinstance(sent, int | float) and not isinstance(sent, bool)
    return next((number for number in numbers if is_number and number == sent), None)
