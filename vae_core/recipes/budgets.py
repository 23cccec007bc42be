"""As good a model as a given time allows."""

from vae_core.config import RunConfig
from vae_core.errors import N_
from vae_core.recipes.recipe import Recipe

QUICK = Recipe(
    name="quick",
    title=N_("A VAE in a quarter of a minute"),
    question=N_("Can a small VAE learn to draw digits from 4,000 examples while you watch?"),
    look_at=N_(
        "The live samples: the same sixteen random codes turn from blots into digits. Then the KL: how many nats of "
        "each digit the code keeps, and in how many of its dimensions."
    ),
    source="Kingma and Welling 2014, https://arxiv.org/abs/1312.6114",
    config=RunConfig.from_dict(
        {
            "recipe": "quick",
            "model": {"kind": "vae", "network": "dense", "latent_dim": 24, "hidden": [400], "activation": "silu"},
            "training": {"epochs": 30, "batch_size": 64, "learning_rate": 2e-3},
        }
    ),
    seconds=15.0,
    expected={"validation_loss": 111.78, "elbo": -113.23, "mse": 0.0119, "active_units": 24, "cpu_seconds": 10.7},
    measured=(
        "python -m vae_core train --recipe quick --set training.threads=1 --json: digits' test split (the loss: its "
        "validation split), grey pixels, seed 0, a virtual AMD EPYC with two cores, 2026-11-21. Two threads gave the "
        "same figures; the cores had other work, so no time of theirs is given."
    ),
)
# Chosen on the validation split at one thread. Nats after 30 epochs, in brackets the CPU-seconds:
#   400 SiLU, batch 64, rate 2e-3: latent 16 113.2 (8.5), latent 24 111.8 (10.7), latent 32 112.7 (11.0)
#   latent 24 with GELU 112.4 (9.6); latent 16 with GELU 112.7, 512 units 112.6, batch 48 at 1.5e-3 112.3
#   latent 16, two layers: 400-200 113.7; 512-256 at 1e-3 114.8
#   latent 16, 400 ReLU, batch 128, rate 1e-3 117.8; convolutions 32-64 after 15 epochs 114.5 (13.5)

BUDGETS = (QUICK,)
