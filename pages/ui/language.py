"""The switch between languages in the header, and `?lang=fr` in the address."""

import streamlit as st

from pages.ui import address
from pages.ui.components.page_language import page_language
from pages.ui.text import CHOSEN, LANGUAGES, language

_WIDGET = "language_widget"
_ADDRESS = "lang"
# Each in its own language: who looks for one may read no other. Therefore these are not translated.
_NAMES = {"en": "English", "fr": "Français"}
_LABEL = "Language · Langue"


def take_address() -> None:
    """Believe a link's `?lang=fr`: the address that a session begins with. Later ones are Back's, from before the choice."""
    named = address.get(_ADDRESS)
    if CHOSEN not in st.session_state and named in LANGUAGES:
        st.session_state[CHOSEN] = named


def write_address() -> None:
    """What was chosen stays in the address of every page, so that F5 keeps it."""
    if CHOSEN in st.session_state:
        address.write({_ADDRESS: st.session_state[CHOSEN]})


def show_switch() -> None:
    """The switch; `style.css` puts it into the header of every page."""
    # Set before the widget is made: its own memory knows nothing of a link or of the browser's language.
    st.session_state[_WIDGET] = language()
    with st.container(key="language"):
        st.segmented_control(
            _LABEL,
            LANGUAGES,
            key=_WIDGET,
            format_func=_NAMES.__getitem__,
            required=True,
            on_change=_choose,
            label_visibility="collapsed",
        )
        page_language(language())


def _choose() -> None:
    st.session_state[CHOSEN] = st.session_state[_WIDGET]
    write_address()
