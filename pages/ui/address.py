"""The parameters of the address (`?run=...&seed=3`): read, and written so that a page is one entry of the browser's history.

Streamlit adds an entry to the history for each parameter that a page writes, so that Back would lead through them all.
A component on every page (`components/page_address`) makes those a replacement. What the first run of a page writes is
handed to that component: before it is there Streamlit would add its entries, and at a page switch it may still write
into the address of the page that one leaves.
"""

import secrets
from collections.abc import Mapping
from typing import Any, NoReturn

import streamlit as st

from pages.ui.components.page_address import page_address

_PAGE = "address_page"
_SHOWN = "address_shown"
_WAITING = "address_waiting"
_ARRIVING = "address_arriving"
Changes = Mapping[str, str | None]


def get(name: str, default: str | None = None) -> Any:
    """A parameter; `default` where the address has none of that name."""
    waiting = _waiting()
    found = waiting[name] if name in waiting else st.query_params.get(name)
    return default if found is None else found


def everything() -> dict[str, str]:
    """All parameters."""
    both = {**st.query_params.to_dict(), **_waiting()}
    return {name: value for name, value in both.items() if value is not None}


def write(changes: Changes) -> None:
    """Write parameters into the page's own address; the others stay. `None` takes one away."""
    new = {name: value for name, value in changes.items() if get(name) != value}
    if not new:
        return
    st.session_state[_WAITING] = {**_waiting(), **new}
    if not _is_first_run():
        _tell_streamlit()


def go(script: str, parameters: Mapping[str, str] | None = None) -> NoReturn:
    """Show another page. Unlike `st.switch_page` alone, it leaves the address of this one as it is, for Back.

    Args:
        script: The page's.
        parameters: Its address's.
    """
    st.session_state[_ARRIVING] = dict(parameters or {})
    st.switch_page(script, query_params=everything())


def begin(page: str) -> None:
    """Begin a run of the app.

    Args:
        page: The path of the page that it shows.
    """
    state = st.session_state
    state[_PAGE] = page
    arriving = state.pop(_ARRIVING, None)
    if _is_first_run() or arriving is not None:
        # Another page's parameters came along with `go`.
        state[_WAITING] = {} if arriving is None else dict.fromkeys(st.query_params) | arriving
        if not _is_first_run():
            _tell_streamlit()
    elif st.query_params.to_dict() != state.get(_SHOWN, {}).get("read"):
        state.pop(_WAITING, None)  # the address is another, or Streamlit knows what the component wrote
    elif _waiting():
        _tell_streamlit()


def show() -> None:
    """The component: at the end of every page."""
    state = st.session_state
    if _is_first_run() or _SHOWN not in state:
        state[_SHOWN] = {
            "page": state.get(_PAGE),
            "id": secrets.token_hex(8),
            "changes": _waiting(),
            "read": st.query_params.to_dict(),
        }
    with st.container(key="address"):
        page_address(state[_SHOWN]["id"], state[_SHOWN]["changes"])


def _is_first_run() -> bool:
    """Whether the component is still to come for this page. Without a browser (AppTest) there is none to wait for."""
    state = st.session_state
    return st.context.url is not None and (_SHOWN not in state or state[_SHOWN]["page"] != state.get(_PAGE))


def _waiting() -> Changes:
    """What was written, as long as Streamlit does not know of it."""
    found: Changes = st.session_state.get(_WAITING, {})
    return found


def _tell_streamlit() -> None:
    """All parameters in one message."""
    parameters = everything()
    st.session_state.pop(_WAITING, None)
    st.query_params.from_dict(parameters)
