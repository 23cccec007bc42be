"""Diabolo's entry: `streamlit run app.py`. Chooses a page and runs it; what the pages show is in `pages/`."""

from pages.ui import address, navigation, sharing, validators
from pages.ui.boundary import guarded
from pages.ui.cache import supervisor
from vae_core import memory

memory.give_back()
validators.pack()
page = navigation.enter()
with guarded():
    supervisor()
with guarded():
    page.run()
with guarded():
    sharing.show_copy_button()
address.show()
