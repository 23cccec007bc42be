"""What stands in for SciPy and scikit-learn in the server gives their values."""

import math

import numpy as np
import pytest
from scipy import special as theirs
from scipy.stats import chi2
from sklearn import metrics
from sklearn.covariance import LedoitWolf
from sklearn.neighbors import NearestNeighbors

from vae_core import memory
from vae_core.anomaly.normal import ledoit_wolf
from vae_core.neighbours import nearest
from vae_core.roc import average_precision_score, roc_auc_score, roc_curve
from vae_core.special import betainc, betaincinv, chi2_quantile, stdtr, stdtrit

SHAPES = [(0.5, 0.5), (1, 5), (20, 3), (300, 2000), (0.01, 4), (5000, 5000)]
FREEDOMS = [1, 2, 4.7, 30, 1000]


@pytest.mark.parametrize(("a", "b"), SHAPES)
def test_the_beta_distribution(a: float, b: float) -> None:
    for x in (0, 1e-9, 0.01, 0.2, 0.5, 0.77, 0.999, 1):
        assert betainc(a, b, x) == pytest.approx(theirs.betainc(a, b, x), abs=1e-11)
    for p in (1e-6, 0.025, 0.5, 0.9, 0.999999):
        assert betaincinv(a, b, p) == pytest.approx(theirs.betaincinv(a, b, p), rel=1e-8, abs=1e-12)


@pytest.mark.parametrize("df", FREEDOMS)
def test_students_t_distribution(df: float) -> None:
    for t in (-50, -2, 0, 0.3, 7):
        assert stdtr(df, t) == pytest.approx(theirs.stdtr(df, t), abs=1e-11)
    for p in (1e-6, 0.025, 0.5, 0.975, 0.999999):
        assert stdtrit(df, p) == pytest.approx(theirs.stdtrit(df, p), rel=1e-8, abs=1e-8)
    assert (stdtrit(df, 0), stdtrit(df, 1)) == (-math.inf, math.inf)


def test_students_t_distribution_with_no_end_of_freedom_is_the_normal_one() -> None:
    assert stdtr(math.inf, -1.96) == pytest.approx(theirs.ndtr(-1.96))
    assert stdtrit(math.inf, 0.975) == pytest.approx(1.959964, abs=1e-6)


def test_the_chi_squared_distribution() -> None:
    for df in (1, 2, 16, 64, 256):
        for p in (0.01, 0.5, 0.99):
            assert chi2_quantile(p, df) == pytest.approx(chi2.ppf(p, df), rel=1e-8)


def test_what_is_no_chance_has_no_quantile() -> None:
    assert all(math.isnan(stdtrit(df, p)) for df, p in ((0, 0.5), (3, 1.5), (3, math.nan)))
    assert all(math.isnan(value) for value in (betaincinv(2, 3, -1), chi2_quantile(math.nan, 3), betainc(2, 3, 1.5)))


@pytest.mark.parametrize("count", [2, 3, 50, 1000])
def test_curves_and_areas(count: int) -> None:
    chance = np.random.default_rng(count)
    for values in (1, 2, 30, 10**6):
        positive = chance.permutation(np.arange(count) % 2 == 0)
        scores = chance.integers(0, values, count) / 7
        for ours, expected in zip(roc_curve(positive, scores), metrics.roc_curve(positive, scores), strict=True):
            np.testing.assert_allclose(ours, expected)
        assert roc_auc_score(positive, scores) == pytest.approx(metrics.roc_auc_score(positive, scores))
        precision = metrics.average_precision_score(positive, scores)
        assert average_precision_score(positive, scores) == pytest.approx(precision)


def test_one_kind_alone_has_no_area_and_what_is_no_number_no_rank() -> None:
    assert math.isnan(roc_auc_score([True, True], [1.0, 2.0])) and math.isnan(roc_auc_score([0, 0], [1.0, 2.0]))
    with pytest.raises(ValueError, match="not a number"):
        roc_auc_score([True, False], [1.0, math.nan])


@pytest.mark.parametrize(("known", "dimensions"), [(6, 1), (500, 2), (300, 16), (300, 784)])
def test_the_nearest(known: int, dimensions: int) -> None:
    chance = np.random.default_rng(known)
    there, points = chance.random((known, dimensions), np.float32), chance.random((260, dimensions), np.float32)
    reference = NearestNeighbors(n_neighbors=5, algorithm="brute").fit(there.astype(np.float64))
    distances, numbers = nearest(points, there, 5)
    expected, which = reference.kneighbors(points.astype(np.float64))
    np.testing.assert_allclose(distances, expected, rtol=1e-5, atol=1e-7)
    assert (numbers == which).mean() > 0.999
    np.testing.assert_allclose(
        nearest(there, there, 5, themselves=True)[0], reference.kneighbors()[0], rtol=1e-5, atol=1e-7
    )


def test_a_point_is_its_own_nearest_at_no_distance_however_far_out() -> None:
    points = (1e3 + np.random.default_rng(0).random((300, 8))).astype(np.float32)
    distances, numbers = nearest(points, points, 1)
    assert not distances.any() and np.array_equal(numbers[:, 0], np.arange(300))


@pytest.mark.parametrize(("count", "dimensions"), [(500, 4), (6, 12), (40, 1)])
def test_the_covariance_of_ledoit_and_wolf(count: int, dimensions: int) -> None:
    points = np.random.default_rng(0).standard_normal((count, dimensions)).astype(np.float32)
    if dimensions > 1:
        points[:, 1] = points[:, 0]
    mean, covariance = ledoit_wolf(points)
    expected = LedoitWolf().fit(points.astype(np.float64))
    np.testing.assert_allclose(mean, expected.location_, atol=1e-7)
    np.testing.assert_allclose(covariance, expected.covariance_, rtol=1e-6, atol=1e-8)


def test_memory_is_given_back_where_it_is_glibcs() -> None:
    assert memory.give_back() in (True, False)
    assert memory.give_back() is memory.give_back()
