"""Keeps the browser's history: an entry for each page, and none for what a page writes into its own address."""

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

_COMPONENT = st.components.v2.component(
    "diabolo_page_address",
    html="<span hidden></span>",
    js=Path(__file__).with_name("page_address.js").read_text(encoding="utf-8"),
)


def page_address(id: str, changes: Mapping[str, str | None]) -> None:
    """The component, which nobody sees.

    Args:
        id: Of these changes, which are made once; empty for none.
        changes: Parameters for the address; `None` takes one away.
    """
    _COMPONENT(key="page_address", data={"id": id, "changes": dict(changes)}, height="content")
