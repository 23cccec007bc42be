"""Whether two figures differ: the one test behind every comparison in words.

    the same images            d_i = a_i - b_i,   t = mean(d) / (s(d) / sqrt(n)),   n - 1 degrees         (Student 1908)
    draws, trainings           t = (mean(a) - mean(b)) / sqrt(s(a)^2 / n + s(b)^2 / m)                     (Welch 1947)
    AUROC                      the same of each picture's placement among those of the other kind (DeLong et al. 1988)

An interval is Student's, so that three draws get 4.3 standard errors and not two. Where several figures are compared at
once, `holm` raises the bar (Holm 1979), since the best of six equal ones looks better than the rest. What can't be known,
as the spread of a single draw, is infinite: then nothing differs measurably.

References:
    Welch 1947, https://doi.org/10.1093/biomet/34.1-2.28; DeLong, DeLong and Clarke-Pearson 1988,
    https://doi.org/10.2307/2531595; Holm 1979, https://www.jstor.org/stable/4615733
"""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Generic, Literal, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vae_core.special import stdtr, stdtrit

LEVEL = 0.05
"""How often equal figures may be called different."""

_EXACT = 1e-12  # of the figures' size: what lies below is rounding
Better = Literal["less", "more"]
K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True)
class Difference:
    """A difference of two means, or a mean, with what chance may do to it.

    Attributes:
        value: The difference, first minus second.
        error: Its standard error; infinite where there are too few values to know it.
        degrees: Of freedom of that error.
        p: How often chance alone gives a difference of that size or more; raised where several are compared at once.
        compared: How many were compared at once.
    """

    value: float
    error: float
    degrees: float
    p: float
    compared: int = 1

    @property
    def margin(self) -> float:
        """Half the width of the 95 % interval around `value`."""
        if not math.isfinite(self.error):
            return math.inf
        return stdtrit(self.degrees, 1 - LEVEL / 2) * self.error if self.error else 0.0

    @property
    def is_clear(self) -> bool:
        """Whether it is more than chance explains. Else there is no measurable difference."""
        return self.p < LEVEL

    def __neg__(self) -> "Difference":
        return replace(self, value=-self.value)


def estimate(values: ArrayLike) -> Difference:
    """The mean of independent values, with shape (N,), against 0."""
    found = np.asarray(values, np.float64)
    return _tested(float(found.mean()), *_squared_error(found), size=float(np.abs(found).max()))


def paired(first: ArrayLike, second: ArrayLike) -> Difference:
    """The mean difference of two figures of the same images.

    Args:
        first, second: A value an image, both with shape (N,) and in the same order.
    """
    a, b = np.asarray(first, np.float64), np.asarray(second, np.float64)
    assert a.shape == b.shape, "paired figures are of the same images"
    d = a - b
    return _tested(float(d.mean()), *_squared_error(d), size=float(max(np.abs(a).max(), np.abs(b).max())))


def independent(first: ArrayLike, second: ArrayLike) -> Difference:
    """The difference of the means of two sets of draws, or of trainings with several seeds: their spread is in it.

    Args:
        first, second: A value a draw, with shapes (N,) and (M,).
    """
    a, b = np.asarray(first, np.float64), np.asarray(second, np.float64)
    (one, one_degrees), (other, other_degrees) = _squared_error(a), _squared_error(b)
    squared = one + other
    degrees = min(one_degrees, other_degrees)
    if math.isfinite(squared) and squared > 0:
        degrees = squared**2 / (one**2 / one_degrees + other**2 / other_degrees)
    size = float(max(np.abs(a).max(), np.abs(b).max()))
    return _tested(float(a.mean() - b.mean()), squared, degrees, size=size)


def auroc(strange: NDArray[np.bool_], scores: ArrayLike) -> Difference:
    """How far the chance that a strange picture scores higher than a normal one lies above guessing, which is 0.5.

    Args:
        strange: Which pictures are, with shape (N,); some of both kinds.
        scores: Theirs, with the same shape.
    """
    return _placed([one - 0.5 for one in _placements(strange, scores)])


def auroc_difference(strange: NDArray[np.bool_], first: ArrayLike, second: ArrayLike) -> Difference:
    """The difference of the AUROC of two scores of the same pictures; arguments as for `auroc`."""
    pairs = zip(_placements(strange, first), _placements(strange, second), strict=True)
    return _placed([one - other for one, other in pairs])


def from_error(value: float, error: float, degrees: float) -> Difference:
    """A difference whose standard error is known from elsewhere."""
    return _tested(value, error**2, degrees, size=abs(value))


def holm(differences: Mapping[K, Difference]) -> dict[K, Difference]:
    """Several differences that are looked at together: each p is raised, so that rarely any of them is called one falsely."""
    order = sorted(differences, key=lambda key: differences[key].p)
    raised, found = 0.0, {}
    for place, key in enumerate(order):
        raised = max(raised, min(1.0, differences[key].p * (len(order) - place)))
        found[key] = replace(differences[key], p=raised, compared=len(order))
    return {key: found[key] for key in differences}


@dataclass(frozen=True)
class Ranking(Generic[K]):
    """Several figures, each held against each other.

    Attributes:
        order: Their keys, the best first.
        differences: Of each pair of keys in that order, the better minus the worse, adjusted by `holm`.
    """

    order: Sequence[K]
    differences: Mapping[tuple[K, K], Difference]

    def between(self, better: K, worse: K) -> Difference:
        """Their difference, whichever is the better."""
        found = self.differences.get((better, worse))
        return found if found is not None else -self.differences[worse, better]

    @property
    def leaders(self) -> list[K]:
        """The best, and those that are not measurably worse."""
        best = self.order[0]
        return [key for key in self.order if key == best or not self.between(best, key).is_clear]

    @property
    def last(self) -> K | None:
        """The one that is measurably worse than all others; `None` where there is none."""
        worst = self.order[-1]
        others = [key for key in self.order if key != worst]
        return worst if others and all(self.between(key, worst).is_clear for key in others) else None


def rank(figures: Mapping[K, ArrayLike], better: Better, *, same_images: bool) -> Ranking[K]:
    """Holds each figure against each other.

    Args:
        figures: By their keys, values with shape (N,).
        better: Whether less or more of it is.
        same_images: The values are of the same images in the same order; else they are draws.
    """
    means = {key: float(np.mean(np.asarray(values, np.float64))) for key, values in figures.items()}
    order = sorted(means, key=lambda key: means[key], reverse=better == "more")
    test = paired if same_images else independent
    return Ranking(
        order, holm({(one, other): test(figures[one], figures[other]) for one, other in combinations(order, 2)})
    )


def _squared_error(values: NDArray[np.float64]) -> tuple[float, float]:
    """The squared standard error of a mean, and its degrees of freedom."""
    if len(values) < 2:
        return math.inf, 0.0
    return float(values.var(ddof=1)) / len(values), len(values) - 1.0


def _tested(value: float, squared: float, degrees: float, size: float) -> Difference:
    error = math.sqrt(squared)
    rounding = _EXACT * size
    if abs(value) <= rounding:
        return Difference(value, error, degrees, 1.0)
    if error <= rounding:
        return Difference(value, 0.0, degrees, 0.0)
    p = 2 * stdtr(degrees, -abs(value) / error) if math.isfinite(error) else 1.0
    return Difference(value, error, degrees, p)


def _placements(strange: NDArray[np.bool_], scores: ArrayLike) -> list[NDArray[np.float64]]:
    """For each strange picture the share of normal ones that score less, and for each normal one that of strange ones
    that score more; equal scores count half."""
    values = np.asarray(scores, np.float64)
    above, below = np.sort(values[strange]), np.sort(values[~strange])
    return [_share_below(below, values[strange]), 1 - _share_below(above, values[~strange])]


def _share_below(ordered: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    both = np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right")
    return np.asarray(both / (2 * len(ordered)), np.float64)


def _placed(placements: Sequence[NDArray[np.float64]]) -> Difference:
    parts = [_squared_error(one) for one in placements]
    return _tested(
        float(placements[0].mean()), sum(part[0] for part in parts), min(part[1] for part in parts), size=1.0
    )
