"""Arrays to plotly figures. Imports no Streamlit: a page shows a figure with
`pages.ui.chart_view.show_chart`.

Backgrounds are transparent and no text has a colour of its own, so that Streamlit's light and dark theme both fit.
`uirevision` keeps what a visitor zoomed to when new points arrive.
"""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray
from PIL import ImageColor
from plotly.colors import get_colorscale
from plotly.subplots import make_subplots

from pages.ui.images import ERROR_SCALE
from pages.ui.text import N_, as_it_is, signs, t

CLASS_COLOURS = (
    "#2889b9",
    "#b7ad01",
    "#a7336d",
    "#3ac4e3",
    "#5f7c05",
    "#f995a0",
    "#734419",
    "#9c87fe",
    "#3d43ab",
    "#a77d72",
)
"""A colour a class, the same on every page. Found by maximising the smallest OKLab distance between two of them, as
seen with normal vision and with protanopia, deuteranopia and tritanopia (Machado et al. 2009), at a contrast of at
least 2 on the light and on the dark page: 0.103, where Petroff's sequence has 0.056 and Tableau's 0.007."""

NORMAL = CLASS_COLOURS[0]
STRANGE = CLASS_COLOURS[2]
NEUTRAL = "rgba(128, 140, 144, 0.9)"
FAINT = "rgba(128, 140, 144, 0.25)"

Part = Literal["loss", "recon", "kl"]
PART_TITLES: Mapping[Part, str] = {
    "loss": N_("Loss"),
    "recon": N_("Reconstruction"),
    "kl": N_("KL divergence"),
}


def class_colour(number: int) -> str:
    """The colour of a class. Beyond ten classes they repeat."""
    return CLASS_COLOURS[number % len(CLASS_COLOURS)]


def template(figure: go.Figure, *, height: int = 360, x: str = "", y: str = "", revision: str = "same") -> go.Figure:
    """Give a figure the look that all of them share.

    Args:
        x, y: The axes' titles, with their units.
        revision: A visitor's zoom is kept while this stays the same.
    """
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 28, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        colorway=CLASS_COLOURS,
        uirevision=revision,
        separators="".join(signs()),
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "xanchor": "left", "x": 0},
        hoverlabel={"namelength": -1},
        modebar={"bgcolor": "rgba(0,0,0,0)", "color": NEUTRAL, "activecolor": NORMAL},
    )
    axis = {"automargin": True, "gridcolor": FAINT, "zerolinecolor": FAINT}
    figure.update_xaxes(**axis)
    figure.update_yaxes(**axis)
    if x:
        figure.update_xaxes(title_text=x)
    if y:
        figure.update_yaxes(title_text=y)
    return figure


def readable(figure: go.Figure) -> go.Figure:
    """Give a figure's axes ticks and titles that can be read, whatever data came: what every chart gets at last.

    An axis of whole numbers has whole ticks; one of a single value has a range around it, not six decimals; a title
    that is longer than its axis takes several lines.
    """
    for letter, axes in (("x", figure.select_xaxes()), ("y", figure.select_yaxes())):
        for axis in axes:
            number = axis.plotly_name.removeprefix(f"{letter}axis")
            values = _values(figure, letter, number)
            if values.size and axis.type not in ("log", "category") and axis.tickvals is None and not axis.tickformat:
                _tick(axis, values)
            if axis.title.text and "<br>" not in axis.title.text:
                low, high = axis.domain or (0, 1)
                pixels = (high - low) * (_NARROW if letter == "x" else (figure.layout.height or 360) - 70)
                lines = textwrap.wrap(axis.title.text, max(12, int(pixels / _LETTER)), break_long_words=False)
                axis.title.text = "<br>".join(lines)
    return figure


_NARROW = 320  # pixels of an axis on a phone
_LETTER = 7  # pixels of a title's letter
_MOST_WHOLE = 12  # of a wider range, ticks are whole by themselves


def _values(figure: go.Figure, letter: str, number: str) -> NDArray[np.float64]:
    """All finite numbers along an axis; none where it is no axis of numbers."""
    found = [np.zeros(0)]
    for trace in figure.data:
        if trace.type not in ("scatter", "scattergl", "bar") or (trace[f"{letter}axis"] or letter) != letter + number:
            continue
        try:
            found.append(np.asarray(trace[letter] if trace[letter] is not None else [], float).ravel())
        except (TypeError, ValueError):
            return np.zeros(0)
    values = np.concatenate(found)
    return values[np.isfinite(values)]


def _tick(axis: Any, values: NDArray[np.float64]) -> None:
    span, are_whole = float(np.ptp(values)), bool((values == np.round(values)).all())
    if not span and axis.range is None:
        middle = float(values[0])
        half = 1.0 if are_whole else abs(middle) / 10
        axis.range = (middle - half, middle + half)
        axis.nticks = 4
    if are_whole and span <= _MOST_WHOLE and axis.dtick is None:
        axis.dtick = 1


def score_histogram(
    scores: ArrayLike, strange: ArrayLike, *, threshold: float | None = None, bins: int = 60, unit: str = ""
) -> go.Figure:
    """How the scores of normal and strange images are spread. Only the counts are sent to the browser.

    Args:
        scores: Higher is stranger, with shape (N,).
        strange: Which images are strange, bool with shape (N,).
        threshold: Above it, an image is called strange; drawn as a line.
        unit: The scores' name and unit.
    """
    scores, strange = np.asarray(scores, float), np.asarray(strange, bool)
    edges = np.histogram_bin_edges(scores[np.isfinite(scores)], bins)
    figure = go.Figure()
    for name, chosen, colour in ((t("Normal"), ~strange, NORMAL), (t("Anomalous"), strange, STRANGE)):
        figure.add_bar(
            x=(edges[:-1] + edges[1:]) / 2,
            y=np.histogram(scores[chosen], edges)[0],
            width=np.diff(edges),
            name=name,
            marker={"color": colour, "opacity": 0.65, "line_width": 0},
            hovertemplate=t("score %{x:.3g}, images: %{y}"),
        )
    template(figure, x=unit or t("Score (higher is more anomalous)"), y=t("Images"))
    figure.update_layout(barmode="overlay", bargap=0)
    if threshold is not None:
        # In the legend, as beside it on the ROC curve: a label on the line would lie over a bar sooner or later.
        figure.add_scatter(
            x=[threshold, threshold],
            y=[0, max(max(bars.y) for bars in figure.data)],
            name=t("Threshold"),
            mode="lines",
            line={"color": NEUTRAL, "width": 2, "dash": "dash"},
            hoverinfo="skip",
        )
    return figure


def roc(
    false_alarms: ArrayLike, found: ArrayLike, auroc: float, *, chosen: tuple[float, float] | None = None
) -> go.Figure:
    """The receiver operating characteristic.

    Args:
        false_alarms: The share of normal images that is called strange, at each threshold.
        found: The share of strange images that is called strange, at each threshold.
        auroc: The area under it.
        chosen: Both shares at the chosen threshold.
    """
    figure = go.Figure()
    figure.add_scatter(
        x=np.asarray(false_alarms, float),
        y=np.asarray(found, float),
        name=t("AUROC {auroc:.3f}", auroc=auroc),
        mode="lines",
        line={"color": NORMAL, "width": 2.5},
        hovertemplate=t("false alarms %{x:.1%}, detected %{y:.1%}"),
    )
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        name=t("Guessing: 0.5"),
        mode="lines",
        line={"color": NEUTRAL, "dash": "dot"},
        hoverinfo="skip",
    )
    if chosen is not None:
        figure.add_scatter(
            x=[chosen[0]],
            y=[chosen[1]],
            name=t("Threshold"),
            mode="markers",
            marker={"color": STRANGE, "size": 11},
            hovertemplate=t("false alarms %{x:.1%}, detected %{y:.1%}"),
        )
    template(figure, x=t("False alarms (false-positive rate)"), y=t("Detection rate (recall)"))
    figure.update_xaxes(range=[-0.02, 1.02], tickformat=".0%")
    figure.update_yaxes(range=[-0.02, 1.02], tickformat=".0%")
    return figure


def latent_scatter(
    points: ArrayLike,
    labels: ArrayLike,
    class_names: Sequence[str],
    *,
    index: ArrayLike | None = None,
    prior: bool = False,
    axes: Sequence[str] = ("z₁", "z₂", "z₃"),
    marked: ArrayLike | None = None,
    height: int = 560,
    revision: str = "same",
) -> go.Figure:
    """Codes as points, drawn by WebGL, a trace for each class that occurs.

    Args:
        points: With shape (N, 2) or (N, 3).
        labels: The class of each point, with shape (N,).
        index: What stands for each point in `customdata[0]` of a selection; by default its row in `points`.
        prior: Draw the prior N(0, I) as circles (in three dimensions: three great circles) at 1, 2 and 3 sigma.
        axes: The axes' titles.
        marked: One more point, drawn as a cross, with shape (2,) or (3,).
    """
    points, labels = np.asarray(points, np.float32), np.asarray(labels)
    if points.ndim != 2 or points.shape[1] not in (2, 3):
        raise ValueError(f"Points have shape {points.shape}, but must be (N, 2) or (N, 3).")
    index = np.arange(len(points)) if index is None else np.asarray(index)
    solid = points.shape[1] == 3
    kind = go.Scatter3d if solid else go.Scattergl
    figure = go.Figure()
    for number in np.unique(labels):
        chosen = labels == number
        figure.add_trace(
            kind(
                **_coordinates(points[chosen]),
                mode="markers",
                name=as_it_is(class_names[number]),
                customdata=index[chosen][:, None],
                marker={"color": class_colour(int(number)), "size": 3 if solid else 6, "opacity": 0.8},
                hovertemplate=t("{name}, image", name=as_it_is(class_names[number]))
                + " %{customdata[0]}<extra></extra>",
                meta={"columns": [t("Test image no.")]},
            )
        )
    if marked is not None:
        marker: dict[str, Any] = {"color": "white", "size": 6 if solid else 14, "symbol": "cross"}
        marker["line"] = {"color": "black", "width": 1 if solid else 2}
        here = np.asarray(marked, np.float32)[None]
        figure.add_trace(kind(**_coordinates(here), mode="markers", name=t("Here"), marker=marker, hoverinfo="skip"))
    if prior:
        _add_prior(figure, solid)
    template(figure, height=height, revision=revision)
    figure.update_layout(legend={"itemsizing": "constant"}, dragmode="orbit" if solid else "pan")
    if solid:
        scene = {f"{axis}axis": {"title": {"text": title}} for axis, title in zip("xyz", axes, strict=False)}
        figure.update_layout(scene=scene | {"aspectmode": "cube"})
    else:
        figure.update_xaxes(title_text=axes[0])
        figure.update_yaxes(title_text=axes[1], scaleanchor="x" if prior else None)
    return figure


def dimension_bars(kl: ArrayLike | None, spread: ArrayLike, *, active: ArrayLike | None = None) -> go.Figure:
    """What each latent dimension carries.

    Args:
        kl: KL(q(z_j|x) || N(0, 1)) in nats, averaged over the images, with shape (D,); `None` for an autoencoder.
        spread: The standard deviation of the posterior mean over the images, with shape (D,).
        active: Which dimensions are in use, bool with shape (D,); the others are drawn grey.
    """
    parts = [(np.asarray(spread, float), t("Spread of the mean"))]
    if kl is not None:
        parts.insert(0, (np.asarray(kl, float), t("KL (nats)")))
    colours = NORMAL if active is None else np.where(np.asarray(active, bool), NORMAL, NEUTRAL)
    names = np.arange(1, len(parts[0][0]) + 1)
    figure = make_subplots(len(parts), 1, shared_xaxes=True, vertical_spacing=0.08)
    for row, (values, title) in enumerate(parts, start=1):
        hover = t("dimension") + " %{x}: %{y:.3f}<extra></extra>"
        figure.add_bar(x=names, y=values, marker={"color": colours}, hovertemplate=hover, row=row, col=1)
        figure.update_yaxes(title_text=title, row=row, col=1)
    template(figure, height=200 * len(parts))
    figure.update_layout(showlegend=False)
    figure.update_xaxes(title_text=t("Latent dimension"), row=len(parts), col=1)
    return figure


def error_heatmap(error: ArrayLike, *, limit: float | None = None, unit: str = "") -> go.Figure:
    """The error of each pixel of one image.

    Args:
        error: With shape (H, W).
        limit: The error that gets the end of the colour scale; by default the largest.
        unit: The error's name and unit.
    """
    figure = go.Figure()
    figure.add_heatmap(
        z=np.asarray(error, float),
        zmin=0,
        zmax=limit,
        colorscale=_safe_scale(ERROR_SCALE),
        colorbar={"title": {"text": unit or t("Error"), "side": "right"}, "thickness": 12},
        hovertemplate=t("row %{y}, column %{x}: %{z:.3f}") + "<extra></extra>",
    )
    template(figure, height=340)
    figure.update_xaxes(visible=False, constrain="domain")
    figure.update_yaxes(visible=False, autorange="reversed", scaleanchor="x")
    return figure


def _safe_scale(name: str) -> list[tuple[float, str]]:
    """A colour scale in rgb(): Streamlit takes #000004, where Inferno begins, for a colour of its theme, and paints red."""
    return [(place, f"rgb{ImageColor.getrgb(colour)}") for place, colour in get_colorscale(name)]


def _coordinates(points: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    return dict(zip("xyz", points.T, strict=False))


def _add_prior(figure: go.Figure, solid: bool) -> None:
    if not solid:
        for sigma in (1, 2, 3):
            # A shape, not a trace: it catches no click and no lasso.
            circle = {"x0": -sigma, "x1": sigma, "y0": -sigma, "y1": sigma, "line": {"color": NEUTRAL, "dash": "dot"}}
            figure.add_shape(type="circle", layer="below", **circle)
            chip = {"text": f"{sigma}σ", "bgcolor": "rgba(64, 74, 78, 0.85)", "font": {"color": "white", "size": 11}}
            figure.add_annotation(x=0, y=sigma, showarrow=False, **chip)
        return
    angle = np.linspace(0, 2 * np.pi, 61)
    line = {"color": NEUTRAL, "width": 2}
    for sigma in (1, 2, 3):
        for x, y, z in _great_circles(sigma * np.cos(angle), sigma * np.sin(angle)):
            figure.add_scatter3d(x=x, y=y, z=z, mode="lines", line=line, hoverinfo="skip", showlegend=False)


def _great_circles(a: NDArray[Any], b: NDArray[Any]) -> Iterable[tuple[NDArray[Any], ...]]:
    flat = np.zeros_like(a)
    return (a, b, flat), (a, flat, b), (flat, a, b)
