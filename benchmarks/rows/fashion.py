"""The sampling layer on Fashion-MNIST with three balances of its loss."""

from benchmarks.rows.row import Figures, Row
from vae_core import datasets, metrics
from vae_core.config import RunConfig
from vae_core.recipes.fashion import FASHION, KL_OVER_PIXELS, MEAN_OVER_PIXELS
from vae_core.training import fit

BALANCES = {
    "sum": FASHION.config,
    "mean": FASHION.companions[MEAN_OVER_PIXELS],
    "light": FASHION.companions[KL_OVER_PIXELS],
}
TITLES = {
    "sum": "sum over pixels + KL (effective beta 1)",
    "mean": "mean over pixels + KL (effective beta 784)",
    "light": "sum over pixels + KL / 784 (effective beta 1/784)",
}
FIGURES = {
    "negative_elbo": "-ELBO, nats",
    "kl": "KL, nats",
    "active_units": "active dimensions, of 2",
    "mse": "MSE",
}


def compute(seed: int, quick: bool) -> Figures:
    """All three on the official test split; quick: an epoch on the bundled digits."""
    found: dict[str, float] = {}
    for key, config in BALANCES.items():
        measured = _measured(config.replace(training__seed=seed), quick)
        found |= {f"{key}_{name}": measured[name] for name in FIGURES}
        found["mse_mean_image"] = measured["mse_mean_image"]
    return found


def _measured(config: RunConfig, quick: bool) -> dict[str, float]:
    if quick:
        config = config.replace(data__name="digits", training__epochs=1)
    splits = datasets.splits(config.data)
    figures = metrics.evaluate(fit(config, splits), splits.test)
    return figures | {"negative_elbo": -figures["elbo"]}


ROWS = (
    Row(
        name="fashion-vae",
        title=(
            "Sampling layer on Fashion-MNIST: 784-128-2, 10 epochs, batch 64, three losses; official test split, grey "
            "pixels"
        ),
        compute=compute,
        figures={
            **{
                f"{key}_{name}": f"{title}: {words}" for key, title in TITLES.items() for name, words in FIGURES.items()
            },
            "mse_mean_image": "the mean image: MSE",
        },
        command="python -m vae_core train --recipe fashion-vae",
    ),
)
