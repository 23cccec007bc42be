"""Latent space: where the model places each picture, and what every number of a code does."""

import streamlit as st

from pages.ui.film import show_film
from pages.ui.hints import show_hint
from pages.ui.navigation import begin
from pages.ui.run_choice import choose_run
from pages.ui.shown import shown_note
from pages.ui.text import t
from vae_core import runs

begin("latent")
chosen = choose_run()
if chosen is not None:
    from pages.ui import latent_dimensions, latent_map, latent_points, latent_sliders  # they import torch

    run = runs.find(chosen)
    st.caption(shown_note(run))
    show_hint("latent", run)
    views = {
        t("Map"): latent_map.show,
        t("Points"): latent_points.show,
        t("Sliders"): latent_sliders.show,
        t("Numbers"): latent_dimensions.show,
    }
    if run.config.model.latent_dim == 1:  # a line has no map
        del views[t("Map")]
    # Only the open tab is computed.
    for tab, show in zip(st.tabs(list(views), key="latent_tab", on_change="rerun"), views.values(), strict=True):
        if tab.open:
            with tab:
                show(run)
    show_film(run)
