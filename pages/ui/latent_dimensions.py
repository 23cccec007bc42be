"""The Latent page's account of what each number of a code carries."""

import numpy as np
import streamlit as st

from pages.ui import cache, charts, latent_views
from pages.ui.boundary import guarded
from pages.ui.chart_view import show_chart
from pages.ui.images import data_url
from pages.ui.shown import shown_data
from pages.ui.text import t
from vae_core.metrics import ACTIVE_VARIANCE
from vae_core.runs import Run
from vae_core.sheets import sheet

ROWS, STEPS = 8, 11


@st.fragment
@guarded()
def show(run: Run) -> None:
    """KL and spread of every number as bars, and pictures of what the first ones do."""
    model, shown = cache.model(run), shown_data(run)
    points = cache.latent(run, *shown)
    found = latent_views.dimensions(points)
    active = int(found.active.sum())
    with st.container(horizontal=True):
        st.metric(t("Active dimensions"), t("{active} of {count}", active=active, count=model.latent_dim), border=True)
        if found.kl is not None:
            st.metric(t("KL, all dimensions"), t("{kl:.2f} nats", kl=float(found.kl.sum())), border=True)
    words = t(
        "Means over the {count:,} test images. A dimension is active (coloured) where the variance of its "
        "code over the images is above {limit}; one that is not (grey) says the same about every image.",
        count=len(points.mu),
        limit=ACTIVE_VARIANCE,
    )
    if found.kl is None:
        words += " " + t("An autoencoder's code is a point, so it has no KL.")
    figure = charts.dimension_bars(found.kl, found.spread, active=found.active)
    show_chart(figure, words, key=f"latent_dimensions_{run.id}", about="dimensions")
    st.subheader(t("What each dimension does"))
    rows = min(ROWS, model.latent_dim)
    images = latent_views.traversals(model, found, np.zeros(model.latent_dim), rows, STEPS)
    order = ", ".join(str(number + 1) for number in found.order[:rows])
    words = t(
        "A row for each latent dimension {order}, from its lowest (left) to its highest (right) value over "
        "the test images, all others at 0.",
        order=order,
    )
    st.image(data_url(sheet(images, STEPS, scale=2)), caption=words, alt=words)
