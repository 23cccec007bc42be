"""Ways to look at codes: which points are shown, what was selected, what each number of a code carries.

Imports no Streamlit, so that plain tests reach what the Latent page decides.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from pages.ui.charts import NEUTRAL, latent_scatter
from pages.ui.text import as_it_is, t
from vae_core import latent
from vae_core.latent import Codes, LatentPoints
from vae_core.metrics import ACTIVE_VARIANCE
from vae_core.models import Model

MOST_POINTS = 10_000
Kind = Literal["line", "numbers", "pca", "tsne", "umap"]
JOBS: tuple[Kind, ...] = ("tsne", "umap")
"""What takes too long for a page."""


@dataclass(frozen=True)
class View:
    """Codes laid out for the eye.

    Attributes:
        kind: How.
        points: float32 with shape (n, 2) or (n, 3).
        index: The test picture of each point, int64 with shape (n,).
        axes: The axes' titles.
        prior: Whether N(0, I) lies around 0 with standard deviation 1 in it, so that it can be drawn.
    """

    kind: Kind
    points: NDArray[np.float32]
    index: NDArray[np.int64]
    axes: tuple[str, ...]
    prior: bool


def kinds(latent_dim: int) -> tuple[Kind, ...]:
    """The views that a latent space has, the first one to begin with."""
    if latent_dim <= 2:
        return ("line",) if latent_dim == 1 else ("numbers",)
    return ("pca", "numbers", "tsne", "umap")


def sample(count: int, seed: int = 0) -> NDArray[np.int64]:
    """The pictures that are drawn as points: all, or 10,000 of them in order. More would stall a browser."""
    if count <= MOST_POINTS:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, MOST_POINTS, replace=False))


def line_view(mu: Codes, labels: NDArray[np.int64]) -> View:
    """A code of one number: the number to the right, a row a class, spread a little so that points don't hide another."""
    index = sample(len(mu))
    height = labels[index] + np.random.default_rng(0).uniform(-0.35, 0.35, len(index))
    points = np.stack([mu[index, 0], height], axis=1).astype(np.float32)
    return View("line", points, index, (t("Latent dimension 1"), t("Class")), prior=True)


def numbers_view(mu: Codes, chosen: Sequence[int]) -> View:
    """Two or three numbers of the code, as they are."""
    index = sample(len(mu))
    axes = tuple(t("Latent dimension {number}", number=number + 1) for number in chosen)
    return View("numbers", mu[index][:, list(chosen)], index, axes, prior=True)


def pca_view(mu: Codes, components: int) -> View:
    """The flat view in which the codes differ most. Moved so that the code 0 lies at 0: N(0, I) looks the same from
    every side, so the prior is round here too."""
    found = latent.project(mu, "pca", components=components)
    assert found.plane is not None and found.explained is not None, "PCA has both"
    zero = found.plane.to_points(np.zeros((1, mu.shape[1])))
    axes = tuple(
        t("Component {number} ({share:.0%})", number=number, share=share)
        for number, share in enumerate(found.explained, start=1)
    )
    index = sample(len(mu))
    return View("pca", (found.points - zero)[index], index, axes, prior=True)


def job_view(kind: Kind, arrays: Mapping[str, NDArray[Any]]) -> View:
    """What a projection job found: its axes have no unit, and N(0, I) no place in it."""
    title = latent.PROJECTIONS[kind].title
    axes = tuple(t("{method} {number} (no unit)", method=t(title), number=number) for number in (1, 2))
    return View(kind, arrays["points"], arrays["index"], axes, prior=False)


def chart(
    view: View, labels: NDArray[np.int64], class_names: Sequence[str], *, prior: bool, revision: str, height: int = 600
) -> go.Figure:
    """The view as points, coloured by class.

    Args:
        labels: The class of every test picture.
        prior: Draw N(0, I), where the view has room for it.
    """
    names = [t("Class {name}", name=name) if name.isdecimal() else t(name) for name in class_names]
    figure = latent_scatter(
        view.points,
        labels[view.index],
        names,
        index=view.index,
        prior=prior and view.prior and view.kind != "line",
        axes=view.axes,
        revision=f"{revision}-{view.kind}-{view.points.shape[1]}",
        height=height,
    )
    if view.kind == "line":
        shown = np.unique(labels[view.index])
        figure.update_yaxes(
            tickvals=shown, ticktext=[as_it_is(t(class_names[number])) for number in shown], zeroline=False
        )
        for sigma in (-3, -2, -1, 0, 1, 2, 3) if prior else ():
            line = {"color": NEUTRAL, "dash": "dot", "width": 1 if sigma else 2}
            figure.add_vline(x=sigma, line=line, layer="below", annotation_text=f"{sigma}σ" if sigma else "0")
    figure.update_layout(scene_camera_eye={"x": 1.45, "y": 1.45, "z": 1.1})  # room for the axes' titles
    # Below, since the tools at the top would cover it.
    legend = {"y": -0.16 if view.points.shape[1] == 2 else 0, "yanchor": "top"}
    figure.update_layout(legend=legend, margin_t=36)
    return figure


def selected(event: object, count: int) -> list[int]:
    """The test pictures that a chart's selection names, each once, by their numbers: so classes come mixed.

    Args:
        event: What `st.plotly_chart` returned; anything else selects nothing.
        count: How many test pictures there are; numbers beyond are left out.
    """
    selection = event.get("selection") if isinstance(event, Mapping) else None
    points = selection.get("points") if isinstance(selection, Mapping) else None
    found: set[int] = set()
    for point in points if isinstance(points, Sequence) else ():
        data = point.get("customdata") if isinstance(point, Mapping) else None
        # A list from plotly, or a mapping with the position as key.
        first = next(iter(data.values()), None) if isinstance(data, Mapping) else data
        first = first[0] if isinstance(first, Sequence) and first else first
        if isinstance(first, int | float) and 0 <= first < count and first == int(first):
            found.add(int(first))
    return sorted(found)


@dataclass(frozen=True)
class Dimensions:
    """What each number of a code carries.

    Attributes:
        kl: KL(q(z_j|x) || N(0, 1)) in nats, averaged over the pictures, with shape (D,); `None` for an autoencoder.
        spread: The standard deviation of the code over the pictures, with shape (D,).
        active: Which numbers move with the picture, bool with shape (D,) (Burda et al. 2016, section 2).
        order: All numbers, the one that carries most first.
        low, high: The range in which each is worth moving, with shape (D,).
    """

    kl: NDArray[np.float64] | None
    spread: NDArray[np.float64]
    active: NDArray[np.bool_]
    order: NDArray[np.int64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def dimensions(points: LatentPoints) -> Dimensions:
    """Measures every number of the code over the pictures."""
    mu = points.mu.astype(np.float64)
    variance = mu.var(0)
    kl = None
    low, high = mu.min(0), mu.max(0)
    if points.sigma is not None:
        sigma = points.sigma.astype(np.float64)
        kl = (0.5 * (mu**2 + sigma**2 - 1) - np.log(np.maximum(sigma, 1e-38))).mean(0)
        low, high = np.minimum(low, -3), np.maximum(high, 3)
    low, high = np.minimum(low, 0), np.maximum(high, 0)
    room = np.maximum(0.05 * (high - low), 1e-3)
    order = np.argsort(-(variance if kl is None else kl), kind="stable")
    return Dimensions(kl, np.sqrt(variance), variance > ACTIVE_VARIANCE, order, low - room, high + room)


def traversals(model: Model, found: Dimensions, z: NDArray[np.floating], rows: int, steps: int) -> NDArray[np.uint8]:
    """What moving one number at a time does to a picture, (rows * steps, C, H, W): a row for each of the first numbers
    in `found.order`, from its low to its high end."""
    codes = [
        latent.traverse(z, int(number), np.linspace(found.low[number], found.high[number], steps))
        for number in found.order[:rows]
    ]
    return latent.decode(model, np.concatenate(codes))
