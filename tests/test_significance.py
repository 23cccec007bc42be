"""The one test behind every comparison in words: what it calls a difference, and how seldom it errs."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from sklearn.metrics import roc_auc_score

from vae_core.significance import (
    LEVEL,
    Difference,
    auroc,
    auroc_difference,
    estimate,
    holm,
    independent,
    paired,
    rank,
)

GAPS = {"c": 0.5, "a": 0.0, "b": 0.0, "d": 0.9}
Test = Callable[[NDArray[np.float64], NDArray[np.float64]], Difference]


@pytest.mark.parametrize("test", [paired, independent])
@pytest.mark.parametrize("count", [2, 3, 5, 500])
def test_the_same_data_never_differ(test: Test, count: int) -> None:
    values = np.random.default_rng(count).normal(3, 1, count)
    found = test(values, values.copy())
    assert found.value == 0 and found.p == 1 and not found.is_clear


@pytest.mark.parametrize("test", [paired, independent])
def test_the_test_is_students(test: Test) -> None:
    generator = np.random.default_rng(1)
    a, b = generator.normal(0, 1, 4), generator.normal(1, 2, 4)
    expected = stats.ttest_rel(a, b) if test is paired else stats.ttest_ind(a, b, equal_var=False)
    found = test(a, b)
    low, high = expected.confidence_interval(1 - LEVEL)
    assert found.p == pytest.approx(expected.pvalue)
    assert (found.value - found.margin, found.value + found.margin) == pytest.approx((low, high))


def test_three_draws_need_more_than_two_standard_errors() -> None:
    draws = np.array([-1.0, 0.0, 1.0])
    error = 1 / np.sqrt(3)
    assert not estimate(draws + 2.1 * error).is_clear, "with two degrees of freedom it takes 4.3"
    assert not estimate(draws + 4.2 * error).is_clear and estimate(draws + 4.4 * error).is_clear
    assert estimate(draws).margin == pytest.approx(4.303 * error, rel=1e-3)
    assert not paired(draws + 2.1 * error, np.zeros(3)).is_clear
    # Of two sets of three draws the error is larger, and there are four degrees: 2.78.
    assert not independent(draws + 2.1 * error * np.sqrt(2), draws).is_clear


@pytest.mark.parametrize("test", [paired, independent])
def test_a_clear_difference_is_one_and_mirrored(test: Test) -> None:
    generator = np.random.default_rng(2)
    a, b = generator.normal(10, 0.1, 3), generator.normal(12, 0.1, 3)
    found, mirrored = test(a, b), test(b, a)
    assert found.is_clear and mirrored.is_clear and found.value == -mirrored.value < 0
    assert (found.p, found.margin) == pytest.approx((mirrored.p, mirrored.margin))
    assert -found == Difference(-found.value, found.error, found.degrees, found.p)


@pytest.mark.parametrize("test", [paired, independent])
def test_of_a_single_value_nothing_is_known(test: Test) -> None:
    found = test(np.array([1.0]), np.array([9.0]))
    assert not found.is_clear and found.margin == np.inf
    assert not independent([1.0], [9.0, 9.1, 9.2]).is_clear
    assert estimate([3.0]).margin == np.inf


def test_rounding_is_no_difference_and_no_spread() -> None:
    values = np.random.default_rng(0).uniform(0, 1, 500)
    assert not paired(values, values * (1 + 1e-16)).is_clear
    exact = paired(values + 0.01, values)
    assert exact.is_clear and exact.value == pytest.approx(0.01) and exact.margin < 1e-12


@pytest.mark.parametrize("count", [3, 4, 5])
@pytest.mark.parametrize("test", [paired, independent])
def test_equal_draws_are_seldom_called_different(test: Test, count: int) -> None:
    generator = np.random.default_rng(count)
    draws = generator.normal(20, 1, (2, 1_500, count))
    false = np.mean([test(a, b).is_clear for a, b in zip(*draws, strict=True)])
    assert false <= LEVEL + 2 * np.sqrt(LEVEL * (1 - LEVEL) / 1_500)


@pytest.mark.parametrize(("count", "models"), [(3, 6), (5, 7), (400, 6)])
def test_of_several_equal_models_seldom_any_is_called_better(count: int, models: int) -> None:
    generator = np.random.default_rng(models)
    false = 0
    for _ in range(200):
        figures = {name: generator.normal(20, 1, count) for name in range(models)}
        ranking = rank(figures, "less", same_images=count > 5)
        false += any(one.is_clear for one in ranking.differences.values())
        assert len(ranking.differences) == models * (models - 1) // 2
    assert false / 200 <= LEVEL + 2 * np.sqrt(LEVEL * (1 - LEVEL) / 200)


def test_trainings_with_several_seeds_bring_their_spread() -> None:
    """One image set, two settings that are equal, seeds that differ: each image alone would call them different."""
    generator = np.random.default_rng(4)
    hard, seeds = generator.uniform(1, 2, 1_000), generator.normal(0, 0.05, (2, 3))
    figures = [[hard + shift + generator.normal(0, 0.01, 1_000) for shift in row] for row in seeds]
    assert paired(figures[0][0], figures[1][0]).is_clear, "what the images alone say of two trainings"
    means = [[one.mean() for one in row] for row in figures]
    assert not independent(*means).is_clear


def test_holm_is_holms() -> None:
    found = holm({name: Difference(1, 1, 9, p) for name, p in zip("abc", (0.02, 0.01, 0.04), strict=True)})
    assert [round(found[name].p, 3) for name in "abc"] == [0.04, 0.03, 0.04]
    assert all(one.compared == 3 for one in found.values())
    found = holm({name: Difference(1, 1, 9, p) for name, p in zip("abc", (0.04, 0.01, 0.03), strict=True)})
    assert [round(found[name].p, 3) for name in "abc"] == [0.06, 0.03, 0.06], "never below one that came before"
    assert holm({}) == {}


@pytest.mark.parametrize("better", ["less", "more"])
def test_a_ranking_names_leaders_and_the_last(better: str) -> None:
    sign = 1 if better == "less" else -1
    base = np.random.default_rng(5).uniform(1, 2, 300)
    noise = np.random.default_rng(6).normal(0, 0.01, (4, 300))
    figures = {name: base + sign * gap + noise[row] for row, (name, gap) in enumerate(GAPS.items())}
    ranking = rank(figures, better, same_images=True)  # type: ignore[arg-type]
    assert set(ranking.leaders) == {"a", "b"} and ranking.order[2:] == ["c", "d"] and ranking.last == "d"
    swapped = rank(dict(reversed(figures.items())), better, same_images=True)  # type: ignore[arg-type]
    assert swapped.order == ranking.order and swapped.leaders == ranking.leaders and swapped.last == "d"
    assert ranking.between("a", "d").value == -ranking.between("d", "a").value
    assert rank({"a": base, "b": base}, "less", same_images=True).last is None


def scored(seed: int, shift: float, count: int = 300) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    generator = np.random.default_rng(seed)
    strange = generator.random(count) < 0.4
    return strange, generator.normal(0, 1, count) + shift * strange


def test_an_auroc_is_that_of_scikit_learn_and_its_interval_holds() -> None:
    strange, scores = scored(0, 1.0)
    scores = scores.round(1)  # with ties
    found = auroc(strange, scores)
    assert found.value + 0.5 == pytest.approx(roc_auc_score(strange, scores)) and found.is_clear
    false = np.mean([auroc(*scored(seed, 0.0)).is_clear for seed in range(400)])
    assert false <= LEVEL + 2 * np.sqrt(LEVEL * (1 - LEVEL) / 400)
    spread = np.std([auroc(*scored(seed, 1.0)).value for seed in range(200)])
    assert found.error == pytest.approx(spread, rel=0.25)


def test_two_scores_of_the_same_pictures() -> None:
    strange, hard = scored(1, 1.5)
    generator = np.random.default_rng(2)
    a, b = hard + generator.normal(0, 0.1, 300), hard + generator.normal(0, 0.1, 300)
    assert not auroc_difference(strange, a, b).is_clear and auroc_difference(strange, a, a).p == 1
    worse = hard + generator.normal(0, 2, 300)
    found = auroc_difference(strange, a, worse)
    assert found.is_clear and found.value == pytest.approx(roc_auc_score(strange, a) - roc_auc_score(strange, worse))
    assert auroc_difference(strange, worse, a).value == pytest.approx(-found.value)
