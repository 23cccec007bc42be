"""A family of runs in one chart: a line for one setting, a map for two. Imports no Streamlit."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import plotly.graph_objects as go

from pages.ui.charts import NORMAL, STRANGE, template
from pages.ui.text import N_, as_it_is, t

FIGURES = {
    "negative_elbo": N_("−ELBO (nats)"),
    "recon": N_("Reconstruction (nats)"),
    "kl": N_("KL (nats)"),
}
"""What is compared, on the pictures kept aside."""


@dataclass(frozen=True)
class Trial:
    """A run of the family that did all its epochs.

    Attributes:
        name: What it is called.
        values: Of the settings that are varied, by dotted names.
        seed: Its own.
        metrics: Its figures.
        is_base: It is the run that was asked about.
        run_id: Its id.
    """

    name: str
    values: Mapping[str, Any]
    seed: int
    metrics: Mapping[str, float]
    is_base: bool
    run_id: str


@dataclass(frozen=True)
class Row:
    """A point of the family: the runs with the same values.

    Attributes:
        name: What it is called: the run, or the first of them.
        values: Of the settings that are varied, by dotted names.
        metrics: Its figures: of several seeds, the means.
        is_base: The run that was asked about is among them.
        run_id: The run's id, or that of the first.
        seeds: How many seeds there are.
        spread: The figures' standard deviations between the seeds; empty of one alone.
        repeats: How many runs more there are that have the seed of another: they tell nothing new, and don't count.
    """

    name: str
    values: Mapping[str, Any]
    metrics: Mapping[str, Any]
    is_base: bool
    run_id: str = ""
    seeds: int = 1
    spread: Mapping[str, float] = field(default_factory=dict)
    repeats: int = 0


def rows(trials: Sequence[Trial]) -> list[Row]:
    """A row for each set of values, in their order."""
    places: dict[str, list[Trial]] = {}
    for trial in sorted(trials, key=lambda trial: not trial.is_base):  # stable: of a seed, the run itself speaks
        places.setdefault(repr(sorted(trial.values.items())), []).append(trial)
    found = []
    for there in places.values():
        distinct = list({trial.seed: trial for trial in reversed(there)}.values())[::-1]
        names = [name for name in distinct[0].metrics if all(name in trial.metrics for trial in distinct)]
        figures = {name: np.array([trial.metrics[name] for trial in distinct], np.float64) for name in names}
        found.append(
            Row(
                there[0].name,
                there[0].values,
                {name: float(values.mean()) for name, values in figures.items()},
                there[0].is_base,
                there[0].run_id,
                len(distinct),
                {name: float(values.std(ddof=1)) for name, values in figures.items()} if len(distinct) > 1 else {},
                len(there) - len(distinct),
            )
        )
    return sorted(found, key=lambda row: [(isinstance(value, str), value) for value in row.values.values()])


def figures(rows: Sequence[Row]) -> list[str]:
    """The figures that all of them have."""
    return [name for name in FIGURES if all(isinstance(row.metrics.get(name), int | float) for row in rows)]


def chart(
    rows: Sequence[Row], paths: Sequence[str], figure: str, titles: Sequence[str], shown: Callable[[str, Any], str]
) -> tuple[go.Figure, str]:
    """One figure against one or two settings.

    Returns:
        The chart, and what it shows in words.
    """
    low = min(rows, key=lambda row: row.metrics[figure])
    high = max(rows, key=lambda row: row.metrics[figure])
    said = N_(
        "{figure} on the validation images: {low:.4g} with {low_values}, {high:.4g} with {high_values}. "
        "One run each: another seed would move the points a little."
    )
    if any(row.seeds > 1 for row in rows):
        said = N_(
            "{figure} on the validation images: {low:.4g} with {low_values}, {high:.4g} with {high_values}. Where several "
            "seeds were trained, the mean, with the standard deviation between them. Points of one run alone would move as "
            "much with another seed."
        )
    words = t(
        said,
        figure=t(FIGURES[figure]),
        low=low.metrics[figure],
        low_values=", ".join(shown(path, low.values[path]) for path in paths),
        high=high.metrics[figure],
        high_values=", ".join(shown(path, high.values[path]) for path in paths),
    )
    if repeats := sum(row.repeats for row in rows):
        words += " " + t(
            "Runs with the same settings and the same seed as another are counted once: {count}.", count=repeats
        )
    drawn = go.Figure()
    if len(paths) == 1:
        (path,) = paths
        ordered = sorted(rows, key=lambda row: (isinstance(row.values[path], str), row.values[path]))
        x = [as_it_is(shown(path, row.values[path])) for row in ordered]
        drawn.add_scatter(
            x=x,
            y=[row.metrics[figure] for row in ordered],
            mode="lines+markers",
            line={"color": NORMAL, "width": 2},
            marker={"size": 10, "color": [STRANGE if row.is_base else NORMAL for row in ordered]},
            name=t(FIGURES[figure]),
            hovertemplate="%{x}: %{y:.4g}<extra></extra>",
            error_y={
                "array": [row.spread.get(figure, 0.0) for row in ordered],
                "visible": any(r.spread for r in ordered),
            },
        )
        template(drawn, height=320, x=titles[0], y=t(FIGURES[figure]))
        drawn.update_xaxes(type="category")
        return drawn, words
    first, second = (
        list(dict.fromkeys(sorted((row.values[path] for row in rows), key=lambda v: (isinstance(v, str), v))))
        for path in paths
    )
    values = np.full((len(second), len(first)), np.nan)
    for row in rows:
        values[second.index(row.values[paths[1]]), first.index(row.values[paths[0]])] = row.metrics[figure]
    drawn.add_heatmap(
        x=[as_it_is(shown(paths[0], value)) for value in first],
        y=[as_it_is(shown(paths[1], value)) for value in second],
        z=values,
        texttemplate="%{z:.4g}",
        colorscale="Cividis",
        colorbar={"title": t(FIGURES[figure])},
        hovertemplate="%{x}, %{y}: %{z:.4g}<extra></extra>",
    )
    template(drawn, height=360, x=titles[0], y=titles[1])
    drawn.update_xaxes(type="category")
    drawn.update_yaxes(type="category")
    return drawn, words
