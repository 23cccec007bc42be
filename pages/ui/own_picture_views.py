"""What a model makes of one picture that belongs to no data set. Imports no Streamlit."""

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
import torch
from numpy.typing import NDArray

from pages.ui.charts import NEUTRAL, NORMAL, STRANGE, latent_scatter, template
from pages.ui.generation import widest_plane
from pages.ui.images import error_map, sheet
from pages.ui.reconstruction import WHOLLY_WRONG, in_colour
from pages.ui.text import t
from vae_core import atlas, latent
from vae_core.datasets import ImageData
from vae_core.latent import Codes, Plane
from vae_core.models import DiagonalGaussian, Model
from vae_core.pixels import to_unit

BINS = 50


@dataclass(frozen=True)
class Seen:
    """One picture as a model sees it.

    Attributes:
        picture: uint8 with shape (C, H, W).
        recon: The reconstruction from the posterior's mean, in [0, 1], with the same shape.
        mu: Its code, with shape (latent_dim,).
        sigma: The posterior's standard deviations, with the same shape; `None` for an autoencoder.
    """

    picture: NDArray[np.uint8]
    recon: NDArray[np.float32]
    mu: NDArray[np.float32]
    sigma: NDArray[np.float32] | None

    @property
    def mse(self) -> float:
        return float(np.square(self.recon - self.picture / 255).mean())

    def side_by_side(self, scale: int = 5) -> bytes:
        """Picture, reconstruction and error map as one PNG."""
        maps = error_map(self.picture[None], self.recon[None], limit=WHOLLY_WRONG)
        pictures = [in_colour(self.picture[None] / 255), in_colour(self.recon[None]), maps / 255]
        return sheet(np.concatenate(pictures), 3, scale=scale, padding=2)


@torch.inference_mode()
def look(model: Model, picture: NDArray[np.uint8]) -> Seen:
    """Encodes and decodes a picture; a conditional model isn't told a class."""
    x = to_unit(torch.from_numpy(picture[None].copy()))
    posterior = model.encode(x)
    recon = model.decode(posterior.mu).mean[0].numpy()
    sigma = posterior.sigma[0].numpy() if isinstance(posterior, DiagonalGaussian) else None
    return Seen(picture, recon, posterior.mu[0].numpy(), sigma)


def drawn(model: Model, seen: Seen, count: int, seed: int) -> NDArray[np.uint8]:
    """Pictures decoded from z = mu + sigma eps."""
    assert seen.sigma is not None
    eps = np.random.default_rng(seed).standard_normal((count, len(seen.mu)), np.float32)
    return latent.decode(model, seen.mu + seen.sigma * eps)


def histogram(scores: NDArray[np.floating], own: float, threshold: float) -> go.Figure:
    """The normal validation images' scores, a line where the picture's own lies, and one at the threshold."""
    counts, edges = np.histogram(scores, BINS)
    figure = go.Figure()
    figure.add_bar(
        x=(edges[:-1] + edges[1:]) / 2,
        y=counts,
        width=np.diff(edges),
        name=t("Normal validation images"),
        marker={"color": NORMAL, "opacity": 0.65, "line_width": 0},
        hovertemplate=t("score %{x:.3g}, images: %{y}"),
    )
    for x, name, line in (
        (own, t("Your image"), {"color": STRANGE, "width": 3}),
        (threshold, t("Threshold"), {"color": NEUTRAL, "width": 2, "dash": "dash"}),
    ):
        figure.add_scatter(x=[x, x], y=[0, int(counts.max())], mode="lines", name=name, line=line, hoverinfo="skip")
    return template(figure, height=220, x=t("Score (higher is more anomalous)"), y=t("Images"))


def chart(mu: Codes, data: ImageData, seen: Seen) -> go.Figure:
    """The test pictures' codes, the picture's own as a cross, and its posterior at one and two standard deviations."""
    names = [t("Class {name}", name=name) if name.isdecimal() else t(name) for name in data.class_names]
    if mu.shape[1] == 1:
        points = np.stack([mu[:, 0], data.labels], axis=1)
        here = np.array([seen.mu[0], (len(names) - 1) / 2])
        axes = (t("Latent dimension 1"), t("Class"))
        plane = None
    elif mu.shape[1] == 2:
        plane = Plane(np.zeros(2), np.eye(2))
        axes = (t("Latent dimension {number}", number=1), t("Latent dimension {number}", number=2))
    else:
        plane = atlas.plane_through(np.zeros(mu.shape[1]), widest_plane(mu).axes)
        axes = (t("Component {number}", number=1), t("Component {number}", number=2))
    if plane is not None:
        points, here = plane.to_points(mu), plane.to_points(seen.mu[None])[0]
    figure = latent_scatter(points, data.labels, names, axes=axes, marked=here, height=460)
    if plane is not None and seen.sigma is not None:
        covariance = plane.axes @ np.diag(seen.sigma.astype(np.float64) ** 2) @ plane.axes.T
        root = np.linalg.cholesky(covariance + 1e-12 * np.eye(2))
        turn = np.linspace(0, 2 * np.pi, 73)
        circle = np.stack([np.cos(turn), np.sin(turn)])
        for sigma in (1, 2):
            x, y = here[:, None] + sigma * (root @ circle)
            figure.add_scatter(
                x=x,
                y=y,
                mode="lines",
                name=f"{sigma}σ",
                line={"color": NEUTRAL, "width": 3 - sigma / 2},
                hoverinfo="skip",
            )
    return figure
