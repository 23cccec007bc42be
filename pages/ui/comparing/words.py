"""The verdict in plain words, each sentence with its evidence. Imports no Streamlit."""

from collections.abc import Mapping
from itertools import pairwise

from pages.ui.comparing.figures import PCA, Compared, mean_of
from pages.ui.quantities import duration
from pages.ui.text import plain, t
from vae_core.comparison import CLEAR, Mean, difference, ranking


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
        _time(compared),
        _fairness(compared, latent_dims),
    ]
    return [sentence for sentence in found if sentence]


def _reconstruction(compared: Compared) -> str:
    order = ranking(compared.measured, "mse")
    best, second = order[:2]
    gap = difference(compared.measured[second], compared.measured[best], "mse")
    first, other = compared.measured[best].mean("mse"), compared.measured[second].mean("mse")
    assert gap is not None and first is not None and other is not None
    values = {
        "best": plain(compared.names[best]),
        "second": plain(compared.names[second]),
        "a": first.value,
        "b": other.value,
        "count": compared.pictures,
        "gap": gap.value,
        "error": gap.error,
    }
    if not gap.is_clear:
        return t(
            "**Reconstruction:** **{best}** ({a:.4f}) and **{second}** ({b:.4f}) err alike: their difference over the same "
            "{count:,} pictures is {gap:.5f} ± {error:.5f}, too little to tell.",
            **values,
        )
    worst = order[-1]
    words = t(
        "**Reconstruction:** **{best}** errs least, {a:.4f} a pixel: {share:.0%} less than **{second}** with {b:.4f} "
        "(over the same {count:,} pictures the difference is {gap:.5f} ± {error:.5f}).",
        share=gap.value / other.value,
        **values,
    )
    last = compared.measured[worst].mean("mse")
    if worst != second and last is not None:
        words += " " + t("{worst} errs most, {c:.4f}.", worst=plain(compared.names[worst]), c=last.value)
    return words


def _likelihood(compared: Compared) -> str:
    order = ranking(compared.measured, "negative_elbo")
    if len(order) < 2:
        return ""
    if len(set(compared.likelihoods.values())) > 1:
        return t(
            "**Likelihood:** not to be compared here, since some models count by cross-entropy (Bernoulli) and some by "
            "squared error (Gaussian): their −ELBO are different quantities."
        )
    best, second = order[:2]
    gap = difference(compared.measured[second], compared.measured[best], "negative_elbo")
    first = compared.measured[best].mean("negative_elbo")
    assert gap is not None and first is not None
    names = {"best": plain(compared.names[best]), "second": plain(compared.names[second])}
    values = {**names, "gap": gap.value, "error": gap.error}
    if not gap.is_clear:
        return t(
            "**Likelihood:** **{best}** and **{second}** can't be told apart: {gap:.2f} ± {error:.2f} nats lie between "
            "them.",
            **values,
        )
    return t(
        "**Likelihood:** **{best}** finds the pictures likeliest: a −ELBO of {a:.1f} nats, {gap:.2f} ± {error:.2f} nats "
        "below **{second}**.",
        a=first.value,
        **values,
    )


def _samples(compared: Compared) -> str:
    found = {key: mean_of(one.distance) for key, one in compared.measured.items()}
    known: dict[str, Mean] = {key: one for key, one in found.items() if one is not None and key != PCA}
    floor = mean_of(compared.floor)
    if len(known) < 2 or floor is None:
        return ""
    order = sorted(known, key=lambda key: known[key].value)
    best, worst = order[0], order[-1]
    groups = [order[0]]
    for one, other in pairwise(order):
        apart = known[other].value - known[one].value
        if apart > CLEAR * (known[one].error ** 2 + known[other].error ** 2) ** 0.5:
            break
        groups.append(other)
    lead = (
        t("**{best}** draws the most real-looking pictures", best=plain(compared.names[best]))
        if len(groups) == 1
        else t("the most real-looking pictures come alike from {names}", names=_bold(compared, groups))
    )
    if worst in groups:
        return t(
            "**New pictures from N(0, I):** {lead}: Fréchet distances of {a:.1f} to {b:.1f}, too near to tell apart. Real "
            "training pictures have {floor:.1f}.",
            lead=lead,
            a=known[best].value,
            b=known[worst].value,
            floor=floor.value,
        )
    return t(
        "**New pictures from N(0, I):** {lead}: a Fréchet distance of {a:.1f}, against {b:.1f} for **{worst}** and {floor:.1f} "
        "for real training pictures.",
        lead=lead,
        a=known[best].value,
        b=known[worst].value,
        worst=plain(compared.names[worst]),
        floor=floor.value,
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
        "**How far this goes:** ± is the standard error over the test pictures. Another seed of the training would change the "
        "figures too: to be sure, train each again with another seed."
    )
    if len(set(latent_dims.values())) > 1:
        sizes = ", ".join(f"{plain(compared.names[key])}: {size}" for key, size in latent_dims.items())
        words += " " + t(
            "The codes are not equally large ({sizes} numbers), and a larger code reconstructs better by itself.",
            sizes=sizes,
        )
    return words


def _bold(compared: Compared, keys: list[str]) -> str:
    return ", ".join(f"**{plain(compared.names[key])}**" for key in keys)
