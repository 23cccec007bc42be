"""One digit learnt alone: the tutorial's protocol, the better recipe, and all ten digits in turn."""

import numpy as np

from benchmarks.rows.row import Figures, Row
from vae_core import datasets
from vae_core.anomaly import BEST_SCORE, Normal, score
from vae_core.config import RunConfig
from vae_core.datasets import Splits
from vae_core.recipes.anomaly import ANOMALY, BETTER
from vae_core.studies.strangers import LATENT_DIM, judged, one_class
from vae_core.training import fit

TUTORIAL_SOURCE = "a tutorial on autoencoders, which gives these two figures and no AUROC"
RUFF = (
    "Ruff et al. 2018 (DCAE, Deep SVDD), https://proceedings.mlr.press/v80/ruff18a.html; Perera et al. 2019 (OCGAN), "
    "https://arxiv.org/abs/1903.08550"
)


def _shortened(config: RunConfig, seed: int, quick: bool) -> RunConfig:
    config = config.replace(training__seed=seed)
    return config.replace(data__name="digits", training__epochs=1) if quick else config


def _fives(config: RunConfig, seed: int, quick: bool) -> Figures:
    config = _shortened(config, seed, quick)
    splits = datasets.splits(config.data)
    model = fit(config, splits)
    normal = Normal(model, splits.train)
    pixels = float(np.prod(splits.test.image_shape))
    aside = score(model, splits.validation, ["squared_error", "mean_image"], normal=normal)
    first = score(model, splits.test.subset(slice(0, 1)), ["squared_error", "mean_image"], normal=normal)
    auroc = judged(model, normal, splits.test, splits.test.labels == 5)
    return {
        "validation_mse": aside["squared_error"].mean() / pixels,
        "validation_mse_mean_image": aside["mean_image"].mean() / pixels,
        "first_test_error": first["squared_error"][0] / pixels,
        "first_test_error_mean_image": first["mean_image"][0] / pixels,
        **{f"auroc_{name}": value for name, value in auroc.items()},
    }


def tutorial(seed: int, quick: bool) -> Figures:
    return _fives(ANOMALY.config, seed, quick)


def better(seed: int, quick: bool) -> Figures:
    return _fives(ANOMALY.companions[BETTER], seed, quick)


def digits_in_turn(seed: int, quick: bool) -> Figures:
    """Mean and worst AUROC of each score over the ten digits; quick: two of them."""
    config = _shortened(ANOMALY.companions[BETTER], seed, quick).replace(model__latent_dim=LATENT_DIM)
    whole: Splits = datasets.splits(config.with_values({"data.classes": None}).data)
    found = [one_class(config, whole, number, lambda share: None) for number in range(2 if quick else 10)]
    figures: dict[str, float] = {"cpu_seconds_a_digit": float(np.mean([one.cpu_seconds for one in found]))}
    for name in found[0].auroc:
        values = [one.auroc[name] for one in found]
        figures |= {f"mean_{name}": float(np.mean(values)), f"worst_{name}": min(values)}
    return figures


_FIVES = {
    "validation_mse": "MSE on validation fives",
    "validation_mse_mean_image": "the mean image: MSE on validation fives",
    "first_test_error": "error on the first test image (a 7)",
    "first_test_error_mean_image": "the mean image: error on the first test image",
    "auroc_squared_error": "AUROC, squared error",
    f"auroc_{BEST_SCORE}": "AUROC, error / norm + half the latent 5-NN distance",
    "auroc_pca_20": "without a model: AUROC, PCA-20 error",
}

ROWS = (
    Row(
        name="anomaly-fives",
        title=(
            "Find the anomaly, the tutorial's protocol: MNIST's training fives split 80/20, AE "
            "784-512-256-128-256-512-784, MSE, 10 epochs; 5 against the rest on the 10,000 test images"
        ),
        compute=tutorial,
        figures=_FIVES,
        published={"validation_mse": "0.0616", "first_test_error": "0.0687"},
        source=TUTORIAL_SOURCE,
        command="python -m vae_core train --recipe anomaly-fives",
    ),
    Row(
        name="anomaly-fives-better",
        title="The same images, our recipe: AE 784-256-256-16, SiLU, cross-entropy, 24 epochs",
        compute=better,
        figures=_FIVES,
        command="python benchmarks/figures.py anomaly-fives-better",
    ),
    Row(
        name="strangers",
        title=(
            "Any digit as normal, all ten of MNIST in turn: AE 784-256-256-8, 24 epochs each; AUROC on the 10,000 test "
            "images, the score fixed beforehand"
        ),
        compute=digits_in_turn,
        figures={
            f"mean_{BEST_SCORE}": "mean AUROC, error / norm + half the latent 5-NN distance",
            f"worst_{BEST_SCORE}": "worst digit",
            "mean_squared_error_over_norm": "mean AUROC, squared error / norm",
            "mean_squared_error": "mean AUROC, squared error",
            "mean_cross_entropy": "mean AUROC, cross-entropy",
            "mean_latent_knn": "mean AUROC, latent 5-NN distance",
            "mean_latent_mahalanobis": "mean AUROC, latent Mahalanobis distance",
            "mean_pca_20": "without a model: mean AUROC, PCA-20 error",
            "worst_pca_20": "without a model: PCA-20, worst digit",
            "mean_pixel_knn": "without a model: mean AUROC, pixel 5-NN",
            "cpu_seconds_a_digit": "CPU-seconds a digit, training and scoring",
        },
        published={f"mean_{BEST_SCORE}": "DCAE 0.897, Deep SVDD 0.948, OCGAN 0.975"},
        source=RUFF,
        command="python benchmarks/figures.py strangers",
    ),
)
