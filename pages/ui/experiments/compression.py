"""784 numbers in 2: how few numbers, and how few bits, a picture can be told in."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import streamlit as st

from pages.ui import architecture, architecture_views, cache
from pages.ui.boundary import guarded
from pages.ui.chart_view import show_chart
from pages.ui.experiments import blocks, compression_charts, compression_files, compression_words
from pages.ui.experiments.blocks import Found
from pages.ui.images import sheet
from pages.ui.number_box import number_box
from pages.ui.number_text import Span
from pages.ui.settings import training_images
from pages.ui.shown import shown_data, shown_note
from pages.ui.text import t, tn, written
from vae_core import datasets
from vae_core.config import field
from vae_core.errors import DiaboloError
from vae_core.events import last_epoch
from vae_core.jobs.client import was_stopped
from vae_core.recipes import Recipe
from vae_core.runs import Run
from vae_core.settings import bounds

LARGEST_CODE = 64
SIZES = (1, 2, 3, 4, 6, 8, 11, 16, 24, 32, 48, 64)
USUAL_SIZES = (1, 2, 4, 8, 16, 32, 64)
USUAL_IMAGES, FEWEST_EPOCHS, MOST_EPOCHS = (
    250_000,
    5,
    100,
)  # that each model of a sweep looks at: quick, and long enough to say something
USUAL_BITS = 4
SECONDS_A_THOUSAND = 0.11  # training pictures: measuring 54,000 and 10,000 took 6 CPU-seconds


SETTINGS: tuple[str, ...] = ("model.latent_dim",)
"""What `settings` changes."""


def settings(recipe: Recipe) -> Mapping[str, Any]:
    low, _ = bounds(field("model.latent_dim"))
    size = number_box(
        t("Dimensions of the code"),
        Span(low, LARGEST_CODE),
        key="compression_size",
        default=recipe.config.model.latent_dim,
        width=190,
        help=t(
            "How many latent dimensions are left of an image's pixels. The recipe has {count}.",
            count=recipe.config.model.latent_dim,
        ),
    )
    return {"model.latent_dim": size.get()}


def show(run: Run, together: Mapping[str, Run]) -> None:
    name = shown_data(run).name
    st.caption(shown_note(run))
    images = training_images(run.config.replace(data__name=name)) if name == run.config.data.name else 3600
    found = blocks.study(
        run,
        "compression",
        {"data": name},
        label=t("Measure the code"),
        seconds=2 + SECONDS_A_THOUSAND * images / 1000,
        what=t(
            "Fits PCA to the training images, and takes the error on the test images: with any number of "
            "components for PCA, and with 1 to 16 bits for each latent dimension."
        ),
    )
    if found:
        _against_pca(run, found)
        _rates(run, found)
        compression_files.show(run, name, found)
    _layers(run)
    _sweep(run, name, images)


def _against_pca(run: Run, found: Found) -> None:
    figures, errors = found.figures, found.arrays["pca_errors"]
    numbers, equivalent = figures["latent_dim"], figures["pca_equivalent"]
    bits = compression_words.enough_bits(found.arrays["ae_mse"], figures["mse"])
    with st.container(horizontal=True, gap="large"):
        for label, value, words in (
            (t("Test error"), written(figures["mse"], ".4f"), t("Mean squared error of a pixel from 0 to 1.")),
            (
                t("PCA, same dimension"),
                written(compression_words.pca_error(figures, errors, found.arrays), ".4f"),
                None,
            ),
            (t("As good as PCA with"), "–" if equivalent is None else str(equivalent), None),
            (
                t("Bits per image"),
                str(int(found.arrays["ae_bits"][bits - 1])),
                t("With which the error is the same, up to one percent."),
            ),
        ):
            st.metric(label, value, help=words, width="content")
    decoder = sum(layer.parameters for layer in _layer_rows(run) if layer.part == "decoder")
    blocks.what_you_see(
        compression_words.against_pca(figures, errors, found.arrays),
        compression_words.bits(figures, found.arrays),
        compression_words.fair_price(figures, found.arrays, decoder),
        compression_words.cross_entropy(figures, found.arrays),
    )
    st.subheader(t("Against PCA"))
    words = t(
        "The error on the test images against the dimension of the code, both axes logarithmic. PCA learnt "
        "from the same {count:,} training images; its curve is that of the linear code, not cut off at 0 "
        "and 1. The star is this run: follow the dots to PCA's curve.",
        count=figures["train_images"],
    )
    figure = compression_charts.against_pca(errors, numbers, figures["mse"], equivalent, run.title)
    show_chart(figure, words, key=f"against_pca_{run.id}", about="pca")
    rows = [found.arrays["originals"], found.arrays["ae"], found.arrays["pca"]]
    names = [t("the images"), t("this model"), t("PCA with {count}", count=numbers)]
    if "equivalent" in found.arrays and equivalent != numbers:
        rows.append(found.arrays["equivalent"])
        names.append(t("PCA with {count}", count=equivalent))
    words = t("From top to bottom: {names}.", names=", ".join(names))
    st.image(sheet(np.concatenate(rows), len(rows[0]), scale=3), width=640, alt=words)
    st.caption(words)


@st.fragment
@guarded()
def _rates(run: Run, found: Found) -> None:
    st.subheader(t("In bits"))
    arrays, figures = found.arrays, found.figures
    words = t(
        "The error against the bits that an image takes, each latent dimension being rounded to 1 to 16 "
        "bits. Entropy-coded: frequent values get shorter words, by a table from the training images."
    )
    figure = compression_charts.rate_distortion(arrays, figures["latent_dim"], figures["pca_equivalent"])
    show_chart(figure, words, key=f"rates_{run.id}", about="bits")
    bits = st.slider(t("Bits per dimension"), 1, len(arrays["ae_bits"]), USUAL_BITS, key="compression_bits", width=320)
    total = int(arrays["ae_bits"][bits - 1])
    st.markdown(
        tn(
            "**{total}** bit per image ({coded:.1f} entropy-coded), {fewer} those of its pixels. Error "
            "**{mse:.4f}** instead of {unrounded:.4f}.",
            "**{total}** bits per image ({coded:.1f} entropy-coded), {fewer} those of its pixels. Error "
            "**{mse:.4f}** instead of {unrounded:.4f}.",
            "total",
            total=total,
            coded=arrays["ae_entropy_bits"][bits - 1],
            fewer=compression_words.fewer(total, figures["raw_bits"]),
            mse=arrays["ae_mse"][bits - 1],
            unrounded=figures["mse"],
        )
    )
    rows = [arrays["originals"], arrays["ae"], arrays["quantised"][bits - 1]]
    words = t("From top to bottom: the images, from the code as it is, from the rounded code.")
    st.image(sheet(np.concatenate(rows), len(rows[0]), scale=3), width=640, alt=words)
    st.caption(words)


def _layer_rows(run: Run) -> Any:
    source = datasets.source(run.config.data.name)
    return cache.layers(run.config.model, source.image_shape, len(source.class_names))


def _layers(run: Run) -> None:
    st.subheader(t("The layers"))
    rows = _layer_rows(run)
    st.image(architecture_views.hourglass(rows), alt=architecture_views.summary(rows))
    architecture.show_table(rows, key=f"layer_table_{run.id}")
    st.caption(
        t(
            "Encoder, code, decoder, from top to bottom: {encoder:,} parameters turn an image into its code, {decoder:,} turn "
            "the code into an image.",
            encoder=sum(layer.parameters for layer in rows if layer.part != "decoder"),
            decoder=sum(layer.parameters for layer in rows if layer.part == "decoder"),
        )
    )


def _sweep(run: Run, name: str, images: int) -> None:
    st.subheader(t("How many dimensions does an image need?"))
    typed = number_box(
        t("Epochs of each"),
        Span(1, MOST_EPOCHS),
        key=f"sweep_epochs_{run.id}",
        default=min(max(round(USUAL_IMAGES / images), FEWEST_EPOCHS), run.config.training.epochs, MOST_EPOCHS),
        width=150,
        help=t("This run had {epochs}.", epochs=run_epochs(run)),
    )
    sizes = st.pills(
        t("Latent dimensions to try"), SIZES, selection_mode="multi", default=USUAL_SIZES, key="sweep_sizes"
    )
    if not sizes:
        st.info(t("Choose at least one number of dimensions."), icon=":material/info:")
        return
    label = tn("Train {count} model", "Train {count} models", "count", count=len(sizes))
    if blocks.is_refused(label, typed):
        return
    epochs = typed.get()
    found = blocks.study(
        run,
        "sweep",
        {"data": name, "epochs": epochs, "sizes": sorted(sizes)},
        label=label,
        seconds=_seconds(run, epochs, images) * len(sizes),
        what=t(
            "Trains a model with this run's settings for each number of latent dimensions, one after the "
            "other, and compares them with PCA: {sizes}.",
            sizes=", ".join(map(str, sorted(sizes))),
        ),
    )
    if found is None:
        return
    figures, errors = found.figures, found.arrays
    words = tn(
        "The error on {images:,} test images for each number of latent dimensions, both axes logarithmic. Each "
        "model has this run's settings and {epochs} epoch; the star is this run itself, after {own}.",
        "The error on {images:,} test images for each number of latent dimensions, both axes logarithmic. "
        "Each model has this run's settings and {epochs} epochs; the star is this run itself, after {own}.",
        "epochs",
        images=figures["images"],
        epochs=figures["epochs"],
        own=run_epochs(run),
    )
    figure = compression_charts.sweep(errors["pca_errors"], figures, run.title)
    show_chart(figure, words, key=f"sweep_{run.id}", about="pca")
    blocks.what_you_see(*compression_words.sweep(figures, errors["pca_errors"], errors))


def run_epochs(run: Run) -> int:
    """How many epochs a run has done: fewer than its settings ask for, where it was stopped."""
    return last_epoch(cache.log(run).read()) if was_stopped(run) else run.config.training.epochs


def _seconds(run: Run, epochs: int, images: int) -> float:
    """About how long one of the sweep's trainings takes."""
    config = run.config.replace(training__epochs=epochs)
    try:
        found = cache.training_seconds(config, images, datasets.source(config.data.name).image_shape)
    except DiaboloError:
        found = None
    return 2 + (found or epochs * images / 10_000)
