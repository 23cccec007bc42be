"""The space of codes, on small real models and on codes whose answer is known."""

import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from sklearn.neighbors import KNeighborsClassifier

from tests.processes import WITHOUT_PRIVILEGES
from vae_core.config import ModelConfig
from vae_core.datasets import load
from vae_core.environment import REPOSITORY, compiled_cache
from vae_core.errors import InputError, WorkError
from vae_core.latent import (
    PROJECTIONS,
    decode,
    encode,
    interpolate,
    manifold_grid,
    prior_radius,
    project,
    quantile_grid,
    sample_prior,
    traverse,
)
from vae_core.models import Model, build
from vae_core.pixels import to_bytes, to_unit


def small(**settings: object) -> Model:
    return build(ModelConfig(**{"latent_dim": 4, "hidden": (32,), **settings}), (1, 28, 28))


def clusters(count: int, dimensions: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Four clouds of codes far apart, and which code is of which."""
    chance = np.random.default_rng(seed)
    labels = np.arange(count) % 4
    centres = 6 * chance.standard_normal((4, dimensions))
    return (centres[labels] + 0.3 * chance.standard_normal((count, dimensions))).astype(np.float32), labels


@pytest.mark.parametrize("network", ["dense", "conv"])
@pytest.mark.parametrize("kind", ["autoencoder", "vae"])
def test_codes_and_pictures_of_every_image(kind, network):
    model, data = small(kind=kind, network=network), load("digits", "test")
    found = encode(model, data)
    x = to_unit(torch.from_numpy(data.images))
    with torch.no_grad():
        posterior = model.encode(x)
        pictures = to_bytes(model.decode(posterior.mu).mean)
    assert found.mu.dtype == np.float32 and found.mu.shape == (1000, 4)
    np.testing.assert_allclose(found.mu, posterior.mu.numpy(), atol=1e-5)
    if kind == "vae":
        np.testing.assert_allclose(found.sigma, posterior.sigma.numpy(), rtol=1e-4)
    else:
        assert found.sigma is None
    decoded = decode(model, found.mu)
    assert decoded.dtype == np.uint8 and decoded.shape == data.images.shape
    assert np.abs(decoded.astype(int) - pictures).max() <= 1


def test_decode_takes_what_people_have():
    model = small(kind="vae")
    assert decode(model, np.zeros((0, 4), np.float32)).shape == (0, 1, 28, 28)
    assert np.array_equal(decode(model, np.zeros((2, 8))[:, ::2]), decode(model, np.zeros((2, 4), np.float32)))
    for shape in ((3, 5), (4,)):
        with pytest.raises(InputError, match="have 4 dimensions"):
            decode(model, np.zeros(shape, np.float32))


def test_weights_of_no_use_are_an_error():
    model = small()
    with torch.no_grad():
        model.encoder[-1].bias.fill_(math.inf)
    with pytest.raises(WorkError, match="not finite"):
        encode(model, load("digits", "test"))


def test_draws_of_the_prior():
    z = sample_prior(3, 20_000, seed=1)
    assert z.dtype == np.float32 and z.shape == (20_000, 3)
    np.testing.assert_allclose(z.mean(0), 0, atol=0.03)
    np.testing.assert_allclose(z.std(0), 1, atol=0.03)
    assert np.array_equal(z[:5], sample_prior(3, 5, seed=1))
    assert not np.array_equal(z[:5], sample_prior(3, 5, seed=2))
    np.testing.assert_allclose(sample_prior(3, 5, seed=1, temperature=0.5), z[:5] / 2)
    assert not sample_prior(3, 5, seed=1, temperature=0).any()


def test_interpolations_keep_their_ends():
    a, b = np.array([3.0, 0, 0]), np.array([0, 4.0, 0])
    for kind in ("linear", "spherical"):
        path = interpolate(a, b, 5, kind)
        assert path.dtype == np.float32 and path.shape == (5, 3)
        np.testing.assert_allclose(path[[0, -1]], [a, b], atol=1e-6)
    np.testing.assert_allclose(interpolate(a, b, 5)[2], (a + b) / 2)
    arc = interpolate(a, 3 * b / 4, 9, "spherical")
    np.testing.assert_allclose(np.linalg.norm(arc, axis=1), 3, rtol=1e-6)
    np.testing.assert_allclose(arc[4], [3 / math.sqrt(2), 3 / math.sqrt(2), 0], rtol=1e-6)


def test_where_there_is_no_arc_the_path_is_straight():
    a = np.array([1.0, 2.0])
    for b in (a, 2 * a, -a, 0 * a):
        assert np.array_equal(interpolate(a, b, 4, "spherical"), interpolate(a, b, 4))
    with pytest.raises(InputError, match="at least 2"):
        interpolate(a, a, 1)
    with pytest.raises(InputError, match="'cubic'"):
        interpolate(a, a, 3, "cubic")


def test_traverse_changes_one_number():
    found = traverse(np.array([1.0, 2.0, 3.0]), 1, np.array([-1.0, 0.5]))
    assert found.tolist() == [[1, -1, 3], [1, 0.5, 3]]
    for dimension in (-1, 3):
        with pytest.raises(InputError, match="0 to 2"):
            traverse(np.zeros(3), dimension, np.zeros(2))


def test_the_manifold_grid_has_equal_steps_of_probability_and_lies_as_the_scatter():
    grid = manifold_grid(5, 0.8)
    assert grid.shape == (25, 2) and grid.dtype == np.float32
    sheet = grid.reshape(5, 5, 2)
    shares = torch.distributions.Normal(0.0, 1.0).cdf(torch.from_numpy(sheet[0, :, 0])).numpy()
    np.testing.assert_allclose(shares, [0.1, 0.3, 0.5, 0.7, 0.9], atol=1e-6)
    assert (np.diff(sheet[:, :, 0], axis=1) > 0).all() and (np.diff(sheet[:, :, 1], axis=0) < 0).all()
    np.testing.assert_allclose(sheet[2, 2], 0, atol=1e-7)
    assert manifold_grid(1).tolist() == [[0, 0]]
    for spread in (0, 1, 1.5):
        with pytest.raises(InputError, match="between 0 and 1"):
            manifold_grid(3, spread)


def test_grids_over_points():
    points = np.random.default_rng(0).uniform((10, -5), (20, -4), (5000, 2))
    sheet = quantile_grid(points, 3, 0.5).reshape(3, 3, 2)
    np.testing.assert_allclose(sheet[0, :, 0], [12.5, 15, 17.5], atol=0.3)
    np.testing.assert_allclose(sheet[:, 0, 1], [-4.25, -4.5, -4.75], atol=0.03)


def test_the_circles_of_the_prior():
    z = sample_prior(2, 100_000, seed=0)
    for share in (0.5, 0.9, 0.99):
        assert (np.linalg.norm(z, axis=1) < prior_radius(share)).mean() == pytest.approx(share, abs=0.005)


@pytest.mark.parametrize("components", [2, 3])
def test_pca_is_scikit_learns_and_has_a_way_back(components):
    mu, _ = clusters(300, 8)
    found, expected = project(mu, "pca", components=components), PCA(components).fit(mu)
    np.testing.assert_allclose(np.abs(found.points), np.abs(expected.transform(mu)), atol=1e-4)
    np.testing.assert_allclose(found.explained, expected.explained_variance_ratio_, rtol=1e-5)
    codes = found.plane.to_codes(found.points)
    assert codes.dtype == np.float32 and codes.shape == mu.shape
    np.testing.assert_allclose(found.plane.to_points(codes), found.points, atol=1e-4)
    np.testing.assert_allclose(found.plane.to_codes(np.zeros((1, components)))[0], mu.mean(0), atol=1e-5)
    assert np.array_equal(found.index, np.arange(300))


def test_pca_of_fewer_dimensions_and_of_equal_codes():
    line = np.linspace(0, 1, 10, dtype=np.float32)[:, None]
    found = project(line, "pca")
    assert found.points.shape == (10, 2) and not found.points[:, 1].any()
    np.testing.assert_allclose(found.plane.to_codes(found.points), line, atol=1e-6)
    assert found.explained.tolist() == [1, 0]
    same = project(np.ones((10, 4), np.float32), "pca")
    assert not same.points.any() and not same.explained.any()


@pytest.mark.parametrize("method", ["tsne", "umap"])
def test_neighbours_stay_together_and_the_seed_decides(method):
    mu, labels = clusters(120, 6)
    found = project(mu, method, seed=3)
    assert found.points.dtype == np.float32 and found.points.shape == (120, 2)
    assert found.plane is None and found.explained is None
    assert KNeighborsClassifier(3).fit(found.points[:60], labels[:60]).score(found.points[60:], labels[60:]) > 0.95
    assert np.array_equal(found.points, project(mu, method, seed=3).points)


@pytest.mark.parametrize("dimensions", [1, 2, 16])
@pytest.mark.parametrize("method", list(PROJECTIONS))
def test_few_points_and_few_dimensions(method, dimensions):
    mu = np.random.default_rng(0).standard_normal((5, dimensions)).astype(np.float32)
    for components in (2, 3):
        points = project(mu, method, components=components).points
        assert points.shape == (5, components) and np.isfinite(points).all()


def test_slow_methods_get_a_sample(monkeypatch):
    from vae_core import latent

    mu, _ = clusters(90, 3)
    row = latent.Method("", "", 60, 0, PROJECTIONS["tsne"].function)
    monkeypatch.setitem(latent.PROJECTIONS, "tsne", row)
    found = project(mu, "tsne", seed=1)
    assert found.points.shape == (60, 2)
    assert len(set(found.index)) == 60 and found.index.max() < 90 and (np.diff(found.index) > 0).all()
    assert PROJECTIONS["umap"].limit == 2000 and PROJECTIONS["pca"].limit is None


def test_what_can_not_be_projected_is_said():
    mu, _ = clusters(20, 3)
    with pytest.raises(InputError, match=r"'mds'.*pca, tsne, umap"):
        project(mu, "mds")
    with pytest.raises(InputError, match="4 dimensions"):
        project(mu, "pca", components=4)
    with pytest.raises(InputError, match=r"4 codes.*at least 5"):
        project(mu[:4], "pca")
    with pytest.raises(InputError, match="All codes are the same"):
        project(np.ones((20, 3), np.float32), "tsne")
    assert all(row.title and row.help.endswith(".") for row in PROJECTIONS.values())


def test_umap_for_an_account_that_can_write_neither_to_its_home_nor_beside_the_package(tmp_path: Path) -> None:
    """What umap does when it is imported, with a function of one line in its place: umap itself compiles for half a
    minute where it finds nothing compiled."""
    package, home = tmp_path / "packages" / "compiled", tmp_path / "home"
    package.mkdir(parents=True)
    home.mkdir()
    (package / "__init__.py").write_text("import numba\n\n@numba.njit(cache=True)\ndef double(x):\n    return 2 * x\n")
    script = f"""{WITHOUT_PRIVILEGES}
import sys
sys.path.insert(0, {str(package.parent)!r})
from vae_core.environment import compiled_cache
compiled_cache("compiled")
from compiled import double
assert double(4) == 8
"""
    environment = {k: v for k, v in os.environ.items() if k not in ("XDG_CACHE_HOME", "NUMBA_CACHE_DIR")}
    environment |= {"HOME": str(home), "DIABOLO_RUNS": str(tmp_path / "runs"), "PYTHONDONTWRITEBYTECODE": "1"}
    for folder in (package, home):
        folder.chmod(0o555)
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=REPOSITORY, env=environment, capture_output=True, text=True
    )
    for folder in (package, home):
        folder.chmod(0o755)
    assert done.returncode == 0, done.stderr
    assert list((tmp_path / "runs" / ".numba").rglob("*.nbi")), "kept where the next process finds it"


def test_a_home_that_can_be_written_to_is_left_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    compiled_cache("no_such_package")
    assert os.environ["NUMBA_CACHE_DIR"] == ""
