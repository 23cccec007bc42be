"""What codes are drawn from: each density draws what it was fitted to, and the same seed the same codes."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn.mixture import GaussianMixture

from vae_core.errors import InputError
from vae_core.latent import LatentPoints
from vae_core.priors import (
    FittedGaussian,
    Mixture,
    Prior,
    StandardNormal,
    evenly,
    fitted_gaussian,
    fitted_mixture,
    fitting_codes,
)

TWO = Mixture(
    weights=np.array([0.25, 0.75]),
    means=np.array([[-5.0, 0.0], [5.0, 2.0]]),
    covariances=np.array([[[1.0, 0.5], [0.5, 2.0]], [[0.25, 0.0], [0.0, 0.0]]]),
)
ALL: list[Prior] = [StandardNormal(2), FittedGaussian(np.array([1.0, 2.0]), np.diag([4.0, 0.0])), TWO]


@pytest.mark.parametrize("prior", ALL, ids=lambda prior: prior.name)
def test_the_same_seed_draws_the_same_and_fewer_are_the_first_of_more(prior: Prior) -> None:
    z = prior.sample(50, seed=3)
    assert z.shape == (50, 2) and z.dtype == np.float32
    assert np.array_equal(prior.sample(7, seed=3), z[:7])
    assert not np.array_equal(prior.sample(50, seed=4), z)
    spread = prior.sample(50, seed=3, temperature=0.5)
    middle = prior.sample(50, seed=3, temperature=0)
    np.testing.assert_allclose(spread, (z + middle) / 2, atol=1e-5)


def test_a_fitted_gaussian_draws_what_it_was_fitted_to():
    mean, root = np.array([3.0, -1.0, 0.0]), np.array([[2.0, 0, 0], [1, 0.5, 0], [0, 0, 0]])
    mu = (mean + np.random.default_rng(0).standard_normal((50_000, 3)) @ root.T).astype(np.float32)
    gaussian = fitted_gaussian(mu)
    np.testing.assert_allclose(gaussian.mean, mean, atol=0.05)
    np.testing.assert_allclose(gaussian.covariance, root @ root.T, atol=0.1)
    again = fitted_gaussian(gaussian.sample(50_000, seed=1))
    np.testing.assert_allclose(again.covariance, root @ root.T, atol=0.1)
    np.testing.assert_allclose(gaussian.sample(3, seed=0, temperature=0), np.tile(gaussian.mean, (3, 1)), rtol=1e-6)
    assert np.array_equal(gaussian.sample(3, seed=4), gaussian.sample(3, seed=4))
    assert fitted_gaussian(mu[:, :1]).sample(2, seed=0).shape == (2, 1)
    with pytest.raises(InputError, match="at least 2"):
        fitted_gaussian(mu[:1])


def test_a_mixture_draws_each_component_by_its_weight() -> None:
    z = TWO.sample(40_000, seed=0)
    left = z[z[:, 0] < 0]
    assert len(left) / len(z) == pytest.approx(0.25, abs=0.01)
    np.testing.assert_allclose(left.mean(0), TWO.means[0], atol=0.05)
    np.testing.assert_allclose(np.cov(left.T), TWO.covariances[0], atol=0.06)
    right = z[z[:, 0] > 0]
    assert right[:, 1].std() == pytest.approx(0, abs=1e-6), "a direction that never moves stays where it is"


def test_a_fitted_mixture_finds_clouds_that_lie_apart() -> None:
    codes = TWO.sample(4_000, seed=1)
    found = fitted_mixture(codes, 2)
    order = np.argsort(found.means[:, 0])
    np.testing.assert_allclose(found.weights[order], TWO.weights, atol=0.02)
    np.testing.assert_allclose(found.means[order], TWO.means, atol=0.1)
    np.testing.assert_allclose(found.covariances[order], TWO.covariances, atol=0.15)


def test_a_fitted_mixture_is_scikit_learns_in_float64() -> None:
    codes = np.random.default_rng(0).standard_normal((300, 3)).astype(np.float32)
    codes[:, 2] = codes[:, 0]  # singular: in float32, EM breaks down on such codes
    found = fitted_mixture(codes, 3, seed=5)
    theirs = GaussianMixture(3, random_state=5).fit(codes.astype(np.float64))
    densities = [
        w * multivariate_normal(m, c, allow_singular=True).pdf(codes[:, :2].astype(np.float64))
        for w, m, c in zip(found.weights, found.means[:, :2], found.covariances[:, :2, :2], strict=True)
    ]
    assert found.means.dtype == np.float64 and found.weights.sum() == pytest.approx(1)
    np.testing.assert_allclose(np.sort(found.means, 0), np.sort(theirs.means_, 0), rtol=1e-6)
    assert np.isfinite(np.log(np.sum(densities, 0))).all()
    again = fitted_mixture(codes, 3, seed=5)
    assert np.array_equal(found.means, again.means)


@pytest.mark.parametrize(("count", "components"), [(5, 6), (5, 0), (1, 1), (0, 1)])
def test_too_few_codes_for_a_mixture(count: int, components: int) -> None:
    with pytest.raises(InputError, match="mixture"):
        fitted_mixture(np.zeros((count, 2), np.float32), components)


def test_codes_to_fit_to_are_draws_of_the_posteriors() -> None:
    mu = np.repeat([[1.0, -2.0]], 20_000, 0).astype(np.float32)
    sigma = np.repeat([[0.5, 3.0]], 20_000, 0).astype(np.float32)
    codes = fitting_codes(LatentPoints(mu, sigma))
    np.testing.assert_allclose(codes.mean(0), [1, -2], atol=0.08)
    np.testing.assert_allclose(codes.std(0), [0.5, 3], rtol=0.03)
    assert fitting_codes(LatentPoints(mu, None)) is mu, "a point mass is drawn from itself"


def test_pictures_to_fit_to_are_spread_evenly() -> None:
    assert evenly(3).tolist() == [0, 1, 2]
    chosen = evenly(1_000, most=10)
    assert len(chosen) == 10 and chosen[0] == 0 and chosen[-1] == 999 and (np.diff(chosen) == 111).all()
