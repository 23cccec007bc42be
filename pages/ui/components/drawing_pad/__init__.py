"""A pad to draw a digit on, with the mouse or a finger. Python gets the picture after each stroke."""

import base64
import binascii
from pathlib import Path
from typing import NamedTuple

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


class Pad(NamedTuple):
    """What the pad says.

    Attributes:
        picture: What is drawn, white on black, uint8 with shape (112, 112); `None` while there is nothing new.
        cleared: The visitor took all away.
    """

    picture: NDArray[np.uint8] | None
    cleared: bool


def drawing_pad(*, key: str, restore: bool = False) -> Pad:
    """The pad.

    Args:
        key: Of the widget.
        restore: Have the strokes again that were drawn before the pad was left. They are not sent anew.
    """
    texts = {
        "pad": t("Pad to draw on, with the mouse or a finger"),
        "undo": t("Undo"),
        "clear": t("Clear"),
        "width": t("Brush"),
    }
    result = _COMPONENT(
        key=key,
        data={"side": SIDE, "restore": restore, "texts": texts},
        default={"picture": None},
        on_picture_change=_heard,
        height="content",
    )
    return Pad(picture_from(result.picture), result.picture == "")


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
