"""The experiment `fashion-vae`: its losses are those that it names, its sentences follow from its figures."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Generator

from pages.ui.experiments import fashion_charts
from pages.ui.experiments.fashion_charts import Balance
from pages.ui.reconstruction import mean_image_baseline
from vae_core import datasets, losses
from vae_core.models import build
from vae_core.recipes.fashion import FASHION, KL_OVER_PIXELS, MEAN_OVER_PIXELS, PIXELS

SHAPE = (1, 28, 28)


@pytest.mark.parametrize("name", FASHION.companions)
def test_a_wrong_loss_is_the_tutorials_up_to_its_size(name: str) -> None:
    """The literal loss has the gradient of ours, times one number for all weights: which is what Adam divides out."""
    config = FASHION.companions[name]
    model = build(config.model, SHAPE)
    x = torch.rand(5, *SHAPE, generator=Generator().manual_seed(0))
    posterior = model.encode(x)
    z = posterior.mu + posterior.sigma * torch.randn(5, 2, generator=Generator().manual_seed(1))  # type: ignore[union-attr]
    likelihood = model.decode(z)
    pixels = torch.nn.functional.binary_cross_entropy(likelihood.mean, x, reduction="none").flatten(1)
    kl = -0.5 * (1 + posterior.logvar - posterior.mu**2 - posterior.logvar.exp()).sum(1)  # type: ignore[union-attr]
    literal, scale = {
        MEAN_OVER_PIXELS: ((pixels.mean(1) + kl).mean(), PIXELS),
        KL_OVER_PIXELS: ((pixels.sum(1) + kl / PIXELS).mean(), 1),
    }[name]
    ours = losses.objective(losses.reconstruction(likelihood, x), losses.kl(posterior), config.loss)
    torch.testing.assert_close(ours, scale * literal, rtol=1e-5, atol=1e-4)
    first = torch.autograd.grad(ours, list(model.parameters()), retain_graph=True)
    second = torch.autograd.grad(scale * literal, list(model.parameters()))
    for a, b in zip(first, second, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-4)


def test_the_losses_differ_in_beta_alone() -> None:
    assert FASHION.config.loss.beta == 1
    for name, config in FASHION.companions.items():
        assert config.recipe == f"fashion-vae/{name}"
        assert config.replace(recipe="fashion-vae", loss__beta=1.0) == FASHION.config


def test_the_mean_images_nats_are_those_of_answering_with_it() -> None:
    data = datasets.load("digits", "test")
    picture = mean_image_baseline(data, None).picture
    x = torch.from_numpy(data.images / 255.0)
    answer = torch.from_numpy(picture).double().clamp(1e-12, 1 - 1e-7).expand_as(x)
    direct = torch.nn.functional.binary_cross_entropy(answer, x, reduction="none").flatten(1).sum(1).mean()
    assert fashion_charts.mean_image_nats(picture) == pytest.approx(float(direct), rel=1e-4)


def test_a_gaussians_nats() -> None:
    generator = np.random.default_rng(0)
    x, mean, sigma = generator.random((4, 1, 6, 5)), generator.random((1, 6, 5)), 0.3
    direct = -torch.distributions.Normal(torch.from_numpy(mean), sigma).log_prob(torch.from_numpy(x)).flatten(1).sum(1)
    mse = float(((x - mean) ** 2).mean())
    assert fashion_charts.gaussian_nats(mse, 30, sigma) == pytest.approx(float(direct.mean()))


@pytest.mark.parametrize("latent_dim", [1, 2, 16])
def test_one_percent_of_the_prior_lies_beyond_its_reach(latent_dim: int) -> None:
    z = np.random.default_rng(0).standard_normal((100_000, latent_dim))
    outside = (np.linalg.norm(z, axis=1) > fashion_charts.reach(latent_dim)).mean()
    assert outside == pytest.approx(fashion_charts.OUTSIDE, abs=0.002)


HARD = np.random.default_rng(0).normal(0, 20, 400)


def measured(balance: Balance, seed: int = 0) -> Balance:
    """With a value a picture, whose means are the balance's figures."""
    noise = np.random.default_rng(seed).normal(0, 1, (2, 400))
    noise -= noise.mean(1, keepdims=True)
    gains = balance.mse_mean_image - balance.mse + 1e-3 * noise[1]
    return replace(balance, elbos=balance.negative_elbo + HARD - HARD.mean() + noise[0], gains=gains)


RIGHT = Balance("right", 1.0, 2, 100, 200.0, 6.0, 0.03, 2, 0.08, 300.0, 0.2, 0.02)
FLAT = replace(RIGHT, name="flat", beta=784.0, recon=300.1, kl=1e-6, mse=0.0801, active=0, sigma=1.0, outside=0.0)
LIGHT = replace(RIGHT, name="light", beta=1 / 784, recon=198.0, kl=70.0, mse=0.029, sigma=0.01, outside=0.9)


def test_the_sentences_follow_the_figures() -> None:
    first, flat, light, best, scale = fashion_charts.sentences(list(map(measured, [RIGHT, FLAT, LIGHT], range(3))))
    assert "6.0 nats" in first and "from 0.0800 to 0.0300" in first and "300.0 nats to 200.0" in first
    assert "784 times" in flat and "0.0000 nats" in flat and "0.0801 beside 0.0800" in flat
    assert "a 784th" in light and "70.0 nats instead of 6.0" in light and "90% of its codes" in light
    assert "right, with 206.0" in best and "One training each" in best and "Adam" in scale
    assert "has collapsed" in fashion_charts.sentences([FLAT])[0]
    assert "KL counts 784 times, and is 3.0" in fashion_charts.sentences([RIGHT, replace(FLAT, kl=3.0)])[1]
    light = measured(replace(LIGHT, recon=30.0), seed=1)
    assert "light, with 100.0" in fashion_charts.sentences([measured(RIGHT), light])[2]


def test_balances_that_chance_explains_have_no_best() -> None:
    near = measured(replace(RIGHT, name="light", recon=200.01), seed=1)
    for pair in (
        [measured(RIGHT), near],
        [near, measured(RIGHT)],
        [measured(RIGHT), replace(measured(RIGHT), name="light")],
    ):
        said = fashion_charts.sentences(pair)[2]
        assert "no measurable difference between" in said and "right" in said and "light" in said
    poor = measured(replace(RIGHT, mse=RIGHT.mse_mean_image - 1e-6))
    assert "no measurable difference from the mean image" in fashion_charts.sentences([poor])[0]
    assert not any("best" in line.lower() for line in fashion_charts.sentences([RIGHT, LIGHT])), "nothing was measured"


def test_a_sentence_says_no_more_than_its_figures() -> None:
    behind = fashion_charts.sentences([replace(RIGHT, recon=310.0)])[0]
    assert "310.0 nats beside the mean image's 300.0" in behind and "takes the" not in behind
    assert "0.0900 beside 0.0800" in fashion_charts.sentences([replace(RIGHT, mse=0.09)])[0]
    light = fashion_charts.sentences([RIGHT, replace(LIGHT, kl=1e-6, mse=0.08)])[1]
    assert "a 784th only, and yet" in light and "drives" not in light


def test_the_table_has_a_row_for_each_and_the_mean_image() -> None:
    rows = fashion_charts.table([RIGHT, FLAT, LIGHT])
    assert [row["Loss"] for row in rows] == ["right", "flat", "light", "the mean image, always"]
    assert [row["Effective beta"] for row in rows] == ["1", "784", "1/784", ""]
    assert rows[1]["KL (nats)"] == "0.0000" and rows[0]["−ELBO (nats)"] == "206.0"
    assert rows[3]["MSE"] == "0.0800"


def test_clouds_share_a_frame_that_holds_nearly_all_codes() -> None:
    generator = np.random.default_rng(0)
    near, far = generator.standard_normal((500, 2)), 5 * generator.standard_normal((2_000, 2)) + 3
    edge = fashion_charts.frame([near, far])
    assert (np.abs(far).max(1) < edge).mean() > 0.98
    assert fashion_charts.frame([near * 0]) == fashion_charts.LEAST_EDGE
    labels = generator.integers(0, 3, len(far))
    figure = fashion_charts.cloud(far, labels, ("a", "b", "c"), edge)
    assert sum(len(trace.x) for trace in figure.data) == fashion_charts.MOST_POINTS
    assert tuple(figure.layout.xaxis.range) == (-edge, edge) and not figure.layout.annotations
    assert figure.layout.xaxis.title.text and figure.layout.yaxis.title.text
