"""Scores, thresholds and reports, on a small model that has learnt fives."""

import csv
import io
import math

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist
from sklearn.covariance import ledoit_wolf
from sklearn.metrics import average_precision_score, roc_auc_score

from vae_core.anomaly import (
    BEST_SCORE,
    DEFAULT_SCORE,
    SCORES,
    Confusion,
    Normal,
    Verdicts,
    available,
    confusion,
    default_threshold,
    is_normal,
    report,
    score,
    strangest,
    threshold,
    to_csv,
)
from vae_core.anomaly.pictures import reconstruction_probability
from vae_core.config import ModelConfig
from vae_core.datasets import ImageData, load
from vae_core.errors import InputError, WorkError
from vae_core.metrics import kl_per_dimension
from vae_core.models import Model, build
from vae_core.pixels import to_unit


def fives() -> tuple[Model, ImageData, ImageData]:
    """An autoencoder that has had a short look at the bundled fives, its validation fives, all test digits."""
    model = build(ModelConfig(kind="autoencoder", latent_dim=12, hidden=(128,), activation="silu"), (1, 28, 28))
    x = to_unit(torch.from_numpy(load("digits", "train", classes=(5,)).images))
    optimizer = torch.optim.Adam(model.parameters(), 3e-3, fused=True)
    chance = torch.Generator().manual_seed(0)
    for _ in range(200):
        batch = x[torch.randint(len(x), (64,), generator=chance)]
        optimizer.zero_grad()
        (model.decode(model.encode(batch).mu).nll(batch).mean()).backward()
        optimizer.step()
    return model, load("digits", "validation", classes=(5,)), load("digits", "test")


@pytest.fixture(scope="module")
def trained() -> tuple[Model, ImageData, ImageData]:
    return fives()


def vae(**settings: object) -> Model:
    return build(ModelConfig(latent_dim=4, hidden=(32,), **settings), (1, 28, 28))


def test_a_model_of_fives_finds_the_others(trained):
    model, validation, test = trained
    normal = is_normal(test, (5,))
    scores = score(model, test)
    assert set(scores) == {"squared_error", "squared_error_over_norm", "cross_entropy"}
    found = report(scores[DEFAULT_SCORE], normal, default_threshold(score(model, validation)[DEFAULT_SCORE]))
    assert found.images == 1000
    assert found.auroc > 0.85
    assert found.auroc == pytest.approx(roc_auc_score(~normal, scores[DEFAULT_SCORE]))
    assert found.average_precision == pytest.approx(average_precision_score(~normal, scores[DEFAULT_SCORE]))
    assert found.confusion.false_alarm_rate < 0.3
    assert found.confusion.found_rate > 0.6
    assert not normal[found.strangest[:20]].any()


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_scores_are_what_they_say(likelihood):
    model, data = vae(likelihood=likelihood), load("digits", "test").subset(slice(0, 7))
    scores = score(model, data)
    assert tuple(scores) == available(model) == tuple(name for name, info in SCORES.items() if info.of_picture)
    x = to_unit(torch.from_numpy(data.images))
    with torch.no_grad():
        posterior = model.encode(x)
        likelihood = model.decode(posterior.mu)
    recon, pixels = likelihood.mean.double().numpy(), x.double().numpy()
    squared = ((pixels - recon) ** 2).sum((1, 2, 3))
    entropy = -(pixels * np.log(recon) + (1 - pixels) * np.log(1 - recon)).sum((1, 2, 3))
    np.testing.assert_allclose(scores["squared_error"], squared, rtol=1e-5)
    norm = np.sqrt((pixels**2).sum((1, 2, 3)))
    np.testing.assert_allclose(scores["squared_error_over_norm"], squared / norm, rtol=1e-5)
    np.testing.assert_allclose(scores["cross_entropy"], entropy, rtol=1e-4)
    np.testing.assert_allclose(scores["kl"].mean(), kl_per_dimension(model, data).sum(), rtol=1e-4)
    np.testing.assert_allclose(scores["negative_elbo"], likelihood.nll(x).numpy() + scores["kl"], rtol=1e-5)
    np.testing.assert_allclose(scores["posterior_variance"], posterior.sigma.square().mean(1).numpy(), rtol=1e-5)
    assert all(values.dtype == np.float64 and values.shape == (7,) for values in scores.values())


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_reconstruction_probability_is_an_expectation(likelihood):
    model, data = vae(likelihood=likelihood), load("digits", "test").subset(slice(0, 5))
    x = to_unit(torch.from_numpy(data.images))
    with torch.no_grad():
        posterior = model.encode(x)
        q = torch.distributions.Normal(posterior.mu, posterior.sigma)
        draws = torch.stack([-model.decode(q.sample()).nll(x) for _ in range(600)])
        found = reconstruction_probability(model, x, posterior, draws=600)
    error = (draws.std(0) * math.sqrt(2 / 600)).numpy()
    assert (np.abs(found.numpy() + draws.mean(0).numpy()) < 5 * error + 1e-3).all()
    few = score(model, data, ["reconstruction_probability"])["reconstruction_probability"]
    np.testing.assert_allclose(few, found.numpy(), atol=0.1 * found.numpy().max())


def test_comparisons_with_normal_pictures_are_what_they_say():
    model = vae(residual=True)
    train = load("digits", "train", classes=(5,)).subset(slice(0, 60))
    test = load("digits", "test").subset(slice(0, 40))
    fitted = Normal(model, train)
    scores = score(model, test, normal=fitted)
    assert tuple(scores) == available(model, fitted) == tuple(SCORES)

    def seen(data):
        x = to_unit(torch.from_numpy(data.images))
        with torch.no_grad():
            mu = model.encode(x).mu
            return x.flatten(1).double().numpy(), mu.double().numpy(), model.decode(mu).mean.flatten(1).double().numpy()

    (x, z, recon), (known, known_z, known_recon) = seen(test), seen(train)
    np.testing.assert_allclose(scores["latent_knn"], np.sort(cdist(z, known_z), 1)[:, :5].mean(1), rtol=1e-4)
    np.testing.assert_allclose(scores["pixel_knn"], np.sort(cdist(x, known), 1)[:, :5].mean(1), rtol=1e-4)
    np.testing.assert_allclose(scores["mean_image"], np.square(x - known.mean(0)).sum(1), rtol=1e-4)
    axes = np.linalg.svd(known - known.mean(0), full_matrices=False)[2][:20]
    outside = (x - known.mean(0)) - (x - known.mean(0)) @ axes.T @ axes
    np.testing.assert_allclose(scores["pca_20"], np.square(outside).sum(1), rtol=1e-3)
    covariance = ledoit_wolf(known_z)[0]
    expected = cdist(z, known_z.mean(0, keepdims=True), "mahalanobis", VI=np.linalg.inv(covariance))[:, 0]
    np.testing.assert_allclose(scores["latent_mahalanobis"], expected, rtol=1e-3)

    def error(pixels, recon):
        return np.square(pixels - recon).sum(1) / np.sqrt(np.square(pixels).sum(1))

    # A training picture's neighbours are the others: without the zero to itself.
    own = error(known, known_recon), np.sort(cdist(known_z, known_z), 1)[:, 1:6].mean(1)
    both = [(a - b.mean()) / b.std() for a, b in zip((error(x, recon), scores["latent_knn"]), own, strict=True)]
    np.testing.assert_allclose(scores["error_and_neighbours"], both[0] + 0.5 * both[1], rtol=1e-3, atol=1e-3)


def test_scores_that_compare_help_and_stand_beside_baselines(trained):
    model, _, test = trained
    fitted = Normal(model, load("digits", "train", classes=(5,)))
    scores = score(model, test, normal=fitted)
    strange = test.labels != 5
    auroc = {name: roc_auc_score(strange, values) for name, values in scores.items()}
    assert auroc[BEST_SCORE] > auroc["squared_error"]
    assert auroc["mean_image"] < auroc[BEST_SCORE]
    assert [name for name in scores if SCORES[name].is_baseline] == ["pca_20", "pixel_knn", "mean_image"]
    some = score(model, test.subset(slice(100, 150)), [BEST_SCORE], normal=fitted)
    np.testing.assert_allclose(some[BEST_SCORE], scores[BEST_SCORE][100:150], rtol=1e-3, atol=1e-3)


def test_too_few_normal_pictures_to_compare_with(trained):
    model, validation, _ = trained
    with pytest.raises(InputError, match=r"5 normal training images, but at least 6.*Choose more classes"):
        Normal(model, validation.subset(slice(0, 5)))
    with pytest.raises(InputError, match=r"'latent_knn' compares with normal training images"):
        score(model, validation, ["latent_knn"])


def test_many_normal_pictures_are_thinned(trained, monkeypatch):
    model, validation, _ = trained
    monkeypatch.setattr("vae_core.anomaly.normal.MOST", 20)
    fitted = Normal(model, validation)
    assert len(fitted.train) == len(fitted.codes) == 20
    assert np.array_equal(fitted.codes, Normal(model, validation).codes)


def test_pictures_that_are_all_the_same_have_scores():
    model, data = vae(), load("digits", "test").subset(np.zeros(8, np.int64))
    fitted = Normal(model, data)
    assert all(np.isfinite(values).all() for values in score(model, data, normal=fitted).values())


def test_no_chance_and_no_neighbours_in_a_score():
    model, data = vae(), load("digits", "test")
    names = [*available(model), "reconstruction_probability"]
    all_of_them, again, some = (score(model, part, names) for part in (data, data, data.subset(slice(700, 800))))
    for name, values in all_of_them.items():
        assert np.array_equal(values, again[name])
        np.testing.assert_allclose(values[700:800], some[name], rtol=1e-4)


def test_a_black_picture_has_a_score():
    data = load("digits", "test").subset(np.array([0]))  # a copy
    data.images[:] = 0
    assert np.isfinite(score(vae(), data)["squared_error_over_norm"]).all()


def test_only_the_scores_that_were_asked_for_and_that_the_model_has(trained):
    model, validation, _ = trained
    assert tuple(score(model, validation, ["squared_error"])) == ("squared_error",)
    with pytest.raises(InputError, match=r"'kl' needs a density.*squared_error"):
        score(model, validation, ["kl"])
    with pytest.raises(InputError, match=r"no score 'ink'.*squared_error"):
        score(model, validation, ["ink"])


def test_every_score_is_told_to_a_person():
    assert next(iter(SCORES)) == DEFAULT_SCORE
    assert all(info.title and info.help.endswith(".") for info in SCORES.values())


def test_counts_at_a_threshold():
    scores, normal = np.array([0.1, 0.2, 0.3, 0.4, 0.5]), np.array([True, True, False, True, False])
    found = confusion(scores, normal, 0.3)
    assert found == Confusion(strange_found=1, strange_missed=1, false_alarms=1, normal_passed=2)
    assert found.found_rate == 0.5 and found.false_alarm_rate == pytest.approx(1 / 3)
    assert confusion(scores, normal, math.inf).strange_missed == 2
    assert confusion(scores, normal, -1.0).false_alarms == 3


def test_report_of_known_scores():
    scores, normal = np.array([3.0, 1.0, 2.0, 3.0]), np.array([False, True, True, False])
    found = report(scores, normal, 2.5)
    assert found.auroc == found.average_precision == 1
    assert found.strangest.tolist() == [0, 3, 2, 1]
    curve = list(zip(found.false_alarm_rates, found.found_rates, strict=True))
    assert curve[0] == (0, 0) and curve[-1] == (1, 1) and (0, 1) in curve
    assert report(-scores, normal, 0.0).auroc == 0
    assert strangest(np.ones(3)).tolist() == [0, 1, 2]


def test_a_report_needs_both_kinds():
    with pytest.raises(InputError, match=r"All 3 images are normal.*choose fewer normal classes"):
        report(np.arange(3.0), np.ones(3, bool), 1.0)
    with pytest.raises(InputError, match=r"None of the 3 images is normal.*Choose a normal class"):
        report(np.arange(3.0), np.zeros(3, bool), 1.0)


def test_the_default_threshold_is_an_order_statistic():
    scores = np.random.default_rng(0).permutation(np.arange(101.0))
    assert default_threshold(scores) == 96, "the fifth largest of 101, since 5 / 102 is at most 5 %"
    assert confusion(scores, np.ones(101, bool), default_threshold(scores)).false_alarms == 4
    assert default_threshold(scores, 0.5) == 50
    assert (default_threshold(scores, 0), default_threshold(scores, 1)) == (0, 100)
    with pytest.raises(InputError, match=r"1\.5.*from 0 to 1"):
        default_threshold(scores, 1.5)
    with pytest.raises(InputError, match="no validation images"):
        default_threshold(np.empty(0))


def test_normal_classes():
    data = load("digits", "test")
    assert is_normal(data, (5, 3)).sum() == 200
    for classes in ((), (10,), (3, -1)):
        with pytest.raises(InputError, match="0 to 9 of 'digits'"):
            is_normal(data, classes)


def test_weights_of_no_use_are_an_error():
    model = vae()
    with torch.no_grad():
        model.decoder[-2].bias.fill_(math.nan)
    with pytest.raises(WorkError, match="not finite"):
        score(model, load("digits", "test").subset(slice(0, 3)))


def test_csv_reads_back_and_holds_no_formula():
    names = ("=1+1", "-2", "@SUM(A1)", "+3", 'a "quoted", name', "plain")
    images = np.zeros((6, 1, 2, 2), np.uint8)
    data = ImageData("own", "test", images, np.arange(6), names, "", "")
    scores = {"squared_error": np.array([0.1, 1 / 3, 2, 3, 4, 5]), "kl": np.arange(6.0)}
    values = scores["squared_error"]
    asked = threshold(np.arange(20.0))
    verdicts = Verdicts("squared_error", values, asked, 2.5, values > 2.5, values / 5, values > 4.5)
    text = to_csv(data, scores, np.array([True, False] * 3), verdicts)
    rows = list(csv.DictReader(io.StringIO(text.decode("utf-8"))))
    first = ["index", "label", "class", "normal", "score_name", "score", "threshold", "flagged", "unlike"]
    assert list(rows[0]) == [*first, "squared_error", "kl"]
    assert all(row["score_name"] == "squared_error" and row["score"] == row["squared_error"] for row in rows)
    assert {row["threshold"] for row in rows} == {"2.5"}
    assert [row["flagged"] for row in rows] == list("000111") and [row["unlike"] for row in rows] == list("000001")
    assert [row["class"] for row in rows] == ["'=1+1", "'-2", "'@SUM(A1)", "'+3", 'a "quoted", name', "plain"]
    assert [float(row["squared_error"]) for row in rows] == scores["squared_error"].tolist()
    assert [row["normal"] for row in rows] == ["1", "0"] * 3
    assert rows[3]["index"] == rows[3]["label"] == "3"

    from pages.ui import text as visitors
    from vae_core.csv_text import FORMS

    french = to_csv(data, scores, np.array([True, False] * 3), verdicts, FORMS["comma"], visitors.t).decode("utf-8-sig")
    lines = list(csv.reader(io.StringIO(french), delimiter=";"))
    assert lines[0][:4] == ["No.", "Class no.", "Class", "Normal (0 or 1)"] and len(set(lines[0])) == 11
    assert [float(line[9].replace(",", ".")) for line in lines[1:]] == scores["squared_error"].tolist()
