"""The coach: below a run, what is wrong with it, the number that says so, and a button that trains the mended run.

While a run trains it looks at the curves alone, again and again; of a run that has ended it looks at the model too. One
that was stopped on its way isn't judged, and it says so.
"""

import math
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import cache, coach_charts, settings, standing, state
from pages.ui.boundary import guarded
from pages.ui.chart_view import show_chart
from pages.ui.longer_code import is_short, offer_longer_code
from pages.ui.primary import primary
from pages.ui.shown import shown_data
from pages.ui.text import describe, plain, t, tn, written
from pages.ui.what_if import shown
from vae_core import diagnosis, runs, verdict
from vae_core.config import field
from vae_core.control import STATES, is_active
from vae_core.errors import DiaboloError, InputError
from vae_core.jobs import client
from vae_core.runs import Run

if TYPE_CHECKING:
    from vae_core.diagnosis import Check
    from vae_core.verdict import Verdict

LOOK_SECONDS = 3.0  # a page that changes more often can't be read
UNFINISHED = (*(state for state, row in STATES.items() if row.is_active), "paused")


def show_coach(run: Run) -> None:
    """The faults of a run, each as a card; one line where there is none."""
    with guarded():
        now = run.state()
        # How it looks is fixed until the whole page runs again, as it does when the training ends: no model is loaded
        # by a look that repeats.
        pace = LOOK_SECONDS if is_active(now) else None
        st.fragment(guarded()(_look), run_every=pace)(run.id, live=now in UNFINISHED)


def _look(run_id: str, *, live: bool) -> None:
    run = runs.find(run_id)
    if not live:
        _report(run, verdict_on(run), live=False)
    elif run.config.training.epochs > diagnosis.FEWEST_EPOCHS:  # else it is over before anything can be said
        _report(run, verdict_so_far(run), live=True)


def verdict_so_far(run: Run) -> "Verdict":
    """What the curves of an unfinished run tell."""
    return verdict.judge(run.config, cache.log(run).read(), live=True)


def verdict_on(run: Run) -> "Verdict":
    """What the curves and the model of a run that has ended tell, or why it isn't judged."""

    def look() -> Sequence["Check"]:
        with suppress(DiaboloError):  # it has no model, or none that can be read: the page says so elsewhere
            own, shown = run.config.data.name, shown_data(run).name
            if shown == own or own == "mnist":  # any other pictures would be judged by what the model never learnt
                return cache.model_checks(run, shown)
        return ()

    return verdict.judge(run.config, cache.log(run).read(), look)


def all_checks(run: Run) -> list["Check"]:
    """The checks of a run that has ended, as far as it is judged."""
    return list(verdict_on(run).checks)


def _report(run: Run, found: "Verdict", *, live: bool) -> None:
    st.subheader(t("The coach"), anchor=False)
    checks, faults = found.checks, found.faults
    # A place of their own: one fault more or less, and the expander below stays the same one, open or not.
    with st.container():
        if found.unjudged:
            _say_it_is_not_judged(found)
        elif not faults:
            _say_nothing_is_wrong(len(checks), live=live)
            if not live:
                _say_what_limits(run)
        for check in faults:
            with st.container(border=True, key=f"coach_{check.kind}"):
                _fault(run, check, live=live)
    with st.expander(t("All checks and their values"), icon=":material/fact_check:"):
        if not checks:
            st.caption(t("None.") if found.unjudged else t("None yet."))
            return
        st.dataframe(
            {
                t("Check"): [t(diagnosis.CHECKS[check.kind].title) for check in checks],
                t("Value"): [_number(check.value) for check in checks],
                t("Limit"): [_number(check.limit) for check in checks],
                t("Fault"): [_is_fault(check) for check in checks],
                t("What it is"): [t(diagnosis.CHECKS[check.kind].number) for check in checks],
            },
            hide_index=True,
        )


def _is_fault(check: "Check") -> str:
    if check.is_fault:
        return t("yes")
    return f"{t('no')}: {t(check.why_not, **check.values)}" if check.why_not else t("no")


def _say_it_is_not_judged(found: "Verdict") -> None:
    st.info(t(found.unjudged, **found.values), icon=":material/pending:")
    if found.checks and not found.faults:
        st.caption(
            tn(
                "Up to there, the {count} check of its curves passed.",
                "Up to there, the {count} checks of its curves passed.",
                "count",
                count=len(found.checks),
            )
        )


def _say_nothing_is_wrong(count: int, *, live: bool) -> None:
    if not live:
        st.success(
            tn("The {count} check passed.", "All {count} checks passed.", "count", count=count),
            icon=":material/check_circle:",
        )
    elif count:
        st.caption(
            tn(
                "The {count} check of the curves passed so far. When the training ends, more look at the model.",
                "The {count} checks of the curves passed so far. When the training ends, more look at the model.",
                "count",
                count=count,
            )
        )
    else:
        st.caption(
            t(
                "It looks at the curves while the model learns, and says here what goes wrong: mostly from epoch {epoch} on.",
                epoch=diagnosis.FEWEST_EPOCHS,
            )
        )


def _say_what_limits(run: Run) -> None:
    """A run without a fault may still give blurred pictures back: then its code is short, and says what it can."""
    metrics = run.metrics() or {}
    error, of_mean = metrics.get("mse"), metrics.get("mse_mean_image")
    if not is_short(run.config) or not error or not of_mean:
        return
    st.caption(
        tn(
            "What limits its images now is the length of their code: with {size} latent dimension, {share:.0%} of "
            "the mean image's error is left.",
            "What limits its images now is the length of their code: with {size} latent dimensions, "
            "{share:.0%} of the mean image's error is left.",
            "size",
            size=run.config.model.latent_dim,
            share=error / of_mean,
        )
    )
    offer_longer_code(run.config)


def _number(value: float) -> str:
    return written(value, ".3g") if math.isfinite(value) else "∞"


def _fault(run: Run, check: "Check", *, live: bool) -> None:
    kind = diagnosis.CHECKS[check.kind]
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.markdown(f":material/warning: **{t(kind.title)}**")
        st.markdown(t(check.message, **check.values))
        st.caption(
            t(
                "{what}: {value}, and more than {limit} is a fault.",
                what=t(kind.number),
                value=_number(check.value),
                limit=_number(check.limit),
            )
            if check.value > check.limit
            else t(
                "{what}: {value}, and less than {limit} is a fault.",
                what=t(kind.number),
                value=_number(check.value),
                limit=_number(check.limit),
            )
        )
        _mend(run, check, live=live)
    if not any(len(values) for values in check.series.values()):
        return  # it went astray before its first epoch was over: there is no curve
    with right:
        figure, words = coach_charts.evidence(check)
        about = "coach_model" if diagnosis.CHECKS[check.kind].of_model else "coach_curves"
        show_chart(figure, words, key=f"coach_chart_{check.kind}", about=about)


def _mend(run: Run, check: "Check", *, live: bool) -> None:
    """The settings that would help, and the buttons that try them."""
    if not check.changes:
        return
    config, problem = run.config, ""
    try:
        mended = config.with_values({**check.changes, "name": "", "training.threads": None})
        settings.check(mended)
    except InputError as error:
        problem = describe(error)
    changed = ", ".join(
        f"{t(field(path).title or path)} {shown(path, config.get(path))} → {shown(path, value)}"
        for path, value in check.changes.items()
        if config.get(path) != value
    )
    with st.container(horizontal=True):
        stops = live and _stop_button(run, check, problem)
        trains = st.button(
            t("Keep it, queue a run with the fix") if live else t("Train with the suggested fix"),
            icon=":material/healing:",
            key=f"mend_{check.kind}",
            type="secondary" if live else primary(f"mend_{check.kind}"),
            disabled=bool(problem),
            help=problem or None,
        )
    words = plain(problem or changed)
    if live and not problem:
        words += "  \n" + t(
            "The first button queues the run with the fix and then stops this one, which stays in the list "
            "with the model it has by then."
        )
    st.caption(words)
    if stops or trains:
        queued = client.submit(mended)
        if stops:
            with suppress(InputError):  # it has ended by itself meanwhile
                client.ask(run, "stop")
        state.follow_run(queued.id)
        st.rerun()


def _stop_button(run: Run, check: "Check", problem: str) -> bool:
    problem = problem or standing.refusal("stop", standing.look(run))
    return st.button(
        t("Stop it, train with the suggested fix"),
        icon=":material/healing:",
        key=f"mend_instead_{check.kind}",
        type=primary(f"mend_instead_{check.kind}"),
        disabled=bool(problem),
        help=problem or None,
    )
