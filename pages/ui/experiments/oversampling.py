"""Fill up the rare class: every way beside the others, the made pictures beside real ones, and both to take away."""

import math
from collections.abc import Mapping
from typing import Any

import streamlit as st

from pages.ui import csv_files, orders
from pages.ui.boundary import guarded
from pages.ui.chart_view import show_chart
from pages.ui.experiments import blocks, oversampling_charts
from pages.ui.experiments.blocks import Found
from pages.ui.experiments.oversampling_charts import BEST_DRAWING, METRICS, Metric
from pages.ui.images import data_url
from pages.ui.number_box import number_box
from pages.ui.number_tables import number_table
from pages.ui.number_text import Span
from pages.ui.text import t, tn
from vae_core import datasets
from vae_core.datasets.sources import DataSource
from vae_core.export import PICTURE_FORMATS
from vae_core.fillings import HIDDEN, METHODS
from vae_core.jobs.exports import export_of
from vae_core.recipes import Recipe
from vae_core.runs import Run

SECONDS_A_SEED, SECONDS_A_PICTURE = 5.0, 9e-6  # of a classifier's epoch; 33 classifiers on MNIST took 90 CPU-seconds
SHOWN = 12
PAIR = 150  # pixels; a phone has room for two
FEW = 20
MIME = {"zip": "application/zip", "npz": "application/octet-stream", "csv": "text/csv"}


SETTINGS: tuple[str, ...] = ("data.rare_class", "data.rare_share")
"""What `settings` changes."""


def settings(recipe: Recipe) -> Mapping[str, Any]:
    own = recipe.config.data
    source = datasets.source(str(st.session_state.get(f"data_{recipe.name}", own.name)))
    chosen = st.selectbox(
        t("Rare class"),
        range(len(source.class_names)),
        own.rare_class or 0,
        format_func=lambda number: t(source.class_names[number]),
        key=f"rare_class_{source.name}",
        width=150,
    )
    percent = number_box(
        t("Share that is kept (%)"),
        Span(0.1, 100.0, whole=False),
        key="rare_share",
        default=100 * own.rare_share,
        width=190,
        help=t("Of the rare class's training images; the test images stay as they are."),
    ).get()
    share = round(percent / 100, 4)
    each = source.sizes["train"] * (1 - own.validation) / len(source.class_names)
    kept = max(2, round(share * each))
    words = t("About {kept:,} of {count:,.0f} training images of the class are kept.", kept=kept, count=each)
    if kept < FEW:
        words += " " + t(
            "That is very few to learn a class from: keep {percent:.0f} % to have about {few}.",
            percent=min(100, max(1, round(100 * FEW / each))),
            few=FEW,
        )
    st.caption(words)
    return {"data.rare_class": int(chosen), "data.rare_share": share}


def show(run: Run, together: Mapping[str, Run]) -> None:
    """How the model learnt to draw the class, the comparison, and the made pictures."""
    config = run.config
    source = datasets.source(config.data.name)
    if config.data.rare_class is None or config.model.kind != "conditional-vae":
        st.info(t("This run has no rare class that it could draw. Start the experiment above."))
        return
    if not datasets.is_present(source.name):
        st.info(t("'{name}' is not on this machine any more. Download it on the page Train.", name=source.name))
        return
    name = t(source.class_names[config.data.rare_class])
    _learning(run, name)
    found = _compare(run, name)
    if found is not None:
        _results(run, found, name)
        _gallery(run, found, name)


@st.fragment
@guarded()
def _learning(run: Run, name: str) -> None:
    """What the model drew of the class at each epoch."""
    epochs = run.snapshot_epochs()
    if not epochs:
        return
    st.subheader(t("How it learnt to draw class {name}", name=name))
    epoch = epochs[-1]
    if len(epochs) > 1:
        epoch = st.select_slider(t("After epoch"), epochs, epochs[-1], key=f"drawn_epoch_{run.id}")
    from pages.ui.read_aloud import read_as  # it imports torch

    drawn = run.snapshot(epoch)["samples"]
    words = tn(
        "{count} synthetic image after epoch {epoch}: the model was told to draw class {name}.",
        "{count} synthetic images after epoch {epoch}: the model was told to draw class {name}.",
        "count",
        count=len(drawn),
        name=name,
        epoch=epoch,
    )
    if read := read_as(drawn, run.config.data.name, run.config.data.rare_class or 0):
        words += " " + read
    st.image(data_url(oversampling_charts.drawings(drawn, 8)), width=512, alt=words)
    st.caption(words + " " + t("The same codes from N(0, I) after each epoch. A coloured frame: synthetic."))


def _compare(run: Run, name: str) -> Found | None:
    st.subheader(t("Which oversampling method helps?"))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        typed_seeds = number_box(
            t("Classifiers per method"),
            Span(1, 10),
            key=f"fill_seeds_{run.id}",
            default=3,
            width=170,
            help=t("Their spread is shown."),
        )
        typed_epochs = number_box(t("Epochs of each"), Span(1, 50), key=f"fill_epochs_{run.id}", default=5, width=150)
    ways = st.pills(
        t("Oversampling methods"),
        list(METHODS),
        selection_mode="multi",
        default=list(METHODS),
        format_func=lambda way: t(METHODS[way].title),
        key=f"fill_ways_{run.id}",
    )
    if not ways:
        st.info(t("Choose at least one oversampling method."))
        return None
    ways = [way for way in METHODS if way in ways]
    data = run.config.data
    source = datasets.source(data.name)
    learnt = source.sizes["train"] * (1 - data.validation)
    vae = SECONDS_A_SEED if "vae" in ways else 0
    label = t("Compare the methods")
    if blocks.is_refused(label, typed_seeds, typed_epochs):
        return None
    seeds, epochs = typed_seeds.get(), typed_epochs.get()
    return blocks.study(
        run,
        "oversampling",
        {"methods": ways, "seeds": seeds, "epochs": epochs},
        label=label,
        seconds=3 + seeds * (vae + len(ways) * (0.3 + SECONDS_A_PICTURE * learnt * epochs)),
        what=tn(
            "Oversamples class {name} by each method until it is as large as the others, trains {count} small "
            "classifier ({layers}) on each and tests them on the real test images, which no method has seen.",
            "Oversamples class {name} by each method until it is as large as the others, trains {count} "
            "small classifiers ({layers}) on each and tests them on the real test images, which no method "
            "has seen.",
            "count",
            name=name,
            count=seeds,
            layers=classifier_layers(source),
        ),
    )


def classifier_layers(source: DataSource) -> str:
    """The layers of the classifiers that judge: `784-128-10`."""
    return f"{math.prod(source.image_shape)}-{HIDDEN}-{len(source.class_names)}"


def _results(run: Run, found: Found, name: str) -> None:
    figures = found.figures
    blocks.what_you_see(*oversampling_charts.sentences(figures, name))
    _chart(run, found)
    st.dataframe(
        oversampling_charts.results_table(figures["methods"]),
        hide_index=True,
        height="content",
        key=f"fill_table_{run.id}",
        width="stretch",
    )
    st.caption(oversampling_charts.legend(figures, name))
    with st.expander(t("What each method does")):
        ways = (METHODS[way] for way in figures["methods"])
        st.markdown("\n".join(f"- **{t(way.title)}**: {t(way.how)}" for way in ways))


@st.fragment
@guarded()
def _chart(run: Run, found: Found) -> None:
    metric: Metric = st.segmented_control(
        t("Judged by"),
        list(METRICS),
        default="f1",
        required=True,
        format_func=lambda name: t(METRICS[name][0]),
        key=f"fill_metric_{run.id}",
    )
    title, help = METRICS[metric]
    words = t("{title} of each oversampling method. {help}", title=t(title), help=t(help))
    words += " " + oversampling_charts.dots(found.figures["methods"])
    figure = oversampling_charts.comparison(found.figures["methods"], metric)
    show_chart(figure, words, key=f"fill_chart_{run.id}", about="rare_class")


@st.fragment
@guarded()
def _gallery(run: Run, found: Found, name: str) -> None:
    """Made pictures beside their nearest real ones, the copy check, and the files."""
    copies = found.figures["copies"]
    ways = [way for way in copies if METHODS[way].makes_synthetic]
    if not ways:
        return
    st.subheader(t("New images, or copies?"))
    way = st.selectbox(
        t("Made by"),
        ways,
        ways.index(BEST_DRAWING) if BEST_DRAWING in ways else 0,
        format_func=lambda way: t(METHODS[way].title),
        key=f"fill_shown_{run.id}",
        width=320,
    )
    arrays, real = found.arrays, found.arrays["real"]
    st.caption(t(METHODS[way].how))
    with st.container(horizontal=True):
        rows = zip(arrays[f"{way}.images"], arrays[f"{way}.nearest"], arrays[f"{way}.distance"], strict=True)
        for made, nearest, distance in list(rows)[:SHOWN]:
            with st.container(width=PAIR):
                st.image(
                    data_url(oversampling_charts.pair(made, real[nearest])),
                    width=PAIR,
                    alt=t("A synthetic image, and the nearest real training image"),
                )
                st.caption(t("**Synthetic**, {distance:.1f} away", distance=float(distance)))
    st.caption(
        t(
            "Left, in the coloured frame: a synthetic image that nobody drew. Right: the real training image of the "
            "class that is nearest to it. The distance is Euclidean over pixels from 0 to 1; real test images have a "
            "median of {distance:.1f} to theirs.",
            distance=copies[way]["real_distance"],
        )
    )
    blocks.what_you_see(oversampling_charts.copy_sentence(t(METHODS[way].title), copies[way]))
    specs = {t("Distance"): ".2f", t("Closer than real ones"): ".0%", t("Closer to learnt ones"): ".0%"}
    st.dataframe(
        number_table(oversampling_charts.copies_table(copies), specs),
        hide_index=True,
        height="content",
        key=f"fill_copies_{run.id}",
    )
    st.caption(
        t(
            "The distance is the median of those to the nearest training image. “Closer than real ones”: how often a made image lies closer to its nearest "
            "training image than a real unseen one does to its own; 50 % is like real ones, 100 % are copies, but smooth "
            "images lie closer to everything. The last column allows for that: how often it lies closer to the training "
            "images than to as many real ones that nothing learnt from (after Meehan et al. 2020)."
        )
    )
    _files(run, found, way, name)


def _files(run: Run, found: Found, way: str, name: str) -> None:
    st.markdown(
        t(
            "**Export them**: the {kept:,} real images of class {name} and {added:,} synthetic ones, "
            "marked by the column `synthetic`.",
            kept=found.figures["kept"],
            name=name,
            added=found.figures["added"],
        )
    )
    labels = {"zip": t("Images as folders (zip)"), "npz": t("Images as NPZ"), "csv": t("Images as CSV")}
    for place, (kind, label) in zip(st.columns(len(labels)), labels.items(), strict=True):
        settings = {**found.settings, "way": way} | ({} if kind == "npz" else {"table": csv_files.chosen_name()})
        with place, guarded():
            orders.offer_file(
                export_of(run, f"oversampled-{kind}", settings),
                label,
                MIME[kind],
                about=t(PICTURE_FORMATS[kind]),
                name=f"rare-class-{way}.{kind}",
            )
    csv_files.choose_form("oversampled")
