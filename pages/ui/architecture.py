"""A model's layers on a page: its drawing, its table, and how many numbers are trained, with nothing computed for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import architecture_views, cache
from pages.ui.boundary import guarded
from pages.ui.text import t
from vae_core import datasets
from vae_core.config import RunConfig
from vae_core.runs import Run

if TYPE_CHECKING:
    from vae_core.models.layers import Layer

LOOK_SECONDS = 0.5  # while torch is being loaded
SHAPE_WIDTH, COUNT_WIDTHS = 100, (88, 104)  # pixels: left to itself, the grid cuts off a shape's last digit


def show(config: RunConfig) -> None:
    """The layers of settings that can still be changed."""
    show_layers(config, key="form.layers")
    st.caption(
        t("Widths are numbers with commas between, one for each layer: write more of them for a deeper network.")
    )


@st.fragment
@guarded()
def show_folded(run: Run) -> None:
    """The layers of a run's model in an expander, counted when it is opened."""
    opened = st.expander(
        t("The layers of this model"), icon=":material/account_tree:", key=f"layers_{run.id}", on_change="rerun"
    )
    if opened.open:
        with opened:
            show_layers(run.config, key=f"layer_table_{run.id}")


def show_table(layers: Sequence[Layer], *, key: str) -> None:
    """The table of layers, and what a multiply-add is. On a phone one scrolls it to the right, and the names stay."""
    rows = architecture_views.table(layers)
    name, _, shape, *counts = rows[0]
    columns = {
        name: st.column_config.Column(pinned=True),
        shape: st.column_config.Column(width=SHAPE_WIDTH),
    }
    columns |= {
        count: st.column_config.Column(width=width, alignment="right")
        for count, width in zip(counts, COUNT_WIDTHS, strict=True)
    }
    st.dataframe(rows, hide_index=True, height="content", column_config=columns, key=key)
    st.caption(
        t(
            "A multiply-add is a number times a weight, added to a sum. One image takes **{count:,}** of them to become a "
            "code and an image again. A dense layer uses each of its weights once, a convolution at every place.",
            count=architecture_views.multiply_adds(layers),
        )
    )


def show_layers(config: RunConfig, *, key: str) -> None:
    """The layers of a model, drawn and in a table; looks again while they can't be told yet.

    Args:
        config: Its settings.
        key: Of the table.
    """
    with guarded():
        pace = None if cache.can_count() else LOOK_SECONDS
        st.fragment(guarded()(_layers), run_every=pace)(config, key, pace)


def _layers(config: RunConfig, key: str, pace: float | None) -> None:
    if not cache.can_count():
        st.caption(t("The layers are being counted …"))
        return
    if pace is not None:
        st.rerun()
    source = datasets.source(config.data.name)
    layers = cache.layers(config.model, source.image_shape, len(source.class_names))
    st.image(architecture_views.hourglass(layers), alt=architecture_views.summary(layers))
    st.caption(
        t(
            "**{parameters:,}** parameters in all. From top to bottom: the encoder, the code, the decoder; "
            "each bar is as wide as the logarithm of the number of values that its layer puts out.",
            parameters=architecture_views.parameters(layers),
        )
    )
    show_table(layers, key=key)
