"""What the experiments' pages share."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import streamlit as st
from numpy.typing import NDArray

from pages.ui import orders
from pages.ui.cost import study_queue_words
from pages.ui.number_box import Typed
from pages.ui.primary import primary
from pages.ui.quantities import duration
from pages.ui.text import t
from vae_core.control import is_active
from vae_core.jobs.studies import study_of
from vae_core.runs import Run


class Found(NamedTuple):
    """What a study found: its figures and arrays, as the study's `compute` says, and the settings that it had."""

    figures: dict[str, Any]
    arrays: dict[str, NDArray[Any]]
    settings: Mapping[str, Any] = MappingProxyType({})


def study(run: Run, name: str, settings: Mapping[str, Any], *, label: str, seconds: float, what: str) -> Found | None:
    """A study's result, or the button that starts it, or how far it is.

    Args:
        run: A finished run.
        name: The study's name in `vae_core.studies.STUDIES`.
        settings: The study's settings.
        label: What the button says, translated.
        seconds: About how long it takes.
        what: What it does, in a sentence, translated.

    Returns:
        `None` while there is no result; the page has then been told in words.

    Raises:
        InputError: The settings are out of range.
        WorkError: The result is damaged.
    """
    asked = study_of(run, name, settings)
    state = asked.state()
    if state == "finished":
        figures, arrays = asked.figures(), asked.arrays()
        if figures is not None and arrays is not None:
            return Found(figures, arrays, asked.values["settings"])
    if is_active(state):
        orders.follow(asked, label, seconds)
        return None
    with st.container(border=True):
        st.markdown(what)
        orders.show_reason(asked)
        with st.container(horizontal=True, vertical_alignment="center"):
            key = f"ask_{asked.folder.name}"
            pressed = st.button(label, type=primary(key), icon=":material/play_arrow:", key=key)
            words = t("About {time}; computed once, in the background, and kept with the run.", time=duration(seconds))
            st.caption("  \n".join(filter(None, [words, study_queue_words()])))
    if pressed:
        asked.ask()
        st.rerun()
    return None


def is_refused(label: str, *typed: Typed) -> bool:
    """Whether a study can't be asked for, because a number of its settings is none; its button then says why.

    Args:
        label: What the button says, translated.
        typed: The numbers.
    """
    reason = next((one.reason for one in typed if one.problem is not None), None)
    if reason is None:
        return False
    with st.container(border=True):
        key = f"refused_{label}"
        st.button(label, type=primary(key), icon=":material/play_arrow:", key=key, disabled=True, help=reason)
    return True


def what_you_see(*sentences: str) -> None:
    """The result in words, each sentence computed from the figures on screen and translated."""
    with st.container(border=True):
        st.markdown(f"**{t('What you see')}**\n\n" + "\n".join(f"- {sentence}" for sentence in sentences))
