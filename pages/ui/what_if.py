"""What if: train again with one or two settings changed, and see what they do: a small family of runs in one chart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pandas as pd
import streamlit as st

from pages.ui import cache, number_text, settings, standing, what_if_charts
from pages.ui.boundary import guarded
from pages.ui.chart_view import show_chart
from pages.ui.cost import show_time
from pages.ui.forms import in_words
from pages.ui.navigation import BY_NAME
from pages.ui.number_tables import number_table
from pages.ui.primary import primary
from pages.ui.run_names import labels
from pages.ui.text import SOURCE, describe, language, plain, t, tn
from vae_core import runs, sweeps
from vae_core.config import RunConfig, field
from vae_core.errors import DiaboloError
from vae_core.events import EpochEnd
from vae_core.jobs import client
from vae_core.runs import Run, Summary
from vae_core.setting_text import to_text
from vae_core.settings import CHOICES, choices

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
    return in_words(value)


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


def _figure(name: str) -> str:
    return t(what_if_charts.FIGURES[name])


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
        client.check_room(len(configs))
    except DiaboloError as error:
        problem = describe(error)
    with st.container(horizontal=True, vertical_alignment="center"):
        asked = st.button(
            tn("Queue {count} training", "Queue {count} trainings", "count", count=len(configs)),
            type=primary("what_if_queue"),
            icon=":material/playlist_add:",
            disabled=bool(problem),
            help=plain(problem) or t("They train one after the other, in the background."),
            key="what_if_queue",
        )
        time = st.container()
    if problem:
        st.caption(plain(problem))
    elif asked:
        queued = client.submit_all(configs)
        st.success(
            tn(
                "{count} training is queued. Its figures appear below.",
                "{count} trainings are queued. Their figures appear below.",
                "count",
                count=len(queued),
            )
        )
    else:
        with time:
            show_time(configs)


SEED = "training.seed"


@dataclass(frozen=True)
class _Family:
    """The runs that differ from one run in some settings alone, and in their seeds.

    Attributes:
        trained: Those that did all their epochs, with their figures on the validation images.
        values: Of the settings, by run.
        left_out: Those that ended before their last epoch, or whose record doesn't tell.
        coming: How many are still to come.
    """

    trained: Mapping[str, tuple[Summary, Mapping[str, float]]]
    values: Mapping[str, Mapping[str, Any]]
    left_out: Sequence[Summary]
    coming: int


def _family(base: Run, paths: Sequence[str]) -> _Family:
    summaries = {summary.id: summary for summary in runs.list_runs() if summary.config is not None}
    configs = {run_id: summary.config for run_id, summary in summaries.items() if summary.config is not None}
    # Another seed is the same setting tried again.
    values = sweeps.family(base.config, configs, [*paths, SEED])
    trained, left_out, coming = {}, [], 0
    for run_id in values:
        summary = summaries[run_id]
        figures = _on_validation(run_id, configs[run_id]) if summary.state == "finished" else None
        if figures is not None:
            trained[run_id] = summary, figures
        elif standing.is_active(summary):
            coming += 1
        else:
            left_out.append(summary)
    return _Family(trained, values, left_out, coming)


def _results(run: Run, paths: Sequence[str]) -> None:
    """What the runs of this family have come to, on validation images: the test images are not to choose by."""
    family = _family(run, paths)
    if family.coming:
        _wait(run, tuple(paths), len(family.trained))
    if family.left_out:
        names = labels(family.left_out)
        st.caption(
            t(
                "Left out, for they did not do all of their epochs: {names}.",
                names=plain(", ".join(names[one.id] for one in family.left_out)),
            )
        )
    names = labels([summary for summary, _ in family.trained.values()])
    rows = what_if_charts.rows(
        [
            what_if_charts.Trial(
                names[run_id],
                {path: family.values[run_id][path] for path in paths},
                int(family.values[run_id][SEED]),
                figures,
                run_id == run.id,
                run_id,
            )
            for run_id, (_, figures) in family.trained.items()
        ]
    )
    if len(rows) < 2:
        if not family.coming:
            st.caption(t("No other run yet that differs from this one only in these settings."))
        return
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
    table = {
        **{_title(path): [shown(path, row.values[path]) for row in rows] for path in paths},
        **{_figure(name): [row.metrics.get(name) for row in rows] for name in figures},
    }
    if any(row.seeds > 1 for row in rows):
        table |= {t("Seeds"): [row.seeds for row in rows]}
        table |= {f"± {_figure(name)}": [row.spread.get(name) for row in rows] for name in figures}
    specs = {
        heading: ".4g" for name in figures for heading in (_figure(name), f"± {_figure(name)}") if heading in table
    }
    st.dataframe(number_table(pd.DataFrame(table), specs), hide_index=True)
    entry = BY_NAME["compare"]
    st.page_link(
        entry.script,
        label=t("Compare them image by image"),
        icon=entry.icon,
        query_params={"runs": ",".join([row.run_id for row in rows][:MOST_COMPARED])},
    )


def _on_validation(run_id: str, config: RunConfig) -> dict[str, float] | None:
    """A run's figures after its last epoch, on validation images; `None` where it didn't come that far, as its log says."""
    try:
        events = cache.log(runs.find(run_id)).read()
    except DiaboloError:  # deleted, or damaged
        return None
    last = next((event for event in reversed(events) if isinstance(event, EpochEnd)), None)
    if last is None or last.epoch < config.training.epochs:
        return None
    found = {"recon": last.validation.recon}
    if config.model.kind != "autoencoder":
        found |= {"negative_elbo": last.validation.recon + last.validation.kl, "kl": last.validation.kl}
    return found


@st.fragment(run_every=2.0)
@guarded()
def _wait(run: Run, paths: tuple[str, ...], before: int) -> None:
    """Says how many are still to come, and shows the block anew when one is there."""
    family = _family(run, paths)
    if len(family.trained) != before:
        st.rerun()
    st.info(
        tn("{count} training is still to come.", "{count} trainings are still to come.", "count", count=family.coming),
        icon=":material/hourglass_top:",
    )
