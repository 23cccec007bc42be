"""One picture's way through a VAE, number by number. Imports no Streamlit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from pages.ui.charts import FAINT, NEUTRAL, NORMAL, STRANGE, template
from pages.ui.text import t
from vae_core.runs import Summary

if TYPE_CHECKING:
    from vae_core.models import Model

FAVOURITE = "starter-vae-2d"
MOST_DIMENSIONS = 8
"""Latent dimensions that are written out; a longer code is cut, and the page says so."""


def is_teacher(summary: Summary) -> bool:
    """Whether the lesson can be told with this run: a VAE, and finished."""
    return summary.config is not None and summary.config.model.kind != "autoencoder" and summary.state == "finished"


def teacher(summaries: Sequence[Summary]) -> Summary | None:
    """The VAE that the lesson is told with: the two-dimensional starter, else the first finished VAE, a small code first."""
    vaes = [summary for summary in summaries if is_teacher(summary)]
    return min(
        vaes,
        key=lambda summary: (summary.id != FAVOURITE, summary.config.model.latent_dim if summary.config else 0),
        default=None,
    )


@dataclass(frozen=True)
class Walk:
    """What happens to one picture.

    Attributes:
        x: The picture in [0, 1], with shape (C, H, W).
        mu, sigma: The posterior's, each with shape (D,).
        eps, z: The draw, z = mu + sigma * eps, each with shape (D,).
        picture: What z is decoded to, in [0, 1], with shape (C, H, W).
        mean_picture: What mu is decoded to, with the same shape.
        others: What further draws of z are decoded to, with shape (N, C, H, W).
        recon: -log p(x|z) in nats.
        kl: KL(q(z_j|x) || N(0, 1)) in nats for each latent dimension, with shape (D,).
        beta: The weight of the KL at this moment of the training.
        weight: That of the reconstruction.
    """

    x: NDArray[np.float32]
    mu: NDArray[np.float32]
    sigma: NDArray[np.float32]
    eps: NDArray[np.float32]
    z: NDArray[np.float32]
    picture: NDArray[np.float32]
    mean_picture: NDArray[np.float32]
    others: NDArray[np.float32]
    recon: float
    kl: NDArray[np.float32]
    beta: float
    weight: float = 1.0

    @property
    def loss(self) -> float:
        """weight * recon + beta * KL, in nats."""
        return self.weight * self.recon + self.beta * float(self.kl.sum())

    @property
    def bits(self) -> float:
        """The KL in bits."""
        return float(self.kl.sum()) / math.log(2)


def walk(
    model: Model, image: NDArray[np.uint8], *, beta: float, weight: float = 1.0, seed: int = 0, others: int = 6
) -> Walk:
    """Sends one picture through a VAE.

    Args:
        model: A VAE.
        image: uint8 pixels with shape (C, H, W).
        beta, weight: Those of the KL and of the reconstruction, as `losses.weights` gives them.
        seed: Of the draws.
        others: How many further draws are decoded.
    """
    import torch

    from vae_core import losses
    from vae_core.models import DiagonalGaussian
    from vae_core.pixels import to_unit

    with torch.inference_mode():
        x = to_unit(torch.from_numpy(image[None].copy()))
        posterior = model.encode(x)
        assert isinstance(posterior, DiagonalGaussian), "an autoencoder draws nothing"
        z = posterior.sample(torch.Generator().manual_seed(seed))
        eps = torch.randn(posterior.mu.shape, generator=torch.Generator().manual_seed(seed))  # that same draw's
        likelihood = model.decode(z)
        draws = [posterior.sample(torch.Generator().manual_seed(seed + 1 + i)) for i in range(others)]
        return Walk(
            x=x[0].numpy(),
            mu=posterior.mu[0].numpy(),
            sigma=posterior.sigma[0].numpy(),
            eps=eps[0].numpy(),
            z=z[0].numpy(),
            picture=likelihood.mean[0].numpy(),
            mean_picture=model.decode(posterior.mu).mean[0].numpy(),
            others=torch.cat([model.decode(draw).mean for draw in draws]).numpy(),
            recon=float(losses.reconstruction(likelihood, x)),
            kl=posterior.kl_per_dimension()[0].numpy(),
            beta=beta,
            weight=weight,
        )


def invent(model: Model, seed: int, count: int = 8) -> NDArray[np.float32]:
    """Pictures decoded from codes of N(0, I), with shape (count, C, H, W)."""
    import torch

    from vae_core.latent import sample_prior

    with torch.inference_mode():
        z = torch.from_numpy(sample_prior(model.latent_dim, count, seed))
        return np.asarray(model.decode(z).mean.numpy(), np.float32)


def cloud(walk: Walk) -> go.Figure:
    """The posterior of each latent dimension beside the prior, and the z that was drawn."""
    count = min(len(walk.mu), MOST_DIMENSIONS)
    names = [f"z<sub>{j + 1}</sub>" for j in range(count)]
    figure = go.Figure()
    figure.add_vrect(x0=-2, x1=2, fillcolor=FAINT, line_width=0, layer="below")
    figure.add_vline(x=0, line={"color": NEUTRAL, "width": 1, "dash": "dot"})
    figure.add_scatter(
        x=walk.mu[:count],
        y=names,
        error_x={"array": 2 * walk.sigma[:count], "color": NORMAL, "thickness": 5, "width": 0},
        mode="markers",
        marker={"color": NORMAL, "size": 10},
        name=t("μ, with 2σ to each side"),
        hovertemplate="μ %{x:.3f}, 2σ %{error_x.array:.3f}<extra></extra>",
    )
    figure.add_scatter(
        x=walk.z[:count],
        y=names,
        mode="markers",
        marker={"color": STRANGE, "size": 16, "symbol": "line-ns", "line": {"color": STRANGE, "width": 3}},
        name=t("the z that was drawn"),
        hovertemplate="z %{x:.3f}<extra></extra>",
    )
    template(figure, height=150 + 32 * count, x=t("value of the dimension"))
    reach = float(
        max(3.2, np.abs(walk.mu[:count]).max() + 2.5 * walk.sigma[:count].max(), np.abs(walk.z[:count]).max() + 0.2)
    )
    figure.update_xaxes(range=[-reach, reach], zeroline=False)
    figure.update_yaxes(autorange="reversed", zeroline=False)
    return figure
