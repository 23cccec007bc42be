"""The Generate page's way from one code to another."""

import secrets
from typing import Literal

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.ui import cache, generation
from pages.ui.about import show_about
from pages.ui.boundary import guarded
from pages.ui.controls import LARGEST_SEED, download, seed_box
from pages.ui.image_choice import offer_images
from pages.ui.images import data_url
from pages.ui.number_box import Typed, number_box
from pages.ui.number_text import Span
from pages.ui.read_aloud import read_aloud
from pages.ui.shown import shown_data, shown_note
from pages.ui.state import picked_picture
from pages.ui.text import t, tn
from vae_core import latent
from vae_core.datasets import ImageData
from vae_core.drawing import draw
from vae_core.runs import Run
from vae_core.sheets import sheet

_WAYS: tuple[Literal["linear", "spherical"], ...] = ("linear", "spherical")


@st.fragment
@guarded()
def walk(run: Run) -> None:
    """Goes from one code to another, decoding on the way."""
    model, shown = cache.model(run), shown_data(run)
    between = st.segmented_control(
        t("Between"),
        ["pictures", "codes"],
        default="pictures",
        required=True,
        format_func=lambda kind: t("Two test images") if kind == "pictures" else t("Two random codes"),
        key="walk_between",
    )
    ends: list[NDArray[np.uint8]] = []
    if between == "pictures":
        data, points = cache.images(*shown), cache.latent(run, *shown).mu
        st.caption(shown_note(run))
        left, right = st.columns(2)
        with left:
            first = _pick(data, "walk_from", t("From"), picked_picture(len(data)))
        with right:
            second = _pick(data, "walk_to", t("To"), generation.find_picture(data.labels, None, 1))
        a, b = first.get(), second.get()
        z_a, z_b = points[a], points[b]
        ends = [data.images[a], data.images[b]]
        name = f"{a}-{b}"
    else:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            typed = seed_box("walk_seed", t("The same seed gives the same two codes."))
        seed = typed.get()
        gaussian = None if model.config.kind != "autoencoder" else cache.code_fit(run, shown.name).gaussian
        z_a, z_b = draw(model, 2, seed, prior=gaussian).z
        name = f"seed{seed}"
        if gaussian is not None:
            st.caption(t("Drawn from the Gaussian fitted to its codes, since N(0, I) is not their distribution."))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        steps = st.slider(t("Steps"), 3, 30, 12, key="walk_steps", width=225)
        kind = st.segmented_control(
            t("Path"),
            _WAYS,
            default="linear",
            required=True,
            format_func=lambda kind: t("Linear") if kind == "linear" else t("Spherical"),
            key="walk_kind",
            help=t(
                "Linear: equal steps along the line between both codes. Spherical: turning around 0, which "
                "keeps the distance from 0 at which codes with many dimensions lie."
            ),
        )
    images = latent.decode(model, latent.interpolate(z_a, z_b, steps, kind))
    _show_walk(run, name, images, ends)


def _show_walk(run: Run, name: str, images: NDArray[np.uint8], ends: list[NDArray[np.uint8]]) -> None:
    moving = generation.gif(images)
    plays = st.toggle(t("Play"), key="walk_plays", help=t("There and back, as an animation."))
    with st.container(horizontal=True):
        for title, picture in zip((t("From: the original"), t("To: the original")), ends, strict=False):
            st.image(data_url(sheet(picture[None], scale=4)), caption=title, alt=title)
        if plays:
            st.image(
                data_url(moving, "gif"), caption=t("Along the path"), alt=t("An animation from one image to the other")
            )
    words = tn(
        "What the model decode at {count} code along the path, both ends included.",
        "What the model decodes at {count} codes along the path, both ends included.",
        "count",
        count=len(images),
    )
    alt = f"{words} {read_aloud(images, run.config.data.name)}"
    st.image(data_url(sheet(images, 6, scale=4)), caption=words, alt=alt)
    show_about("walk", "walk")
    with st.container(horizontal=True):
        stem = generation.file_stem(run.id, "walk", name)
        download(t("Sheet (PNG)"), sheet(images, 6, scale=4), f"{stem}.png", "image/png")
        download(t("Animation (GIF)"), moving, f"{stem}.gif", "image/gif")


def _pick(data: ImageData, key: str, title: str, start: int) -> Typed:
    """One test picture, by its number or at random among a class."""
    number, wanted = f"{key}_number", f"{key}_class"

    def again() -> None:
        st.session_state[number] = generation.find_picture(
            data.labels, st.session_state.get(wanted), secrets.randbelow(LARGEST_SEED)
        )

    def pick(chosen: int) -> None:
        st.session_state[number] = chosen

    with st.container(horizontal=True, vertical_alignment="bottom"):
        picked = number_box(
            title,
            Span(0, len(data) - 1),
            key=number,
            default=start,
            width=150,
            help=t("A test image by its number, 0 to {last}.", last=len(data) - 1),
        )
        st.selectbox(
            t("Class"),
            range(len(data.class_names)),
            None,
            format_func=lambda i: t(data.class_names[i]),
            key=wanted,
            on_change=again,
            placeholder=t("any"),
            width=110,
        )
        st.button(t("Random"), icon=":material/casino:", key=f"{key}_again", on_click=again)
        offer_images(data, picked.number, key=f"{key}_images", on_pick=pick)
    return picked
