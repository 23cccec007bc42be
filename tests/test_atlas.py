"""The map of a plane: where its tiles lie, that they are what the decoder draws there, and how large all of it is."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from pages.ui.components.latent_map import payload, place_on
from vae_core import atlas, latent
from vae_core.config import ModelConfig
from vae_core.datasets import load
from vae_core.latent import LatentPoints
from vae_core.models import Model, build

EXTENT = (-2.0, 2.0, -1.0, 3.0)


def small(**settings: object) -> Model:
    return build(ModelConfig(**{"latent_dim": 4, "hidden": (32,), **settings}), (1, 28, 28), 10)


def test_a_plane_of_two_numbers_keeps_the_others() -> None:
    code = np.array([1.0, 2.0, 3.0, 4.0])
    plane = atlas.plane_of_dimensions(code, 2, 0)
    np.testing.assert_allclose(plane.to_codes(np.array([[7.0, 8.0]])), [[8, 2, 7, 4]])
    np.testing.assert_allclose(plane.to_points(code[None]), [[3, 1]])


def test_a_plane_goes_through_its_code_and_is_measured_from_the_origin() -> None:
    chance = np.random.default_rng(0)
    axes = np.linalg.qr(chance.normal(size=(6, 6)))[0][:2]
    code = chance.normal(size=6)
    plane = atlas.plane_through(code, axes)
    np.testing.assert_allclose(plane.to_codes(plane.to_points(code[None])), code[None], atol=1e-6)
    np.testing.assert_allclose(plane.to_points(np.zeros((1, 6))), [[0, 0]], atol=1e-7)


def test_draws_from_the_prior_are_round_on_a_plane() -> None:
    draws = np.random.default_rng(0).standard_normal((20_000, 6))
    axes = np.linalg.qr(np.random.default_rng(1).normal(size=(6, 6)))[0][:2]
    on_plane = atlas.plane_through(np.full(6, 0.7), axes).to_points(draws)
    np.testing.assert_allclose(np.cov(on_plane.T), np.eye(2), atol=0.04)


def test_the_extent_is_a_square_that_holds_all_points_and_the_prior() -> None:
    points = np.array([[0.0, 0.0], [10.0, 1.0]])
    left, right, bottom, top = atlas.extent_of(points, prior=True)
    assert right - left == pytest.approx(top - bottom)
    assert left < -3 and right > 10 and bottom < -3 and top > 3
    left, right, _, _ = atlas.extent_of(np.zeros((3, 2)), prior=False)
    assert left < 0 < right


@pytest.mark.parametrize(
    "settings",
    [{}, {"network": "conv", "hidden": (4, 8)}, {"kind": "autoencoder"}, {"kind": "conditional-vae"}],
    ids=str,
)
def test_each_tile_is_what_the_decoder_draws_at_its_middle(settings: dict[str, object]) -> None:
    model = small(**settings)
    plane = atlas.plane_of_dimensions(np.zeros(4), 0, 1)
    drawn = atlas.draw(model, plane, EXTENT)
    assert len(drawn.webp) <= atlas.MOST_BYTES and drawn.tile == (28, 28)
    sheet = np.asarray(Image.open(io.BytesIO(drawn.webp)).convert("L")).astype(float)
    assert sheet.shape == (28 * drawn.tiles, 28 * drawn.tiles)
    for row, column in ((0, 0), (0, drawn.tiles - 1), (drawn.tiles // 2, 3)):
        left, right, bottom, top = EXTENT
        u = left + (column + 0.5) / drawn.tiles * (right - left)
        v = top - (row + 0.5) / drawn.tiles * (top - bottom)
        exact = latent.decode(model, plane.to_codes(np.array([[u, v]])))[0, 0].astype(float)
        tile = sheet[28 * row : 28 * row + 28, 28 * column : 28 * column + 28]
        assert np.abs(tile - exact).mean() < 8  # of 255: WebP leaves some of an untrained model's noise out


def test_a_plane_that_compresses_badly_gets_fewer_tiles() -> None:
    model, plane = small(), atlas.plane_of_dimensions(np.zeros(4), 0, 1)
    whole = atlas.draw(model, plane, EXTENT)
    less = atlas.draw(model, plane, EXTENT, most_bytes=len(whole.webp) // 4)
    assert less.tiles < whole.tiles
    assert len(less.webp) <= len(whole.webp) // 4


def test_an_ellipse_is_the_shadow_of_the_posterior() -> None:
    sigma = np.array([[0.5, 2.0, 1.0]], np.float32)
    points = LatentPoints(np.zeros((1, 3), np.float32), sigma)
    flat = atlas.place(points, atlas.plane_of_dimensions(np.zeros(3), 0, 1))
    np.testing.assert_allclose(flat.ellipses, [[2.0, 0.5, np.pi / 2]], atol=1e-6)
    axes = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0][:2]
    found = atlas.place(points, atlas.plane_through(np.zeros(3), axes)).ellipses
    draws = (np.random.default_rng(1).standard_normal((200_000, 3)) * sigma) @ axes.T
    values, vectors = np.linalg.eigh(np.cov(draws.T))
    assert found is not None
    np.testing.assert_allclose(found[0, :2], np.sqrt(values[::-1]), rtol=0.01)
    along = np.array([np.cos(found[0, 2]), np.sin(found[0, 2])])
    assert abs(along @ vectors[:, 1]) > 0.99


def test_a_map_is_at_most_300_kib_and_its_points_come_back() -> None:
    model = small()
    points = latent.encode(model, load("digits", "test"))
    points = LatentPoints(np.tile(points.mu, (10, 1)), np.tile(points.sigma, (10, 1)))
    plane = atlas.plane_of_dimensions(points.mu[0], 0, 1)
    places = atlas.place(points, plane)
    assert len(places.index) == atlas.MOST_POINTS
    extent = atlas.extent_of(places.points, prior=True)
    labels = np.arange(len(points.mu)) % 10
    sent = payload(atlas.draw(model, plane, extent), places, labels, 10, prior=True)
    assert len(json.dumps(sent)) <= 300 * 1024
    back = np.frombuffer(base64.b64decode(sent["points"]), "<u2").reshape(-1, 2) / 65535
    left, right, bottom, _ = extent
    np.testing.assert_allclose(back * (right - left) + (left, bottom), places.points, atol=(right - left) / 65535)
    assert (np.frombuffer(base64.b64decode(sent["labels"]), np.uint8) == labels[places.index]).all()


def test_an_autoencoder_has_no_ellipses() -> None:
    model = small(kind="autoencoder")
    points = latent.encode(model, load("digits", "test").subset(slice(50)))
    assert atlas.place(points, atlas.plane_of_dimensions(points.mu[0], 0, 1)).ellipses is None


def test_the_nearest_pictures_come_first() -> None:
    mu = np.array([[0, 0], [3, 0], [1, 0], [0, 2]], np.float32)
    assert atlas.nearest(mu, np.array([0.9, 0.0]), 3).tolist() == [2, 0, 1]


@pytest.mark.parametrize(
    "sent", [None, "1,2", [1], [1, 2, 3], ["1", 2], [float("nan"), 0], [float("inf"), 0], {}, [True, None]], ids=str
)
def test_a_browser_may_send_anything(sent: object) -> None:
    assert place_on(sent, EXTENT) is None


def test_a_place_outside_the_map_is_brought_onto_it() -> None:
    assert place_on([9, -9.5], EXTENT) == (2.0, -1.0)
    assert place_on([0.5, 0.25], EXTENT) == (0.5, 0.25)
