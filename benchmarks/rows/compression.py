"""784 pixels in 2 dimensions: the error of a 2-D code against PCA, on MNIST's test split."""

from benchmarks.rows.row import Figures, Row
from vae_core import compression, datasets, metrics
from vae_core.recipes.compression import COMPRESSION
from vae_core.training import fit


def measure(seed: int, quick: bool) -> Figures:
    config = COMPRESSION.config.replace(training__seed=seed)
    if quick:
        config = config.replace(data__name="digits", training__epochs=1)
    splits = datasets.splits(config.data)
    model = fit(config, splits)
    found = metrics.evaluate(model, splits.test)
    errors = compression.pca_errors(compression.fit_pca(splits.train), splits.test)
    equivalent = compression.equivalent_dimensions(errors, found["mse"])
    floor = compression.cross_entropy_floor(splits.test)
    assert equivalent is not None  # a 2-D code never beats all of PCA's
    return {
        "mse": found["mse"],
        "pca": errors[config.model.latent_dim],
        "pca_equivalent": equivalent,
        "cross_entropy": found["recon"] / splits.test.images[0].size,
        "cross_entropy_floor": floor,
    }


ROWS = (
    Row(
        name="compress-392",
        title="784 pixels in 2 dimensions, recipe compress-392: MNIST, official test split, grey",
        compute=measure,
        figures={
            "mse": "MSE per pixel",
            "pca": "MSE per pixel, PCA with 2 components",
            "pca_equivalent": "components that PCA needs to be as good",
            "cross_entropy": "cross-entropy, nats per pixel",
            "cross_entropy_floor": "cross-entropy of a perfect copy, nats per pixel",
        },
        command="python -m vae_core train --recipe compress-392",
    ),
)
