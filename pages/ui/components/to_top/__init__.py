"""A button after which the page shows something else: one sees it from the top."""

from pathlib import Path

import streamlit as st

_COMPONENT = st.components.v2.component(
    "diabolo_to_top",
    html="<span hidden></span>",
    js=Path(__file__).with_name("to_top.js").read_text(encoding="utf-8"),
)


def to_top(key: str) -> None:
    """Scroll the page to its top when a button is pressed.

    Args:
        key: Of the button.
    """
    with st.container(key=f"unseen_{key}"):  # takes no room: style.css
        _COMPONENT(key=f"to_top_{key}", data={"key": key}, height="content")
