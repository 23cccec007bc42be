"""One primary action a page at each moment: of the buttons that could be it, the first one is, and the others step back."""

from typing import Literal

import streamlit as st

_OWNER = "primary_action"


def forget() -> None:
    """A page begins: nobody is it yet."""
    st.session_state.pop(_OWNER, None)


def primary(key: str) -> Literal["primary", "secondary"]:
    """The type of a button that could be the primary one: give the button the same key.

    A fragment that runs again finds what the whole page decided.
    """
    return "primary" if st.session_state.setdefault(_OWNER, key) == key else "secondary"
