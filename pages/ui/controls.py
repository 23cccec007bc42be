"""Controls that several pages have."""

import secrets

import streamlit as st

from pages.ui import address
from pages.ui.number_box import Typed, number_box
from pages.ui.number_text import Span
from pages.ui.primary import primary
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
        st.session_state[key] = whole_number(address.get(key), LARGEST_SEED)
    seed = number_box(t("Seed"), Span(0, LARGEST_SEED), key=key, persist_state="session", width=150, help=help)
    if seed.problem is None and address.get(key, "0") != str(seed.number):
        address.write({key: str(seed.number)})
    st.button(t("Resample"), type=primary(f"{key}_again"), icon=":material/casino:", key=f"{key}_again", on_click=again)
    return seed


def download(
    label: str,
    data: bytes,
    name: str,
    mime: str,
    *,
    help: str | None = None,
    key: str | None = None,
    ready: bool = False,
) -> None:
    """A file that is there; taking it doesn't run the page again.

    Never what would make it: Streamlit runs that outside the visitor's session, in no language, and keeps the reason to
    itself where it fails. What takes long or can fail is an order (`pages.ui.orders.offer_file`).
    """
    st.download_button(
        label,
        data,
        name,
        mime,
        on_click="ignore",
        icon=":material/download:",
        help=help,
        key=key,
        type=primary(key) if ready and key else "secondary",
    )
