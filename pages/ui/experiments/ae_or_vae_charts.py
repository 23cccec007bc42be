"""AE or VAE: the charts. Imports no Streamlit."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray
from plotly.subplots import make_subplots

from pages.ui.charts import CLASS_COLOURS, NEUTRAL, latent_scatter, template
from pages.ui.text import N_, as_it_is, t, written
from vae_core.significance import estimate

AE_COLOUR, VAE_COLOUR = CLASS_COLOURS[2], CLASS_COLOURS[0]
MOST_POINTS = 1_000
LEAST_EDGE = 3.5  # of the frame of codes: the prior's circles fit in

SOURCES: Mapping[str, str] = {
    "normal": N_("N(0, I)"),
    "fitted": N_("a Gaussian"),
    "mixture-10": N_("a mixture of 10"),
    "mixture-50": N_("a mixture of 50"),
}
"""What codes were drawn from, by the study's names."""


def distances(found: Mapping[str, Mapping[str, Sequence[float]]], floor: Sequence[float]) -> go.Figure:
    """How far drawn pictures are from real ones, on a logarithmic axis.

    Args:
        found: For each model (its name translated) the distances by source, one a seed.
        floor: The distances of real training pictures.
    """
    figure = go.Figure()
    for (name, values), colour in zip(found.items(), (VAE_COLOUR, AE_COLOUR, *CLASS_COLOURS[3:]), strict=False):
        sources = [source for source in SOURCES if source in values]
        means = [float(np.mean(values[source])) for source in sources]
        figure.add_bar(
            x=[t(SOURCES[source]) for source in sources],
            y=means,
            name=as_it_is(name),
            marker={"color": colour},
            text=[written(mean, ".3g") for mean in means],
            textposition="inside",
            insidetextanchor="start",  # at the foot, away from the error bars
            textangle=0,
            error_y={"type": "data", "array": [_margin(values[source]) for source in sources]},
            hovertemplate="%{x}: %{y:.3g}",
        )
    ground = float(np.mean(floor))
    names = [t(title) for source, title in SOURCES.items() if any(source in values for values in found.values())]
    figure.add_scatter(
        x=names,
        y=[ground] * len(names),
        name=t("Real training images: {floor:.3g}", floor=ground),
        mode="lines",
        line={"color": NEUTRAL, "dash": "dash", "width": 2},
        hoverinfo="skip",
    )
    template(figure, height=380, x=t("Codes sampled from"), y=t("Fréchet distance (log scale)"))
    tallest = max(max(bars.y) for bars in figure.data)
    figure.update_yaxes(type="log", dtick=1, range=[np.log10(ground / 3), np.log10(tallest * 1.3)])
    figure.update_layout(barmode="group")
    return figure


def _margin(values: Sequence[float]) -> float:
    """Half of the 95 % interval of a mean; 0 where a single draw tells none."""
    margin = estimate(values).margin
    return margin if np.isfinite(margin) else 0.0


def ways(found: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]]) -> go.Figure:
    """How real the pictures look on the way from one code to another.

    Args:
        found: For each model (its name translated) the classifier's confidence and the distance to the nearest real
            picture, each with shape (steps,).
    """
    figure = make_subplots(2, 1, shared_xaxes=True, vertical_spacing=0.09)
    for (name, values), colour in zip(found.items(), (VAE_COLOUR, AE_COLOUR), strict=False):
        for row, line in enumerate(values, start=1):
            figure.add_scatter(
                x=np.linspace(0, 1, len(line)),
                y=line,
                name=as_it_is(name),
                legendgroup=name,
                showlegend=row == 1,
                mode="lines+markers",
                line={"color": colour, "width": 2.5},
                hovertemplate="%{x:.0%}: %{y:.3f}",
                row=row,
                col=1,
            )
    template(figure, height=460)
    figure.update_yaxes(title_text=t("Confidence"), tickformat=".0%", row=1, col=1)
    figure.update_yaxes(title_text=t("Distance"), row=2, col=1)
    figure.update_xaxes(title_text=t("Position along the path"), tickformat=".0%", row=2, col=1)
    return figure


def variances(normal: ArrayLike, strange: Mapping[str, ArrayLike]) -> go.Figure:
    """How wide the posteriors of normal and of strange pictures are: quartiles and range of each kind.

    Args:
        normal: Log variances of normal pictures.
        strange: The same by kind (translated).
    """
    figure = go.Figure()
    rows = {t("Normal test images"): np.asarray(normal, float)} | {k: np.asarray(v, float) for k, v in strange.items()}
    for number, (name, values) in enumerate(reversed(rows.items())):
        low, first, middle, third, high = np.quantile(values, (0.02, 0.25, 0.5, 0.75, 0.98))
        figure.add_box(
            y=[as_it_is(name)],
            lowerfence=[low],
            q1=[first],
            median=[middle],
            q3=[third],
            upperfence=[high],
            orientation="h",
            marker={"color": VAE_COLOUR if number == len(rows) - 1 else AE_COLOUR},
            showlegend=False,
            name=as_it_is(name),
        )
    template(figure, height=110 + 44 * len(rows), x=t("log σ² (0: as wide as the prior)"))
    return figure


def edge(all_codes: Sequence[ArrayLike]) -> float:
    """Half the side of a frame around 0 in which nearly all codes of all models lie, so that their clouds compare.

    Args:
        all_codes: For each model its codes, with shape (N, 2).
    """
    return max(LEAST_EDGE, *(float(np.quantile(np.abs(np.asarray(mu)).max(1), 0.99)) for mu in all_codes))


def cloud(
    points: ArrayLike, labels: NDArray[np.int64], class_names: Sequence[str], side: float, *, pca: bool
) -> go.Figure:
    """Where codes lie, at most 1,000 of them, around the circles of N(0, I).

    Args:
        points: With shape (N, 2).
        labels: With shape (N,).
        side: Half the side of the frame.
        pca: Whether the axes are principal components.
    """
    places = np.asarray(points, np.float32)
    index = np.sort(np.random.default_rng(0).permutation(len(places))[:MOST_POINTS])
    axes = (t("1st component"), t("2nd component")) if pca else (t("Latent dimension 1"), t("Latent dimension 2"))
    names = [t(name) for name in class_names]
    figure = latent_scatter(places[index], labels[index], names, index=index, prior=True, axes=axes, height=380)
    figure.update_layout(legend={"y": -0.2, "yanchor": "top"}, margin_t=8)
    figure.update_traces(marker_size=4)
    figure.layout.annotations = ()  # the circles' names would hide codes
    figure.update_shapes(layer="above")  # where all codes lie within them, they would be hidden
    figure.update_xaxes(range=[-side, side], constrain="domain")
    figure.update_yaxes(range=[-side, side], constrain="domain")
    return figure
