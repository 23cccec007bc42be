"""A threshold from normal validation images, and what so few of them can promise.

Of n scores of normal images the k-th largest is the threshold. A new normal image is then flagged with probability

    P(s > s_(k)) = k / (n + 1),    k = floor(alpha (n + 1)),

at most alpha whatever the scores' distribution (split conformal prediction). This is an average over draws of the n
images: the share of false alarms at the threshold that was drawn follows Beta(k, n + 1 - k), which is wide while n is
small. An interpolated quantile lies lower than s_(k) and flags more than alpha on average: 8 % at n = 20, where 5 % were
asked.

References:
    Vovk, Gammerman and Shafer 2005, Algorithmic Learning in a Random World; Angelopoulos and Bates 2021,
    https://arxiv.org/abs/2107.07511, section 3.2; Clopper and Pearson 1934, https://doi.org/10.1093/biomet/26.4.404.
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from vae_core.anomaly.normal import Scores
from vae_core.errors import N_, InputError
from vae_core.special import betaincinv

ALPHA = 0.05
"""The share of false alarms that is asked for."""
CERTAINTY = 0.95
"""How often an interval holds the true share."""


class Interval(NamedTuple):
    """Between which shares the true one lies, 19 times out of 20; both from 0 to 1."""

    low: float
    high: float


@dataclass(frozen=True)
class Threshold:
    """Scores above it are flagged.

    Attributes:
        value: The k-th largest score of normal validation images.
        alpha: The share of false alarms that was asked for.
        images: How many scores it comes from (n).
        rank: k, at least 1.
    """

    value: float
    alpha: float
    images: int
    rank: int

    @property
    def is_promised(self) -> bool:
        """Whether so many images can promise alpha at all: at least `fewest(alpha)`."""
        return self.images >= fewest(self.alpha)

    @property
    def expected(self) -> float:
        """The share of normal images that is flagged on average, k / (n + 1)."""
        return self.rank / (self.images + 1)

    @property
    def interval(self) -> Interval:
        """Where the true share of false alarms lies: the middle 95 % of Beta(k, n + 1 - k)."""
        return _beta(self.rank, self.images + 1 - self.rank, self.rank, self.images + 1 - self.rank)


def fewest(alpha: float) -> int:
    """The fewest images that can promise a share: 19 for 5 %, 99 for 1 %. Raises InputError unless 0 < alpha < 1."""
    return math.ceil(1 / _exact(alpha)) - 1


def threshold(validation_scores: Scores, alpha: float = ALPHA) -> Threshold:
    """The threshold that flags at most a share of normal images, on average.

    From fewer images than can promise it (`fewest`), it is the largest score, and `is_promised` is false.

    Args:
        validation_scores: Of *normal* images of the *validation* split, with shape (N,). A threshold chosen on the test
            split would have seen what it is judged on, and training images score lower than new ones.
        alpha: That share, between 0 and 1.

    Raises:
        InputError: There are no scores, or the share is out of range.
    """
    count = len(validation_scores)
    rank = max(1, math.floor(_exact(alpha) * (count + 1)))
    if count == 0:
        raise InputError(
            N_("There are no validation images of the normal classes to choose a threshold from. Choose more classes.")
        )
    return Threshold(float(np.sort(validation_scores)[-rank]), alpha, count, rank)


def default_threshold(validation_scores: Scores, quantile: float = 0.95) -> float:
    """The score that at least a share of new normal images stays at or below, on average: `threshold` by that share.

    Args:
        validation_scores: As for `threshold`.
        quantile: From 0 to 1; 0.95 asks for 5 % of false alarms.

    Raises:
        InputError: There are no scores, or the share is out of range.
    """
    if not 0 <= quantile <= 1:
        raise InputError(N_("The share is {quantile}, but must be from 0 to 1. 0.95 is usual."), quantile=quantile)
    if quantile in (0, 1) and len(validation_scores):
        return float(np.min(validation_scores) if quantile == 0 else np.max(validation_scores))
    return threshold(validation_scores, float(1 - Fraction(str(float(quantile)))) if quantile < 1 else ALPHA).value


def share_interval(count: int, total: int) -> Interval:
    """Where a share lies of which `count` out of `total` were seen (Clopper and Pearson 1934: exact, never too narrow).

    With a total of 0 nothing is known: from 0 to 1.
    """
    return _beta(count, total - count + 1, count + 1, total - count)


def _beta(low_a: int, low_b: int, high_a: int, high_b: int) -> Interval:
    """The lower end of one Beta distribution and the upper end of another; without one, 0 and 1."""
    tail = (1 - CERTAINTY) / 2
    low = betaincinv(low_a, low_b, tail) if low_a > 0 else 0.0
    high = betaincinv(high_a, high_b, 1 - tail) if high_b > 0 else 1.0
    return Interval(low, high)


def _exact(alpha: float) -> Fraction:
    """The share as it is written, so that 0.29 of 100 images is 29 and not 28.999...: raises InputError out of range."""
    if not 0 < alpha < 1:
        raise InputError(
            N_("The share of false alarms is {alpha}, but must be between 0 and 1. 0.05 is usual."), alpha=alpha
        )
    return Fraction(str(float(alpha)))
