"""Reconstruct and anomalies: what a model gives back for a picture, and what looks strange to it."""

import streamlit as st

from pages.ui import address, cache
from pages.ui.anomaly_views import show_anomalies
from pages.ui.boundary import guarded
from pages.ui.film import show_film
from pages.ui.hints import show_hint
from pages.ui.navigation import begin
from pages.ui.reconstruction_views import show_reconstructions
from pages.ui.run_choice import choose_run
from pages.ui.shown import shown_data, shown_note
from pages.ui.text import N_, plain, t
from vae_core import runs
from vae_core.runs import Run

VIEWS = {"reconstruct": N_("Reconstruct"), "anomalies": N_("Anomalies")}


def choose_view() -> str:
    """Which half of the page to show; it stands in the address, for F5 and for links."""
    named = address.get("view")
    # Not the widget's own binding to the address: st.switch_page fails on a page that has one.
    if named in VIEWS and named != st.session_state.get("view_in_address"):
        st.session_state["view"] = named
    elif st.session_state.get("view") not in VIEWS:
        st.session_state["view"] = "reconstruct"
    view = st.segmented_control(
        t("What to look at"),
        list(VIEWS),
        format_func=lambda name: t(VIEWS[name]),
        required=True,
        key="view",
        persist_state="session",
        label_visibility="collapsed",
    )
    chosen = view or "reconstruct"
    st.session_state["view_in_address"] = chosen
    address.write({"view": chosen})
    return chosen


@guarded()
def show(run: Run) -> None:
    row = st.container(horizontal=True, vertical_alignment="center")
    show_hint("reconstruct", run)
    data = cache.images(*shown_data(run))
    with st.spinner(t("Loading the model")):
        cache.scores(run, data.name)  # says what is wrong with the model's files once, for the whole page
    with row:
        view = choose_view()
        st.caption(plain(shown_note(run)), width="stretch")
    if view == "anomalies":
        show_anomalies(run, data)
    else:
        show_reconstructions(run, data)


place = begin("reconstruct", beside=True)
run_id = choose_run(place)
if run_id is not None:
    run = runs.find(run_id)
    show(run)
    show_film(run)
