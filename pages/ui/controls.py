"""Controls that several pages have."""

import secrets
from collections.abc import Callable

import streamlit as st

from pages.ui.number_box import Typed, number_box
from pages.ui.number_text import Span
from pages.ui.state import whole_number
from pages.ui.text import t

LARGEST_SEED = 2**32 - 1


def seed_box(key: str, help: str) -> Typed:
    """A seed that can be seen, typed and drawn anew; it also stands in the address."""

    def again() -> None:
        st.session_state[key] = secrets.randbelow(1_000_000)

    # Not `bind="query-params"`: an infinite number in the address makes Streamlit 1.67 fail. And no default of the
    # widget's own, so that `again` may set it.
    if key not in st.session_state:
        st.session_state[key] = whole_number(st.query_params.get(key), LARGEST_SEED)
    seed = number_box(t("Seed"), Span(0, LARGEST_SEED), key=key, persist_state="session", width=150, help=help)
    if seed.problem is None and st.query_params.get(key, "0") != str(seed.number):
        st.query_params[key] = str(seed.number)
    st.button(t("Resample"), type="primary", icon=":material/casino:", key=f"{key}_again", on_click=again)
    return seed


def download(label: str, data: bytes | Callable[[], bytes], name: str, mime: str, help: str | None = None) -> None:
    """A file, or what makes it when it is wanted; taking it doesn't run the page again."""
    st.download_button(label, data, name, mime, on_click="ignore", icon=":material/download:", help=help)
