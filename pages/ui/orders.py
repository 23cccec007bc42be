"""What is made in the background by a click, wherever a page offers it: how far it is, Stop, the reason, the file."""

import streamlit as st

from pages.ui.boundary import guarded
from pages.ui.controls import download
from pages.ui.quantities import duration, file_size
from pages.ui.text import describe, plain, t
from vae_core.control import State, is_active
from vae_core.jobs.exports import ExportOf
from vae_core.jobs.orders import STOPPED, Order, Progress

LOOK_SECONDS = 0.5


def is_under_way(*orders: Order) -> bool:
    """Whether somebody has ordered one of them and it isn't there yet."""
    return any(is_active(order.state()) for order in orders)


@st.fragment(run_every=LOOK_SECONDS)
@guarded()
def follow(order: Order, title: str, seconds: float | None = None) -> None:
    """How far an order is, and a button that stops it; the page runs again once it is settled.

    Args:
        order: One that is under way.
        title: What it is, translated.
        seconds: About how long it takes in all, where that is known.
    """
    state = order.state()
    if not is_active(state):
        st.rerun()
    progress = order.progress() if state in ("running", "stopping") else None
    with st.container(border=True):
        words = in_words(title, state, progress, seconds)
        st.progress(progress.share if progress else 0.0, text=plain(words))
        st.button(
            t("Stop"),
            icon=":material/stop:",
            key=f"stop_{order.folder.name}",
            disabled=state == "stopping",
            on_click=order.stop,
            help=t("Gives it up; it can be started again, from the beginning."),
        )
        if note := order.note():
            st.caption(plain(describe(note)))


def in_words(title: str, state: State | None, progress: Progress | None, seconds: float | None = None) -> str:
    """How far an order is, in a sentence.

    Args:
        title, seconds: As in `follow`.
        state: How it stands.
        progress: What it says itself; `None` before it said something.
    """
    if state == "queued":
        return t("{study}: waiting for its turn. You may leave this page.", study=title)
    if state == "stopping":
        return t("{study}: stopping.", study=title)
    if state == "interrupted":
        return t("{study}: its process ended unexpectedly and is started again.", study=title)
    if progress is None and seconds is not None:
        return t("{study}: about {time} in all. You may leave this page.", study=title, time=duration(seconds))
    left = None if progress is None or progress.seconds_left is None else duration(progress.seconds_left)
    if progress is not None and progress.done is not None:
        done = file_size(progress.done)
        if progress.total is None or left is None:
            return t(
                "{study}: {done} received; how much there is was not told. You may leave this page.",
                study=title,
                done=done,
            )
        return t(
            "{study}: {done} of {total}, about {time} left. You may leave this page.",
            study=title,
            done=done,
            total=file_size(progress.total),
            time=left,
        )
    if left is None:
        return t("{study}: at work. You may leave this page.", study=title)
    return t("{study}: about {time} left. You may leave this page.", study=title, time=left)


def show_reason(order: Order) -> None:
    """Why there is nothing, if it failed or was stopped."""
    if order.state() == "failed" and (error := order.error()):
        if error.message == STOPPED:
            st.info(plain(describe(error)), icon=":material/stop_circle:")
        else:
            told = [describe(each) for each in (error, order.note()) if each is not None]
            st.error(plain(" ".join(told)), icon=":material/error:")


def offer_file(
    export: ExportOf, label: str, mime: str, *, about: str = "", name: str | None = None, seconds: float | None = None
) -> None:
    """A button that has a file made; then how far it is; then, in the same place, the file.

    Args:
        export: What is offered.
        label: What the button says, translated.
        mime: The file's type.
        about: What it is, translated.
        name: What the file is called; its own name for `None`.
        seconds: About how long it takes, where that is more than a moment.
    """
    key = f"{export.folder.name}_{export.run.id}"
    if is_active(export.state()):
        follow(export, label, seconds)
        return
    made = export.made()
    pressed = False
    with st.container(horizontal=True, vertical_alignment="center"):
        if made:
            download(label, made.content(), name or made.name, mime, key=f"save_{key}", ready=True)
            size = file_size(made.path.stat().st_size)
            st.caption(t("Ready, {size}: one more click saves it.", size=size))
        if made is None or not made.is_current:
            pressed = st.button(
                t("Make it anew") if made else label,
                icon=":material/refresh:" if made else ":material/build:",
                key=f"make_{key}",
                help=t("It is made in the background; then this button saves it."),
            )
        if made and not made.is_current:
            st.caption(t("As it was after epoch {epoch}.", epoch=made.epoch))
        elif made is None and about:
            st.caption(about)
    show_reason(export)
    if pressed:
        export.ask()
        st.rerun()


def shown_first(key: str, *orders: Order) -> None:
    """Opens an expander of that key at first, where something in it is under way: after F5, one finds it again."""
    if key not in st.session_state and is_under_way(*orders):
        st.session_state[key] = True
