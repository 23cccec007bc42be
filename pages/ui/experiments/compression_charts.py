"""The charts of a code as a compression. Imports no Streamlit."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from pages.ui.charts import NEUTRAL, NORMAL, STRANGE, template
from pages.ui.text import as_it_is, t, tn, written

MOST_NUMBERS = 256  # PCA's curve ends there: with more it says nothing new
MODEL, PCA = STRANGE, NORMAL


def against_pca(errors: NDArray[Any], numbers: int, mse: float, equivalent: int | None, title: str) -> go.Figure:
    """PCA's error for each number of numbers, and where the model stands.

    Args:
        errors: PCA's MSE with n = 0 to all numbers.
        numbers: Of the model's code.
        mse: The model's.
        equivalent: The fewest numbers with which PCA is as good; `None` where it never is.
        title: What the model is called.
    """
    figure = go.Figure()
    _add_pca(figure, errors)
    if equivalent:
        figure.add_scatter(
            x=[numbers, equivalent],
            y=[mse, mse],
            name=t("the same error"),
            mode="lines",
            line={"color": NEUTRAL, "dash": "dot", "width": 2},
            hoverinfo="skip",
        )
        figure.add_scatter(
            x=[equivalent],
            y=[errors[equivalent]],
            name=t("PCA with {count}", count=equivalent),
            mode="markers",
            marker={"color": PCA, "size": 11, "symbol": "circle-open", "line": {"width": 3}},
            hovertemplate=t("PCA, components %{x}: %{y:.4f}") + "<extra></extra>",
        )
    _add_run(figure, numbers, mse, title)
    return _numbers_and_errors(figure)


def sweep(errors: NDArray[Any], figures: Mapping[str, Any], title: str) -> go.Figure:
    """The error of models of several latent sizes beside PCA's.

    Args:
        errors: PCA's MSE with n = 0 to all numbers.
        figures: Of the study `sweep`.
        title: What the run itself is called.
    """
    figure = go.Figure()
    _add_pca(figure, errors)
    figure.add_scatter(
        x=figures["sizes"],
        y=figures["mse"],
        name=tn("Models, {epochs} epoch each", "Models, {epochs} epochs each", "epochs", epochs=figures["epochs"]),
        mode="lines+markers",
        line={"color": MODEL, "width": 2.5},
        marker={"size": 9},
        hovertemplate=t("a model, dimensions %{x}: %{y:.4f}") + "<extra></extra>",
    )
    _add_run(figure, figures["run_size"], figures["run_mse"], title)
    return _numbers_and_errors(figure)


def rate_distortion(found: Mapping[str, NDArray[Any]], numbers: int, equivalent: int | None) -> go.Figure:
    """The error against the bits that a picture takes.

    Args:
        found: The arrays of the study `compression`.
        numbers: Of the model's code.
        equivalent: As for `against_pca`.
    """
    lines: list[tuple[str, str, str, dict[str, Any]]] = [
        ("ae", "bits", t("This model"), {"color": MODEL, "width": 2.5}),
        ("ae", "entropy_bits", t("This model, entropy-coded"), {"color": MODEL, "width": 2, "dash": "dash"}),
        ("pca", "bits", t("PCA with {count}", count=numbers), {"color": PCA, "width": 2.5}),
    ]
    if equivalent and equivalent != numbers:
        words = t("PCA with {count}", count=equivalent)
        lines.append(("equivalent", "bits", words, {"color": PCA, "width": 2, "dash": "dash"}))
    figure = go.Figure()
    for name, bits, words, line in lines:
        if f"{name}_{bits}" in found:
            figure.add_scatter(
                x=found[f"{name}_{bits}"],
                y=found[f"{name}_mse"],
                name=words,
                mode="lines+markers",
                line=line,
                marker={"size": 5},
                hovertemplate=t("%{x:.1f} bits: %{y:.4f}"),
            )
    template(figure, x=t("Bits per image"), y=t("Test error (MSE per pixel)"), height=380)
    _below(figure)
    figure.update_xaxes(type="log", **_ticks(max(found[name + "_bits"].max() for name, *_ in lines), base=1))
    return figure


def _add_pca(figure: go.Figure, errors: NDArray[Any]) -> None:
    n = np.arange(1, min(len(errors) - 1, MOST_NUMBERS) + 1)
    n = n[errors[n] > errors[0] * 1e-6]  # no logarithm of what is wholly right
    figure.add_scatter(
        x=n,
        y=errors[n],
        name=t("PCA"),
        mode="lines",
        line={"color": PCA, "width": 2.5},
        hovertemplate=t("PCA, components %{x}: %{y:.4f}") + "<extra></extra>",
    )


def _add_run(figure: go.Figure, numbers: int, mse: float, title: str) -> None:
    figure.add_scatter(
        x=[numbers],
        y=[mse],
        name=as_it_is(title),
        mode="markers",
        marker={"color": MODEL, "size": 16, "symbol": "star", "line": {"color": "white", "width": 1}},
        hovertemplate=t("this run, dimensions %{x}: %{y:.4f}") + "<extra></extra>",
    )


def _numbers_and_errors(figure: go.Figure) -> go.Figure:
    template(figure, x=t("Dimensions of the code"), y=t("Test error (MSE per pixel)"), height=400)
    _below(figure)
    figure.update_xaxes(type="log", **_ticks(MOST_NUMBERS))
    figure.update_yaxes(type="log", dtick="D2", tickformat=".2~r")
    return figure


def _ticks(most: float, base: int = 0) -> dict[str, Any]:
    """Powers of two: a logarithmic axis of plotly counts in tens."""
    values = [2**power for power in range(base, int(np.ceil(np.log2(most))) + 1)]
    return {"tickvals": values, "ticktext": [written(value, ",") for value in values]}


def _below(figure: go.Figure) -> None:
    """The legend under the axis: on a phone its lines would lie over the chart."""
    figure.update_layout(legend={"yanchor": "top", "y": -0.2, "x": 0})
