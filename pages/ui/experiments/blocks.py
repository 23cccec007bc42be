"""What the experiments' pages share."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import streamlit as st
from numpy.typing import NDArray

from pages.ui.boundary import guarded
from pages.ui.number_box import Typed
from pages.ui.quantities import duration
from pages.ui.text import describe, plain, t
from vae_core.control import STATES, is_active
from vae_core.jobs.studies import StudyOf, study_of
from vae_core.runs import Run


class Found(NamedTuple):
    """What a study found: its figures and arrays, as the study's `compute` says."""

    figures: dict[str, Any]
    arrays: dict[str, NDArray[Any]]


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
            return Found(figures, arrays)
    if is_active(state):
        _follow(asked, label, seconds)
        return None
    with st.container(border=True):
        st.markdown(what)
        if state == "failed" and (error := asked.error()):
            st.error(plain(describe(error)), icon=":material/error:")
        with st.container(horizontal=True, vertical_alignment="center"):
            pressed = st.button(label, type="primary", icon=":material/play_arrow:", key=f"ask_{asked.folder.name}")
            st.caption(
                t("About {time}; computed once, in the background, and kept with the run.", time=duration(seconds))
            )
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
        st.button(label, type="primary", icon=":material/play_arrow:", disabled=True, help=reason)
    return True


@st.fragment(run_every=0.5)
@guarded()
def _follow(asked: StudyOf, label: str, seconds: float) -> None:
    state = asked.state()
    if state is None or not STATES[state].is_active:
        st.rerun()
    progress = asked.progress() if STATES[state].phase == "working" else None
    with st.container(border=True):
        if state == "queued":
            words = t("{study}: waiting for its turn. You may leave this page.", study=label)
        elif state == "stopping":
            words = t("{study}: stopping.", study=label)
        elif progress is None:
            words = t("{study}: about {time} in all. You may leave this page.", study=label, time=duration(seconds))
        else:
            words = t(
                "{study}: about {time} left. You may leave this page.",
                study=label,
                time=duration(progress.seconds_left),
            )
        st.progress(progress.share if progress else 0.0, text=words)
        st.button(
            t("Stop"),
            icon=":material/stop:",
            key=f"stop_{asked.folder.name}",
            disabled=state == "stopping",
            on_click=asked.stop,
            help=t("Gives it up; it can be started again, from the beginning."),
        )


def what_you_see(*sentences: str) -> None:
    """The result in words, each sentence computed from the figures on screen and translated."""
    with st.container(border=True):
        st.markdown(f"**{t('What you see')}**\n\n" + "\n".join(f"- {sentence}" for sentence in sentences))
