"""A button that copies the address of what is shown, with parameters that the address bar lacks."""

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from pages.ui.text import t

_HERE = Path(__file__).parent
_COMPONENT = st.components.v2.component(
    "diabolo_copy_link",
    html=(_HERE / "copy_link.html").read_text(encoding="utf-8"),
    css=(_HERE / "copy_link.css").read_text(encoding="utf-8"),
    js=(_HERE / "copy_link.js").read_text(encoding="utf-8"),
)


def copy_link(parameters: Mapping[str, str], *, key: str, label: str, compact: bool = False) -> None:
    """The button.

    Args:
        parameters: What the address gets on top of what it has; one without a value is taken away.
        key: Of the widget.
        label: On the button.
        compact: On a phone, show the icon alone.
    """
    texts = {"label": label, "copied": t("Copied"), "refused": t("Copy this address:")}
    texts["here_only"] = t(
        "This address leads here only on this computer. To send a run to somebody else, open it on the "
        "page Train, and there “Export”: one file, which any Diabolo imports."
    )
    _COMPONENT(key=key, data={"parameters": dict(parameters), "compact": compact, **texts}, height="content")
