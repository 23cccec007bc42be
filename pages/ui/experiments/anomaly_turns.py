"""Each class in turn as the normal one: the study, its chart and what it says."""

import streamlit as st

from pages.ui import cache
from pages.ui.chart_view import show_chart
from pages.ui.experiments import anomaly_charts, anomaly_words, blocks
from pages.ui.number_box import number_box
from pages.ui.number_text import Span
from pages.ui.text import t
from vae_core import datasets
from vae_core.config import field
from vae_core.recipes.anomaly import BETTER
from vae_core.runs import Run
from vae_core.settings import bounds

SECONDS_A_PICTURE = 1.6e-4  # of an epoch of 784-256-256-8, where the machine's speed is not known
BASELINE_SECONDS = 30.0  # for ten classes of MNIST
MOST_EPOCHS = 2_000


def show_all_classes(run: Run, name: str) -> None:
    """The study of each class in turn: with the better network's settings, and a code of its own size."""
    from vae_core.anomaly import BEST_SCORE, SCORES
    from vae_core.studies.strangers import LATENT_DIM

    st.subheader(t("Each digit in turn"))
    low, high = bounds(field("training.epochs"))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        most = min(high, MOST_EPOCHS)
        typed_epochs = number_box(
            t("Epochs of each"),
            Span(low, most),
            key=f"all_epochs_{run.id}",
            default=min(run.config.training.epochs, most),
            width=150,
        )
        typed_size = number_box(
            t("Dimensions of the code"), Span(1, 64), key=f"all_size_{run.id}", default=LATENT_DIM, width=190
        )
    label = t("Learn each digit in turn")
    if blocks.is_refused(label, typed_epochs, typed_size):
        return
    epochs, size = typed_epochs.get(), typed_size.get()
    source = datasets.source(name)
    learnt = round(source.sizes["train"] * (1 - run.config.data.validation))
    one = run.config.with_values({"model.latent_dim": size, "training.epochs": epochs})
    seconds = cache.training_seconds(one, learnt, source.image_shape) or SECONDS_A_PICTURE * learnt * epochs
    found = blocks.study(
        run,
        "strangers",
        {"data": name, "epochs": epochs, "latent_dim": size},
        label=label,
        seconds=seconds + BASELINE_SECONDS * learnt / 50_000,
        what=t(
            "Trains a model like {name} on each class of {data} alone, and scores all test images each time. The score "
            "by which it is judged was fixed before; none is chosen by what it gives here.",
            name=t("the smaller one") if run.config.recipe and BETTER in run.config.recipe else t("this one"),
            data=t(source.title),
        ),
    )
    if found is None:
        return
    figures, auroc = found.figures, found.arrays["auroc"]
    names = [t(source.class_names[number]) for number in figures["classes"]]
    titles = {score: t(SCORES[score].title) for score in (*figures["scores"], *figures["baselines"])}
    published = anomaly_words.published_means(name)
    order = list(titles)
    score = st.selectbox(
        t("Score"),
        figures["scores"],
        figures["scores"].index(BEST_SCORE),
        format_func=lambda score: titles[score],
        key="all_score",
        width=320,
    )
    chosen = auroc[order.index(score)]
    baselines = {titles[key]: auroc[order.index(key)] for key in ("pca_20", "pixel_knn")}
    show_chart(
        anomaly_charts.class_bars(names, chosen, baselines=baselines, published=published),
        t(
            "A bar is a model that learnt only this class, judged on all {count:,} test images; the worst one stands "
            "out. The marks are what needs no model.",
            count=figures["images"],
        )
        + (" " + t("Published: {source}.", source=anomaly_words.PUBLISHED_SOURCE) if published else ""),
        key="all_bars",
        about="roc",
    )
    blocks.what_you_see(*anomaly_words.classes_sentences(titles[score], names, figures, chosen, bool(published)))
    st.dataframe(
        anomaly_words.classes_table(titles, names, figures, auroc, published),
        hide_index=True,
        width="content",
        height="content",
        key="all_table",
    )
