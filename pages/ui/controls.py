"""Controls that several pages have."""

import secrets

import streamlit as st

from pages.ui.text import t

LARGEST_SEED = 2**32 - 1


def seed_box(key: str, help: str) -> int:
    """A seed that can be seen, typed and drawn anew; it also stands in the address."""

    def again() -> None:
        st.session_state[key] = secrets.randbelow(1_000_000)

    # No default of its own, so that `again` may set it: it begins at its smallest value, 0.
    seed = st.number_input(t("Seed"), 0, LARGEST_SEED, key=key, bind="query-params", width=150, help=help)
    st.button(t("Resample"), type="primary", icon=":material/casino:", key=f"{key}_again", on_click=again)
    return int(seed)


def download(label: str, data: bytes, name: str, mime: str, help: str | None = None) -> None:
    """A file from memory; taking it doesn't run the page again."""
    st.download_button(label, data, name, mime, on_click="ignore", icon=":material/download:", help=help)
