"""Thresholds from few images: what they promise, how far off they may be, and that no interpolation flatters them."""

import math

import numpy as np
import pytest
from scipy.stats import beta, binomtest

from vae_core.anomaly import ALPHA, Interval, fewest, share_interval, threshold
from vae_core.errors import InputError


@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.1, 0.29, 0.5])
@pytest.mark.parametrize("count", [1, 2, 9, 18, 19, 20, 40, 98, 99, 100, 400, 999])
def test_the_threshold_is_the_score_that_keeps_the_promise(alpha: float, count: int) -> None:
    scores = np.random.default_rng(count).permutation(np.arange(1.0, count + 1))
    found = threshold(scores, alpha)
    rank = max(1, math.floor(round(alpha * (count + 1), 9)))
    assert (found.value, found.rank, found.images, found.alpha) == (count + 1 - rank, rank, count, alpha)
    assert found.expected == rank / (count + 1)
    assert found.is_promised == (found.expected <= alpha + 1e-12) == (count >= fewest(alpha))
    expected = beta(rank, count + 1 - rank).interval(0.95)
    assert found.interval == pytest.approx(expected, abs=1e-9)


def test_how_many_images_can_promise_a_share() -> None:
    assert [fewest(alpha) for alpha in (0.05, 0.01, 0.1, 0.5, 0.001)] == [19, 99, 9, 1, 999]
    assert not threshold(np.arange(18.0)).is_promised and threshold(np.arange(19.0)).is_promised
    assert not threshold(np.arange(98.0), 0.01).is_promised and threshold(np.arange(99.0), 0.01).is_promised


@pytest.mark.parametrize("count", [20, 40, 50, 100])
def test_new_normal_images_are_flagged_no_oftener_than_asked(count: int) -> None:
    """Over many draws of the validation images; np.quantile over 20 flags 8 % where 5 % were asked."""
    chance = np.random.default_rng(count)
    draws = chance.standard_normal((4_000, count))
    shares = np.array([0.5 * math.erfc(threshold(one).value / math.sqrt(2)) for one in draws])
    asked = threshold(draws[0])
    assert shares.mean() == pytest.approx(asked.expected, abs=4 * shares.std() / math.sqrt(len(shares)))
    assert asked.expected <= ALPHA
    inside = ((shares >= asked.interval.low) & (shares <= asked.interval.high)).mean()
    assert inside == pytest.approx(0.95, abs=0.015)


def test_forty_images_may_flag_far_more_than_asked() -> None:
    low, high = threshold(np.arange(40.0)).interval
    assert (round(low, 3), round(high, 3)) == (0.006, 0.132)


@pytest.mark.parametrize(("count", "total"), [(0, 1), (1, 1), (0, 40), (7, 40), (40, 40), (5, 108), (812, 892)])
def test_the_interval_of_a_counted_share_is_exact(count: int, total: int) -> None:
    expected = binomtest(count, total).proportion_ci(0.95, "exact")
    assert share_interval(count, total) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_of_no_images_nothing_is_known() -> None:
    assert share_interval(0, 0) == Interval(0, 1)
    with pytest.raises(InputError, match="no validation images"):
        threshold(np.empty(0))


@pytest.mark.parametrize("alpha", [0.0, 1.0, -0.1, 5.0, math.nan])
def test_a_share_that_is_none(alpha: float) -> None:
    with pytest.raises(InputError, match=r"between 0 and 1\. 0\.05 is usual"):
        threshold(np.arange(9.0), alpha)


def test_equal_scores_are_not_flagged() -> None:
    found = threshold(np.ones(40))
    assert found.value == 1 and not (np.ones(40) > found.value).any()
