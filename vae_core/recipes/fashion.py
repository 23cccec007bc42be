"""The sampling layer on Fashion-MNIST, with the right loss and with two that are often written in its place."""

from vae_core.config import RunConfig
from vae_core.errors import N_
from vae_core.recipes.recipe import Recipe

PIXELS = 784  # of a picture of 28 x 28

MEAN_OVER_PIXELS = N_("mean over pixels + KL")
KL_OVER_PIXELS = N_("sum over pixels + KL / 784")

_RIGHT = RunConfig.from_dict(
    {
        "recipe": "fashion-vae",
        "data": {"name": "fashion-mnist"},
        "model": {"kind": "vae", "network": "dense", "latent_dim": 2, "hidden": [128], "activation": "relu"},
        "training": {"epochs": 10, "batch_size": 64, "learning_rate": 1e-3},
    }
)

FASHION = Recipe(
    name="fashion-vae",
    title=N_("The sampling layer and its loss function"),
    question=N_("Why does the same VAE draw what it has learnt with one loss, and nothing at all with another?"),
    look_at=N_(
        "The same small network is trained three times, and only the balance of the two terms differs. The "
        "right loss adds up the error of all pixels, and the KL. Beside it two that many programs hold: "
        "the mean over the pixels, which makes the KL 784 times as heavy, and a KL divided by 784, which "
        "makes it 784 times as light. Look at the KL, at the active dimensions, and at what is drawn from "
        "N(0, I)."
    ),
    source=(
        "Kingma and Welling 2014, https://arxiv.org/abs/1312.6114; Xiao et al. 2017 (Fashion-MNIST), "
        "https://arxiv.org/abs/1708.07747; Higgins et al. 2017 (beta), https://openreview.net/forum?id=Sy2fzU9gl"
    ),
    config=_RIGHT,
    # Adam divides each correction by the gradient's own size, so it does not see that the mean over the pixels is 784
    # times smaller than their sum: what is left of (sum / 784 + KL) is (sum + 784 KL).
    companions={
        MEAN_OVER_PIXELS: _RIGHT.replace(recipe=f"fashion-vae/{MEAN_OVER_PIXELS}", loss__beta=float(PIXELS)),
        KL_OVER_PIXELS: _RIGHT.replace(recipe=f"fashion-vae/{KL_OVER_PIXELS}", loss__beta=1 / PIXELS),
    },
    # of the digits' validation pictures: 174.2 nats after 10, 163.5 after 40, 159.8 after 100
    bundled_epochs=60,
    expected={"elbo": -264.34, "kl": 6.53, "mse": 0.0299, "active_units": 2, "cpu_seconds": 20.8},
    measured=(
        "python -m vae_core train --recipe fashion-vae --set training.threads=1 --json: Fashion-MNIST's official test "
        "split, grey pixels, seed 0, a virtual AMD EPYC with two cores that had other work, 2026-11-21. All three losses "
        "with three seeds: python benchmarks/figures.py fashion-vae"
    ),
)
