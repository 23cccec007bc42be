"""The page Draw: a picture that was drawn, uploaded or picked, and what the model says of it."""

import secrets
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.ui import cache, kept_image, own_picture_views, state
from pages.ui.about import show_about
from pages.ui.anomaly_choice import Choice, choose, normal_classes
from pages.ui.boundary import guarded
from pages.ui.chart_view import show_chart
from pages.ui.components.drawing_pad import drawing_pad
from pages.ui.image_choice import show_images
from pages.ui.images import data_url
from pages.ui.kept_image import KeptImage
from pages.ui.number_box import number_box
from pages.ui.number_text import Span
from pages.ui.own_picture_views import Seen
from pages.ui.primary import primary
from pages.ui.shown import shown_data, shown_note
from pages.ui.strangeness import (
    exceeded_in_words,
    heading,
    likeness,
    scale,
    seen_before,
    threshold_in_words,
    verdict_in_words,
)
from pages.ui.text import N_, describe, plain, t
from vae_core import handwriting
from vae_core.anomaly import SCORES
from vae_core.datasets import ImageData
from vae_core.errors import InputError
from vae_core.handwriting import SIDE, Handwriting
from vae_core.models import Model
from vae_core.runs import Run
from vae_core.sheets import sheet

if TYPE_CHECKING:
    from vae_core.anomaly import Detector, Verdicts, Vote

WAYS = {"draw": N_("Draw"), "upload": N_("Upload an image"), "test": N_("A test image")}
DRAWS = 8
NEIGHBOURS = 8
UNREADABLE = ("heic", "heif", "avif")  # taken all the same, to say how they are converted


@st.fragment
@guarded()
def show(run: Run) -> None:
    """What to look at on the left, what the model makes of it on the right."""
    model, shown = cache.model(run), shown_data(run)
    data = cache.images(*shown)
    left, right = st.columns([2, 3], gap="large")
    with left:
        way = st.pills(
            t("Where the image comes from"),
            list(WAYS),
            default="test" if state.picture_in_address() else "draw",
            required=True,
            format_func=lambda name: t(WAYS[name]),
            key="own_picture_way",
            wrap=True,
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
                    "What the model makes of your image appears here: what it sees, its reconstruction, "
                    "how anomalous the image is to it, and where it lies among the test images."
                ),
                icon=":material/gesture:",
            )
            return
        seen = own_picture_views.look(model, picture)
        judged = _judge(run, data, seen)
        _heading(judged, data)
        _reconstruction(seen, is_own=way != "test")
        if isinstance(judged, Judged):
            _strangeness(run, judged, data)
    _place(run, model, seen, data, judged)
    st.caption(plain(shown_note(run)))


class Judged(NamedTuple):
    """What is said of the picture."""

    detector: "Detector"
    choice: Choice
    verdict: "Verdicts"
    near: NDArray[np.int64]
    votes: "Vote"

    @property
    def neighbours(self) -> ImageData:
        """The normal training images whose codes lie nearest."""
        return self.detector.normal.train.subset(self.near)


def _judge(run: Run, data: ImageData, seen: Seen) -> Judged | InputError:
    """The verdict, by the score and the threshold that the page of anomalies has; or why there is none."""
    from vae_core.anomaly import vote

    try:
        normal = normal_classes(run, data)
        with st.spinner(t("Comparing the images with normal ones …"), show_time=True):
            choice, detector = choose(run, data, normal), cache.detector(run, data.name, normal)
            alone = ImageData("own", "test", seen.picture[None], np.zeros(1, np.int64), ("?",), "", "")
            verdict = detector.judge(alone, choice.score, at=choice.threshold)
    except InputError as error:
        return error
    state.write_verdict(choice.score, verdict.threshold)
    near = detector.normal.nearest(seen.mu[None], NEIGHBOURS)[0]
    return Judged(detector, choice, verdict, near, vote(detector.normal.train.labels[near]))


def _heading(judged: Judged | InputError, data: ImageData) -> None:
    if isinstance(judged, InputError):
        st.info(plain(describe(judged)))
        return
    names = [t(name) for name in data.class_names]
    learnt = len(judged.choice.normal)
    said = heading(judged.verdict, judged.votes, names, learnt)
    st.subheader(said, anchor=False)
    like = likeness(judged.votes, names, learnt)
    if learnt > 1 and like != said and not judged.verdict.unlike[0]:
        st.caption(t("By its code: {words}.", words=like[:1].lower() + like[1:]))


def _picture(way: str, model: Model, data: ImageData) -> NDArray[np.uint8] | None:
    """The picture as the model gets it, uint8 with shape (C, H, W); `None` while there is none."""
    if way == "test":
        number = number_box(
            t("Test image no."),
            Span(0, len(data) - 1),
            key="own_picture_number",
            follows=state.picked_picture(len(data)),
        ).get()
        state.pick_picture(number)
        show_images(data, number, key="own_picture_images", on_pick=state.pick_picture)
        picture: NDArray[np.uint8] = data.images[number]
        words = t("Class {name}", name=t(data.class_names[data.labels[number]]))
        st.image(data_url(sheet(picture[None], 1, scale=8)), caption=words, alt=words)
        return picture
    return _uploaded(model) if way == "upload" else _drawn(model)


def _uploaded(model: Model) -> NDArray[np.uint8] | None:
    file = st.file_uploader(
        t("An image of one digit"),
        ["png", "jpg", "jpeg", "webp", "bmp", "gif", *UNREADABLE],
        max_upload_size=handwriting.MOST_BYTES // 1_000_000,
        key="own_picture_file",
        on_change=kept_image.forget,
        args=("upload",),
    )
    dark = t("(it was dark on light)")
    if file is not None:
        writing = handwriting.read(file.getvalue())
        pixels = handwriting.prepare(writing, model.image_shape)
        image = KeptImage(pixels, file.name, writing.inverted, whole=writing.whole)
        kept_image.keep("upload", image)
        words = (
            t("No digit stands out in this image, so all of it is taken")
            if writing.whole
            else t("The digit found in your image, ink in white") + (f" {dark}" if writing.inverted else "")
        )
        st.image(data_url(sheet(writing.ink[None], 1, scale=1)), caption=words, alt=words, width=220)
        return image.pixels
    kept = kept_image.kept("upload")
    if kept is None:
        st.caption(
            t(
                "A photograph of a digit will do, on plain, ruled or squared paper. It is kept in memory only and "
                "never saved."
            )
        )
        return None
    words = (
        t("“{name}”, all of it: no digit stands out", name=kept.name)
        if kept.whole
        else t("The digit of “{name}”, ink in white", name=kept.name) + (f" {dark}" if kept.inverted else "")
    )
    st.image(data_url(sheet(kept.pixels[None], 1, scale=8)), caption=plain(words), alt=words, width=220)
    st.caption(
        t("Of a file that you uploaded, this small image is kept until you close the page, not the file itself.")
    )
    st.button(t("Remove it"), icon=":material/close:", on_click=kept_image.forget, args=("upload",))
    return kept.for_model(model.image_shape)


def _drawn(model: Model) -> NDArray[np.uint8] | None:
    st.caption(t("Draw a digit as large as you like, with the mouse or a finger."))
    named = state.sent_drawing()
    kept = kept_image.kept("draw")
    pad = drawing_pad(key="own_picture_pad", restore=kept is not None and not kept.sent and not named)
    whole = (1, SIDE, SIDE)
    if pad.picture is not None:
        writing = Handwriting(pad.picture)
        small = handwriting.prepare(writing, whole)
        prepared = small if model.image_shape == whole else handwriting.prepare(writing, model.image_shape)
        kept_image.keep("draw", KeptImage(prepared))
        state.keep_drawing(handwriting.to_text(small))
        return prepared
    sent = handwriting.from_text(named)
    if sent is not None:
        kept_image.keep("draw", KeptImage(sent[None], sent=True))
    elif named or pad.cleared:
        kept_image.forget("draw")
    kept = kept_image.kept("draw")
    if kept is None:
        state.keep_drawing("")
        return None
    if kept.sent:
        state.show_sent_drawing(handwriting.to_text(kept.pixels))
        words = t("This drawing came with the link. Draw on the pad to replace it.")
        st.image(data_url(sheet(kept.pixels[None], 1, scale=4)), caption=words, alt=words, width=4 * SIDE)
    else:
        state.keep_drawing(state.drawing())
    return kept.for_model(model.image_shape)


def _reconstruction(seen: Seen, *, is_own: bool) -> None:
    words = t("What the model sees, its reconstruction, and where they differ (brighter is more)")
    st.image(data_url(seen.side_by_side()), caption=words, alt=words)
    words = t("Mean squared error: {mse:.4f}.", mse=seen.mse)
    if is_own:
        words += " " + t(
            "An image of your own is centred by its mass and scaled so that its longer side takes 20 of 28 pixels, as "
            "the digits were that the models learn from."
        )
    st.caption(words)
    show_about("reconstructions", "own_picture")


def _strangeness(run: Run, judged: Judged, data: ImageData) -> None:
    verdict, choice = judged.verdict, judged.choice
    own, reference = float(verdict.scores[0]), judged.detector.reference(choice.score)
    st.subheader(
        exceeded_in_words(float(verdict.exceeded[0]), len(reference)),
        help=t(SCORES[choice.score].help),
        anchor=False,
    )
    said = verdict_in_words(own, verdict.threshold, scale(reference, verdict.threshold).digits)
    if verdict.unlike[0] and not verdict.flagged[0]:
        said += " " + t(
            "This score alone misses it; its distance from all normal images, or how its ink looks, gives it away."
        )
    st.markdown(said)
    words = t(
        "Score “{name}”. Normal are the validation images of {classes}; half of them have less than {median:.2f}.",
        name=t(SCORES[choice.score].title),
        classes=", ".join(t(data.class_names[number]) for number in choice.normal),
        median=float(np.median(reference)),
    )
    if choice.threshold is not None:
        words += " " + t("The threshold was chosen by hand, under Reconstruct & anomalies.")
    words = " ".join([words, threshold_in_words(verdict.default), *seen_before(run, data)])
    figure = own_picture_views.histogram(reference, own, verdict.threshold)
    show_chart(figure, words, key="own_picture_scores", about="strangeness")


def _place(run: Run, model: Model, seen: Seen, data: ImageData, judged: Judged | InputError) -> None:
    points = cache.latent(run, *shown_data(run))
    st.subheader(t("Where it lies in the latent space"))
    left, right = st.columns([3, 2], gap="large")
    with left:
        figure = own_picture_views.chart(points.mu, data, seen)
        words = [t("The cross is your image, among the test images, coloured by class.")]
        if seen.sigma is not None:
            words.append(t("The ellipses are one and two standard deviations of its posterior."))
        else:
            words.append(t("An autoencoder's code is a point without a spread, so there is no ellipse."))
        if model.latent_dim > 2:
            words.append(t("Seen on the plane on which codes differ most."))
        show_chart(figure, " ".join(words), key=f"own_picture_place_{run.id}", about="codes")
    with right:
        if isinstance(judged, Judged):
            near = judged.neighbours
            names = ", ".join(t(data.class_names[label]) for label in near.labels)
            words_near = t("The training images whose codes lie nearest: {names}", names=names)
            st.image(data_url(sheet(near.images, 4, scale=3)), caption=words_near, alt=words_near)
        if seen.sigma is None:
            return
        seed = int(st.session_state.get("own_picture_seed", 0))
        words_drawn = t("Decoded from codes drawn from its posterior: what else the model takes it for")
        drawn = own_picture_views.drawn(model, seen, DRAWS, seed)
        st.image(data_url(sheet(drawn, 4, scale=3)), caption=words_drawn, alt=words_drawn)
        st.button(
            t("Resample"),
            icon=":material/casino:",
            type=primary("own_picture_again"),
            on_click=_again,
            key="own_picture_again",
        )


def _again() -> None:
    st.session_state["own_picture_seed"] = secrets.randbelow(1_000_000)
