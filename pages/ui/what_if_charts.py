"""A family of runs in one chart: a line for one setting, a map for two. Imports no Streamlit."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from pages.ui.charts import NORMAL, STRANGE, template
from pages.ui.text import N_, t

FIGURES = {
    "elbo": N_("ELBO (nats)"),
    "recon": N_("Reconstruction (nats)"),
    "kl": N_("KL (nats)"),
    "mse": N_("MSE a pixel"),
    "psnr": N_("PSNR (dB)"),
    "ssim": N_("SSIM"),
    "active_units": N_("Active numbers"),
}
"""What a run's own figures are, measured on its test pictures when it had finished."""


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
    best = (max if figure in ("elbo", "psnr", "ssim", "active_units") else min)(
        rows, key=lambda row: row.metrics[figure]
    )
    worst = (min if figure in ("elbo", "psnr", "ssim", "active_units") else max)(
        rows, key=lambda row: row.metrics[figure]
    )
    words = t(
        "{figure} on test pictures: {best:.4g} with {best_values}, {worst:.4g} with {worst_values}. One run each: another "
        "seed would move the points a little.",
        figure=t(FIGURES[figure]),
        best=best.metrics[figure],
        best_values=", ".join(shown(path, best.values[path]) for path in paths),
        worst=worst.metrics[figure],
        worst_values=", ".join(shown(path, worst.values[path]) for path in paths),
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
    values = np.full((len(second), len(first)), np.nan)
    for row in rows:
        values[second.index(row.values[paths[1]]), first.index(row.values[paths[0]])] = row.metrics[figure]
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
