"""The coach: below a run, what is wrong with it, the number that says so, and a button that trains the mended run."""

import math
from contextlib import suppress
from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import cache, coach_charts, settings, standing, state
from pages.ui.boundary import guarded
from pages.ui.chart_view import show_chart
from pages.ui.shown import shown_data
from pages.ui.text import describe, plain, t
from pages.ui.what_if import shown
from vae_core.config import RunConfig, field
from vae_core.errors import DiaboloError, InputError
from vae_core.jobs import client
from vae_core.runs import Run

if TYPE_CHECKING:
    from vae_core.diagnosis import Check


@st.fragment
@guarded()
def show_coach(run: Run) -> None:
    """The faults of a run that has ended, each as a card; one line where there is none."""
    if run.state() in standing.ACTIVE:
        return
    from vae_core import diagnosis

    events = cache.log(run).read()
    checks = diagnosis.diagnose_curves(run.config, events)
    with suppress(DiaboloError):  # it has no model, or none that can be read: the page says so elsewhere
        own, shown = run.config.data.name, shown_data(run).name
        if shown == own or own == "mnist":  # any other pictures would be judged by what the model never learnt
            checks += cache.model_checks(run, shown)
    checks = diagnosis.ordered(checks)
    faults = [check for check in checks if check.is_fault]
    if not checks:
        return
    st.subheader(t("The coach"), anchor=False)
    if not faults:
        st.success(t("No fault found in {count} checks.", count=len(checks)), icon=":material/check_circle:")
    for check in faults:
        with st.container(border=True, key=f"coach_{check.kind}"):
            _fault(run, check)
    with st.expander(t("All checks and their numbers"), icon=":material/fact_check:"):
        st.dataframe(
            {
                t("Check"): [t(diagnosis.CHECKS[check.kind].title) for check in checks],
                t("Number"): [_number(check.value) for check in checks],
                t("Limit"): [_number(check.limit) for check in checks],
                t("What it is"): [t(diagnosis.CHECKS[check.kind].number) for check in checks],
                t("Fault"): [t("yes") if check.is_fault else "" for check in checks],
            },
            hide_index=True,
        )


def _number(value: float) -> str:
    return f"{value:.3g}" if math.isfinite(value) else "∞"


def _fault(run: Run, check: "Check") -> None:
    from vae_core import diagnosis

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
        _mend(run.config, check)
    if not any(len(values) for values in check.series.values()):
        return  # it went astray before its first epoch was over: there is no curve
    with right:
        figure, words = coach_charts.evidence(check)
        about = "coach_model" if diagnosis.CHECKS[check.kind].of_model else "coach_curves"
        show_chart(figure, words, key=f"coach_chart_{check.kind}", about=about)


def _mend(config: RunConfig, check: "Check") -> None:
    """The settings that would help, and the button that tries them."""
    if not check.changes:
        return
    problem = ""
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
    if st.button(
        t("Train the mended run"),
        icon=":material/healing:",
        key=f"mend_{check.kind}",
        type="primary",
        disabled=bool(problem),
        help=problem or None,
    ):
        state.follow_run(client.submit(mended).id)
        st.rerun()
    st.caption(plain(problem or changed))
