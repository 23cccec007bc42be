"""The page Draw: a picture that was drawn, uploaded or picked, and what the model says of it."""

import secrets

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.ui import cache, own_picture_views, state
from pages.ui.about import show_about
from pages.ui.boundary import guarded
from pages.ui.chart_view import show_chart
from pages.ui.components.drawing_pad import drawing_pad
from pages.ui.images import data_url
from pages.ui.number_box import number_box
from pages.ui.number_text import Span
from pages.ui.own_picture_views import Seen
from pages.ui.shown import shown_data, shown_note
from pages.ui.text import N_, plain, t
from vae_core import atlas, handwriting
from vae_core.anomaly import DEFAULT_SCORE, SCORES
from vae_core.datasets import ImageData
from vae_core.handwriting import SIDE, Handwriting
from vae_core.models import Model
from vae_core.runs import Run
from vae_core.sheets import sheet

WAYS = {"draw": N_("Draw"), "upload": N_("Upload a picture"), "test": N_("A test picture")}
DRAWS = 8
NEIGHBOURS = 8


@st.fragment
@guarded()
def show(run: Run) -> None:
    """What to look at on the left, what the model makes of it on the right."""
    model, shown = cache.model(run), shown_data(run)
    data = cache.images(*shown)
    left, right = st.columns([2, 3], gap="large")
    with left:
        way = st.pills(
            t("Where the picture comes from"),
            list(WAYS),
            default="test" if state.picture_in_address() else "draw",
            required=True,
            format_func=lambda name: t(WAYS[name]),
            key="own_picture_way",
            persist_state="session",
            label_visibility="collapsed",
        )
        picture = None
        with guarded():
            picture = _picture(str(way), model, data)
    with right:
        if picture is None:
            st.info(
                t(
                    "What the model makes of your picture appears here: what it sees, what it gives back, how strange "
                    "the picture is to it, and where it lies among the test pictures."
                ),
                icon=":material/gesture:",
            )
            return
        seen = own_picture_views.look(model, picture)
        near = atlas.nearest(cache.latent(run, *shown).mu, seen.mu, NEIGHBOURS)
        st.subheader(
            own_picture_views.looks_like([t(data.class_names[label]) for label in data.labels[near]]), anchor=False
        )
        _reconstruction(seen, is_own=way != "test")
        _strangeness(run, seen, data)
    _place(run, model, seen, data, near)
    st.caption(plain(shown_note(run)))


def _picture(way: str, model: Model, data: ImageData) -> NDArray[np.uint8] | None:
    """The picture as the model gets it, uint8 with shape (C, H, W); `None` while there is none."""
    if way == "test":
        number = number_box(
            t("Test picture no."),
            Span(0, len(data) - 1),
            key="own_picture_number",
            follows=state.picked_picture(len(data)),
        ).get()
        state.pick_picture(number)
        picture: NDArray[np.uint8] = data.images[number]
        words = t("Class {name}", name=t(data.class_names[data.labels[number]]))
        st.image(data_url(sheet(picture[None], 1, scale=8)), caption=words, alt=words)
        return picture
    if way == "upload":
        file = st.file_uploader(
            t("A picture of one digit"),
            ["png", "jpg", "jpeg", "webp", "bmp", "gif"],
            max_upload_size=handwriting.MOST_BYTES // 1_000_000,
            key="own_picture_file",
        )
        if file is None:
            st.caption(t("A photograph of a digit on plain paper will do. It stays on this server's memory, unsaved."))
            return None
        writing = handwriting.read(file.getvalue())
        prepared = handwriting.prepare(writing, model.image_shape)
        words = t("Your picture, ink in white") + (" " + t("(it was dark on light)") if writing.inverted else "")
        st.image(data_url(sheet(writing.ink[None], 1, scale=1)), caption=words, alt=words, width=220)
        return prepared
    st.caption(t("Draw a digit as large as you like, with the mouse or a finger."))
    drawn = drawing_pad(key="own_picture_pad")
    if drawn is not None:
        writing = Handwriting(drawn)
        state.keep_drawing(handwriting.to_text(handwriting.prepare(writing, (1, SIDE, SIDE))))
        return handwriting.prepare(writing, model.image_shape)
    sent = handwriting.from_text(state.sent_drawing())
    if sent is None:
        state.keep_drawing("")
        return None
    words = t("This drawing came with the link. Draw on the pad to replace it.")
    st.image(data_url(sheet(sent[None], 1, scale=4)), caption=words, alt=words, width=4 * SIDE)
    whole = (1, SIDE, SIDE)  # made for it already
    return sent[None] if model.image_shape == whole else handwriting.prepare(Handwriting(sent), model.image_shape)


def _reconstruction(seen: Seen, *, is_own: bool) -> None:
    words = t("What the model sees, what it gives back, and where they differ (brighter is more)")
    st.image(data_url(seen.side_by_side()), caption=words, alt=words)
    words = t("Mean squared error: {mse:.4f}.", mse=seen.mse)
    if is_own:
        words += " " + t(
            "A picture of your own is centred by its mass and scaled so that its longer side takes 20 of 28 pixels, as "
            "the digits were that the models learn from."
        )
    st.caption(words)
    show_about("reconstructions", "own_picture")


def _strangeness(run: Run, seen: Seen, data: ImageData) -> None:
    scores = cache.scores(run, data.name, data.split)[DEFAULT_SCORE]
    own = own_picture_views.strangeness(cache.model(run), seen.picture)
    share = float((scores < own).mean())
    st.subheader(
        t("Stranger than {share:.0%} of the test pictures", share=share),
        help=t(SCORES[DEFAULT_SCORE].help),
        anchor=False,
    )
    figure = own_picture_views.histogram(scores, own)
    words = t(
        "Score “{name}”: {own:.2f}; half of the {count:,} test pictures have less than {median:.2f}.",
        name=t(SCORES[DEFAULT_SCORE].title),
        own=own,
        count=len(scores),
        median=float(np.median(scores)),
    )
    show_chart(figure, words, key="own_picture_scores", about="strangeness")


def _place(run: Run, model: Model, seen: Seen, data: ImageData, near: NDArray[np.int64]) -> None:
    points = cache.latent(run, *shown_data(run))
    st.subheader(t("Where it lies in the latent space"))
    left, right = st.columns([3, 2], gap="large")
    with left:
        figure = own_picture_views.chart(points.mu, data, seen)
        words = [t("The cross is your picture, among the test pictures, coloured by class.")]
        if seen.sigma is not None:
            words.append(t("The ellipses are one and two standard deviations of its posterior."))
        else:
            words.append(t("An autoencoder's code is a point without a spread, so there is no ellipse."))
        if model.latent_dim > 2:
            words.append(t("Seen on the plane on which codes differ most."))
        show_chart(figure, " ".join(words), key=f"own_picture_place_{run.id}", about="codes")
    with right:
        names = ", ".join(t(data.class_names[label]) for label in data.labels[near])
        words_near = t("The test pictures whose codes lie nearest: {names}", names=names)
        st.image(data_url(sheet(data.images[near], 4, scale=3)), caption=words_near, alt=words_near)
        if seen.sigma is None:
            return
        seed = int(st.session_state.get("own_picture_seed", 0))
        words_drawn = t("Decoded from codes drawn from its posterior: what else the model takes it for")
        drawn = own_picture_views.drawn(model, seen, DRAWS, seed)
        st.image(data_url(sheet(drawn, 4, scale=3)), caption=words_drawn, alt=words_drawn)
        st.button(t("Resample"), icon=":material/casino:", on_click=_again, key="own_picture_again")


def _again() -> None:
    st.session_state["own_picture_seed"] = secrets.randbelow(1_000_000)
