"""A family of runs in one chart: a line for one setting, a map for two. Imports no Streamlit."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from pages.ui.charts import NORMAL, STRANGE, template
from pages.ui.text import N_, t

FIGURES = {
    "negative_elbo": N_("−ELBO (nats)"),
    "recon": N_("Reconstruction (nats)"),
    "kl": N_("KL (nats)"),
}
"""What is compared, on the pictures kept aside."""


@dataclass(frozen=True)
class Row:
    """A finished run of the family.

    Attributes:
        name: What it is called.
        values: Of the settings that are varied, by dotted names.
        metrics: Its figures.
        is_base: It is the run that was asked about.
    """

    name: str
    values: Mapping[str, Any]
    metrics: Mapping[str, Any]
    is_base: bool


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
    words = t(
        "{figure} on the pictures kept aside: {low:.4g} with {low_values}, {high:.4g} with {high_values}. One run each: "
        "another seed would move the points a little.",
        figure=t(FIGURES[figure]),
        low=low.metrics[figure],
        low_values=", ".join(shown(path, low.values[path]) for path in paths),
        high=high.metrics[figure],
        high_values=", ".join(shown(path, high.values[path]) for path in paths),
    )
    drawn = go.Figure()
    if len(paths) == 1:
        (path,) = paths
        ordered = sorted(rows, key=lambda row: (isinstance(row.values[path], str), row.values[path]))
        x = [shown(path, row.values[path]) for row in ordered]
        drawn.add_scatter(
            x=x,
            y=[row.metrics[figure] for row in ordered],
            mode="lines+markers",
            line={"color": NORMAL, "width": 2},
            marker={"size": 10, "color": [STRANGE if row.is_base else NORMAL for row in ordered]},
            name=t(FIGURES[figure]),
            hovertemplate="%{x}: %{y:.4g}<extra></extra>",
        )
        template(drawn, height=320, x=titles[0], y=t(FIGURES[figure]))
        drawn.update_xaxes(type="category")
        return drawn, words
    first, second = (
        list(dict.fromkeys(sorted((row.values[path] for row in rows), key=lambda v: (isinstance(v, str), v))))
        for path in paths
    )
    places: dict[tuple[int, int], list[float]] = {}
    for row in rows:
        place = second.index(row.values[paths[1]]), first.index(row.values[paths[0]])
        places.setdefault(place, []).append(row.metrics[figure])
    values = np.full((len(second), len(first)), np.nan)
    for place, there in places.items():  # the same settings twice: their mean
        values[place] = np.mean(there)
    drawn.add_heatmap(
        x=[shown(paths[0], value) for value in first],
        y=[shown(paths[1], value) for value in second],
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
