"""The layers of a model that is not made yet: its drawing, its table, and how many numbers are trained."""

import streamlit as st

from pages.ui import architecture_views, cache
from pages.ui.boundary import guarded
from pages.ui.text import t
from vae_core import datasets
from vae_core.config import RunConfig

LOOK_SECONDS = 0.5  # while torch is being loaded


def show(config: RunConfig) -> None:
    """The architecture of these settings; looks again while it can't be told yet."""
    with guarded():
        pace = None if cache.can_count() else LOOK_SECONDS
        st.fragment(guarded()(_layers), run_every=pace)(config, pace)


def _layers(config: RunConfig, pace: float | None) -> None:
    if not cache.can_count():
        st.caption(t("The layers are being counted …"))
        return
    if pace is not None:
        st.rerun()
    source = datasets.source(config.data.name)
    layers = cache.layers(config.model, source.image_shape, len(source.class_names))
    trained = sum(layer.parameters for layer in layers)
    st.image(architecture_views.hourglass(layers), alt=architecture_views.summary(layers))
    st.caption(
        t(
            "**{parameters:,}** parameters in all. From top to bottom: the encoder, the code, the decoder; each bar is as "
            "wide as the logarithm of the numbers that its layer puts out. Widths are numbers with commas between, one "
            "for each layer: write more of them for a deeper network.",
            parameters=trained,
        )
    )
    rows = architecture_views.table(layers)
    st.dataframe(rows, hide_index=True, height="content", key="form.layers")
