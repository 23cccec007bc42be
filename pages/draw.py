"""Draw: a picture of one's own, and everything that a model makes of it."""

from pages.ui.film import show_film
from pages.ui.navigation import begin
from pages.ui.run_choice import choose_run
from vae_core import runs

place = begin("draw", beside=True)
chosen = choose_run(place)
if chosen is not None:
    from pages.ui import own_picture  # it imports torch

    run = runs.find(chosen)
    own_picture.show(run)
    show_film(run)
