"""Filling up a rare class: what is made, how it is judged, whether it is copied, and how it is taken away."""

import io
import zipfile
from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from vae_core import latent, oversampling
from vae_core.config import ModelConfig
from vae_core.csv_text import FORMS
from vae_core.datasets import ImageData, load
from vae_core.errors import InputError
from vae_core.export import PICTURE_FORMATS, export_pictures
from vae_core.fillings import METHODS
from vae_core.models import ConditionalVAE, build
from vae_core.oversampling import UNFILLED, Drawers, Filled, fill, make, missing
from vae_core.pixels import to_unit
from vae_core.rare_class import copy_check, judge, nearest, train_classifier

RARE, KEPT, OTHERS = 1, 6, 20


@pytest.fixture(scope="module")
def digits() -> ImageData:
    return load("digits", "train")


@pytest.fixture(scope="module")
def data(digits: ImageData) -> ImageData:
    """Ones are rare: 6 of them beside 20 of each other class."""
    index = [np.flatnonzero(digits.labels == n)[: KEPT if n == RARE else OTHERS] for n in range(10)]
    return digits.subset(np.random.default_rng(0).permutation(np.concatenate(index)))


@pytest.fixture(scope="module")
def drawers() -> Drawers:
    conditional = build(ModelConfig(kind="conditional-vae", hidden=(16,), latent_dim=4), (1, 28, 28))
    return Drawers(conditional.eval(), build(ModelConfig(hidden=(16,), latent_dim=2), (1, 28, 28)).eval())


def rare_images(data: ImageData) -> NDArray[np.uint8]:
    return data.images[data.labels == RARE]


@pytest.mark.parametrize("method", METHODS)
def test_a_filled_class_is_as_large_as_the_others(data: ImageData, drawers: Drawers, method: str) -> None:
    filled = fill(method, data, RARE, 0, drawers)
    added = 0 if method in UNFILLED else OTHERS - KEPT
    assert np.bincount(filled.data.labels).tolist() == [KEPT + added if n == RARE else OTHERS for n in range(10)]
    np.testing.assert_array_equal(filled.data.images[: len(data)], data.images)
    assert not filled.synthetic[: len(data)].any()
    assert filled.synthetic[len(data) :].all() == METHODS[method].makes_synthetic or not added
    assert filled.weights[RARE] == pytest.approx(OTHERS / KEPT if method == "weights" else 1)
    again, other = (fill(method, data, RARE, seed, drawers) for seed in (0, 1))
    np.testing.assert_array_equal(again.data.images, filled.data.images)
    assert added == 0 or not np.array_equal(other.data.images, filled.data.images)


def test_copies_are_real_images(data: ImageData) -> None:
    real = rare_images(data)
    assert nearest(make("copies", real, RARE, 50, 0), real).distance.max() == 0


def test_smote_lies_between_two_real_images(data: ImageData) -> None:
    real = rare_images(data).reshape(KEPT, -1).astype(float)
    for image in make("smote", rare_images(data), RARE, 10, 3).reshape(10, -1).astype(float):
        gaps = []
        for a in real:
            for b in real:
                length = ((b - a) ** 2).sum()
                u = np.clip((image - a) @ (b - a) / length, 0, 1) if length else 0.0
                gaps.append(np.abs(a + u * (b - a) - image).max())
        assert min(gaps) <= 1, "but for rounding"


def test_affine_moves_a_little_and_not_at_all_when_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    image = np.zeros((200, 1, 28, 28), np.uint8)
    image[:, :, 13:15, 13:15] = 200
    places = np.arange(28)
    moved = oversampling.affine(image, 0).astype(float)[:, 0]
    weight = moved.sum((1, 2))
    row, column = (moved.sum(axis) @ places / weight for axis in (2, 1))
    assert (weight > 0).all() and 1 < np.abs(row - 13.5).max() < 2.3 and 1 < np.abs(column - 13.5).max() < 2.3
    for name in ("SHIFT", "TURN", "SCALE"):
        monkeypatch.setattr(oversampling, name, 0.0)
    np.testing.assert_array_equal(oversampling.affine(image, 0), image)


def test_affine_turns_about_the_middle_without_bending(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the moments of a bar: turned by at most the angle, as long and as thin as before."""
    monkeypatch.setattr(oversampling, "SHIFT", 0.0)
    monkeypatch.setattr(oversampling, "SCALE", 0.0)
    image = np.zeros((300, 1, 28, 28), np.uint8)
    image[:, :, 6:22, 13:15] = 255
    y, x = np.mgrid[:28, :28] - 13.5
    angles = []
    for picture in oversampling.affine(image, 1).astype(float)[:, 0]:
        moments = [[(picture * a * b).sum() / picture.sum() for a in (x, y)] for b in (x, y)]
        values, vectors = np.linalg.eigh(moments)
        angles.append(np.degrees(np.arctan2(*(vectors[:, 1] * np.sign(vectors[1, 1])))))
        assert values[1] == pytest.approx(16**2 / 12, rel=0.05)
    assert np.abs(angles).max() == pytest.approx(oversampling.TURN, abs=1) and abs(np.mean(angles)) < 2


def test_the_posterior_is_that_of_the_real_images_and_widens(data: ImageData, drawers: Drawers) -> None:
    real, model = rare_images(data), deepcopy(drawers.conditional)
    assert isinstance(model, ConditionalVAE)
    with torch.no_grad():
        model.encoder[-1].bias[model.latent_dim :] = -4  # so small a variance that the decoder is nearly linear in it
    label = torch.full((len(real),), RARE)
    with torch.inference_mode():
        posterior = model.encode(to_unit(torch.from_numpy(real)), label)
        whole = model.decode(posterior.mu, label).mean
    spreads = []
    for width in (1, 2, 3):
        made = make(f"cvae-posterior-{width}", real[:1].repeat(2, 0), RARE, 2000, 0, Drawers(model))
        mean = made.astype(float).mean(0) / 255
        np.testing.assert_allclose(mean, whole[0].numpy(), atol=0.03)
        spreads.append(made.astype(float).std(0).mean())
    assert np.array(spreads) / spreads[0] == pytest.approx([1, 2, 3], rel=0.15)
    prior = make("cvae-prior", real, RARE, 5, 0, Drawers(model))
    np.testing.assert_array_equal(prior, latent.decode(model, latent.sample_prior(4, 5, 0), RARE))


def test_what_cannot_be_filled_up_is_an_error(data: ImageData, drawers: Drawers) -> None:
    single = data.subset(np.concatenate([np.flatnonzero(data.labels == RARE)[:1], np.flatnonzero(data.labels != RARE)]))
    for wrong in (single, data.only((RARE,)), data.only((0,))):
        with pytest.raises(InputError, match="at least 2 of it and 1 other"):
            missing(wrong, RARE)
    with pytest.raises(InputError, match=r"no method 'wish'.*smote"):
        fill("wish", data, RARE, 0)
    with pytest.raises(InputError, match="no VAE of the rare class"):
        fill("vae", data, RARE, 0, drawers._replace(rare=None))


def test_a_class_that_is_not_rare_gets_nothing(data: ImageData, drawers: Drawers) -> None:
    large = data.subset(np.flatnonzero((data.labels == 0) | (np.cumsum(data.labels != 0) < 50)))
    for method in METHODS:
        assert len(fill(method, large, 0, 0, drawers).data) == len(large)


class Says(nn.Module):
    """Reads its answer from the first pixel."""

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.one_hot((x[:, 0, 0, 0] * 255).round().long(), 3).float()


def test_the_judge_counts_as_by_hand(data: ImageData) -> None:
    truth, said = np.array([0, 0, 0, 1, 1, 1, 1, 2]), np.array([0, 0, 1, 1, 1, 0, 2, 2])
    images = np.zeros((8, 1, 28, 28), np.uint8)
    images[:, 0, 0, 0] = said
    found = judge(Says(), replace(data, images=images, labels=truth, class_names=("a", "b", "c")), 1)
    assert found == pytest.approx((2 / 4, 2 / 3, 2 * 2 / (3 + 4), (2 / 3 + 2 / 4 + 1) / 3))
    never = replace(data, images=images * 0, labels=truth, class_names=("a", "b", "c"))
    assert judge(Says(), never, 1)[:3] == (0, 0, 0), "no warning either"


def test_the_classifier_is_the_same_each_time_and_heeds_weights(digits: ImageData) -> None:
    digits = digits.subset(np.arange(len(digits)) % 3 == 0)
    rare = digits.labels == RARE
    kept = np.flatnonzero(~rare | (np.cumsum(rare) <= 8))
    thin, test = digits.subset(kept), load("digits", "test")
    shares: list[float] = []
    found = []
    for method in ("nothing", "nothing", "weights", "copies"):
        network = train_classifier(fill(method, thin, RARE, 0), 2, 0, shares.append)
        found.append(judge(network, test, RARE))
    assert found[0] == found[1] and shares[:2] == [0.5, 1.0]
    assert found[0].recall < min(found[2].recall, found[3].recall)
    assert found[2].balanced_accuracy > 0.6


def test_the_nearest_is_found(digits: ImageData) -> None:
    some, others = digits.images[:20], digits.images[100:160]
    found = nearest(some, others)
    gaps = np.array([[np.sqrt((((a / 255.0) - b / 255.0) ** 2).sum()) for b in others] for a in some])
    np.testing.assert_array_equal(found.which, gaps.argmin(1))
    np.testing.assert_allclose(found.distance, gaps.min(1))


def test_the_copy_check_tells_copies_from_new_images(digits: ImageData) -> None:
    own = digits.only((3,)).images
    learnt, unseen, new = own[:60], own[60:180], own[180:]
    copied, fresh = copy_check(learnt[:40], learnt, unseen), copy_check(new, learnt, unseen)
    assert copied.distance == 0 and copied.closer == copied.drawn_to_learnt == 1
    assert fresh.closer == pytest.approx(0.5, abs=0.1) and fresh.drawn_to_learnt == pytest.approx(0.5, abs=0.12)
    blurred = np.broadcast_to(own.mean(0).astype(np.uint8), (5, *own.shape[1:]))
    smooth = copy_check(blurred, learnt, unseen)
    assert smooth.closer > 0.8 and smooth.drawn_to_learnt < 0.9, "what is smooth is near to everything, and no copy"


def test_pictures_are_taken_away_whole(data: ImageData, drawers: Drawers) -> None:
    filled: Filled = fill("cvae-prior", data, RARE, 0, drawers)
    names = ("T-shirt/top", "a, b", *map(str, range(2, 10)))
    pictures = replace(filled.data, class_names=names)
    files: dict[str, Any] = {kind: export_pictures(pictures, filled.synthetic, kind) for kind in PICTURE_FORMATS}
    assert files == {kind: export_pictures(pictures, filled.synthetic, kind) for kind in PICTURE_FORMATS}

    arrays = np.load(io.BytesIO(files["npz"]))
    for name, expected in (("images", pictures.images), ("labels", pictures.labels), ("synthetic", filled.synthetic)):
        np.testing.assert_array_equal(arrays[name], expected)
    assert arrays["class_names"].tolist() == list(names)

    table = pd.read_csv(io.BytesIO(files["csv"]))
    np.testing.assert_array_equal(table.filter(regex="^p[0-9]+$").to_numpy(), pictures.images.reshape(-1, 784))
    assert table["synthetic"].tolist() == filled.synthetic.astype(int).tolist()
    assert table["class"].tolist() == [names[label] for label in pictures.labels]

    with zipfile.ZipFile(io.BytesIO(files["zip"])) as archive:
        listing = pd.read_csv(io.BytesIO(archive.read("pictures.csv")))
        assert sorted([*listing["file"], "pictures.csv"]) == sorted(archive.namelist())
        assert {file.split("/")[0] for file in listing["file"]} >= {"T-shirt-top", "a- b", "2"}
        for number, file in enumerate(listing["file"]):
            assert ("synthetic" in file) == filled.synthetic[number] == listing["synthetic"][number]
            if number % 20 == 0:
                pixels = np.asarray(Image.open(io.BytesIO(archive.read(file))))
                np.testing.assert_array_equal(pixels, pictures.images[number, 0])
    marked = export_pictures(pictures, filled.synthetic, "csv", FORMS["comma"])
    assert marked.startswith(b"\xef\xbb\xbflabel;class;")
    pd.testing.assert_frame_equal(pd.read_csv(io.BytesIO(marked), sep=";", encoding="utf-8-sig"), table)
    with zipfile.ZipFile(io.BytesIO(export_pictures(pictures, filled.synthetic, "zip", FORMS["comma"]))) as archive:
        assert archive.read("pictures.csv").startswith(b"\xef\xbb\xbffile;label;class;synthetic")
    with pytest.raises(InputError, match=r"no format 'gif'.*npz"):
        export_pictures(pictures, filled.synthetic, "gif")


def test_names_that_differ_only_in_signs_have_folders_of_their_own() -> None:
    images = np.zeros((3, 1, 28, 28), np.uint8)
    data = ImageData("mine", "test", images, np.arange(3), ("a/b", "a:b", "c"), "", "")
    with zipfile.ZipFile(io.BytesIO(export_pictures(data, np.zeros(3, bool), "zip"))) as archive:
        folders = [name.split("/")[0] for name in archive.namelist() if name.endswith(".png")]
    assert len(set(folders)) == 3 and folders[2] == "c"
