"""AE or VAE: what the figures say, each sentence decided by them. Imports no Streamlit."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pages.ui.experiments.ae_or_vae_charts import SOURCES
from pages.ui.text import t, written
from vae_core.recipes.ae_or_vae import BOTH, KL_ONLY, RECONSTRUCTION_ONLY

SMALL = 0.01  # nats: below it a code says nothing
NOTABLE = 0.03  # of a confidence
NEAR = 1.5  # times: a spread so far from the prior's, or nearer, lies where the prior does
EVEN = 1.05  # times: errors and distances nearer to each other than that are as good
LEARNT = 0.8  # of the mean image's error


def reach(ae: float, vae: float, prior: float) -> str:
    """Where the codes lie, by their root mean square distance from 0 per number; the prior's is 1."""
    return (
        t(
            "The autoencoder's codes spread {ae:.1f} around 0 in each number, the VAE's {vae:.1f} (their means and clouds "
            "together), N(0, I) {prior:.0f}: only the VAE's lie where new codes are drawn.",
            ae=ae,
            vae=vae,
            prior=prior,
        )
        if _times(vae, prior) <= NEAR < _times(ae, prior)
        else t(
            "The autoencoder's codes spread {ae:.1f} around 0 in each number, the VAE's {vae:.1f}, N(0, I) {prior:.0f}.",
            ae=ae,
            vae=vae,
            prior=prior,
        )
    )


def _times(one: float, other: float) -> float:
    """How many times the larger is the smaller, at least 1."""
    return max(one, other) / max(min(one, other), 1e-12)


def drawn(
    vae: Mapping[str, Sequence[float]], ae: Mapping[str, Sequence[float]] | None, floor: Sequence[float]
) -> list[str]:
    """What the distances of drawn pictures say."""
    ground = float(np.mean(floor))
    normal = float(np.mean(vae["normal"]))
    found = []
    if ae is not None:
        other = float(np.mean(ae["normal"]))
        best = t("VAE") if normal < other else t("autoencoder")
        found.append(
            t(
                "Drawn from N(0, I), the VAE's pictures are at {vae:.3g}, the autoencoder's at {ae:.3g}: about as near to real "
                "ones.",
                vae=normal,
                ae=other,
            )
            if _times(normal, other) < EVEN
            else t(
                "Drawn from N(0, I), the VAE's pictures are at {vae:.3g}, the autoencoder's at {ae:.3g}: the {best}'s are "
                "{times:.1f} times nearer to real ones.",
                vae=normal,
                ae=other,
                best=best,
                times=_times(normal, other),
            )
        )
    for name, values in ((t("VAE"), vae), (t("autoencoder"), ae or {})):
        if not values:
            continue
        source = min(values, key=lambda key: float(np.mean(values[key])))
        found.append(
            t(
                "The {name}'s best draws come from {source}: {best:.3g}, which is {times:.1f} times the distance of real "
                "training pictures ({floor:.3g}).",
                name=name,
                source=t(SOURCES[source]),
                best=float(np.mean(values[source])),
                times=float(np.mean(values[source])) / ground,
                floor=ground,
            )
        )
    return found


def between(
    vae: tuple[NDArray[np.float64], NDArray[np.float64]], ae: tuple[NDArray[np.float64], NDArray[np.float64]]
) -> list[str]:
    """What lies half way between two codes."""
    middle = len(vae[0]) // 2
    v, a = float(vae[0][middle]), float(ae[0][middle])
    values = {"vae": v, "ae": a}
    if v - a > NOTABLE:
        first = t(
            "Half way, the classifier is {vae:.0%} sure of the VAE's pictures and {ae:.0%} of the autoencoder's: its way leads through more that is no digit.",
            **values,
        )
    elif a - v > NOTABLE:
        first = t(
            "Half way, the classifier is {ae:.0%} sure of the autoencoder's pictures and only {vae:.0%} of the VAE's: here the autoencoder has the better way.",
            **values,
        )
    else:
        first = t(
            "Half way, the classifier is about as sure of both: {vae:.0%} for the VAE, {ae:.0%} for the autoencoder.",
            **values,
        )
    second = t(
        "From the ends to the middle, the distance to the nearest real picture changes by {vae:+.2f} for the VAE and by "
        "{ae:+.2f} for the autoencoder.",
        vae=float(vae[1][middle] - vae[1][[0, -1]].mean()),
        ae=float(ae[1][middle] - ae[1][[0, -1]].mean()),
    )
    return [first, second]


def trainings(figures: Mapping[str, Mapping[str, float]]) -> list[str]:
    """What became of one small model under three losses.

    Args:
        figures: By the companion's key: `kl` in nats, `mse`, `mse_mean_image`, and `spread`, the standard deviation of
            the codes.
    """
    found = []
    if RECONSTRUCTION_ONLY in figures:
        one = figures[RECONSTRUCTION_ONLY]
        found.append(
            t(
                "**Reconstruction only**: the best pictures back (MSE {mse:.4f}), and codes that spread {spread:.1f} "
                "around their mean: nothing holds them near N(0, I) (KL {kl:.1f} nats)."
                if all(one["mse"] <= other["mse"] for other in figures.values())
                else "**Reconstruction only**: MSE {mse:.4f}, codes that spread {spread:.1f} around their mean, KL {kl:.1f} "
                "nats.",
                **one,
            )
        )
    if KL_ONLY in figures:
        one = figures[KL_ONLY]
        found.append(
            t(
                "**KL only**: all codes fall onto one point (spread {spread:.3f}, KL {kl:.4f} nats). The cloud is N(0, I), "
                "whatever the picture: nothing comes back (MSE {mse:.4f}; the mean image has {mse_mean_image:.4f}).",
                **one,
            )
            if one["kl"] < SMALL
            else t("**KL only**: spread {spread:.3f}, KL {kl:.4f} nats, MSE {mse:.4f}.", **one)
        )
    if BOTH in figures:
        one = figures[BOTH]
        found.append(
            t(
                "**Both**: the codes spread {spread:.2f}, KL {kl:.1f} nats, MSE {mse:.4f}: pictures come back, and their "
                "clouds share the room that N(0, I) gives.",
                **one,
            )
            if one["mse"] < LEARNT * one["mse_mean_image"] and one["kl"] >= SMALL
            else t(
                "**Both**: the codes spread {spread:.2f}, KL {kl:.2f} nats, MSE {mse:.4f}: hardly better than the mean image's "
                "{mse_mean_image:.4f} so far.",
                **one,
            )
            if one["mse"] < one["mse_mean_image"]
            else t(
                "**Both**: the codes spread {spread:.2f}, KL {kl:.2f} nats, MSE {mse:.4f}: no better than the mean image with "
                "its {mse_mean_image:.4f}.",
                **one,
            )
        )
    return found


def denoised(noise: float, noisy: float, plain: float, trained: float) -> list[str]:
    """How much noise was taken away: mean squared errors against the clean pictures."""
    values = {"noise": noise, "noisy": noisy, "plain": plain, "trained": trained}
    first = t(
        "Noise of {noise:.2f} puts the pictures {noisy:.4f} (MSE) from the clean ones. What the denoising autoencoder makes of "
        "them is {trained:.4f} away, what the plain one makes {plain:.4f}.",
        **values,
    )
    if trained < noisy and _times(trained, plain) < EVEN:
        return [first, t("At this noise both autoencoders are about as good.")]
    if trained < plain and trained < noisy:
        return [
            first,
            t(
                "Learning to take noise away pays: {times:.1f} times less error than the plain autoencoder.",
                times=plain / trained,
            ),
        ]
    if trained >= noisy:
        return [first, t("At this noise, it takes away more of the picture than of the noise.")]
    return [first, t("At this noise the plain autoencoder is better.")]


def variance(auroc: Mapping[str, float]) -> list[str]:
    """Whether strange pictures have the wider posteriors, kind by kind (names translated)."""
    wider = [f"{name} ({written(value, '.2f')})" for name, value in auroc.items() if value > 0.6]
    narrower = [f"{name} ({written(value, '.2f')})" for name, value in auroc.items() if value < 0.4]
    alike = [f"{name} ({written(value, '.2f')})" for name, value in auroc.items() if 0.4 <= value <= 0.6]
    found = []
    if wider:
        found.append(t("Wider than those of normal pictures (AUROC above 0.6): {names}.", names=", ".join(wider)))
    if narrower:
        found.append(
            t(
                "Narrower (AUROC below 0.4): {names}. The encoder is *surer* of these strange pictures than of digits.",
                names=", ".join(narrower),
            )
        )
    if alike:
        found.append(t("About as wide: {names}.", names=", ".join(alike)))
    if narrower:
        found.append(t("So the posterior's variance alone is not to be trusted as a warning with this model."))
    elif not alike:
        found.append(t("So with this model, all of these strange pictures tend to have the larger variance."))
    return found
