"""The verdict in plain words, each sentence with its evidence. Imports no Streamlit."""

from collections.abc import Mapping, Sequence

import numpy as np

from pages.ui.comparing.figures import PCA, Compared
from pages.ui.quantities import duration
from pages.ui.text import plain, t, tn, written
from vae_core.comparison import difference, distance_ranking, distances_over_trainings, over_trainings, ranking
from vae_core.significance import Ranking

LIKELIHOOD = "negative_elbo"


def verdict(compared: Compared, latent_dims: Mapping[str, int]) -> list[str]:
    """What the figures say, in sentences.

    Args:
        compared: The figures.
        latent_dims: How many numbers each code has, by the keys of `compared.names`.
    """
    found = [
        _reconstruction(compared),
        _likelihood(compared),
        _samples(compared),
        _told(compared),
        *_trainings(compared),
        _time(compared),
        _fairness(compared, latent_dims),
    ]
    return [sentence for sentence in found if sentence]


def _reconstruction(compared: Compared) -> str:
    found = ranking(compared.measured, "mse")
    best, second = found.order[:2]
    gap = difference(compared.measured[second], compared.measured[best], "mse")
    assert gap is not None
    values = {"count": compared.pictures, "gap": gap.value, "margin": gap.margin}
    if len(found.leaders) > 1:
        words = t(
            "**Reconstruction:** {names} do not differ measurably ({a:.4f} to {b:.4f} per pixel): over the "
            "same {count:,} images **{best}** and **{second}** differ by {gap:.5f} ± {margin:.5f}.",
            names=_bold(compared, found.leaders),
            best=plain(compared.names[best]),
            second=plain(compared.names[second]),
            a=_mean(compared, best, "mse"),
            b=_mean(compared, found.leaders[-1], "mse"),
            **values,
        )
    else:
        words = t(
            "**Reconstruction:** **{best}** has the lowest error, {a:.4f} per pixel: {share} less than "
            "**{second}** with {b:.4f} (over the same {count:,} images the difference is {gap:.5f} ± "
            "{margin:.5f}).",
            best=plain(compared.names[best]),
            second=plain(compared.names[second]),
            share=_share(gap.value / _mean(compared, second, "mse")),
            a=_mean(compared, best, "mse"),
            b=_mean(compared, second, "mse"),
            **values,
        )
    if found.last is not None and found.last != second:
        worst = plain(compared.names[found.last])
        words += " " + t("{worst} has the highest error, {c:.4f}.", worst=worst, c=_mean(compared, found.last, "mse"))
    return words


def _likelihood(compared: Compared) -> str:
    found = ranking(compared.measured, LIKELIHOOD)
    if len(found.order) < 2:
        return ""
    if len(set(compared.likelihoods.values())) > 1:
        return t(
            "**Likelihood:** not comparable here, since some models use the cross-entropy (Bernoulli) and "
            "some the squared error (Gaussian): their −ELBO are different quantities."
        )
    best, second = found.order[:2]
    gap = difference(compared.measured[second], compared.measured[best], LIKELIHOOD)
    assert gap is not None
    values = {"second": plain(compared.names[second]), "gap": gap.value, "margin": gap.margin}
    if len(found.leaders) > 1:
        return t(
            "**Likelihood:** {names} do not differ measurably: {gap:.2f} ± {margin:.2f} nats lie between "
            "**{best}** and **{second}**.",
            names=_bold(compared, found.leaders),
            best=plain(compared.names[best]),
            **values,
        )
    return t(
        "**Likelihood:** **{best}** has the highest likelihood bound: a −ELBO of {a:.1f} nats, {gap:.2f} ± "
        "{margin:.2f} nats below **{second}**.",
        best=plain(compared.names[best]),
        a=_mean(compared, best, LIKELIHOOD),
        **values,
    )


def _samples(compared: Compared) -> str:
    found = distance_ranking(compared.measured)
    if len(found.order) < 2 or not compared.floor:
        return ""
    mean = {key: float(np.mean(compared.measured[key].distance)) for key in found.order}
    floor, worst = float(np.mean(compared.floor)), found.order[-1]
    if worst in found.leaders:
        return t(
            "**New images from N(0, I):** {names} do not differ measurably: Fréchet distances of {a:.1f} "
            "to {b:.1f}, {draws} draws each. Real training images have {floor:.1f}.",
            names=_bold(compared, found.leaders),
            a=mean[found.order[0]],
            b=mean[worst],
            draws=len(compared.measured[worst].distance),
            floor=floor,
        )
    alike = [key for key in found.leaders if found.between(key, worst).is_clear]
    lead = (
        t("**{best}** draws the most real-looking images", best=plain(compared.names[alike[0]]))
        if len(found.leaders) == 1
        else t(
            "the most real-looking images come from {names}, without a measurable difference between them",
            names=_bold(compared, found.leaders),
        )
    )
    return t(
        "**New images from N(0, I):** {lead}: a Fréchet distance of {a:.1f}, against {b:.1f} for **{worst}** and {floor:.1f} "
        "for real training images.",
        lead=lead,
        a=mean[found.order[0]],
        b=mean[worst],
        worst=plain(compared.names[worst]),
        floor=floor,
    )


def _told(compared: Compared) -> str:
    """Who is told the class, where others are not."""
    if not compared.told or len(compared.told) == len(compared.names):
        return ""
    return t(
        "**Told the class:** {names} is told the class of every image, both to read and to draw it; the others have to "
        "find it out. Its errors, its −ELBO and its new images are those of an easier task.",
        names=_bold(compared, compared.told),
    )


def _trainings(compared: Compared) -> list[str]:
    """What several trainings of the same settings say, where there are some."""
    groups = compared.repeats
    if not groups:
        return []
    if len(groups) == 1:
        errors = [_mean(compared, key, "mse") for key in groups[0]]
        return [
            t(
                "**Trainings:** {names} differ in nothing but the seed, and their errors go from {low:.4f} "
                "to {high:.4f} per pixel: that is how far apart chance puts trainings of these settings.",
                names=_bold(compared, groups[0]),
                low=min(errors),
                high=max(errors),
            )
        ]
    names = [_group(compared, group) for group in groups]
    parts = [
        _over_trainings(t("reconstruction"), over_trainings(compared.measured, groups, "mse"), names, 5),
    ]
    measured = [compared.measured[key] for group in groups for key in group]
    is_one_kind = len({compared.likelihoods.get(key) for group in groups for key in group}) == 1
    if is_one_kind and all(LIKELIHOOD in one.figures for one in measured):
        parts.append(_over_trainings("−ELBO", over_trainings(compared.measured, groups, LIKELIHOOD), names, 2))
    if all(one.distance for one in measured):
        parts.append(
            _over_trainings(t("Fréchet distance"), distances_over_trainings(compared.measured, groups), names, 1)
        )
    return [t("**Trainings**, with the spread between seeds included: {parts}.", parts="; ".join(parts))]


def _over_trainings(figure: str, found: Ranking[int], names: Sequence[str], digits: int) -> str:
    """One figure of settings that were trained with several seeds each."""
    best, second = found.order[:2]
    gap = found.between(best, second)
    values = {
        "figure": figure,
        "best": names[best],
        "second": names[second],
        "gap": written(abs(gap.value), f".{digits}f"),
        "margin": written(gap.margin, f".{digits}f"),
    }
    if len(found.leaders) > 1:
        return t("{figure}: no measurable difference between {best} and {second} ({gap} ± {margin})", **values)
    return t("{figure}: {best} is best, {gap} ± {margin} below {second}", **values)


def _group(compared: Compared, group: Sequence[str]) -> str:
    return tn(
        "**{name}** ({count} training)",
        "**{name}** ({count} trainings)",
        "count",
        name=plain(compared.names[group[0]]),
        count=len(group),
    )


def _time(compared: Compared) -> str:
    known = {key: seconds for key, seconds in compared.seconds.items() if seconds}
    if len(known) < 2:
        return ""
    quickest, slowest = min(known, key=known.__getitem__), max(known, key=known.__getitem__)
    if known[slowest] < 1.2 * known[quickest]:
        return t("**Time:** they trained about equally long, {time}.", time=duration(known[slowest]))
    return t(
        "**Time:** **{quickest}** trained for {a}, **{slowest}** for {b}.",
        quickest=plain(compared.names[quickest]),
        slowest=plain(compared.names[slowest]),
        a=duration(known[quickest]),
        b=duration(known[slowest]),
    )


def _fairness(compared: Compared, latent_dims: Mapping[str, int]) -> str:
    words = t(
        "**Limits of this comparison:** a difference is called one where chance gives it less than once in "
        "twenty times (Student's t; ± is the 95 % interval)."
    )
    if len(compared.names) > 2:
        words += " " + t("Where more than two are compared at once, each must be the clearer (Holm).")
    if len(compared.repeats) < 2:
        words += " " + t(
            "One training each: how much trainings with other seeds differ is not included. Train each again with other "
            "seeds and choose them all here, then it is."
        )
    elif single := [key for key in compared.seconds if not any(key in group for group in compared.repeats)]:
        words += " " + t(
            "One training only, so that its spread over seeds is not included: {names}.", names=_bold(compared, single)
        )
    for key, (done, epochs) in compared.stopped.items():
        words += " " + t(
            "{name} was stopped in epoch {done} of {epochs}.",
            name=plain(compared.names[key]),
            done=done,
            epochs=epochs,
        )
    if len(set(latent_dims.values())) > 1:
        sizes = ", ".join(f"{plain(compared.names[key])}: {size}" for key, size in latent_dims.items())
        words += " " + t(
            "The codes are not equally large (dimensions: {sizes}), and a larger code reconstructs better by itself.",
            sizes=sizes,
        )
    if PCA in compared.names and compared.floor:
        words += " " + t("PCA has no N(0, I) of its own: it draws from a Gaussian as wide as its codes.")
    return words


def _mean(compared: Compared, key: str, name: str) -> float:
    return float(compared.measured[key].figures[name].mean())


def _share(share: float) -> str:
    """`34%`, and what is less than a tenth with a digit after the point: `0.4%`."""
    return written(share, ".0%" if share >= 0.1 else ".1%" if share >= 0.001 else ".3%")


def _bold(compared: Compared, keys: Sequence[str]) -> str:
    return ", ".join(f"**{plain(compared.names[key])}**" for key in keys)
