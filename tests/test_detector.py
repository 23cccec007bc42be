"""One place decides: alone or among others, by which threshold, and what is nothing that the model has learnt."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import cycle
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from pages.ui import kept_image
from pages.ui.kept_image import KeptImage
from tests import textures
from tests.conftest import mnist_is_there
from tests.test_anomaly import fives
from vae_core import handwriting, runs
from vae_core.anomaly import DEFAULT_SCORE, SCORES, Detector, available, score
from vae_core.anomaly.thresholds import threshold
from vae_core.config import ModelConfig
from vae_core.datasets import ImageData, load, source
from vae_core.errors import InputError
from vae_core.handwriting import Handwriting
from vae_core.losses import kl
from vae_core.models import Model, build
from vae_core.models import load as load_model
from vae_core.optimizer import AdamW
from vae_core.pixels import to_unit
from vae_core.runs import STARTER_NAMES

TEST, VALIDATION = load("digits", "test"), load("digits", "validation")


@pytest.fixture(scope="module")
def of_fives() -> Detector:
    model, validation, _ = fives()
    return Detector(model, load("digits", "train", classes=(5,)), validation)


@pytest.fixture(scope="module", params=STARTER_NAMES)
def starter(request: pytest.FixtureRequest) -> Iterator[Detector]:
    with one_thread():
        yield detector(request.param)


WEAK = {
    "VAE, 2-D, an epoch": ("vae", 2, 56),
    "VAE, 2-D, ten steps": ("vae", 2, 10),
    "AE, 32-D, an epoch": ("autoencoder", 32, 56),
}


@pytest.fixture(scope="module", params=[*STARTER_NAMES, *WEAK])
def anyone(request: pytest.FixtureRequest) -> Iterator[Detector]:
    """A starter, or a model that has hardly learnt."""
    with one_thread():
        yield detector(request.param)


@cache
def detector(name: str) -> Detector:
    if name in WEAK:
        model = weak(*WEAK[name])
    else:
        run = runs.find(name)
        model = load_model(run.config.model, run.weights(), source("digits").image_shape)
    return Detector(model, load("digits", "train"), VALIDATION)


def weak(kind: str, dimensions: int, steps: int) -> Model:
    """A model of the bundled digits after so many steps of 64 images."""
    model = build(ModelConfig(kind=kind, latent_dim=dimensions, hidden=(128,)), (1, 28, 28))
    chance = torch.Generator().manual_seed(0)
    x = to_unit(torch.from_numpy(load("digits", "train").images))
    optimizer = AdamW(model.named_parameters(), 2e-3)
    for _ in range(steps):
        batch = x[torch.randint(len(x), (64,), generator=chance)]
        optimizer.zero_grad()
        posterior = model.encode(batch)
        loss = model.decode(posterior.sample(chance)).nll(batch) + kl(posterior)
        loss.mean().backward()
        optimizer.step()
    return model


@contextmanager
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def pictures(images: NDArray[np.number]) -> ImageData:
    """Images that belong to no data set."""
    pixels = np.asarray(images).clip(0, 255).astype(np.uint8).reshape(-1, 1, 28, 28)
    return ImageData("own", "test", pixels, np.zeros(len(pixels), np.int64), ("?",), "", "")


def drawn(grey: NDArray[np.number]) -> NDArray[np.uint8]:
    """A picture of any size as the page Draw prepares it."""
    ink = np.asarray(grey).clip(0, 255).astype(np.uint8)
    return handwriting.prepare(Handwriting(ink), (1, 28, 28))


def test_a_picture_alone_is_judged_as_among_others(of_fives: Detector) -> None:
    some = TEST.subset(slice(0, 1000, 50))
    names = available(of_fives.model, of_fives.normal)
    everything = of_fives.score(some)
    for name in names:
        together = of_fives.verdicts(some, everything, name)
        for place in (0, 7, 19):
            alone = of_fives.judge(some.subset(np.array([place])), name)
            np.testing.assert_allclose(alone.scores, together.scores[[place]], rtol=1e-3, atol=1e-3)
            assert alone.threshold == together.threshold
            assert alone.flagged[0] == together.flagged[place] and alone.unlike[0] == together.unlike[place]
            assert alone.exceeded[0] == pytest.approx(together.exceeded[place], abs=1 / 40 + 1e-9)


def test_flagged_is_compared_with_normal_images_only(of_fives: Detector) -> None:
    """A nine that lies above the threshold stands out among fives, however many other anomalies score higher."""
    found = of_fives.judge(TEST)
    own = np.sort(of_fives.reference(DEFAULT_SCORE))
    assert len(own) == 40 and found.threshold == own[-2] == threshold(own).value
    np.testing.assert_array_equal(found.flagged, found.scores > own[-2])
    np.testing.assert_allclose(found.exceeded, [(own < one).mean() for one in found.scores])
    nines = found.flagged & (TEST.labels == 9)
    assert nines.any() and (found.exceeded[found.flagged] >= 0.95).all()
    p = [(1 + (own >= one).sum()) / 41 for one in found.scores]
    np.testing.assert_array_equal(found.flagged, np.array(p) <= 0.05), "as the conformal p-value says"


def test_a_threshold_of_ones_own_decides(of_fives: Detector) -> None:
    usual = of_fives.judge(TEST)
    own = of_fives.judge(TEST, at=float(np.median(usual.scores)))
    assert own.flagged.sum() == 500 and own.default == usual.default
    np.testing.assert_array_equal(own.unlike, usual.unlike)
    assert not of_fives.judge(TEST, at=np.inf).flagged.any()
    strict = of_fives.judge(TEST, alpha=0.01)
    assert strict.threshold == of_fives.reference(DEFAULT_SCORE).max() and not strict.default.is_promised


def test_each_score_of_the_model_has_a_verdict(of_fives: Detector) -> None:
    for name in available(of_fives.model, of_fives.normal):
        found = of_fives.judge(TEST.subset(slice(3)), name)
        assert found.score == name and len(found) == 3
    with pytest.raises(InputError, match="no score 'smell'"):
        of_fives.judge(TEST, "smell")
    assert any(info.needs_posterior for info in SCORES.values())
    with pytest.raises(InputError, match="needs a density"):
        of_fives.default("kl")


def test_the_nearest_normal_images_have_the_nearest_codes(of_fives: Detector) -> None:
    codes = of_fives.normal.codes[[3, 11]]
    near = of_fives.normal.nearest(codes, 8)
    assert near.shape == (2, 8) and near[:, 0].tolist() == [3, 11]
    assert of_fives.normal.nearest(codes, 10**6).shape == (2, len(of_fives.normal.train))


def test_digits_are_rarely_called_nothing(anyone: Detector) -> None:
    unlike = anyone.judge(TEST).unlike
    assert unlike.mean() < 0.02
    for digit in range(10):
        assert unlike[TEST.labels == digit].mean() <= 0.05, digit
    assert anyone.judge(VALIDATION).unlike.mean() < 0.02


def on_the_pad(digit: NDArray[np.uint8], pen: int) -> NDArray[np.uint8]:
    """A digit as a pen of even width draws it: white, with hard edges."""
    large = np.asarray(Image.fromarray(digit).resize((140, 140), Image.Resampling.BICUBIC)) > 110
    depth = ndimage.distance_transform_edt(large)
    ridge = large & (depth >= 0.9 * ndimage.maximum_filter(depth, 5))
    return drawn(np.where(ndimage.distance_transform_edt(~ridge) < pen / 2, 255, 0))


def test_digits_from_the_pad_are_rarely_called_nothing(anyone: Detector) -> None:
    assert anyone.judge(own_digits()).unlike.mean() <= 0.025  # 3 of 125


@cache
def own_digits() -> ImageData:
    pens = cycle((8, 11, 15))
    return pictures(np.stack([on_the_pad(digit, pen) for digit, pen in zip(TEST.images[::8, 0], pens, strict=False)]))


@pytest.mark.parametrize("kind", textures.KINDS)
def test_textures_are_nothing_even_to_a_model_that_has_hardly_learnt(anyone: Detector, kind: str) -> None:
    ways = textured(kind)
    unlike = [anyone.judge(way).unlike for way in ways]
    assert np.concatenate(unlike).mean() >= 0.95 and min(way.mean() for way in unlike) >= 0.9


@pytest.mark.slow  # ten files each
@pytest.mark.parametrize("kind", [kind for kind in textures.KINDS if "brushed" in kind])
def test_uploaded_plates_are_refused_or_called_nothing(kind: str) -> None:
    images = [uploaded(textures.grey(kind, 700 + seed)) for seed in range(10)]
    taken = pictures(np.stack([image for image in images if image is not None]))
    for name in ("starter-vae-2d", next(iter(WEAK))):
        assert (~detector(name).judge(taken).unlike).sum() <= 1


def test_a_plate_is_taken_whole_and_stays_so_while_it_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_image, "st", SimpleNamespace(session_state={}))
    file = io.BytesIO()
    Image.fromarray(textures.grey("brushed at 120°", 702)).save(file, "PNG")
    writing = handwriting.read(file.getvalue())
    image = KeptImage(handwriting.prepare(writing, (1, 28, 28)), "plate.png", writing.inverted, whole=writing.whole)
    kept_image.keep("upload", image)
    found = kept_image.kept("upload")
    assert found is not None and found.whole and (found.pixels == image.pixels).all()


def uploaded(grey: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """An image as the page Draw takes it from a file; `None` where it refuses it."""
    file = io.BytesIO()
    Image.fromarray(grey).save(file, "PNG")
    try:
        return handwriting.prepare(handwriting.read(file.getvalue()), (1, 28, 28))
    except InputError:
        return None


@cache
def textured(kind: str) -> tuple[ImageData, ...]:
    """Twenty textures of a kind, made smaller, and as ink."""
    made = [textures.prepared(textures.grey(kind, 1000 + seed)) for seed in range(20)]
    return tuple(pictures(np.stack(way)) for way in zip(*made, strict=True))


GENERATOR = np.random.default_rng(0)
ROWS, COLUMNS = np.mgrid[:240, :320]
NOTHING = {
    **{f"grey {grey}": np.full((1, 28, 28), grey) for grey in (0, 20, 90, 128, 200, 255)},
    "metal": 128 + GENERATOR.normal(0, 8, (1, 28, 28)),
    "slope": np.broadcast_to(np.linspace(60, 200, 28), (1, 28, 28)),
    "noise": GENERATOR.integers(0, 256, (1, 28, 28)),
    "stripes": np.broadcast_to(np.arange(28) // 3 % 2 * 255, (1, 28, 28)),
    "a plate on dark ground, as drawn": drawn(np.where((abs(ROWS - 120) < 70) & (abs(COLUMNS - 160) < 90), 150, 0)),
    "a plate with holes, as drawn": drawn(
        np.where((abs(ROWS - 120) - 80) ** 2 + (abs(COLUMNS - 160) - 110) ** 2 < 64, 0, 130)
    ),
    "a soft patch, as drawn": drawn(200 * np.exp(-((ROWS - 120) ** 2 + (COLUMNS - 160) ** 2) / 8000)),
    "brushed, as drawn": drawn(np.cumsum(GENERATOR.normal(0, 9, 240))[:, None] + GENERATOR.normal(40, 9, (240, 320))),
    "scratches, as drawn": drawn(np.where(ROWS % 40 < 2, 200, 0)),
    "checks, as drawn": drawn((ROWS // 30 + COLUMNS // 30) % 2 * 200),
}


@pytest.mark.parametrize("kind", NOTHING)
def test_what_is_no_digit_is_called_nothing(starter: Detector, kind: str) -> None:
    assert starter.judge(pictures(NOTHING[kind])).unlike.all()


@pytest.mark.parametrize("kind", ["grey 0", "grey 128", "grey 200", "metal", "noise", "stripes", "scratches, as drawn"])
def test_a_model_of_fives_calls_them_nothing_too(of_fives: Detector, kind: str) -> None:
    assert of_fives.judge(pictures(NOTHING[kind])).unlike.all()


def test_what_is_smoother_or_rougher_than_any_digit_is_nothing_however_well_it_comes_back(of_fives: Detector) -> None:
    """A smooth grey plate is a little like every digit, so that its error, its code and its pixels look normal."""
    bands = np.repeat(GENERATOR.integers(90, 170, 15), 1)[:, None] * np.ones((1, 20))
    plate = np.zeros((1, 28, 28))
    plate[0, 6:21, 4:24] = bands
    assert of_fives.judge(pictures(plate)).unlike.all()


def test_fives_are_not_nothing_to_a_model_of_fives(of_fives: Detector) -> None:
    assert of_fives.judge(TEST.only((5,))).unlike.mean() <= 0.05


@pytest.mark.mnist
def test_clothes_are_mostly_nothing_to_a_model_of_digits(starter: Detector) -> None:
    assert mnist_is_there()
    clothes = load("fashion-mnist", "test").subset(slice(0, 300))
    assert starter.judge(clothes).unlike.mean() > 0.95


def test_scores_are_those_of_the_functions(of_fives: Detector) -> None:
    expected = score(of_fives.model, TEST, normal=of_fives.normal)
    found = of_fives.judge(TEST)
    np.testing.assert_allclose(found.scores, expected[DEFAULT_SCORE], rtol=1e-6)
