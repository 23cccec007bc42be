"""Original, reconstruction and error map side by side, with the figures of each picture."""

from typing import Literal

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.ui import cache, charts, state
from pages.ui.about import show_about
from pages.ui.boundary import guarded
from pages.ui.chart_view import show_chart
from pages.ui.image_choice import show_images
from pages.ui.model_kinds import has_posterior
from pages.ui.number_box import held, number_box
from pages.ui.number_text import Span
from pages.ui.primary import primary
from pages.ui.reconstruction import (
    Baseline,
    Reconstructions,
    legend,
    number_in_class,
    place_in_class,
    random_numbers,
    reconstruct,
)
from pages.ui.text import N_, t, written
from vae_core import datasets
from vae_core.datasets import ImageData
from vae_core.runs import Run

MODES = {"random": N_("Random images"), "one": N_("One image")}
MODE, SEED, COUNT, CLASS, PLACE = "recon_mode", "recon_seed", "recon_count", "recon_class", "recon_place"
SEEDS = 1_000_000
COUNTS = (3, 6, 12, 24)


@st.fragment
@guarded()
def show_reconstructions(run: Run, data: ImageData) -> None:
    """Pictures to choose, then each beside what the model makes of it.

    Args:
        data: The test pictures that the run is shown on.
    """
    own = run.config.data
    learnt = own.classes if datasets.source(own.name).class_names == data.class_names else None
    base = cache.baseline(data.name, data.split, learnt)
    # No default of the widget's own, so that `_look_closer` may set it.
    if st.session_state.get(MODE) not in MODES:
        st.session_state[MODE] = "one" if state.picture_in_address() else "random"
    row = st.container(horizontal=True, vertical_alignment="bottom")
    mode = row.segmented_control(
        t("Images"),
        list(MODES),
        format_func=lambda name: t(MODES[name]),
        required=True,
        key=MODE,
        persist_state="session",
        label_visibility="collapsed",
    )
    if mode == "one":
        _show_one(run, data, base, row)
    else:
        _show_random(run, data, base, row)
    _show_means(run, data, base, learnt)


def _show_means(run: Run, data: ImageData, base: Baseline, learnt: tuple[int, ...] | None) -> None:
    judged = np.ones(len(data), bool) if learnt is None else np.isin(data.labels, learnt)
    with st.container(horizontal=True, gap="large"):
        for label, errors, words in (
            (t("Error of this model"), cache.scores(run, data.name)["squared_error"], None),
            (
                t("Error of the mean image"),
                base.squared_error,
                t("What answering every image with the mean of them all would give. A model must beat it."),
            ),
        ):
            st.metric(label, written(errors[judged].mean(), ".1f"), help=words, width="content")
    st.caption(
        t(
            "Squared error of an image, summed over its {pixels:,} pixels from 0 to 1: the mean over the {count:,} test "
            "images of the classes it has learnt.",
            pixels=int(np.prod(data.image_shape)),
            count=int(judged.sum()),
        )
    )


def _show_random(run: Run, data: ImageData, base: Baseline, row: DeltaGenerator) -> None:
    with row:
        count = st.selectbox(t("How many"), COUNTS, index=1, key=COUNT, persist_state="session", width=110)
        typed = number_box(
            t("Seed"),
            Span(0, SEEDS - 1),
            key=SEED,
            default=0,
            persist_state="session",
            width=150,
            help=t("Decides which images are drawn. The same seed shows the same images."),
        )
        st.button(
            t("Other images"),
            type=primary("other_images"),
            key="other_images",
            icon=":material/casino:",
            on_click=_next_seed,
            args=(typed.number,),
        )
    found = reconstruct(cache.model(run), data, random_numbers(count, len(data), typed.get()))
    with st.container(horizontal=True, key="cards"):
        for place, number in enumerate(found.numbers.tolist()):
            with st.container(border=True, width=262):  # at least: see style.css
                _show_pictures(found, place, width="stretch", scale=4)
                st.markdown(_title(found, place) + "  \n" + _figures(found, place, base))
                st.button(
                    t("Look closer"), key=f"closer{place}", type="tertiary", on_click=_look_closer, args=(data, number)
                )
    _show_legend(run.config.model.kind)
    show_about("reconstructions", "reconstructions")


def _show_one(run: Run, data: ImageData, base: Baseline, row: DeltaGenerator) -> None:
    label, place = place_in_class(data, state.picked_picture(len(data)))
    # Set before the boxes are made: another page may have picked another picture meanwhile.
    st.session_state[CLASS] = label
    of_class = int((data.labels == label).sum())
    span, title = Span(1, of_class), t("Which one of {count:,}", count=of_class)
    with row:
        st.selectbox(
            t("Class"),
            np.unique(data.labels).tolist(),
            format_func=lambda number: t(data.class_names[number]),
            key=CLASS,
            on_change=_take_choice,
            args=(data, span, title),
            width=140,
        )
        typed = number_box(
            title,
            span,
            key=PLACE,
            follows=place + 1,
            on_change=_take_choice,
            args=(data, span, title),
            width=170,
        )
    typed.get()
    among = np.flatnonzero(data.labels == label)
    show_images(data, state.picked_picture(len(data)), key="recon_images", on_pick=state.pick_picture, among=among)
    found = reconstruct(cache.model(run), data, [state.picked_picture(len(data))])
    left, right = st.columns(2)
    with left:
        _show_pictures(found, 0, width=460, scale=5)
        st.markdown(_title(found, 0) + "  \n" + _figures(found, 0, base))
        scores = cache.scores(run, data.name)["squared_error"]
        st.caption(
            t(
                "Its squared error is larger than that of {share:.0%} of the test images.",
                share=float((scores < found.errors["squared_error"][0] - 1e-3).mean()),
            )
        )
        _show_legend(run.config.model.kind)
    with right:
        show_chart(
            charts.error_heatmap(found.pixel_error(0), limit=1.0, unit=t("Error of a pixel")),
            t("The error of each pixel, on the same scale: point at one to read it."),
            key="pixel_error",
            about="reconstructions",
        )


def _show_pictures(found: Reconstructions, row: int, *, width: int | Literal["stretch"], scale: int) -> None:
    st.image(
        found.side_by_side(row, scale=scale),
        width=width,
        alt=t(
            "Original, reconstruction and error map of image {number}, class {name}: squared error {error:.1f}",
            number=int(found.numbers[row]),
            name=t(found.data.class_names[found.data.labels[row]]),
            error=float(found.errors["squared_error"][row]),
        ),
    )


def _show_legend(kind: str) -> None:
    decoded = (
        t("The reconstruction is decoded from the posterior mean, not from a random draw, so it is the same each time.")
        if has_posterior(kind)
        else t("The reconstruction is decoded from the image's code.")
    )
    st.caption(
        " ".join(
            [
                t("From left to right: original, reconstruction, error."),
                decoded,
                t("All error maps have one scale:"),
            ]
        )
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(t("0, no error"), width="content")
        st.image(legend(), width=130, alt=t("Colour scale from black over red to yellow"))
        st.caption(t("1, black for white"), width="content")


def _title(found: Reconstructions, row: int) -> str:
    name = t(found.data.class_names[int(found.data.labels[row])])
    return t("**{name}** · image {number}", name=name, number=int(found.numbers[row]))


def _figures(found: Reconstructions, row: int, base: Baseline) -> str:
    """The figures of one picture, in Markdown."""
    errors = {name: values[row] for name, values in found.errors.items()}
    lines = [
        t(
            "Error {error:.1f} (mean image {base:.1f})",
            error=errors["squared_error"],
            base=base.squared_error[found.numbers[row]],
        ),
        t("Cross-entropy {nats:.1f} nats", nats=errors["cross_entropy"]),
    ]
    if "kl" in errors:
        lines.append(t("KL {kl:.1f} nats · −ELBO {loss:.1f} nats", kl=errors["kl"], loss=errors["negative_elbo"]))
    return "  \n".join(lines)


def _next_seed(seed: int | None) -> None:
    st.session_state[SEED] = 0 if seed is None else (seed + 1) % SEEDS


def _look_closer(data: ImageData, number: int) -> None:
    state.pick_picture(number)
    st.session_state[MODE] = "one"


def _take_choice(data: ImageData, span: Span, title: str) -> None:
    place = held(PLACE, span, title)
    if place.problem is None:
        state.pick_picture(number_in_class(data, st.session_state[CLASS], place.number - 1))
