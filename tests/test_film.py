"""The film of a training: which frames, on which plane, how large, and what a damaged run does to it."""

import base64
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pages.ui.charts import CLASS_COLOURS
from pages.ui.components import live_codes
from pages.ui.components.film import payload
from tests.tiny_runs import train
from vae_core import film as films
from vae_core import runs
from vae_core.config import RunConfig
from vae_core.errors import WorkError
from vae_core.film import Film, film, newest_frame
from vae_core.runs import Run


def shot(run: Run) -> Film:
    found = film(run)
    assert found is not None
    return found


def test_every_snapshot_is_a_frame_in_order(root: Path) -> None:
    run = train(epochs=3, model__latent_dim=2)
    found = shot(run)
    assert found.epochs.tolist() == run.snapshot_epochs() == [0, 1, 2, 3]
    for number, epoch in enumerate(found.epochs):
        kept = run.snapshot(int(epoch))
        np.testing.assert_array_equal(found.recon[number], kept["recon"][: films.PAIRS])
        np.testing.assert_array_equal(found.samples[number], kept["samples"])
    np.testing.assert_array_equal(found.originals, run.snapshot(0)["images"][: films.PAIRS])
    assert not found.is_plane


@pytest.mark.parametrize("latent_dim", [1, 2, 8])
def test_the_same_points_are_followed_on_one_plane(root: Path, latent_dim: int) -> None:
    run = train(epochs=2, model__latent_dim=latent_dim)
    found = shot(run)
    assert found.places.shape == (3, films.MOST_POINTS, 2) and found.is_plane == (latent_dim > 2)
    some = np.sort(np.random.default_rng(0).permutation(1000)[: films.MOST_POINTS])
    assert (found.labels == run.snapshot(0)["labels"][some]).all()
    codes = [run.snapshot(epoch)["mu"][some].astype(np.float32) for epoch in (0, 1, 2)]
    if latent_dim == 2:
        np.testing.assert_array_equal(found.places, codes)
    if latent_dim == 8:
        from sklearn.decomposition import PCA

        axes = PCA(2).fit(codes[-1]).components_
        for number in range(3):  # the same axes for all frames, each up to its sign
            np.testing.assert_allclose(np.abs(found.places[number]), np.abs(codes[number] @ axes.T), atol=2e-3)
    shares = found.shares()
    assert shares.min() >= 0 and shares.max() <= 1 and shares[-1].std() > 0.05


def test_the_newest_frame_is_the_film_s_last(root: Path) -> None:
    assert newest_frame(runs.create(RunConfig())[0]) is None
    run = train(epochs=2, model__latent_dim=8)
    newest, whole = newest_frame(run), shot(run)
    assert newest is not None and newest.epochs.tolist() == [2]
    for part in ("recon", "samples", "places"):
        np.testing.assert_array_equal(getattr(newest, part)[0], getattr(whole, part)[-1])
    sent = live_codes.payload(newest, 10)
    places = np.frombuffer(base64.b64decode(sent["places"]), "<u2").reshape(-1, 2) / 65535
    left, right, bottom, top = sent["extent"]
    assert right - left == pytest.approx(top - bottom), "a circle is round"
    codes = np.array([left, bottom]) + places * (right - left)
    within = np.abs(places - 0.5).max(axis=1) < 0.41  # what lies further out is drawn at the edge
    np.testing.assert_allclose(codes[within], newest.places[0][within], atol=1e-4 * (right - left))
    assert within.mean() > 0.99
    assert sent["epoch"] == 2 and sent["labels"] == newest.labels.tolist() and len(json.dumps(sent)) < 8_000


def test_a_long_training_keeps_its_first_and_its_last_frame(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(films, "MOST_FRAMES", 3)
    assert shot(train(epochs=6)).epochs.tolist() == [0, 3, 6]


def test_what_is_sent_is_small_and_comes_back(root: Path) -> None:
    found = shot(runs.find("starter-vae-conv-16d"))
    sent = payload(found, 10)
    assert len(json.dumps(sent)) < 150 * 1024, "8 frames; 40 of them stay below 400 KiB"
    sprite = Image.open(io.BytesIO(base64.b64decode(sent["sprite"])))
    assert sprite.size == (28 * 8, 28 * (1 + 3 * len(found.epochs)))
    pixels = np.asarray(sprite.convert("L")).astype(float)
    row = 1 + 3 * 5
    np.testing.assert_allclose(pixels[28 * row : 28 * row + 28, 56:84].mean(), found.recon[5, 2].mean(), atol=3)
    places = np.frombuffer(base64.b64decode(sent["places"]), np.uint8).reshape(found.places.shape) / 255
    np.testing.assert_allclose(places, found.shares(), atol=1 / 255)


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_the_file_moves_and_rests_on_its_end(root: Path, kind: str) -> None:
    found = shot(runs.find("starter-ae-2d"))
    words = [f"Epoch {epoch}" for epoch in found.epochs]
    picture = Image.open(io.BytesIO(found.animation(kind, words, CLASS_COLOURS)))
    assert (picture.format, picture.n_frames) == (kind, len(words))  # type: ignore[attr-defined]
    frames = []
    for number in range(len(words)):
        picture.seek(number)
        picture.load()
        frames.append((np.asarray(picture.convert("L")).astype(float), picture.info["duration"]))
    assert np.abs(frames[0][0] - frames[-1][0]).mean() > 3
    assert frames[-1][1] > 4 * frames[0][1]


def test_before_the_first_snapshot_there_is_no_film(root: Path) -> None:
    run, _ = runs.create(RunConfig())
    assert film(run) is None


def test_a_damaged_frame_is_said(root: Path) -> None:
    run = train(epochs=2)
    (run.folder / "snapshots" / "000001.safetensors").write_bytes(b"nothing")
    with pytest.raises(WorkError):
        film(run)
