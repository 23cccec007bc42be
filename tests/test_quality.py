"""The Frechet distance against independent computations, and the quality of draws on a small real model."""

from typing import Any

import numpy as np
import pytest
from scipy.linalg import sqrtm

from vae_core import datasets, quality
from vae_core.config import ModelConfig
from vae_core.errors import InputError
from vae_core.models import build
from vae_core.quality import FeatureCloud, cloud, frechet_distance


def as_published(a: FeatureCloud, b: FeatureCloud) -> float:
    """Heusel et al. 2017, eq. 6, word for word."""
    root = sqrtm(a.covariance @ b.covariance)
    return float(np.square(a.mean - b.mean).sum() + np.trace(a.covariance + b.covariance - 2 * root.real))


def features(count: int, size: int, seed: int) -> Any:
    chance = np.random.default_rng(seed)
    return chance.standard_normal((count, size)) @ chance.standard_normal((size, size)) + chance.standard_normal(size)


@pytest.mark.parametrize("size", [1, 2, 5, 64])
@pytest.mark.parametrize("seed", range(3))
def test_as_by_scipys_matrix_square_root(size: int, seed: int) -> None:
    a, b = cloud(features(500, size, seed)), cloud(features(500, size, seed + 100))
    assert frechet_distance(a, b) == pytest.approx(as_published(a, b), rel=1e-6)
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a), rel=1e-9)


def test_cases_that_are_known() -> None:
    mean, covariance = np.array([1.0, 2.0]), np.diag([4.0, 9.0])
    one = FeatureCloud(10, mean, covariance)
    assert frechet_distance(one, one) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(one, FeatureCloud(10, mean + np.array([3, 4]), covariance)) == pytest.approx(25)
    # Of commuting covariances: the squared differences of the standard deviations.
    assert frechet_distance(one, FeatureCloud(10, mean, np.diag([1.0, 1.0]))) == pytest.approx(
        (2 - 1) ** 2 + (3 - 1) ** 2
    )
    assert frechet_distance(one, FeatureCloud(10, mean, np.zeros((2, 2)))) == pytest.approx(13)


def test_features_that_are_never_there_or_always_together_do_no_harm() -> None:
    a, b = features(400, 6, 0), features(400, 6, 1)
    whole = frechet_distance(cloud(a), cloud(b))
    padded = [np.concatenate([x, np.zeros((400, 10))], axis=1) for x in (a, b)]
    assert frechet_distance(*map(cloud, padded)) == pytest.approx(whole, rel=1e-9)
    doubled = [np.concatenate([x, x], axis=1) for x in (a, b)]
    assert frechet_distance(*map(cloud, doubled)) == pytest.approx(2 * whole, rel=1e-6)  # roots of zeros


def test_two_sets_of_the_same_kind_are_nearer_the_larger_they_are() -> None:
    draws = np.random.default_rng(0).standard_normal((8_000, 16))
    small = frechet_distance(cloud(draws[:100]), cloud(draws[100:200]))
    large = frechet_distance(cloud(draws[:4_000]), cloud(draws[4_000:]))
    assert 0 < large < small / 10


def test_only_as_many_are_compared_with_as_many() -> None:
    with pytest.raises(InputError, match="10 images are to be compared with 20"):
        frechet_distance(cloud(features(10, 3, 0)), cloud(features(20, 3, 1)))
    with pytest.raises(InputError, match="no spread"):
        cloud(features(1, 3, 0))


@pytest.mark.parametrize("kind", ["vae", "autoencoder", "conditional-vae"])
def test_draws_of_a_model_that_learnt_nothing_are_far_from_real_pictures(kind: str) -> None:
    model = build(ModelConfig(kind=kind, latent_dim=3, hidden=(16,)), (1, 28, 28)).eval().requires_grad_(False)
    train, test = (datasets.load("digits", split).subset(slice(300)) for split in ("train", "test"))
    shares: list[float] = []
    found = quality.sample_quality(model, train, test, components=(2, 1_000), seeds=2, report=shares.append)
    assert found.count == 300 and set(found.distances) == {"normal", "fitted", "mixture-2"}
    assert all(len(values) == 2 for values in (*found.distances.values(), found.floor))
    assert 0 < max(found.floor) < min(min(values) for values in found.distances.values())
    assert found.mean_image > 10 * max(found.floor)
    assert set(found.examples) == {"real", "reconstructions", *found.distances}
    assert all(images.dtype == np.uint8 and images.shape[1:] == (1, 28, 28) for images in found.examples.values())
    assert shares == sorted(shares) and shares[-1] == 1
    again = quality.sample_quality(model, train, test, components=(2,), seeds=1)
    assert again.distances["mixture-2"][0] == found.distances["mixture-2"][0]
