"""For a model whose code can say but little: the way to a training like it with a longer one."""

import streamlit as st

from pages.ui import links
from pages.ui.navigation import BY_NAME
from pages.ui.shown import BUNDLED
from pages.ui.text import tn
from vae_core import datasets
from vae_core.config import RunConfig

LONGER_CODE = 16  # numbers: what the starter with sharp pictures has


def is_short(config: RunConfig) -> bool:
    """Whether a model's code is so short that its pictures are blurry for that."""
    return config.model.latent_dim < LONGER_CODE / 2


def offer_longer_code(config: RunConfig) -> None:
    """The link, for a model with a short code; it leads to the form, filled in."""
    if not is_short(config):
        return
    if not datasets.is_present(config.data.name):
        config = config.replace(data__name=BUNDLED, data__leave_out_digits_test=False)
    entry = BY_NAME["train"]
    st.page_link(
        entry.script,
        label=tn(
            "For sharper images, train it again with {count} latent dimension",
            "For sharper images, train it again with {count} latent dimensions",
            "count",
            count=LONGER_CODE,
        ),
        icon=entry.icon,
        query_params=links.parameters(config.replace(name="", model__latent_dim=LONGER_CODE)),
    )
