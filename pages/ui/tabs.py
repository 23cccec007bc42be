"""Tabs that stay open when the language changes: Streamlit knows the open one by its label."""

from collections.abc import Mapping

import streamlit as st
from streamlit.elements.lib.mutable_tab_container import TabContainer


def tabs(titles: Mapping[str, str], *, key: str) -> dict[str, TabContainer]:
    """A tab for each title; `open` tells which one is.

    Args:
        titles: The tabs' titles by names that are not translated.
        key: Of the widget; the session holds the open tab's title under it.
    """
    kept = f"{key}.name"
    names = {title: name for name, title in titles.items()}
    state = st.session_state
    if state.get(key) not in names and state.get(kept) in titles:
        state[key] = titles[state[kept]]
    made = dict(zip(titles, st.tabs(list(titles.values()), key=key, on_change="rerun"), strict=True))
    state[kept] = next((name for name, tab in made.items() if tab.open), next(iter(titles)))
    return made
