"""Comparing models: figures picture by picture, differences with their uncertainty, what the settings differ in."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.tiny_runs import train
from vae_core import comparison, datasets, metrics, sweeps
from vae_core.comparison import Measured
from vae_core.compression import fit_pca, pca_errors
from vae_core.config import RunConfig
from vae_core.datasets import Splits
from vae_core.errors import InputError, WorkError
from vae_core.models import Model, build


@pytest.fixture(scope="module")
def splits() -> Splits:
    return datasets.splits(RunConfig().data)


@pytest.fixture(scope="module")
def model(splits: Splits) -> Model:
    return build(RunConfig().model, splits.train.image_shape, 0)


def figures(**values: list[float]) -> Measured:
    return Measured({name: np.array(value) for name, value in values.items()})


def test_figures_of_each_picture_have_the_means_that_evaluate_gives(model: Model, splits: Splits) -> None:
    data = splits.test.subset(slice(700))
    found, one = (
        metrics.evaluate(model, data),
        comparison.measure(model, data, real=comparison.real_cloud(splits.train, data)),
    )
    for name, expected in (("mse", found["mse"]), ("ssim", found["ssim"]), ("negative_elbo", -found["elbo"])):
        mean = one.mean(name)
        assert mean is not None and mean.value == pytest.approx(expected, rel=1e-9)
        assert len(one.figures[name]) == 700
    assert one.active_units == found["active_units"]
    assert len(one.distance) == comparison.SEEDS and min(one.distance) > 0


def test_an_autoencoder_has_no_likelihood(splits: Splits) -> None:
    config = RunConfig().replace(model__kind="autoencoder")
    one = comparison.measure(build(config.model, splits.train.image_shape, 0), splits.test.subset(slice(50)), real=None)
    assert set(one.figures) == {"mse", "psnr", "ssim"}
    assert one.active_units is None and one.mean("kl") is None


def test_pca_has_the_error_that_its_formula_says(splits: Splits) -> None:
    pca, data = fit_pca(splits.train), splits.test.subset(slice(300))
    five = pca.first(5)
    one = comparison.measure_pca(five, comparison.pca_prior(five, splits.train), data, real=None)
    mean = one.mean("mse")
    assert mean is not None
    # Clipping to [0, 1], which the formula knows nothing of, can only help, and helps little.
    assert 0.97 * pca_errors(pca, data)[5] < mean.value <= pca_errors(pca, data)[5]


def test_a_paired_difference_tells_apart_what_two_means_do_not() -> None:
    hard = np.random.default_rng(0).uniform(0, 1, 500)  # how hard each picture is, for both
    a, b = Measured({"mse": hard}), Measured({"mse": hard + 0.01})
    mean_a, mean_b = a.mean("mse"), b.mean("mse")
    assert mean_a is not None and mean_b is not None
    assert abs(mean_a.value - mean_b.value) < mean_a.error, "the means alone say nothing"
    gap = comparison.difference(b, a, "mse")
    assert gap is not None and gap.is_clear and gap.value == pytest.approx(0.01)
    same = comparison.difference(a, a, "mse")
    assert same is not None and not same.is_clear
    assert comparison.difference(a, figures(psnr=[1.0]), "mse") is None


def test_the_standard_error_shrinks_with_the_root_of_the_number() -> None:
    values = np.random.default_rng(1).normal(size=40_000)
    few, many = comparison.mean(values[:400]), comparison.mean(values)
    assert few.error / many.error == pytest.approx(10, rel=0.1)
    assert comparison.mean(np.array([3.0])) == (3.0, 0.0)


def test_the_best_comes_first_whichever_way_is_better() -> None:
    models = {
        "a": figures(mse=[0.3], psnr=[10.0]),
        "b": figures(mse=[0.1], psnr=[30.0]),
        "c": figures(psnr=[20.0]),
    }
    assert comparison.ranking(models, "mse").order == ["b", "a"]
    assert comparison.ranking(models, "psnr").order == ["b", "c", "a"]


def test_only_settings_that_differ_are_named() -> None:
    config = RunConfig()
    other = config.replace(model__latent_dim=8, loss__beta=4.0, name="other", training__threads=1)
    assert sweeps.differing([config, other]) == {"model.latent_dim": (2, 8), "loss.beta": (1.0, 4.0)}
    assert sweeps.differing([config, config]) == {}


def test_settings_without_effect_on_a_model_are_no_difference() -> None:
    vae = RunConfig()
    plain = vae.replace(
        model__kind="autoencoder", loss__beta=4.0, loss__free_bits=0.5, model__kernel=5, model__sigma=0.3
    )
    assert sweeps.differing([vae, plain]) == {"model.kind": ("vae", "autoencoder")}
    heavy = vae.replace(loss__beta=4.0)
    assert sweeps.differing([vae, heavy, plain])["loss.beta"] == (1.0, 4.0, sweeps.NO_MATTER)
    conv = vae.replace(model__network="conv", model__kernel=5)
    assert "model.kernel" not in sweeps.differing([vae, conv]) and "model.network" in sweeps.differing([vae, conv])
    assert "model.kernel" in sweeps.differing([conv, conv.replace(model__kernel=3)])


def test_real_pictures_lie_nearer_to_real_ones_than_what_an_untrained_model_draws(model: Model, splits: Splits) -> None:
    real = comparison.real_cloud(splits.train, splits.test)
    assert real is not None and real.count == len(splits.test)
    floor = comparison.real_distances(splits.train, real)
    assert len(floor) == comparison.SEEDS
    assert max(floor) < min(comparison.measure(model, splits.test, real=real).distance) / 10


def test_pictures_that_the_classifier_does_not_know_get_no_distance(model: Model, splits: Splits) -> None:
    clothes = replace(splits.test.subset(slice(50)), name="fashion-mnist")
    assert comparison.real_cloud(splits.train, clothes) is None
    assert comparison.real_distances(splits.train, None) == ()
    assert comparison.measure(model, clothes, real=None).distance == ()


def test_a_model_that_went_astray_is_refused(splits: Splits) -> None:
    broken = build(RunConfig().model, splits.train.image_shape, 0)
    for weight in broken.parameters():
        weight.data.fill_(float("nan"))
    with pytest.raises(WorkError, match="not finite"):
        comparison.measure(broken, splits.test.subset(slice(20)), real=None)


def test_a_trained_conditional_model_is_measured_with_its_labels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, splits: Splits
) -> None:
    monkeypatch.setenv("DIABOLO_RUNS", str(tmp_path))
    run = train(model__kind="conditional-vae")
    from pages.ui import cache

    one = cache.measured(run, "digits", "test", "grey")
    assert one.active_units is not None and len(one.figures["kl"]) == len(splits.test)


def test_pictures_of_another_shape_are_refused(model: Model, splits: Splits) -> None:
    data = splits.test.subset(slice(10))
    small = replace(data, images=data.images[:, :, :16, :16])
    with pytest.raises(InputError, match="shape"):
        comparison.measure(model, small, real=None)
