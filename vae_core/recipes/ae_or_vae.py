"""AE or VAE: the same data, size and time, with and without a place where codes have to lie."""

from vae_core.config import RunConfig
from vae_core.errors import N_
from vae_core.recipes.recipe import Recipe

NAME = "ae-vs-vae"

AUTOENCODER = N_("autoencoder")
DENOISING = N_("denoising autoencoder")
BOTH = N_("2-D, both terms")
RECONSTRUCTION_ONLY = N_("2-D, reconstruction only")
KL_ONLY = N_("2-D, KL only")

_VAE = RunConfig.from_dict(
    {
        "recipe": NAME,
        "data": {"name": "mnist", "pixels": "binarised"},
        "model": {
            "kind": "vae",
            "network": "dense",
            "latent_dim": 32,
            "hidden": [384, 384, 384],
            "residual": True,
            "activation": "silu",
        },
        "training": {
            "epochs": 50,
            "batch_size": 128,
            "learning_rate": 2e-3,
            "schedule": "cosine",
            "warmup": 0.02,
            "weight_decay": 0.01,
        },
    }
)
_FLAT = _VAE.replace(model__latent_dim=2, model__hidden=[256, 128], model__residual=False)


def _companion(key: str, config: RunConfig) -> tuple[str, RunConfig]:
    return key, config.replace(recipe=f"{NAME}/{key}")


AE_OR_VAE = Recipe(
    name=NAME,
    title=N_("AE or VAE?"),
    question=N_("What does a VAE add to an autoencoder of the same size?"),
    look_at=N_(
        "An autoencoder and a VAE of the same size learn the same digits for the same time. Both "
        "reconstruct images; only one was told where codes have to lie. Look at new images drawn from N(0, "
        "I), at the interpolation between digits, and at three trainings of one small model: with the "
        "reconstruction only, with the KL only, and with both. A third autoencoder learns to remove noise."
    ),
    source=(
        "Kingma and Welling 2014, https://arxiv.org/abs/1312.6114; Ghosh et al. 2020 (mixtures after training), "
        "https://arxiv.org/abs/1903.12436; Heusel et al. 2017 (Frechet distance), https://arxiv.org/abs/1706.08500; "
        "Vincent et al. 2008 (denoising), https://doi.org/10.1145/1390156.1390294"
    ),
    config=_VAE,
    companions=dict(
        (
            _companion(AUTOENCODER, _VAE.replace(model__kind="autoencoder")),
            # Grey pixels, so that the only noise is the one that is meant to be taken away.
            _companion(DENOISING, _VAE.replace(model__kind="autoencoder", data__pixels="grey", training__noise=0.4)),
            _companion(BOTH, _FLAT),
            _companion(RECONSTRUCTION_ONLY, _FLAT.replace(loss__beta=0.0)),
            _companion(KL_ONLY, _FLAT.replace(loss__reconstruction=0.0)),
        )
    ),
    # validation loss 118.8 nats after 20, 105.3 after 50, 100.9 after 100
    bundled_epochs=100,
    quick_epochs=40,
    expected={
        "elbo": -94.25,
        "mse": 0.00587,
        "active_units": 20,
        "frechet_normal": 19.66,
        "frechet_mixture_50": 2.68,
        "frechet_real": 1.41,
        "cpu_seconds": 310.5,
    },
    measured=(
        "python -m vae_core train --recipe ae-vs-vae --set training.threads=1, then the study `quality` (or python "
        "benchmarks/figures.py ae-vs-vae): MNIST's test split, grey pixels, 10,000 drawn images, training seed 0, on a "
        "virtual AMD EPYC with two cores that had other work, 2026-11-24."
    ),
)
# Chosen on the validation split at about 200 CPU-seconds each; Frechet distance (6,000 pictures, real ones 1.0) of draws
# from N(0, I) and from a mixture of 50 fitted to 20,000 codes:
#   384 x 3, batch 128, 2e-3, 50 epochs 17.6, 3.0; batch 256, 4e-3, 64 epochs 20.1, 3.1
#   512 x 3, batch 128, 2e-3, 34 epochs 23.4, 3.1
# With another classifier (its figures are about twice as large), 256 x 2 after 12 epochs, from N(0, I) and from a mixture
# of 10: beta 1 103, 20; beta 2 92, 31; beta 3 102, 49; grey pixels 108, 24; 16 latents 114, 22. A mixture of 10
# fitted to draws of the posteriors 20, to their means 22 (with 16 latents 22 and 21).
