"""A pad to draw a digit on, with the mouse or a finger. Python gets the picture after each stroke."""

import base64
import binascii
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.ui.text import t

_HERE = Path(__file__).parent
_COMPONENT = st.components.v2.component(
    "diabolo_drawing_pad",
    html=(_HERE / "drawing_pad.html").read_text(encoding="utf-8"),
    css=(_HERE / "drawing_pad.css").read_text(encoding="utf-8"),
    js=(_HERE / "drawing_pad.js").read_text(encoding="utf-8"),
)
SIDE = 112  # pixels of the picture that is sent: four times MNIST's


def drawing_pad(*, key: str) -> NDArray[np.uint8] | None:
    """The pad.

    Returns:
        What is drawn, white on black, uint8 with shape (112, 112); `None` while there is nothing.
    """
    texts = {
        "pad": t("Pad to draw on, with the mouse or a finger"),
        "undo": t("Undo"),
        "clear": t("Clear"),
        "width": t("Brush"),
    }
    result = _COMPONENT(
        key=key,
        data={"side": SIDE, "texts": texts},
        default={"picture": ""},
        on_picture_change=_heard,
        height="content",
    )
    return picture_from(result.picture)


def picture_from(sent: object) -> NDArray[np.uint8] | None:
    """What a browser sent, if it is a picture with something on it: it may send anything."""
    if not isinstance(sent, str) or len(sent) > 2 * SIDE * SIDE:
        return None
    try:
        content = base64.b64decode(sent, validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(content) != SIDE * SIDE:
        return None
    picture = np.frombuffer(content, np.uint8).reshape(SIDE, SIDE)
    return picture if picture.any() else None


def _heard() -> None:
    """Streamlit wants a callback to send a value at all; the picture is read from the result."""
