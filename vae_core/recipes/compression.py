"""784 numbers in 2."""

from vae_core.config import RunConfig
from vae_core.errors import N_
from vae_core.recipes.recipe import Recipe

COMPRESSION = Recipe(
    name="compress-392",
    title=N_("784 numbers in 2"),
    question=N_("How much of a digit is left when its 784 pixels must pass through only 2 numbers?"),
    look_at=N_(
        "The error beside PCA's: the best that a code without bends can do with as many numbers, and how many numbers it "
        "needs to be as good. Then the bits that a picture takes, and what is not counted in them."
    ),
    source=(
        "Hinton and Salakhutdinov 2006 (an autoencoder of 2 numbers on MNIST, against PCA), "
        'https://doi.org/10.1126/science.1127647; tutorials tell it as "784 numbers in 2"'
    ),
    config=RunConfig.from_dict(
        {
            "recipe": "compress-392",
            "data": {"name": "mnist"},
            "model": {
                "kind": "autoencoder",
                "network": "dense",
                "latent_dim": 2,
                "hidden": [256, 256, 256],
                "decoder_hidden": [128, 128, 128, 128, 128, 256],
                "residual": True,
                "activation": "silu",
                "likelihood": "bernoulli",
            },
            "training": {"epochs": 30, "batch_size": 128, "learning_rate": 3e-3, "schedule": "cosine"},
        }
    ),
    expected={"mse": 0.0, "pca_2": 0.0, "pca_equivalent": 0, "cpu_seconds": 0.0},
    measured="python -m vae_core train --recipe compress-392",
)
