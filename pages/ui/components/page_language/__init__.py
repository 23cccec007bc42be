"""Tells the browser in which language the page is."""

from pathlib import Path

import streamlit as st

_COMPONENT = st.components.v2.component(
    "diabolo_page_language",
    html="<span hidden></span>",
    js=Path(__file__).with_name("page_language.js").read_text(encoding="utf-8"),
)


def page_language(language: str) -> None:
    """Set the document's language, a code such as `fr`."""
    _COMPONENT(key="page_language", data={"language": language}, height="content")
