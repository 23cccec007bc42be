"""Latent space: where the model places each picture, and what every number of a code does."""

import streamlit as st

from pages.ui.navigation import begin
from pages.ui.run_choice import choose_run
from pages.ui.shown import shown_note
from pages.ui.text import t
from vae_core import runs

begin("latent")
chosen = choose_run()
if chosen is not None:
    from pages.ui import latent_dimensions, latent_map, latent_sliders  # they import torch

    run = runs.find(chosen)
    st.caption(shown_note(run))
    places, sliders, numbers = st.tabs([t("Map"), t("Sliders"), t("Numbers")], key="latent_tab", on_change="rerun")
    # Only the open tab is computed.
    for tab, show in (
        (places, latent_map.show),
        (sliders, latent_sliders.show),
        (numbers, latent_dimensions.show),
    ):
        if tab.open:
            with tab:
                show(run)
