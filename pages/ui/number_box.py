"""A box for a number: typed in either language's form, and never taken for another number than was typed.

`st.number_input` is no such box: browsers make 5 of 0,5 and nothing of letters, and what is out of range never reaches
the server, which then goes on with the number before. Here the text itself comes to the server. What is no number
stays in the box, the reason stands below it, and whoever asks for the number gets the reason instead.
"""

import html
from contextlib import suppress
from typing import Any, NamedTuple

import streamlit as st

from pages.ui import number_text
from pages.ui.number_text import Number, Span
from pages.ui.text import describe, language, plain
from vae_core.errors import InputError


class ToldError(InputError):
    """A wrong number whose reason stands at its box already: see `boundary.guarded`."""


class Typed(NamedTuple):
    """What a box holds.

    Attributes:
        number: The number; `None` where there is none.
        problem: Why there is none, although there should be.
    """

    number: Any
    problem: InputError | None = None

    @property
    def reason(self) -> str | None:
        """The problem in words, for the help of a button that can't be pressed."""
        return None if self.problem is None else plain(describe(self.problem))

    def get(self) -> Any:
        """The number.

        Raises:
            ToldError: What was typed is none.
        """
        if self.problem is not None:
            raise ToldError(self.problem.message, **self.problem.values) from self.problem
        return self.number


def number_box(
    label: str,
    span: Span,
    *,
    key: str,
    default: Number | None = None,
    follows: Number | None = None,
    help: str | None = None,
    width: int | str = "stretch",
    **options: Any,
) -> Typed:
    """A box for a number, and below it the reason where what it holds is none.

    The session holds its text under its key. A number may be put there instead, from a callback or before the box is
    made. A number is shown in the visitor's own form; when the language or the span changes, it follows.

    Args:
        label: What it is called, translated.
        span: What it takes.
        key: The widget's key.
        default: The number at first.
        follows: A number that is kept elsewhere: whenever it changes there, the box shows it.
        help: A sentence.
        width: In pixels, or "stretch".
        **options: Of `st.text_input`.
    """
    default = default if follows is None else follows
    _prepare(key, span, label, default, follows)
    with st.container(gap="xxsmall", width=width):  # type: ignore[arg-type]
        st.text_input(label, key=key, help=help, autocomplete="off", **options)
        typed = held(key, span, label, default)
        show_reason(key, typed.problem)
    if follows is not None and typed.problem is None:
        # The page keeps it elsewhere now. Else that change would look like somebody else's, and undo the next number.
        st.session_state[f"{key}.follows"] = typed.number
    return typed


def held(key: str, span: Span, label: str, default: Number | None = None) -> Typed:
    """What a box holds, without showing it: for a callback, or where the box is hidden."""
    value = st.session_state.get(key, default)
    if not isinstance(value, str):
        return Typed(value)
    spoken = (st.session_state.get(_seen(key)) or (None,))[0]
    try:
        return Typed(number_text.read(value, span, label, spoken, default))
    except InputError as error:
        return Typed(None, error)


def show_reason(key: str, problem: InputError | None) -> None:
    """Why a box doesn't take what stands in it; `style.css` frames the box."""
    with st.container(key=f"reason_{key}", gap=None):  # always there: a fragment below is known by its place
        if problem is not None:
            st.html(f'<p class="reason" role="alert">{html.escape(describe(problem), quote=False)}</p>')


def _prepare(key: str, span: Span, label: str, default: Number | None, follows: Number | None) -> None:
    """Bring what the session holds into the form in which the box shows it."""
    state, followed = st.session_state, f"{key}.follows"
    if key not in state or (follows is not None and state.get(followed) != follows):
        state[key] = default
    if follows is not None:
        state[followed] = follows
    now = (language(), *span)
    value, seen = state[key], state.get(_seen(key), now)
    if isinstance(value, str):
        with suppress(InputError):  # what is none stays as it was typed
            value = number_text.read(value, Span(*seen[1:]), label, seen[0])
    if value is not None and not isinstance(value, str):
        value = span.nearest(value)
    text = value if isinstance(value, str) else number_text.shown(value)
    if state[key] != text:
        state[key] = text
    state[_seen(key)] = now


def _seen(key: str) -> str:
    """Where the session keeps in which language and for which span the box was shown last."""
    return f"{key}.seen"
