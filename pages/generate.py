"""Generate: new pictures, the map of what lies where, the way from one code to another."""

from pages.ui.film import show_film
from pages.ui.hints import show_hint
from pages.ui.navigation import begin
from pages.ui.run_choice import choose_run
from pages.ui.tabs import tabs
from pages.ui.text import t
from vae_core import runs

place = begin("generate", beside=True)
chosen = choose_run(place)
if chosen is not None:
    from pages.ui import generate_tabs, walk_tab  # both import torch

    run = runs.find(chosen)
    show_hint("generate", run)
    titles = {"new": t("New images"), "map": t("Map"), "walk": t("Interpolate")}
    views = {"new": generate_tabs.drawing, "map": generate_tabs.manifold, "walk": walk_tab.walk}
    # Only the open tab is computed.
    for name, tab in tabs(titles, key="generate_tab").items():
        if tab.open:
            with tab:
                views[name](run)
    show_film(run)
