"""Generate: new pictures, the map of what lies where, the way from one code to another."""

import streamlit as st

from pages.ui.film import show_film
from pages.ui.hints import show_hint
from pages.ui.navigation import begin
from pages.ui.run_choice import choose_run
from pages.ui.text import t
from vae_core import runs

begin("generate")
chosen = choose_run()
if chosen is not None:
    from pages.ui import generate_tabs, walk_tab  # both import torch

    run = runs.find(chosen)
    show_hint("generate", run)
    new, places, between = st.tabs(
        [t("New pictures"), t("Map"), t("From one to another")], key="generate_tab", on_change="rerun"
    )
    # Only the open tab is computed.
    for tab, show in ((new, generate_tabs.drawing), (places, generate_tabs.manifold), (between, walk_tab.walk)):
        if tab.open:
            with tab:
                show(run)
    show_film(run)
