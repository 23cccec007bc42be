"""The charts of slow motion. Imports no Streamlit."""

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from pages.ui.charts import NEUTRAL, NORMAL, STRANGE, template
from pages.ui.text import t, written

MOST = 16
"""Numbers of a code that are shown: those that stand out most."""
HEIGHT = 300


def _most(mu: NDArray[np.floating]) -> NDArray[np.int64]:
    return np.sort(np.argsort(-np.abs(mu), kind="stable")[:MOST])


def code(mu: NDArray[np.floating], sigma: NDArray[np.floating] | None) -> go.Figure:
    """A code's means as bars, its spreads as whiskers, with shape (latent_dim,) each."""
    chosen = _most(mu)
    figure = go.Figure()
    figure.add_bar(
        x=[str(number + 1) for number in chosen],
        y=mu[chosen],
        name="μ ± σ" if sigma is not None else "z",
        marker={"color": NORMAL},
        error_y=None if sigma is None else {"type": "data", "array": sigma[chosen], "color": NEUTRAL},
    )
    template(figure, height=HEIGHT, x=t("Latent dimension"), y=t("Value"))
    return figure.update_xaxes(type="category")


def drawn(
    mu: NDArray[np.floating], sigma: NDArray[np.floating], eps: NDArray[np.floating], z: NDArray[np.floating]
) -> go.Figure:
    """Where each number's cloud lies, and which place in it was drawn."""
    chosen = _most(mu)
    x = [str(number + 1) for number in chosen]
    figure = go.Figure()
    figure.add_scatter(
        x=x,
        y=mu[chosen],
        mode="markers",
        name="μ ± σ",
        marker={"color": NORMAL, "size": 9},
        error_y={"type": "data", "array": sigma[chosen], "color": NEUTRAL},
    )
    figure.add_scatter(
        x=x,
        y=z[chosen],
        mode="markers",
        name="z = μ + σ ε",
        marker={"color": STRANGE, "size": 11, "symbol": "diamond"},
        customdata=eps[chosen],
        hovertemplate="z = %{y:.3f}, ε = %{customdata:.3f}<extra></extra>",
    )
    template(figure, height=HEIGHT, x=t("Latent dimension"), y=t("Value"))
    return figure.update_xaxes(type="category")


def terms(recon: float, kl: float | None, weights: tuple[float, float]) -> go.Figure:
    """The two terms of the loss in nats, as they count.

    Args:
        recon: -log p(x|z).
        kl: `None` for an autoencoder, which has none.
        weights: Of both.
    """
    weight, beta = weights
    name = t("Reconstruction") if weight == 1 else t("Reconstruction, times {weight:g}", weight=weight)
    bars = {name: (weight * recon, NORMAL)} | ({} if kl is None else {t("KL, times β"): (beta * kl, STRANGE)})
    figure = go.Figure()
    figure.add_bar(
        x=[value for value, _ in bars.values()],
        y=list(bars),
        orientation="h",
        marker={"color": [colour for _, colour in bars.values()]},
        text=[written(value, ".1f") for value, _ in bars.values()],
        name="",
    )
    template(figure, height=200, x=t("nats"))
    return figure.update_layout(showlegend=False)


def gradients(lengths: dict[str, float]) -> go.Figure:
    """A bar a layer, from the picture through the code to the picture."""
    figure = go.Figure()
    figure.add_bar(x=list(lengths), y=list(lengths.values()), marker={"color": NORMAL}, name="")
    template(figure, height=HEIGHT, x=t("Layer"), y=t("Length of the gradient (logarithmic)"))
    return figure.update_yaxes(type="log").update_layout(showlegend=False)
