"""Latent space: where the model places each picture, and what every number of a code does."""

import streamlit as st

from pages.ui.film import show_film
from pages.ui.hints import show_hint
from pages.ui.navigation import begin
from pages.ui.run_choice import choose_run
from pages.ui.shown import shown_note
from pages.ui.tabs import tabs
from pages.ui.text import plain, t
from vae_core import runs

place = begin("latent", beside=True)
chosen = choose_run(place)
if chosen is not None:
    from pages.ui import latent_dimensions, latent_map, latent_points, latent_sliders  # they import torch

    run = runs.find(chosen)
    show_hint("latent", run)
    views = {
        "map": (t("Map"), latent_map.show),
        "points": (t("Points"), latent_points.show),
        "sliders": (t("Sliders"), latent_sliders.show),
        "numbers": (t("Dimensions"), latent_dimensions.show),
    }
    if run.config.model.latent_dim == 1:  # a line has no map
        del views["map"]
    # Only the open tab is computed.
    for name, tab in tabs({name: title for name, (title, _) in views.items()}, key="latent_tab").items():
        if tab.open:
            with tab:
                views[name][1](run)
    st.caption(plain(shown_note(run)))
    show_film(run)
