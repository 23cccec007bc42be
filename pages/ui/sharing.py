"""Links: what the address says of a training's settings, the button that copies it, and a link that shows a class less.

A link names its run, and for a server whose disk lacks that run the settings with which it can be trained again.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from pages.ui import address, forms, links, settings, state
from pages.ui.components.copy_link import copy_link
from pages.ui.cost import show_time
from pages.ui.navigation import BY_NAME
from pages.ui.primary import primary
from pages.ui.runs_list import describe_settings
from pages.ui.text import describe, plain, t
from vae_core import runs
from vae_core.config import RunConfig, field
from vae_core.errors import DiaboloError, InputError
from vae_core.jobs import client

_WRITTEN = "settings_in_address"
_LINKED = "linked_settings"
_KEYS = (links.RECIPE, *links.SETTINGS)


def take_settings() -> None:
    """On the page Train: fill in the settings that the address names, where somebody else wrote it."""
    named = _settings_in_address()
    if not named or state.run_in_address() or named == st.session_state.get(_WRITTEN):
        return
    linked = links.read(named)
    forms.fill(linked.config)
    state.follow_none()
    if linked.remarks:
        st.info(
            plain(t("The link was not taken as it stood.") + " " + " ".join(linked.remarks)), icon=":material/link:"
        )


def write_settings(config: RunConfig) -> None:
    """Let the address follow the form, so that F5 and a copied link keep it."""
    wanted = links.parameters(config)
    st.session_state[_WRITTEN] = wanted
    address.write(dict.fromkeys(_settings_in_address()) | wanted)


def remember_link() -> bool:
    """Keep what a link to a run that is not here says of its settings, until it is trained or not wanted.

    Returns:
        Whether it says anything.
    """
    named = _settings_in_address()
    if named:
        st.session_state[_LINKED] = named
        address.write(dict.fromkeys(named))
    return bool(named)


def offer_training() -> None:
    """For a link to a run that is not here: a run with the same settings, or a button that trains exactly it."""
    named = st.session_state.get(_LINKED)
    if not named:
        return
    linked = links.read(named)
    same = _same(linked.config)
    with st.container(border=True):
        if same is not None:
            st.markdown(t("This link's run is not on this server, but one with exactly its settings is."))
        else:
            st.markdown(
                t(
                    "This link's run is not on this server. Its settings came with the link, so it can be trained here; "
                    "until then, another one is shown."
                )
            )
        st.caption(plain(" · ".join([describe_settings(linked.config), *linked.remarks])))
        if same is not None:
            with _buttons():
                st.button(
                    t("Show it"),
                    icon=":material/link:",
                    type=primary("link_show"),
                    key="link_show",
                    on_click=_show,
                    args=(same,),
                )
            return
        problem = ""
        try:
            settings.check(linked.config)
        except InputError as error:
            problem = describe(error)
        with _buttons():
            wanted = st.button(
                t("Train exactly this run"),
                type=primary("link_train"),
                key="link_train",
                icon=":material/play_arrow:",
                disabled=bool(problem),
                help=plain(problem) or None,
            )
        if wanted and not problem:
            _show(client.submit(linked.config).id)
            address.go(BY_NAME["train"].script)
        if problem:
            st.caption(plain(problem))
        else:
            show_time([linked.config])
            if remark := settings.threads_remark(linked.config):
                st.caption(plain(remark))


@contextmanager
def _buttons() -> Iterator[None]:
    """What may be done about a link, and the way out, side by side."""
    with st.container(horizontal=True):
        yield
        st.button(t("Not now"), on_click=forget_link)


def forget_link() -> None:
    st.session_state.pop(_LINKED, None)


def _show(run_id: str) -> None:
    forget_link()
    state.follow_run(run_id)


def show_copy_button() -> None:
    """In the header of every page: copies the address, with the settings of the run that is shown."""
    parameters = dict.fromkeys(_settings_in_address(), "")
    run_id = state.run_in_address()
    if run_id is None:
        parameters = {}  # the form's own settings are in the address already
    else:
        try:
            run = runs.find(run_id)
            if not run.is_starter:
                parameters |= links.parameters(run.config)
        except DiaboloError:
            pass  # the page says what is wrong with it
    with st.container(key="copy_link"):
        copy_link(parameters, key="copy_link_button", label=t("Copy link"), compact=True)


def offer_class_link(config: RunConfig) -> None:
    """On the page Train: a link to this form that shows only some of its settings."""
    with st.popover(t("Link for a class"), icon=":material/co_present:"):
        st.markdown(
            t("Whoever opens this link sees only the settings that you choose here; the others stay as they are.")
        )
        chosen = st.multiselect(
            t("Settings to show"),
            forms.SHARED,
            default=("model.latent_dim", "training.epochs"),
            format_func=lambda path: t(field(path).title or path),
            key="class_link",
            placeholder=t("none: only the button Start"),
        )
        parameters = links.parameters(config) | {forms.SHOW: ",".join(chosen) or forms.NOTHING, "run": ""}
        copy_link(parameters, key="class_link_button", label=t("Copy this link"))


def _settings_in_address() -> dict[str, str]:
    named = address.everything()
    return {name: named[name] for name in _KEYS if name in named}


def _same(config: RunConfig) -> str | None:
    """A run of exactly these settings, whatever it is called and on however many threads it ran, if there is one."""

    def alike(one: RunConfig) -> RunConfig:
        return one.replace(name="", training__threads=config.training.threads)

    wanted = alike(config)
    return next((s.id for s in runs.list_runs() if s.config and state.is_usable(s) and alike(s.config) == wanted), None)
