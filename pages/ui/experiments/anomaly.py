"""Spot the stranger: a model that knows one digit, beside the mean picture, and each digit in turn."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import streamlit as st

from pages.ui import cache, charts
from pages.ui.boundary import guarded
from pages.ui.chart_view import show_chart
from pages.ui.experiments import anomaly_words, blocks
from pages.ui.experiments.anomaly_turns import show_all_classes
from pages.ui.experiments.anomaly_words import Answer, Tutorial
from pages.ui.number_box import number_box
from pages.ui.number_tables import number_table
from pages.ui.number_text import Span
from pages.ui.reconstruction import number_in_class, reconstruct
from pages.ui.shown import shown_data, shown_note
from pages.ui.strangeness import share_in_words, threshold_in_words
from pages.ui.text import N_, t, tn
from vae_core import datasets
from vae_core.datasets import ImageData
from vae_core.recipes import Recipe
from vae_core.recipes.anomaly import BETTER
from vae_core.runs import Run

OURS = N_("tutorial's network")
USUAL_STRANGER = 7


SETTINGS: tuple[str, ...] = ("data.classes",)
"""What `settings` changes."""


def settings(recipe: Recipe) -> Mapping[str, Any]:
    source = datasets.source(recipe.config.data.name)
    chosen = st.selectbox(
        t("Which digit is normal"),
        range(len(source.class_names)),
        (recipe.config.data.classes or (0,))[0],
        format_func=lambda number: t(source.class_names[number]),
        key="anomaly_class",
        width=190,
    )
    return {"data.classes": [chosen]}


def show(run: Run, together: Mapping[str, Run]) -> None:
    """The answers side by side, a picture to try, how the scores are spread, all scores, and all digits in turn."""
    shown = shown_data(run)
    data = cache.images(*shown)
    classes = run.config.data.classes
    if classes is None or len(classes) >= len(data.class_names):
        st.info(t("This run learnt all classes, so nothing is anomalous to it. Start the experiment above."))
        return
    models = {OURS: run, **together}
    with st.spinner(t("Scoring all images …"), show_time=True):
        answers = _answers(models, shown.name, data, classes)
    _show_answers(run, data, classes, answers)
    _try_a_picture(models, shown.name, data, classes)
    _show_spread(models, shown.name, data, classes)
    _show_scores(models, shown.name, data, classes)
    show_all_classes(together.get(BETTER, run), shown.name)


def _answers(models: Mapping[str, Run], name: str, data: ImageData, classes: tuple[int, ...]) -> list[Answer]:
    """The mean picture, a PCA, then each model."""
    from vae_core.anomaly import BEST_SCORE

    pixels = int(np.prod(data.image_shape))
    strange = ~np.isin(data.labels, classes)
    first = next(iter(models.values()))
    found = []
    components = tn(
        "PCA with {count} component", "PCA with {count} components", "count", count=anomaly_words.COMPONENTS
    )
    rows = [(t("The mean image"), "mean_image", first), (components, "pca_20", first)]
    for title, score, run in [*rows, *((t(key), "squared_error", run) for key, run in models.items())]:
        test = cache.strangeness(run, name, classes)
        aside = cache.strangeness(run, name, classes, "validation")
        found.append(
            Answer(
                title,
                float(aside[score].mean()) / pixels,
                float(test[score][0]) / pixels,
                anomaly_words.auroc(strange, test[score]),
                anomaly_words.auroc(strange, test[BEST_SCORE]) if score == "squared_error" else None,
                aside[score] / pixels,
                test[score],
            )
        )
    return found


def _show_answers(run: Run, data: ImageData, classes: tuple[int, ...], answers: list[Answer]) -> None:
    normal = ", ".join(t(data.class_names[number]) for number in classes)
    tutorial = Tutorial() if anomaly_words.is_published(data.name, classes) else None
    rows = list(answers)
    if tutorial is not None:
        rows.insert(0, Answer(t("A published tutorial (its own figures)"), tutorial.validation, tutorial.first_test))
    st.subheader(t("Against the mean image"))
    first = t(data.class_names[int(data.labels[0])])
    st.dataframe(anomaly_words.answers_table(rows, normal, first), hide_index=True, key=f"answers_{run.id}")
    st.caption(
        t(
            "Errors: the mean squared error of a pixel between 0 and 1, over the normal validation images "
            "(less is better) and of the first test image. AUROC: the chance that an anomalous test image "
            "scores higher than a normal one, over all {count:,} test images; by the squared error, and by "
            "error / norm with half the neighbours' distance. What is not called published was computed on "
            "this page.",
            count=len(data),
        )
        + " "
        + shown_note(run)
    )
    mean, pca, *models = answers
    strange = ~np.isin(data.labels, classes)
    blocks.what_you_see(*anomaly_words.sentences(mean, pca, models, tutorial=tutorial, normal=normal, strange=strange))


@st.fragment
@guarded()
def _try_a_picture(models: Mapping[str, Run], name: str, data: ImageData, classes: tuple[int, ...]) -> None:
    from vae_core.anomaly import ALPHA, BEST_SCORE

    others = [number for number in range(len(data.class_names)) if number not in classes]
    st.subheader(t("Show it an anomaly"))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        stranger = st.pills(
            t("An anomaly"),
            others,
            default=USUAL_STRANGER if USUAL_STRANGER in others else others[0],
            required=True,
            format_func=lambda number: t(data.class_names[number]),
            key=f"stranger_{classes}",
        )
        pair = classes[0], others[0] if stranger is None else stranger
        most = min(int((data.labels == label).sum()) for label in pair)
        title = t("Which one of {count:,}", count=most)
        place = number_box(title, Span(1, most), key=f"place_{pair}", default=1, width=170)
    numbers = [number_in_class(data, label, place.get() - 1) for label in pair]
    for key, run in models.items():
        found = reconstruct(cache.model(run), data, numbers)
        scores = cache.strangeness(run, name, classes)[BEST_SCORE]
        threshold = cache.detector(run, name, classes).default(BEST_SCORE).value
        st.markdown(f"**{t(key)}**")
        with st.container(horizontal=True):
            for row, number in enumerate(numbers):
                label = t(data.class_names[int(data.labels[number])])
                with st.container(border=True, width=300):
                    st.image(
                        found.side_by_side(row, scale=4),
                        width="stretch",
                        alt=t("A {label}: original, reconstruction and error map", label=label),
                    )
                    error = float(found.errors["squared_error"][row]) / np.prod(data.image_shape)
                    st.markdown(
                        t("Mean squared error **{error:.4f}**", error=error)
                        + "  \n"
                        + anomaly_words.verdict(
                            t("A {label}", label=label), float(scores[number]), threshold, is_normal=row == 0
                        )
                    )
    st.caption(
        t(
            "From left to right: the image, its reconstruction, the error of each pixel. The score is "
            "error / norm plus half the neighbours' distance, each counted in its spread over the training "
            "images; the threshold comes from the normal validation images, with {share:.0%} false alarms "
            "asked.",
            share=ALPHA,
        )
    )


@st.fragment
@guarded()
def _show_spread(models: Mapping[str, Run], name: str, data: ImageData, classes: tuple[int, ...]) -> None:
    from vae_core import anomaly

    st.subheader(t("How far anomalies stand apart"))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        key = st.segmented_control(
            t("Model"),
            list(models),
            default=list(models)[-1],
            required=True,
            format_func=lambda key: t(N_(key)),
            key=f"spread_model_{len(models)}",
        )
        run = models[key or OURS]
        scores = cache.strangeness(run, name, classes)
        score = st.selectbox(
            t("Score"),
            list(scores),
            list(scores).index(anomaly.BEST_SCORE),
            format_func=lambda score: t(anomaly.SCORES[score].title),
            key="spread_score",
            width=320,
        )
    normal = anomaly.is_normal(data, classes)
    default = cache.detector(run, name, classes).default(score)
    threshold = default.value
    found = anomaly.report(scores[score], normal, threshold)
    st.caption(t(anomaly.SCORES[score].help))
    left, right = st.columns(2)
    with left:
        unit = t("{title} (higher is more anomalous)", title=t(anomaly.SCORES[score].title))
        show_chart(
            charts.score_histogram(scores[score], ~normal, threshold=threshold, unit=unit),
            t(
                "At the default threshold: detection rate {found}, false alarms {alarms}.",
                found=share_in_words(found.confusion.found_rate, found.confusion.found_interval),
                alarms=share_in_words(found.confusion.false_alarm_rate, found.confusion.false_alarm_interval),
            )
            + " "
            + threshold_in_words(default),
            key="spread_histogram",
            about="scores",
        )
    with right:
        chosen = (found.confusion.false_alarm_rate, found.confusion.found_rate)
        show_chart(
            charts.roc(found.false_alarm_rates, found.found_rates, found.auroc, chosen=chosen),
            t("Every threshold at once: the nearer the curve comes to the upper left corner, the better."),
            key="spread_roc",
            about="roc",
        )


def _show_scores(models: Mapping[str, Run], name: str, data: ImageData, classes: tuple[int, ...]) -> None:
    from vae_core.anomaly import SCORES

    st.subheader(t("All scores"))
    strange = ~np.isin(data.labels, classes)
    columns = {key: cache.strangeness(run, name, classes) for key, run in models.items()}
    auroc = {
        key: {score: anomaly_words.auroc(strange, values) for score, values in scores.items()}
        for key, scores in columns.items()
    }
    last = auroc[list(models)[-1]]
    rows = [
        {t("Score"): t(SCORES[score].title), **{t(key): auroc[key].get(score) for key in models}}
        for score in sorted(last, key=lambda score: -last[score])
    ]
    st.dataframe(
        number_table(rows, {t(key): ".3f" for key in models}),
        hide_index=True,
        width="content",
        height="content",
        key="anomaly_scores",
    )
    st.caption(
        t(
            "AUROC on all test images. What says “no model” is a baseline that learns nothing but a few statistics. Which "
            "score is best was not chosen by this table: error / norm + neighbours was fixed before."
        )
    )
