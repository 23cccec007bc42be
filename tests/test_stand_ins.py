"""What stands in for scikit-learn in the server gives their values."""

import math

import numpy as np
import pytest
from sklearn import metrics
from sklearn.covariance import LedoitWolf
from sklearn.neighbors import NearestNeighbors

from vae_core import memory
from vae_core.anomaly.normal import ledoit_wolf
from vae_core.neighbours import nearest
from vae_core.roc import average_precision_score, roc_auc_score, roc_curve


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
