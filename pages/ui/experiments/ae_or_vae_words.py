"""AE or VAE: what the figures say, each sentence decided by them. Imports no Streamlit."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pages.ui.certainty import by_difference, one_training_each
from pages.ui.experiments.ae_or_vae_charts import SOURCES
from pages.ui.text import N_, t, written
from vae_core.recipes.ae_or_vae import BOTH, KL_ONLY, RECONSTRUCTION_ONLY
from vae_core.significance import Difference, holm, independent, paired, rank

SMALL = 0.01  # nats: below it a code says nothing
NEAR = 1.5  # times: a spread so far from the prior's, or nearer, lies where the prior does
LEARNT = 0.8  # of the mean image's error
MEAN_IMAGE = "mean image"
"""The key of answering with the mean image, beside the companions'."""


def reach(ae: float, vae: float, prior: float) -> str:
    """Where the codes lie, by their root mean square distance from 0 per number; the prior's is 1."""
    return (
        t(
            "The autoencoder's codes spread {ae:.1f} around 0 in each dimension, the VAE's {vae:.1f} "
            "(their means and clouds together), N(0, I) {prior:.0f}: only the VAE's lie where new codes "
            "are drawn.",
            ae=ae,
            vae=vae,
            prior=prior,
        )
        if _times(vae, prior) <= NEAR < _times(ae, prior)
        else t(
            "The autoencoder's codes spread {ae:.1f} around 0 in each dimension, the VAE's {vae:.1f}, N(0, "
            "I) {prior:.0f}.",
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
    """What the distances of drawn pictures say; one a draw."""
    ground = float(np.mean(floor))
    normal = float(np.mean(vae["normal"]))
    found = []
    if ae is not None:
        other = float(np.mean(ae["normal"]))
        gap = independent(vae["normal"], ae["normal"])
        best = t("VAE") if normal < other else t("autoencoder")
        found.append(
            t(
                "Drawn from N(0, I), the VAE's images are at {vae:.3g}, the autoencoder's at {ae:.3g}: the "
                "{best}'s are nearer to real ones by a factor of {times:.1f}.",
                vae=normal,
                ae=other,
                best=best,
                times=_times(normal, other),
            )
            if gap.is_clear
            else t(
                "Drawn from N(0, I), the VAE's images are at {vae:.3g}, the autoencoder's at {ae:.3g}: no measurable "
                "difference over {draws} draws.",
                vae=normal,
                ae=other,
                draws=min(len(vae["normal"]), len(ae["normal"])),
            )
        )
    for name, values in ((t("VAE"), vae), (t("autoencoder"), ae or {})):
        if values:
            found.append(_best_source(name, values, ground))
    return [*found, one_training_each()]


def _best_source(name: str, values: Mapping[str, Sequence[float]], ground: float) -> str:
    """From which density a model draws best, if that can be told."""
    ranking = rank(values, "less", same_images=False)
    best = float(np.mean(values[ranking.order[0]]))
    shared = {"name": name, "best": best, "times": best / ground, "floor": ground}
    sources = [t(SOURCES[source]) for source in ranking.leaders]
    if len(sources) > 1:
        return t(
            "The {name}'s best draws come from {sources}, without a measurable difference between them: {best:.3g}, which "
            "is {times:.1f} times the distance of real training images ({floor:.3g}).",
            sources=", ".join(sources),
            **shared,
        )
    return t(
        "The {name}'s best draws come from {source}: {best:.3g}, which is {times:.1f} times the distance of real "
        "training images ({floor:.3g}).",
        source=sources[0],
        **shared,
    )


def between(
    vae: tuple[NDArray[np.float64], NDArray[np.float64]], ae: tuple[NDArray[np.float64], NDArray[np.float64]]
) -> list[str]:
    """What lies half way between two codes.

    Args:
        vae, ae: The classifier's confidence and the distance to the nearest real picture, each with shape (pairs, steps),
            of the same pairs.
    """
    middle = vae[0].shape[1] // 2
    gap = paired(vae[0][:, middle], ae[0][:, middle])
    values = {"vae": float(vae[0][:, middle].mean()), "ae": float(ae[0][:, middle].mean())}
    first = by_difference(
        gap,
        N_(
            "Half way, the classifier is {vae:.0%} sure of the VAE's images and {ae:.0%} of the autoencoder's: no "
            "measurable difference."
        ),
        N_(
            "Half way, the classifier is {vae:.0%} sure of the VAE's images and {ae:.0%} of the "
            "autoencoder's: its path leads through more that is no digit."
        ),
        N_(
            "Half way, the classifier is {ae:.0%} sure of the autoencoder's images and only {vae:.0%} of "
            "the VAE's: here the autoencoder has the better path."
        ),
    )
    second = t(
        "From the ends to the middle of a path, the distance to the nearest real image changes by "
        "{vae:+.2f} for the VAE and by {ae:+.2f} for the autoencoder.",
        vae=_detour(vae[1]),
        ae=_detour(ae[1]),
    )
    return [t(first, **values), second, one_training_each()]


def _detour(distances: NDArray[np.float64]) -> float:
    """How much further from real pictures the middle lies than the ends, a mean over the pairs."""
    line = distances.mean(0)
    return float(line[len(line) // 2] - line[[0, -1]].mean())


def trainings(
    figures: Mapping[str, Mapping[str, float]], errors: Mapping[str, NDArray[np.float64]] | None = None
) -> list[str]:
    """What became of one small model under three losses.

    Args:
        figures: By the companion's key: `kl` in nats, `mse`, `mse_mean_image`, and `spread`, the standard deviation of
            the codes.
        errors: By the same keys, and `MEAN_IMAGE`, the mean squared error of each of the same pictures, with shape (N,).
    """
    errors = errors or {}
    gaps = holm(
        {
            pair: paired(errors[pair[0]], errors[pair[1]])
            for pair in ((RECONSTRUCTION_ONLY, BOTH), (RECONSTRUCTION_ONLY, KL_ONLY), (BOTH, MEAN_IMAGE))
            if set(pair) <= set(errors)
        }
    )
    found = []
    if RECONSTRUCTION_ONLY in figures:
        one = figures[RECONSTRUCTION_ONLY]
        rivals = [gap for (first, _), gap in gaps.items() if first == RECONSTRUCTION_ONLY]
        found.append(
            t(
                "**Reconstruction only**: the best reconstructions (MSE {mse:.4f}), and codes that spread "
                "{spread:.1f} around their mean: nothing holds them near N(0, I) (KL {kl:.1f} nats)."
                if rivals and all(gap.is_clear and gap.value < 0 for gap in rivals)
                else "**Reconstruction only**: MSE {mse:.4f}, codes that spread {spread:.1f} around their mean, KL {kl:.1f} "
                "nats.",
                **one,
            )
        )
    if KL_ONLY in figures:
        one = figures[KL_ONLY]
        found.append(
            t(
                "**KL only**: all codes fall onto one point (spread {spread:.3f}, KL {kl:.4f} nats). The "
                "cloud is N(0, I), whatever the image: nothing is reconstructed (MSE {mse:.4f}; the mean "
                "image has {mse_mean_image:.4f}).",
                **one,
            )
            if one["kl"] < SMALL
            else t("**KL only**: spread {spread:.3f}, KL {kl:.4f} nats, MSE {mse:.4f}.", **one)
        )
    if BOTH in figures:
        one = figures[BOTH]
        gap = gaps.get((BOTH, MEAN_IMAGE))
        is_better = gap is not None and gap.is_clear and gap.value < 0
        found.append(
            t(
                "**Both**: the codes spread {spread:.2f}, KL {kl:.1f} nats, MSE {mse:.4f}: images are "
                "reconstructed, and their clouds share the room that N(0, I) gives.",
                **one,
            )
            if is_better and one["mse"] < LEARNT * one["mse_mean_image"] and one["kl"] >= SMALL
            else t(
                "**Both**: the codes spread {spread:.2f}, KL {kl:.2f} nats, MSE {mse:.4f}: hardly better than the mean image's "
                "{mse_mean_image:.4f} so far.",
                **one,
            )
            if is_better
            else t(
                "**Both**: the codes spread {spread:.2f}, KL {kl:.2f} nats, MSE {mse:.4f}: no measurable difference from the "
                "mean image with its {mse_mean_image:.4f}.",
                **one,
            )
            if gap is None or not gap.is_clear
            else t(
                "**Both**: the codes spread {spread:.2f}, KL {kl:.2f} nats, MSE {mse:.4f}: no better than the mean image with "
                "its {mse_mean_image:.4f}.",
                **one,
            )
        )
    return [*found, one_training_each()] if gaps else found


def denoised(
    noise: float, noisy: NDArray[np.float64], plain: NDArray[np.float64], trained: NDArray[np.float64]
) -> list[str]:
    """How much noise was taken away.

    Args:
        noise: How much there was.
        noisy, plain, trained: Mean squared errors against the clean pictures, one a picture, with shape (N,): of the
            noisy pictures, of what the plain autoencoder makes of them, and of what the denoising one does.
    """
    gaps = holm({"plain": paired(plain, trained), "noisy": paired(noisy, trained)})
    better, cleaner = gaps["plain"], gaps["noisy"]
    means = {"noisy": float(noisy.mean()), "plain": float(plain.mean()), "trained": float(trained.mean())}
    first = t(
        "Noise of {noise:.2f} puts the images {noisy:.4f} (MSE) from the clean ones. What the denoising autoencoder makes of "
        "them is {trained:.4f} away, what the plain one makes {plain:.4f}.",
        noise=noise,
        **means,
    )
    if cleaner.is_clear and cleaner.value < 0:
        second = t("At this noise, it removes more of the image than of the noise.")
    elif not better.is_clear:
        second = t("At this noise there is no measurable difference between both autoencoders.")
    elif better.value < 0:
        second = t("At this noise the plain autoencoder is better.")
    elif not cleaner.is_clear:
        second = t(
            "It is nearer than the plain one, but not measurably nearer to the clean images than the noisy ones."
        )
    else:
        second = t(
            "Learning to remove noise pays: the error is smaller than the plain autoencoder's by a factor "
            "of {times:.1f}.",
            times=means["plain"] / max(means["trained"], 1e-12),
        )
    return [first, f"{second} {one_training_each()}"]


def variance(above: Mapping[str, Difference]) -> list[str]:
    """Whether strange pictures have the wider posteriors, kind by kind.

    Args:
        above: By the kind's name, translated, how far the AUROC lies above 0.5, which is guessing.
    """
    tested = holm(above)

    def listed(chosen: Callable[[Difference], bool]) -> str:
        return ", ".join(f"{name} ({written(0.5 + one.value, '.2f')})" for name, one in tested.items() if chosen(one))

    wider = listed(lambda one: one.is_clear and one.value > 0)
    narrower = listed(lambda one: one.is_clear and one.value < 0)
    alike = listed(lambda one: not one.is_clear)
    found = []
    if wider:
        found.append(t("Wider than those of normal images (AUROC above 0.5): {names}.", names=wider))
    if narrower:
        found.append(
            t(
                "Narrower (AUROC below 0.5): {names}. The encoder is *surer* of these anomalous images "
                "than of normal ones.",
                names=narrower,
            )
        )
    if alike:
        found.append(t("No measurable difference: {names}.", names=alike))
    if narrower:
        found.append(t("So the posterior's variance alone is not to be trusted as a warning with this model."))
    elif not alike:
        found.append(t("So with this model, all of these anomalous images tend to have the larger variance."))
    return found
