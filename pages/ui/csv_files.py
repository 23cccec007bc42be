"""How a visitor's tables are written as CSV: as the language's spreadsheets read them, or as was chosen."""

from typing import Any

import streamlit as st

from pages.ui.text import language, t
from vae_core.csv_text import FORMS, Form

_CHOSEN = "csv_form"  # in the session
TITLES = {"point": "1.5, 2.5", "comma": "1,5; 2,5"}
"""Two numbers of a line, by the form's name."""


def chosen_form() -> Form:
    """The form for this visitor's tables: the chosen one, else the language's."""
    return FORMS[chosen_name()]


def chosen_name() -> str:
    """The form's name in `FORMS`."""
    chosen: Any = st.session_state.get(_CHOSEN)
    return chosen if chosen in FORMS else "comma" if language() == "fr" else "point"


def choose_form(key: str) -> None:
    """The choice, beside a table's button. What is chosen holds for all tables of the session.

    Args:
        key: Of the button.
    """
    widget = f"{key}_form"
    st.session_state[widget] = chosen_name()  # before the widget is made: it may have been chosen elsewhere
    st.segmented_control(
        t("Numbers in CSV files"),
        list(FORMS),
        required=True,
        format_func=TITLES.__getitem__,
        key=widget,
        on_change=_choose,
        args=(widget,),
        help=t(
            "With a point and commas between cells, or with a decimal comma and semicolons, as a spreadsheet in French "
            "expects it. For all files of this session."
        ),
    )


def _choose(widget: str) -> None:
    st.session_state[_CHOSEN] = st.session_state[widget]
