"""One contract for every model: shapes, gradients, weights that come back; and the distributions against torch's own."""

import itertools
from typing import get_args

import numpy as np
import pytest
import torch
from torch import Generator, distributions

from vae_core.config import ModelConfig, field
from vae_core.errors import InputError, WorkError
from vae_core.models import (
    ACTIVATIONS,
    MODELS,
    NETWORKS,
    UNKNOWN,
    Bernoulli,
    DiagonalGaussian,
    Gaussian,
    ImageShape,
    Model,
    PointMass,
    build,
    load,
    size,
)
from vae_core.models.networks import Residual
from vae_core.settings import choices

SHAPES: list[ImageShape] = [(1, 28, 28), (1, 16, 16), (3, 13, 10)]
EVERY = list(itertools.product(MODELS, NETWORKS, SHAPES))
ARCHITECTURES: list[dict[str, object]] = [
    {},
    {"residual": True, "hidden": (6, 6)},
    {"decoder_hidden": (4, 4, 7), "residual": True},
    {"kernel": 4},
    {"kernel": 6, "hidden": (3,)},
    {"kernel": 7, "decoder_hidden": (5,)},
]


def make(kind: str, network: str, shape: ImageShape, **changes: object) -> Model:
    settings = {"kind": kind, "network": network, "hidden": (6, 5), "latent_dim": 3, **changes}
    return build(ModelConfig.model_validate(settings), shape, seed=1)


def labels(count: int) -> torch.Tensor:
    return torch.arange(count) % 10


def test_the_settings_offer_what_the_tables_hold() -> None:
    for setting, table in (("kind", MODELS), ("network", NETWORKS), ("activation", ACTIVATIONS)):
        assert set(choices(field(f"model.{setting}"))) == set(table)
    assert set(get_args(ModelConfig.model_fields["likelihood"].annotation)) == {"bernoulli", "gaussian"}


@pytest.mark.parametrize(("kind", "network", "shape"), EVERY)
def test_codes_and_pictures_have_their_shapes(kind: str, network: str, shape: ImageShape) -> None:
    x = torch.rand(4, *shape)
    model = make(kind, network, shape)
    posterior = model.encode(x)
    z = posterior.sample(Generator().manual_seed(0))
    likelihood = model.decode(z)
    assert posterior.mu.shape == z.shape == (4, 3)
    assert posterior.kl().shape == likelihood.nll(x).shape == (4,)
    assert likelihood.mean.shape == x.shape
    assert likelihood.mean.min() >= 0 and likelihood.mean.max() <= 1


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
@pytest.mark.parametrize(("kind", "network", "shape"), EVERY)
def test_gradients_reach_every_parameter(
    kind: str, network: str, shape: ImageShape, likelihood: str, architecture: dict[str, object]
) -> None:
    x, y = torch.rand(20, *shape), labels(20)
    model = make(kind, network, shape, likelihood=likelihood, activation="gelu", **architecture)
    posterior = model.encode(x, y)
    likelihood_of_x = model.decode(posterior.sample(), y)
    assert likelihood_of_x.mean.shape == x.shape
    (likelihood_of_x.nll(x) + posterior.kl()).mean().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


def test_a_residual_block_adds_to_what_comes_in() -> None:
    model = make("vae", "dense", (1, 4, 4), hidden=(6, 6), residual=True)
    block = next(layer for layer in model.encoder if isinstance(layer, Residual))
    x = torch.randn(3, 6)
    linear, bend = block
    torch.testing.assert_close(block(x), x + bend(linear(x)))
    assert not any(isinstance(layer, Residual) for layer in make("vae", "dense", (1, 4, 4)).encoder)


@pytest.mark.parametrize("network", NETWORKS)
def test_a_conditional_model_is_told_the_label_and_does_without(network: str) -> None:
    model = make("conditional-vae", network, (1, 8, 8)).eval()
    x, z = torch.rand(4, 1, 8, 8), torch.randn(4, 3)
    y = torch.tensor([0, 1, 1, UNKNOWN])
    told, untold = model.decode(z, y).mean, model.decode(z).mean
    assert torch.equal(told[3], untold[3])
    assert not torch.allclose(told[0], untold[0])
    assert not torch.allclose(model.encode(x, y).mu[0], model.encode(x).mu[0])
    same = model.decode(z[:1].expand(2, 3), torch.tensor([1, 2])).mean
    assert not torch.allclose(same[0], same[1])
    plain = make("vae", network, (1, 8, 8))
    assert torch.equal(plain.decode(z, y).mean, plain.decode(z).mean)


@pytest.mark.parametrize(("kind", "network", "shape"), EVERY)
def test_weights_come_back(kind: str, network: str, shape: ImageShape) -> None:
    model = make(kind, network, shape)
    arrays = {name: tensor.numpy().copy() for name, tensor in model.state_dict().items()}
    again = load(model.config, arrays, shape)
    x = torch.rand(4, *shape)
    assert torch.equal(again.encode(x).mu, model.encode(x).mu)
    assert not any(parameter.requires_grad for parameter in again.parameters())


@pytest.mark.parametrize("latent_dim", [1, 2, 17, 256])
@pytest.mark.parametrize("kind", MODELS)
def test_any_latent_size(kind: str, latent_dim: int) -> None:
    model = make(kind, "dense", (1, 28, 28), latent_dim=latent_dim)
    assert model.encode(torch.rand(2, 1, 28, 28)).mu.shape == (2, latent_dim)
    assert model.decode(torch.randn(2, latent_dim)).mean.shape == (2, 1, 28, 28)


def test_weights_of_other_settings_are_refused() -> None:
    small = make("vae", "dense", (1, 28, 28))
    arrays = {name: tensor.numpy() for name, tensor in small.state_dict().items()}
    with pytest.raises(WorkError, match="don't fit"):
        load(small.config.model_copy(update={"latent_dim": 4}), arrays, (1, 28, 28))
    arrays.pop("encoder.1.bias")
    with pytest.raises(WorkError, match=r"encoder\.1\.bias"):
        load(small.config, arrays, (1, 28, 28))


def test_too_many_halvings_are_refused_with_what_is_possible() -> None:
    with pytest.raises(InputError, match="6 layers, but an image of 16 x 16 pixels can be halved only 4 times"):
        make("vae", "conv", (1, 16, 16), hidden=(4,) * 6)


def test_building_depends_on_the_seed_alone_and_leaves_chance_as_it_was() -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first, again = (make("vae", "dense", (1, 8, 8)).state_dict() for _ in range(2))
    other = build(ModelConfig(hidden=(6, 5), latent_dim=3), (1, 8, 8), seed=2).state_dict()
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["encoder.1.weight"], other["encoder.1.weight"])


def test_size_counts_parameters_and_operations() -> None:
    config = ModelConfig(hidden=(400,), latent_dim=20)
    found = size(config, (1, 28, 28))
    assert found.parameters == sum(p.numel() for p in build(config, (1, 28, 28)).parameters())
    # 2 operations a weight forward; backward as many for the weights, and for the inputs except the picture itself.
    # The code's sample takes half of the encoder's 40 outputs.
    weights = [784 * 400, 400 * 40, 20 * 400, 400 * 784]
    assert found.flops_per_image == sum(6 * w for w in weights) - 2 * weights[0]


@pytest.mark.parametrize("network", ["dense", "conv"])
def test_size_counts_the_classes_that_a_conditional_model_is_told(network: str) -> None:
    config = ModelConfig(kind="conditional-vae", network=network, hidden=(16,))
    found = {classes: size(config, (1, 28, 28), classes) for classes in (10, 26)}
    for classes, counted in found.items():
        built = build(config, (1, 28, 28), classes=classes)
        assert counted.parameters == sum(p.numel() for p in built.parameters())
    assert found[26].flops_per_image > found[10].flops_per_image


def test_diagonal_gaussian_against_torch() -> None:
    generator = Generator().manual_seed(0)
    mu, logvar = torch.randn(5, 3, generator=generator), torch.randn(5, 3, generator=generator)
    ours, theirs = DiagonalGaussian(mu, logvar), distributions.Normal(mu, torch.exp(logvar / 2))
    standard = distributions.Normal(torch.zeros(()), torch.ones(()))
    torch.testing.assert_close(ours.kl_per_dimension(), distributions.kl_divergence(theirs, standard))
    torch.testing.assert_close(ours.sigma, theirs.stddev)
    draws = torch.stack([ours.sample(generator) for _ in range(20_000)])
    torch.testing.assert_close(draws.mean(0), mu, atol=0.1, rtol=0)
    torch.testing.assert_close(draws.std(0), ours.sigma, atol=0.1, rtol=0)


def test_the_ratio_of_prior_and_posterior_against_torch() -> None:
    mu, logvar, z = torch.randn(5, 3), torch.randn(5, 3), torch.randn(2, 5, 3)
    q, p = distributions.Normal(mu, torch.exp(0.5 * logvar)), distributions.Normal(torch.zeros(1), torch.ones(1))
    expected = (p.log_prob(z) - q.log_prob(z)).sum(-1)
    torch.testing.assert_close(DiagonalGaussian(mu, logvar).log_ratio(z), expected)


def test_likelihoods_against_torch() -> None:
    generator = Generator().manual_seed(0)
    shape = (5, 1, 4, 3)
    logits, binary = torch.randn(shape, generator=generator), torch.rand(shape, generator=generator).round()
    expected = -distributions.Bernoulli(logits=logits).log_prob(binary).flatten(1).sum(1)
    torch.testing.assert_close(Bernoulli(logits).nll(binary), expected)
    mean, grey = torch.rand(shape, generator=generator), torch.rand(shape, generator=generator)
    expected = -distributions.Normal(mean, 0.3).log_prob(grey).flatten(1).sum(1)
    torch.testing.assert_close(Gaussian(mean, 0.3).nll(grey), expected)


def test_point_mass_is_its_point() -> None:
    mu = torch.rand(3, 2)
    assert PointMass(mu).sample() is mu
    assert np.array_equal(PointMass(mu).kl().numpy(), np.zeros(3))
