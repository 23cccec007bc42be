"""What looks strange to a model: scores, a threshold, and the pictures at both ends."""

from collections.abc import Mapping, Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.ui import cache, charts, state
from pages.ui.boundary import guarded
from pages.ui.chart_view import show_chart
from pages.ui.controls import download
from pages.ui.images import sheet
from pages.ui.navigation import BY_NAME
from pages.ui.reconstruction import reconstruct
from pages.ui.shown import shown_data
from pages.ui.strangeness import in_words, ink_correlation, learnt_classes, only_these, scale
from pages.ui.text import t
from vae_core import datasets
from vae_core.datasets import ImageData
from vae_core.roc import roc_auc_score
from vae_core.runs import Run

SCORE, NORMAL = "anomaly_score", "anomaly_normal"
QUANTILE = 0.95
ENDS = 8


def show_anomalies(run: Run, data: ImageData) -> None:
    """Scores of all test pictures, judged by which classes are normal.

    Args:
        data: The test pictures that the run is shown on.
    """
    from vae_core import anomaly

    its_classes = datasets.source(run.config.data.name).class_names
    if its_classes != data.class_names:
        st.info(
            t(
                "Which pictures are normal can't be said here: this model learnt other classes than those of the "
                "pictures on this machine. Fetch its data set on the page Train, or choose another model."
            )
        )
        return
    normal_classes = _choose_normal(run, data)
    if normal_classes is None:
        return
    with st.spinner(t("Comparing the pictures with normal ones …"), show_time=True):
        scores = cache.strangeness(run, data.name, normal_classes)
        aside = cache.strangeness(run, data.name, normal_classes, "validation")
    name = st.selectbox(
        t("Score"),
        list(scores),
        format_func=lambda name: t(anomaly.SCORES[name].title),
        key=SCORE,
        persist_state="session",
        help=t("How strangeness is measured. Higher is stranger for each of them."),
        width=320,
    )
    chosen = scores[name]
    normal = anomaly.is_normal(data, normal_classes)
    validation = aside[name]
    threshold = anomaly.default_threshold(validation, QUANTILE)
    ink = ink_correlation(chosen, data.images)
    st.caption(t(anomaly.SCORES[name].help) + " " + t("Here its rank correlation with ink is {ink:.2f}.", ink=ink))
    key = f"threshold-{run.id}-{name}-{normal_classes}"
    _show_threshold(run, name, chosen, normal, threshold, len(validation), key)
    _show_ends(run, data, chosen, normal)
    _show_scores(run, data, scores, normal)


def _choose_normal(run: Run, data: ImageData) -> tuple[int, ...] | None:
    """The classes that count as normal; `None` where the visitor has to choose, which the page has then said."""
    learnt = learnt_classes(run.config.data, data.class_names)
    if learnt is not None:
        names = ", ".join(t(data.class_names[number]) for number in learnt)
        st.markdown(
            t("This model learnt only **{names}**: that is normal to it. Everything else is strange.", names=names)
        )
        return learnt
    st.warning(
        t(
            "This model learnt all classes, so it has no reason to find any of them strange. You can still call some "
            "normal and see what comes of it; an honest trial needs a model that learnt only those."
        ),
        icon=":material/info:",
    )
    normal = st.pills(
        t("Call these classes normal"),
        range(len(data.class_names)),
        selection_mode="multi",
        default=[0],
        format_func=lambda number: t(data.class_names[number]),
        key=NORMAL,
        persist_state="session",
    )
    possible = 0 < len(normal) < len(data.class_names)
    wanted = st.button(
        t("Train a model on only these"),
        icon=":material/model_training:",
        disabled=not possible,
        help=None if possible else t("Choose at least one class, and leave at least one out."),
    )
    if wanted and possible:
        own = run.config.data.name
        state.propose(only_these(own if datasets.is_present(own) else data.name, normal))
        st.switch_page(BY_NAME["train"].script)
    if not possible:
        st.info(t("Choose at least one normal class, and leave at least one out: there has to be something strange."))
        return None
    return tuple(sorted(normal))


@st.fragment
@guarded()
def _show_threshold(
    run: Run,
    name: str,
    scores: NDArray[np.float64],
    normal: NDArray[np.bool_],
    default: float,
    validated: int,
    key: str,
) -> None:
    from vae_core import anomaly

    title = t(anomaly.SCORES[name].title)
    places = scale(scores, default)
    threshold = st.slider(
        t("Threshold: pictures that score higher are called strange"),
        places.low,
        places.high,
        default,
        places.step,
        format=f"%.{places.digits}f",
        key=key,
    )
    found = anomaly.report(scores, normal, places.clamp(threshold))
    st.markdown(in_words(found.confusion))
    st.button(
        t("Back to the default"),
        icon=":material/restart_alt:",
        disabled=threshold == default,
        help=t("The threshold stands there already.") if threshold == default else None,
        on_click=_forget,
        args=(key,),
    )
    st.caption(
        t(
            "The default is the score that {share:.0%} of the {count:,} normal validation pictures do not exceed. The test "
            "pictures, which are judged here, had no say in it.",
            share=QUANTILE,
            count=validated,
        )
        + (
            ""
            if shown_data(run).name == run.config.data.name
            else " " + t("This model may have learnt from those validation pictures: expect a few more false alarms.")
        )
    )
    left, right = st.columns(2)
    with left:
        show_chart(
            charts.score_histogram(
                scores, ~normal, threshold=threshold, unit=t("{title} (higher is stranger)", title=title)
            ),
            t("The less the two hills overlap, the better the score tells them apart."),
            key="histogram",
            about="scores",
        )
    with right:
        chosen = (found.confusion.false_alarm_rate, found.confusion.found_rate)
        show_chart(
            charts.roc(found.false_alarm_rates, found.found_rates, found.auroc, chosen=chosen),
            t(
                "Every threshold at once. AUROC {auroc:.3f}: the chance that a strange picture scores higher than a "
                "normal one. 1 is perfect, 0.5 is guessing.",
                auroc=found.auroc,
            ),
            key="roc",
            about="roc",
        )


def _show_ends(run: Run, data: ImageData, scores: NDArray[np.float64], normal: NDArray[np.bool_]) -> None:
    from vae_core.anomaly import strangest

    order = strangest(scores)
    digits = scale(scores, float(scores[0])).digits
    for title, numbers in (
        (t("The strangest pictures"), order[:ENDS]),
        (t("The most typical pictures"), order[::-1][:ENDS]),
    ):
        st.subheader(title)
        found = reconstruct(cache.model(run), data, numbers)
        with st.container(horizontal=True, gap="small"):
            for row, number in enumerate(numbers.tolist()):
                kind = t("normal") if normal[number] else t("strange")
                name = t(data.class_names[int(data.labels[number])])
                both = np.stack([data.images[number] / 255, found.recons[row]])
                with st.container(width=73, gap="xxsmall"):
                    st.image(sheet(both, 1, scale=3, padding=1), width=73, alt=f"{name}, {kind}")
                    st.caption(f"**{scores[number]:.{digits}f}**  \n{name}, {kind}")
    st.caption(
        t(
            "Above, the picture; below, what the model makes of it; under them the score, the class, and what it counts "
            "as. Nothing strange is hidden: both rows are taken from all {count:,} test pictures.",
            count=len(data),
        )
    )


def _show_scores(
    run: Run, data: ImageData, scores: Mapping[str, NDArray[np.float64]], normal: NDArray[np.bool_]
) -> None:
    from vae_core.anomaly import SCORES, to_csv

    st.subheader(t("All scores"))
    rows: Sequence[Mapping[str, object]] = [
        {
            t("Score"): t(SCORES[name].title),
            t("AUROC"): float(roc_auc_score(~normal, values)),
            t("Ink correlation"): ink_correlation(values, data.images),
        }
        for name, values in scores.items()
    ]
    st.dataframe(
        rows,
        hide_index=True,
        column_config={
            t("AUROC"): st.column_config.NumberColumn(format="%.3f"),
            t("Ink correlation"): st.column_config.NumberColumn(format="%.2f"),
        },
        width=480,
    )
    st.caption(
        t(
            "Ink correlation: the rank correlation of a score with the amount of ink. A score where it is near 1 mostly counts how much ink a picture has: a bold normal digit "
            "looks strange to it, and a thin strange one does not. Cross-entropy and −ELBO tend to do that."
        )
    )
    download(
        t("Download all scores (CSV)"),
        to_csv(data, scores, normal),
        f"diabolo-{run.id}-anomaly-scores.csv",
        "text/csv",
    )


def _forget(key: str) -> None:
    st.session_state.pop(key, None)
