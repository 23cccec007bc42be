"""The pictures behind the points that are selected on the Latent page's map."""

import numpy as np
import streamlit as st

from pages.ui import cache
from pages.ui.images import data_url
from pages.ui.latent_views import View
from pages.ui.number_box import number_box
from pages.ui.number_text import Span
from pages.ui.shown import shown_data
from pages.ui.state import pick_picture
from pages.ui.text import t, tn, written
from vae_core import latent
from vae_core.datasets import ImageData
from vae_core.models import Model
from vae_core.runs import Run
from vae_core.sheets import sheet

AT_ONCE = 12


def show(run: Run, model: Model, data: ImageData, view: View, chosen: list[int]) -> None:
    """The selected test pictures and their reconstructions, or how to select some."""
    if view.points.shape[1] == 3:
        st.info(t("Drag to turn the cloud. To select points, choose 2-D."), icon=":material/3d_rotation:")
        return
    if not chosen:
        st.info(
            t(
                "Click a point to see the image behind it. To select several, choose the lasso or the box above the "
                "chart and drag around them."
            ),
            icon=":material/touch_app:",
        )
        return
    mu = cache.latent(run, *shown_data(run)).mu
    if len(chosen) == 1:
        _one(model, data, mu, chosen[0])
        return
    names, counts = np.unique(data.labels[chosen], return_counts=True)
    st.markdown(tn("**{count:,} image selected**", "**{count:,} images selected**", "count", count=len(chosen)))
    st.caption(
        " · ".join(
            f"{t(data.class_names[n])}: {count}"
            for n, count in sorted(zip(names, counts, strict=True), key=lambda pair: -pair[1])
        )
    )
    pages = -(-len(chosen) // AT_ONCE)
    page = 1
    if pages > 1:
        label = t("Page (of {pages:,})", pages=pages)
        page = number_box(label, Span(1, pages), key="latent_selection_page", default=1, width=150).get()
    part = chosen[(page - 1) * AT_ONCE : page * AT_ONCE]
    recon = latent.decode(model, mu[part])
    with st.container(horizontal=True, gap="small"):
        for number, made in zip(part, recon, strict=True):
            words = t("{name} · no. {number}", name=t(data.class_names[data.labels[number]]), number=number)
            st.image(_pair(data, number, made, 2), caption=words, alt=words)
    st.caption(t("Left the original, right its reconstruction; below, its class and number."))


def _one(model: Model, data: ImageData, mu: latent.Codes, number: int) -> None:
    name = t(data.class_names[data.labels[number]])
    st.markdown(t("**Test image no. {number}, class {name}**", number=number, name=name))
    made = latent.decode(model, mu[number : number + 1])[0]
    st.image(
        _pair(data, number, made, 5), caption=t("Original and reconstruction"), alt=t("Original and reconstruction")
    )
    numbers = "; ".join(written(float(value), ".2f") for value in mu[number][:8])
    st.caption(t("Its code: {numbers}", numbers=numbers + (", …" if model.latent_dim > 8 else "")))
    if st.button(
        t("Move its code with sliders"),
        icon=":material/tune:",
        key="latent_to_sliders",
        on_click=_to_sliders,
        args=(number,),
    ):
        st.rerun()  # the tabs are outside this fragment


def _to_sliders(number: int) -> None:
    pick_picture(number)
    st.session_state["latent_start"] = number
    st.session_state["latent_tab"] = t("Sliders")


def _pair(data: ImageData, number: int, made: np.ndarray, scale: int) -> str:
    return data_url(sheet(np.stack([data.images[number], made]), 2, scale=scale))
