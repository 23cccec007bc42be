"""What looks strange to a model: scores, a threshold, and the pictures at both ends."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.ui import address, cache, charts, csv_files, state
from pages.ui.anomaly_choice import choose, normal_classes, place, places
from pages.ui.boundary import guarded
from pages.ui.chart_view import show_chart
from pages.ui.controls import download
from pages.ui.images import sheet
from pages.ui.navigation import BY_NAME
from pages.ui.number_tables import number_table
from pages.ui.primary import primary
from pages.ui.reconstruction import reconstruct
from pages.ui.strangeness import in_words, ink_correlation, only_these, scale, seen_before, threshold_in_words
from pages.ui.text import describe, plain, t
from vae_core import datasets, learnt
from vae_core.datasets import ImageData
from vae_core.errors import InputError
from vae_core.roc import roc_auc_score
from vae_core.runs import Run

SCORE, NORMAL = "anomaly_score", "anomaly_normal"
ENDS = 8


def show_anomalies(run: Run, data: ImageData) -> None:
    """Scores of all test pictures, judged by which classes are normal.

    Args:
        data: The test pictures that the run is shown on.
    """
    from vae_core import anomaly

    try:
        classes = _choose_normal(run, data)
    except InputError as error:
        st.info(plain(describe(error)))
        return
    if classes is None:
        return
    with st.spinner(t("Comparing the images with normal ones …"), show_time=True):
        scores = cache.strangeness(run, data.name, classes)
    _show_results(run, data, scores, classes)
    _show_scores(data, scores, anomaly.is_normal(data, classes))


def _choose_normal(run: Run, data: ImageData) -> tuple[int, ...] | None:
    """The classes that count as normal; `None` where the visitor has to choose, which the page has then said."""
    possible_classes = normal_classes(run, data)
    if learnt.some_classes(run.config.data) is not None:
        names = ", ".join(t(data.class_names[number]) for number in possible_classes)
        st.markdown(
            t("This model learnt only **{names}**: that is normal to it. Everything else is anomalous.", names=names)
        )
        return possible_classes
    st.warning(
        t(
            "This model learnt all classes, so it has no reason to find any of them anomalous. You can "
            "still call some normal and see what comes of it; an honest trial needs a model that learnt "
            "only those."
        ),
        icon=":material/info:",
    )
    everything = range(len(data.class_names))
    chosen = state.chosen_normal(everything)
    # Set before the pills are made, as the score is.
    st.session_state[NORMAL] = [0] if chosen is None else list(chosen)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        normal = st.pills(
            t("Classes that count as normal"),
            everything,
            selection_mode="multi",
            format_func=lambda number: t(data.class_names[number]),
            key=NORMAL,
            on_change=lambda: state.choose_normal(st.session_state[NORMAL]),
        )
        possible = 0 < len(normal) < len(data.class_names)
        wanted = st.button(
            t("Train a model on only these"),
            type=primary("only_these"),
            key="only_these",
            icon=":material/model_training:",
            disabled=not possible,
            help=None if possible else t("Choose at least one class, and leave at least one out."),
        )
    if wanted and possible:
        own = run.config.data.name
        state.propose(only_these(own if datasets.is_present(own) else data.name, normal))
        address.go(BY_NAME["train"].script)
    if not possible:
        st.info(t("Choose at least one normal class, and leave at least one out: there has to be something anomalous."))
        return None
    return tuple(sorted(normal))


@st.fragment
@guarded()
def _show_results(
    run: Run, data: ImageData, all_scores: Mapping[str, NDArray[np.float64]], classes: tuple[int, ...]
) -> None:
    """The score and its threshold, what they find, and the images at both ends; then every threshold at once."""
    from vae_core import anomaly

    left, middle = st.columns([2, 3], vertical_alignment="bottom")
    with left:
        _choose_score(all_scores, choose(run, data, classes).score)
    chosen = choose(run, data, classes)
    name, scores, normal = chosen.score, all_scores[chosen.score], anomaly.is_normal(data, classes)
    verdicts = cache.detector(run, data.name, classes).verdicts(data, all_scores, name, at=chosen.threshold)
    threshold = verdicts.threshold
    with middle:
        _choose_threshold(run, data, classes, name, threshold)
    state.write_verdict(name, threshold)
    found = anomaly.report(scores, normal, threshold)
    st.markdown(in_words(found.confusion))
    _show_ends(run, data, scores, normal)
    is_default = chosen.threshold is None
    st.button(
        t("Back to the default"),
        icon=":material/restart_alt:",
        disabled=is_default,
        help=t("The threshold stands there already.") if is_default else None,
        on_click=state.choose_threshold,
        args=(place(run, name, classes), None),
    )
    ink = ink_correlation(scores, data.images)
    st.caption(
        " ".join(
            [
                threshold_in_words(verdicts.default),
                t("The test images, which are judged here, had no say in it."),
                *seen_before(run, data),
                t(anomaly.SCORES[name].help),
                t("Here its rank correlation with ink is {ink:.2f}.", ink=ink),
            ]
        )
    )
    title = t(anomaly.SCORES[name].title)
    left, right = st.columns(2)
    with left:
        show_chart(
            charts.score_histogram(
                scores, ~normal, threshold=threshold, unit=t("{title} (higher is more anomalous)", title=title)
            ),
            t("The less the two hills overlap, the better the score tells them apart."),
            key="histogram",
            about="scores",
        )
    with right:
        here = (found.confusion.false_alarm_rate, found.confusion.found_rate)
        show_chart(
            charts.roc(found.false_alarm_rates, found.found_rates, found.auroc, chosen=here),
            t(
                "Every threshold at once. AUROC {auroc:.3f}: the chance that an anomalous image scores "
                "higher than a normal one. 1 is perfect, 0.5 is guessing.",
                auroc=found.auroc,
            ),
            key="roc",
            about="roc",
        )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        download(
            t("Download all scores (CSV)"),
            anomaly.to_csv(data, all_scores, normal, verdicts, csv_files.chosen_form(), t),
            f"diabolo-{run.id}-anomaly-scores.csv",
            "text/csv",
            help=t(
                "One row per image: its class, the score chosen here with its threshold, whether it is "
                "flagged, all scores."
            ),
        )
        csv_files.choose_form("anomaly_csv")


def _choose_score(scores: Collection[str], name: str) -> None:
    from vae_core import anomaly

    # Set before the box is made: the address or another page may have named it.
    st.session_state[SCORE] = name
    st.selectbox(
        t("Score"),
        list(scores),
        format_func=lambda name: t(anomaly.SCORES[name].title),
        key=SCORE,
        on_change=lambda: state.choose_score(st.session_state[SCORE]),
        help=t("How an anomaly is measured. For each of them, higher is more anomalous."),
    )


def _choose_threshold(run: Run, data: ImageData, classes: tuple[int, ...], name: str, threshold: float) -> None:
    where, key = place(run, name, classes), f"threshold-{run.id}-{name}-{classes}"
    reach = places(run, data, classes, name)
    # Set before the slider is made, as the score is.
    st.session_state[key] = threshold
    st.slider(
        t("Threshold: images scoring above it are flagged"),
        reach.low,
        reach.high,
        step=reach.step,
        format=f"%.{reach.digits}f",
        key=key,
        on_change=lambda: state.choose_threshold(where, st.session_state[key]),
    )


def _show_ends(run: Run, data: ImageData, scores: NDArray[np.float64], normal: NDArray[np.bool_]) -> None:
    from vae_core.anomaly import strangest

    order = strangest(scores)
    digits = scale(scores, float(scores[0])).digits
    for title, numbers in (
        (t("The most anomalous images"), order[:ENDS]),
        (t("The most typical images"), order[::-1][:ENDS]),
    ):
        st.subheader(title)
        found = reconstruct(cache.model(run), data, numbers)
        with st.container(horizontal=True, gap="small"):
            for row, number in enumerate(numbers.tolist()):
                kind = t("normal") if normal[number] else t("anomalous")
                name = t(data.class_names[int(data.labels[number])])
                both = np.stack([data.images[number] / 255, found.recons[row]])
                with st.container(width=73, gap="xxsmall"):
                    st.image(sheet(both, 1, scale=3, padding=1), width=73, alt=f"{name}, {kind}")
                    st.caption(f"**{scores[number]:.{digits}f}**  \n{name}, {kind}")
    st.caption(
        t(
            "Above, the image; below, its reconstruction; under them the score, the class, and its "
            "category (normal or anomalous). Nothing is hidden: both rows are taken from all {count:,} "
            "test images.",
            count=len(data),
        )
    )


def _show_scores(data: ImageData, scores: Mapping[str, NDArray[np.float64]], normal: NDArray[np.bool_]) -> None:
    from vae_core.anomaly import SCORES

    st.subheader(t("All scores"))
    rows: Sequence[Mapping[str, object]] = [
        {
            t("Score"): t(SCORES[name].title),
            t("AUROC"): float(roc_auc_score(~normal, values)),
            t("Ink correlation"): ink_correlation(values, data.images),
        }
        for name, values in scores.items()
    ]
    st.dataframe(number_table(rows, {t("AUROC"): ".3f", t("Ink correlation"): ".2f"}), hide_index=True, width=480)
    st.caption(
        t(
            "Ink correlation: the rank correlation of a score with the amount of ink. A score where it is "
            "near 1 mostly counts how much ink an image has: a bold normal digit is anomalous to it, and a "
            "thin anomalous one is not. Cross-entropy and −ELBO tend to do that."
        )
    )
