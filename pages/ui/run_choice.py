"""The box in which a visitor chooses the model that a page shows."""

from collections.abc import Collection

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.ui import sharing, state
from pages.ui.navigation import BY_NAME
from pages.ui.run_names import labels
from pages.ui.standing import name_of
from pages.ui.text import describe, plain, t
from vae_core import runs
from vae_core.runs import Summary

_WIDGET = "run_widget"


def choose_run(place: DeltaGenerator, kinds: Collection[str] | None = None) -> str | None:
    """A box to choose among the runs that have a model to look at: one's own, newest first, then the starters.

    Args:
        place: Where the box stands; what has to be said of the choice stands below, where this is called.
        kinds: Only models of these kinds (`autoencoder`, `vae`).

    Returns:
        The run's id; `None` where there is no run yet, which the page has then been told in words.
    """
    found, named = runs.list_runs(), state.run_in_address() or ""
    usable = {summary.id: summary for summary in found if state.is_usable(summary, kinds)}
    if not usable:
        st.info(t("There is no trained model to look at yet. Train one first: it takes less than a minute."))
        st.page_link(BY_NAME["train"].script, label=t("Train a model"), icon=BY_NAME["train"].icon)
        return None
    chosen = state.chosen_run()
    unusable = None
    if chosen not in usable:
        unusable, chosen = chosen, next(iter(usable))
    names = labels(list(usable.values()))
    # Set before the widget is made: its own memory doesn't know of the address, and is lost on a page switch.
    st.session_state[_WIDGET] = chosen
    picked = place.selectbox(
        t("Model"),
        list(usable),
        format_func=names.__getitem__,
        key=_WIDGET,
        on_change=_take_widget,
        help=t("Whichever model you choose here is the one that the other pages show too."),
    )
    state.write_address(picked)
    state.show_runs({picked: name_of(usable[picked])})
    with st.container():  # what may come and go; a fragment below is known by its place
        if unusable:
            _say_why_not(unusable, found, kinds, by_address=unusable == named[:100])
        sharing.offer_training()
    return picked


def _say_why_not(run_id: str, found: list[Summary], kinds: Collection[str] | None, *, by_address: bool) -> None:
    """Why a page shows another run than the one that was wanted; nothing where its kind is not the page's."""
    wanted = next((summary for summary in found if summary.id == run_id), None)
    if wanted is None:
        # Whoever deleted it himself knows; whoever followed a link does not.
        # A link that brought its settings is answered below, by an offer to train it.
        if by_address and run_id not in state.missed_runs() and not sharing.remember_link():
            words = t("There is no run '{run}' here, so another one is shown.", run=run_id)
            st.warning(plain(words), icon=":material/link_off:")
    elif wanted.config is None:
        words = describe(wanted.error) if wanted.error else wanted.name
        st.error(plain(f"{words} {t('Until then, another one is shown.')}"), icon=":material/error:")
    elif kinds is None or wanted.config.model.kind in kinds:
        st.info(
            plain(t("'{run}' has no weights yet. After its first epoch it can be chosen here.", run=name_of(wanted))),
            icon=":material/hourglass_top:",
        )


def _take_widget() -> None:
    sharing.forget_link()
    state.remember_run(st.session_state[_WIDGET])
