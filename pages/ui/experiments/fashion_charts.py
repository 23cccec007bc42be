"""What the three balances of a VAE's loss say: a table, sentences, and where the codes lie. Imports no Streamlit."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from pages.ui.certainty import one_training_each
from pages.ui.charts import latent_scatter
from pages.ui.text import t, tn, written
from vae_core.significance import estimate, rank
from vae_core.special import chi2_quantile

MOST_POINTS = 1_000
OUTSIDE = 0.01
"""The share of draws from N(0, I) that lies outside of `reach`."""
NOTHING = 0.01  # nats: below it a code says nothing
LEAST_EDGE = 3.5  # of the frame of codes: the prior's circles fit in


@dataclass(frozen=True)
class Balance:
    """A model that was trained with one balance of reconstruction and KL, as it stands on its test split.

    Attributes:
        name: The loss as a program has it, marked for translation.
        beta: The weight of the KL beside a reconstruction that is summed over the pixels.
        latent_dim: How many numbers its code has.
        images: How many test pictures the figures are of.
        recon, kl: In nats per picture.
        mse: Of the reconstruction, pixels in [0, 1].
        active: How many numbers of the code move with the picture.
        mse_mean_image: The MSE of answering with the mean image.
        nats_mean_image: The reconstruction term of answering with the mean image, in nats per picture.
        sigma: The posterior's standard deviation, its mean over pictures and dimensions. The prior's is 1.
        outside: The share of the codes that lies where N(0, I) puts 1% of its draws.
        elbos: −ELBO of each test picture, with shape (N,), the same pictures for all; `None` where it was not measured.
        gains: By how much less the MSE of each test picture is than the mean image's; likewise.
    """

    name: str
    beta: float
    latent_dim: int
    images: int
    recon: float
    kl: float
    mse: float
    active: int
    mse_mean_image: float
    nats_mean_image: float
    sigma: float
    outside: float
    elbos: NDArray[np.float64] | None = None
    gains: NDArray[np.float64] | None = None

    @property
    def negative_elbo(self) -> float:
        return self.recon + self.kl

    @property
    def is_collapsed(self) -> bool:
        """Whether the posterior is the prior, whatever the picture."""
        return self.kl < NOTHING


def mean_image_nats(picture: NDArray[np.floating]) -> float:
    """The cross-entropy of pictures against their own mean image, in nats per picture: no constant answer has less.

    The cross-entropy is linear in the picture, so its mean is that of the mean: the entropy of each pixel.

    Args:
        picture: The mean of the pictures, in [0, 1].
    """
    p = picture.astype(np.float64)
    inside = p[(p > 0) & (p < 1)]
    return float(-(inside * np.log(inside) + (1 - inside) * np.log1p(-inside)).sum())


def gaussian_nats(mse: float, pixels: int, sigma: float) -> float:
    """The reconstruction term of a Gaussian likelihood with that mean squared error, in nats per picture."""
    return 0.5 * pixels * (math.log(2 * math.pi * sigma**2) + mse / sigma**2)


def reach(latent_dim: int) -> float:
    """How far from 0 all but 1 % of the draws from N(0, I) lie."""
    return math.sqrt(chi2_quantile(1 - OUTSIDE, latent_dim))


def beta_text(beta: float) -> str:
    """`784`, and `1/784` for what is smaller than 1."""
    return written(beta, "g") if beta >= 1 or beta == 0 else f"1/{1 / beta:g}"


def table(balances: Sequence[Balance]) -> list[dict[str, str]]:
    """A row for each, the mean image last."""
    heads = (
        t("Loss"),
        t("Effective beta"),
        t("KL (nats)"),
        t("Active dimensions"),
        t("Reconstruction (nats)"),
        t("−ELBO (nats)"),
        t("MSE"),
    )
    rows = [
        (
            t(b.name),
            beta_text(b.beta),
            written(b.kl, ".4f"),
            t("{active} of {count}", active=b.active, count=b.latent_dim),
            written(b.recon, ".1f"),
            written(b.negative_elbo, ".1f"),
            written(b.mse, ".4f"),
        )
        for b in balances
    ]
    first = balances[0]
    nats = written(first.nats_mean_image, ".1f")
    rows.append((t("the mean image, always"), "", "0", "", nats, nats, written(first.mse_mean_image, ".4f")))
    return [dict(zip(heads, row, strict=True)) for row in rows]


def sentences(balances: Sequence[Balance]) -> list[str]:
    """What the figures say, each sentence decided by them."""
    first, *others = balances
    found = [_first(first)]
    for other in others:
        if other.is_collapsed and other.beta <= 1:
            found.append(
                t(
                    "**{name}**: the KL counts {times} only, and yet the posterior has collapsed into the prior: {kl:.4f} nats "
                    "are left. MSE {mse:.4f} beside {baseline:.4f} of the mean image.",
                    name=t(other.name),
                    times=_times(other.beta),
                    kl=abs(other.kl),
                    mse=other.mse,
                    baseline=other.mse_mean_image,
                )
            )
        elif other.is_collapsed:
            found.append(
                t(
                    "**{name}**: the KL counts {times} and drives the posterior into the prior: {kl:.4f} "
                    "nats are left, and {active} active dimensions. The decoder is told nothing, so it "
                    "answers every image with nearly the same one: MSE {mse:.4f} beside {baseline:.4f} of "
                    "the mean image, −ELBO {elbo:.1f} beside {floor:.1f}.",
                    name=t(other.name),
                    times=_times(other.beta),
                    kl=abs(other.kl),
                    active=other.active,
                    mse=other.mse,
                    baseline=other.mse_mean_image,
                    elbo=other.negative_elbo,
                    floor=other.nats_mean_image,
                )
            )
        else:
            found.append(
                t(
                    "**{name}**: the KL counts {times}, and is {kl:.1f} nats instead of {right:.1f}. The MSE is {mse:.4f} "
                    "instead of {other_mse:.4f}, and −ELBO {elbo:.1f} instead of {other_elbo:.1f}.",
                    name=t(other.name),
                    times=_times(other.beta),
                    kl=other.kl,
                    right=first.kl,
                    mse=other.mse,
                    other_mse=first.mse,
                    elbo=other.negative_elbo,
                    other_elbo=first.negative_elbo,
                )
                + " "
                + _spread(other)
            )
    if others:
        found += _best(balances)
    if any(math.isclose(other.beta, 784) for other in others):
        found.append(
            t(
                "The mean over the pixels alone would be harmless: with a KL that is divided by 784 as well it is the "
                "right loss again, only 784 times smaller, and Adam does not look at a loss's size."
            )
        )
    return found


def frame(all_codes: Sequence[ArrayLike]) -> float:
    """Half the side of a frame around 0 in which nearly all codes of all models lie, so that their clouds compare.

    Args:
        all_codes: For each model its posterior means, with shape (N, 2).
    """
    return max(LEAST_EDGE, *(float(np.quantile(np.abs(np.asarray(mu)).max(1), 0.99)) for mu in all_codes))


def cloud(mu: ArrayLike, labels: NDArray[np.int64], class_names: Sequence[str], edge: float) -> go.Figure:
    """Where the codes lie, at most 1,000 of them.

    Args:
        mu: Posterior means, with shape (N, 2).
        labels: With shape (N,).
        edge: As `frame` says.
    """
    points = np.asarray(mu, np.float32)
    index = np.sort(np.random.default_rng(0).permutation(len(points))[:MOST_POINTS])
    axes = t("Latent dimension 1"), t("Latent dimension 2")
    names = [t(name) for name in class_names]
    figure = latent_scatter(points[index], labels[index], names, index=index, prior=True, axes=axes, height=380)
    figure.update_layout(legend={"y": -0.2, "yanchor": "top"}, margin_t=8)
    figure.update_traces(marker_size=4)
    figure.layout.annotations = ()  # the circles' names would hide the codes here
    figure.update_xaxes(range=[-edge, edge], constrain="domain")
    figure.update_yaxes(range=[-edge, edge], constrain="domain", constraintoward="top")
    return figure


def _best(balances: Sequence[Balance]) -> list[str]:
    """Which of them has the best −ELBO on the same pictures, if that can be told."""
    measured = {balance.name: balance for balance in balances if balance.elbos is not None}
    if len(measured) < 2:
        return []
    ranking = rank({name: b.elbos for name, b in measured.items() if b.elbos is not None}, "less", same_images=True)
    best = measured[ranking.order[0]]
    words = (
        t("The best −ELBO of these has: {name}, with {elbo:.1f} nats.", name=t(best.name), elbo=best.negative_elbo)
        if len(ranking.leaders) == 1
        else t(
            "The best −ELBO: no measurable difference between {names}.", names=", ".join(t(n) for n in ranking.leaders)
        )
    )
    return [f"{words} {one_training_each()}"]


def _first(b: Balance) -> str:
    if b.is_collapsed:
        return t("**{name}**: the posterior has collapsed: {kl:.4f} nats.", name=t(b.name), kl=abs(b.kl))
    gain = None if b.gains is None else estimate(b.gains)
    if gain is not None and not gain.is_clear:
        return tn(
            "**{name}**: the code keeps {kl:.1f} nats of each image, in {active} of {count} dimension, and there "
            "is no measurable difference from the mean image: an MSE of {mse:.4f} beside {baseline:.4f}. Train "
            "longer.",
            "**{name}**: the code keeps {kl:.1f} nats of each image, in {active} of {count} dimensions, "
            "and there is no measurable difference from the mean image: an MSE of {mse:.4f} beside "
            "{baseline:.4f}. Train longer.",
            "count",
            name=t(b.name),
            kl=b.kl,
            active=b.active,
            count=b.latent_dim,
            baseline=b.mse_mean_image,
            mse=b.mse,
        ) + (" " + _spread(b))
    if b.recon >= b.nats_mean_image or b.mse >= b.mse_mean_image:
        return tn(
            "**{name}**: the code keeps {kl:.1f} nats of each image, in {active} of {count} dimension, and makes "
            "too little of them: the reconstruction has {recon:.1f} nats beside the mean image's {floor:.1f}, and "
            "an MSE of {mse:.4f} beside {baseline:.4f}. Train longer.",
            "**{name}**: the code keeps {kl:.1f} nats of each image, in {active} of {count} dimensions, "
            "and makes too little of them: the reconstruction has {recon:.1f} nats beside the mean image's "
            "{floor:.1f}, and an MSE of {mse:.4f} beside {baseline:.4f}. Train longer.",
            "count",
            name=t(b.name),
            kl=b.kl,
            active=b.active,
            count=b.latent_dim,
            floor=b.nats_mean_image,
            recon=b.recon,
            baseline=b.mse_mean_image,
            mse=b.mse,
        ) + (" " + _spread(b))
    return tn(
        "**{name}**: the code keeps {kl:.1f} nats of each image, in {active} of {count} dimension. That takes "
        "the reconstruction from the mean image's {floor:.1f} nats to {recon:.1f}, and the MSE from "
        "{baseline:.4f} to {mse:.4f}.",
        "**{name}**: the code keeps {kl:.1f} nats of each image, in {active} of {count} dimensions. That "
        "takes the reconstruction from the mean image's {floor:.1f} nats to {recon:.1f}, and the MSE from "
        "{baseline:.4f} to {mse:.4f}.",
        "count",
        name=t(b.name),
        kl=b.kl,
        active=b.active,
        count=b.latent_dim,
        floor=b.nats_mean_image,
        recon=b.recon,
        baseline=b.mse_mean_image,
        mse=b.mse,
    ) + (" " + _spread(b))


def _spread(b: Balance) -> str:
    return t(
        "Its clouds have a σ of {sigma:.3f} (the prior: 1), and {outside:.0%} of its codes lie where N(0, "
        "I) puts 1 % of its draws.",
        sigma=b.sigma,
        outside=b.outside,
    )


def _times(beta: float) -> str:
    if beta >= 1:
        return t("{beta:g} times", beta=beta)
    return t("a {part:g}th", part=1 / beta) if beta else t("nothing")
