"""AE or VAE: how real their new images are, and what else tells them apart."""

import time

from benchmarks.rows.row import Figures, Row
from vae_core import datasets, latent, paths, quality, uncertainty
from vae_core.config import RunConfig
from vae_core.models import Model
from vae_core.recipes.ae_or_vae import AE_OR_VAE, AUTOENCODER
from vae_core.training import fit

TITLES = {"vae": "VAE", "ae": "autoencoder"}
CONFIGS = {"vae": AE_OR_VAE.config, "ae": AE_OR_VAE.companions[AUTOENCODER]}
SOURCES = {
    "normal": "N(0, I)",
    "fitted": "a fitted Gaussian",
    "mixture-10": "a mixture of 10",
    "mixture-50": "a mixture of 50",
}


def compute(seed: int, quick: bool) -> Figures:
    """Both models on the official test split; quick: an epoch on the bundled digits, a mixture of 10."""
    found: dict[str, float] = {}
    for key, config in CONFIGS.items():
        config = config.replace(training__seed=seed)
        if quick:
            config = config.replace(data__name="digits", training__epochs=1)
        started = time.process_time()
        model = fit(config, datasets.splits(config.data))
        found[f"{key}_training_seconds"] = time.process_time() - started
        found |= {f"{key}_{name}": value for name, value in _measured(model, config, quick).items()}
    found["floor"] = found["vae_floor"]
    return found


def _measured(model: Model, config: RunConfig, quick: bool) -> dict[str, float]:
    data = datasets.splits(config.data)
    found = quality.sample_quality(model, data.train, data.test, components=(10,) if quick else (10, 50), seeds=1)
    distances = {source: found.distances.get(source, found.distances["mixture-10"])[0] for source in SOURCES}
    points = latent.encode(model, data.test)
    chosen = paths.pairs(data.test.labels, 20 if quick else paths.PAIRS)
    way = paths.between(model, points.mu, chosen, data.train, shown=0)
    figures = {
        **distances,
        "floor": found.floor[0],
        "mean_image": found.mean_image,
        "reconstructions": found.reconstructions,
        "confidence_half_way": float(way.confidence[len(way.confidence) // 2]),
        "confidence_at_the_ends": float(way.confidence[[0, -1]].mean()),
    }
    if points.sigma is not None:
        some = data.test.subset(slice(1_000))
        auroc = uncertainty.uncertainty(model, some, uncertainty.strangers(some)).auroc
        figures |= {f"variance_{kind}": value for kind, value in auroc.items()}
    return figures


ROWS = (
    Row(
        name="ae-vs-vae",
        title=(
            "AE or VAE: 784-384-384-384-32 with residual blocks, MNIST; Fréchet distance of 10,000 drawn images from the "
            "10,000 of the official test split, in the 64 features of the classifier that comes with Diabolo"
        ),
        compute=compute,
        figures={
            **{
                f"{key}_{source}": f"{title}, drawn from {words}"
                for key, title in TITLES.items()
                for source, words in SOURCES.items()
            },
            "floor": "real training images",
            "vae_mean_image": "the mean image, again and again",
            "vae_training_seconds": "VAE: CPU-seconds of its training",
            **{
                f"{key}_confidence_half_way": f"{title}: confidence half way between two codes"
                for key, title in TITLES.items()
            },
            "vae_variance_noise": "VAE: AUROC of the posterior's variance, noise against digits",
            "vae_variance_turned": "VAE: the same, digits after a quarter turn",
            "vae_variance_inverted": "VAE: the same, white and black exchanged",
        },
        command="python -m vae_core train --recipe ae-vs-vae",
    ),
)
