"""Draw: a picture of one's own, and everything that a model makes of it."""

from pages.ui.navigation import begin
from pages.ui.run_choice import choose_run
from vae_core import runs

begin("draw")
chosen = choose_run()
if chosen is not None:
    from pages.ui import own_picture  # it imports torch

    own_picture.show(runs.find(chosen))
