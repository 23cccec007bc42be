"""What if: train again with one or two settings changed, and see what they do: a small family of runs in one chart."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import streamlit as st

from pages.ui import cache, number_text, settings, standing, what_if_charts
from pages.ui.boundary import guarded
from pages.ui.chart_view import show_chart
from pages.ui.cost import show_time
from pages.ui.forms import CHOICES
from pages.ui.navigation import BY_NAME
from pages.ui.run_names import labels
from pages.ui.text import N_, SOURCE, describe, language, plain, t
from vae_core import runs, sweeps
from vae_core.config import RunConfig, field
from vae_core.errors import InputError
from vae_core.events import EpochEnd
from vae_core.jobs import client
from vae_core.runs import Run, Summary
from vae_core.setting_text import to_text
from vae_core.settings import choices

MOST_COMPARED = 6


@st.fragment
@guarded()
def show_what_if(run: Run) -> None:
    """Folded, below a run that has settings."""
    opened = st.expander(t("What if …?"), icon=":material/alt_route:", key=f"what_if_{run.id}", on_change="rerun")
    if not opened.open:
        return
    with opened, guarded():
        paths = _choose(run.config)
        if paths:
            _queue(run.config, paths)
            _results(run, paths)


def shown(path: str, value: Any) -> str:
    """A setting's value for a person."""
    return t(CHOICES[value]) if isinstance(value, str) and value in CHOICES else to_text(value)


def _named(text: str) -> str:
    """A value as it is chosen and typed, for a person."""
    number = None if text in CHOICES else number_text.parse(text, SOURCE)
    return t(CHOICES[text]) if text in CHOICES else text if number is None else number_text.shown(_from(number))


def _from(number: Decimal) -> int | float:
    return int(number) if number == number.to_integral_value() and abs(number) < 10**20 else float(number)


def _as_stored(path: str, typed: str) -> str:
    """What was typed for a setting, a number as the settings' own text has it: `0,5` is `0.5`."""
    number = None if choices(field(path)) else number_text.parse(typed, language())
    return typed if number is None else to_text(_from(number))


def _title(path: str) -> str:
    return t(field(path).title or path)


def _choose(base: RunConfig) -> list[str]:
    """One or two settings; at first one in which there are other runs already, if there is any."""
    offered = sweeps.offered(base)
    there = sweeps.varied(base, {s.id: s.config for s in runs.list_runs() if s.config is not None})
    return st.multiselect(
        t("Train again with another"),
        offered,
        default=[(there or offered)[0]],
        format_func=_title,
        max_selections=2,
        key="what_if_settings",
        placeholder=t("one or two settings"),
        help=t("Everything else stays as it is in this run."),
    )


def _queue(base: RunConfig, paths: Sequence[str]) -> None:
    """The values, and the button that queues a training for each combination."""
    values: dict[str, list[Any]] = {}
    problem, configs = "", []
    try:
        for path in paths:
            first, key = [to_text(value) for value in sweeps.VALUES[path]], f"what_if_values_{path}"
            usual = [text for text in first if text != to_text(base.get(path))][:3]
            # Not the widget's own default: what was typed is brought into the settings' own form.
            st.session_state[key] = [_as_stored(path, text) for text in st.session_state.get(key, usual)]
            typed = st.multiselect(
                _title(path),
                first,
                format_func=_named,
                accept_new_options=True,
                max_selections=sweeps.MOST_RUNS,
                key=key,
                placeholder=t("values"),
                help=t(
                    "This run has {value}. Type any other value and press Enter.", value=shown(path, base.get(path))
                ),
            )
            values[path] = [sweeps.parse(path, text) for text in typed]
        configs = sweeps.grid(base.replace(training__threads=None), values)
        for config in configs:
            settings.check(config)
        room = max(client.MOST_WAITING - runs.unsettled(), 0)
        if len(configs) > room:
            raise InputError(
                N_("These are {count} trainings, but only {room} more may wait now. Choose fewer values, or wait."),
                count=len(configs),
                room=room,
            )
    except InputError as error:
        problem = describe(error)
    with st.container(horizontal=True, vertical_alignment="center"):
        asked = st.button(
            t("Queue {count} trainings", count=len(configs)),
            type="primary",
            icon=":material/playlist_add:",
            disabled=bool(problem),
            help=plain(problem) or t("They train one after the other, in the background."),
            key="what_if_queue",
        )
        time = st.container()
    if problem:
        st.caption(plain(problem))
    elif asked:
        queued = [client.submit(config) for config in configs]
        st.success(t("{count} trainings are queued. Their figures appear below.", count=len(queued)))
    else:
        with time:
            show_time(configs)


def _family(base: Run, paths: Sequence[str]) -> dict[str, tuple[Summary, Mapping[str, Any]]]:
    summaries = {summary.id: summary for summary in runs.list_runs() if summary.config is not None}
    configs = {run_id: summary.config for run_id, summary in summaries.items() if summary.config is not None}
    found = sweeps.family(base.config, configs, paths)
    return {run_id: (summaries[run_id], values) for run_id, values in found.items()}


def _results(run: Run, paths: Sequence[str]) -> None:
    """What the runs of this family have come to, on the pictures kept aside: the test pictures are not to choose by."""
    members = _family(run, paths)
    done = {run_id: pair for run_id, pair in members.items() if pair[0].state == "finished" and pair[0].metrics}
    coming = sum(standing.is_active(pair[0]) for pair in members.values())
    if coming:
        _wait(run, tuple(paths), len(done))
    if len(done) < 2:
        if not coming:
            st.caption(t("No other run yet that differs from this one only in these settings."))
        return
    names = labels([summary for summary, _ in done.values()])
    rows = [
        what_if_charts.Row(
            names[run_id],
            {path: values[path] for path in paths},
            _kept_aside(run_id),
            run_id == run.id,
        )
        for run_id, (summary, values) in done.items()
    ]
    rows.sort(key=lambda row: [(isinstance(value, str), value) for value in row.values.values()])
    figures = what_if_charts.figures(rows)
    figure_name = st.segmented_control(
        t("Figure"),
        list(figures),
        default=figures[0],
        required=True,
        format_func=lambda name: t(what_if_charts.FIGURES[name]),
        key="what_if_figure",
        wrap=True,
    )
    chart, words = what_if_charts.chart(rows, paths, str(figure_name), [_title(path) for path in paths], shown)
    show_chart(chart, words, key="what_if_chart", about="sweep")
    st.dataframe(
        {
            **{_title(path): [shown(path, row.values[path]) for row in rows] for path in paths},
            **{t(what_if_charts.FIGURES[name]): [row.metrics.get(name) for row in rows] for name in figures},
        },
        hide_index=True,
    )
    chosen = ",".join(list(done)[:MOST_COMPARED])
    entry = BY_NAME["compare"]
    st.page_link(
        entry.script,
        label=t("Compare them picture by picture"),
        icon=entry.icon,
        query_params={"runs": chosen},
    )


def _kept_aside(run_id: str) -> dict[str, float]:
    """The figures of a run's last epoch on the pictures kept aside."""
    last = next(event for event in reversed(cache.log(runs.find(run_id)).read()) if isinstance(event, EpochEnd))
    found = {"recon": last.validation.recon}
    if runs.find(run_id).config.model.kind != "autoencoder":
        found |= {"negative_elbo": last.validation.recon + last.validation.kl, "kl": last.validation.kl}
    return found


@st.fragment(run_every=2.0)
@guarded()
def _wait(run: Run, paths: tuple[str, ...], before: int) -> None:
    """Says how many are still to come, and shows the block anew when one is there."""
    members = _family(run, paths)
    done = sum(pair[0].state == "finished" and bool(pair[0].metrics) for pair in members.values())
    coming = sum(standing.is_active(pair[0]) for pair in members.values())
    if done != before:
        st.rerun()
    st.info(t("{count} trainings are still to come.", count=coming), icon=":material/hourglass_top:")
