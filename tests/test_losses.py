"""The loss is in nats per image: KL against Monte Carlo, sums and means where they belong."""

import pytest
import torch
from torch import Generator, distributions

from vae_core import losses
from vae_core.config import LossConfig, ModelConfig
from vae_core.models import Bernoulli, DiagonalGaussian, build


def test_closed_form_kl_agrees_with_monte_carlo() -> None:
    generator = Generator().manual_seed(0)
    mu, logvar = torch.randn(4, 3, generator=generator), torch.randn(4, 3, generator=generator)
    posterior = DiagonalGaussian(mu.double(), logvar.double())
    q = distributions.Normal(posterior.mu, posterior.sigma)
    p = distributions.Normal(torch.zeros(1, dtype=torch.float64), torch.ones(1, dtype=torch.float64))
    z = torch.stack([posterior.sample(generator) for _ in range(50_000)])
    samples = (q.log_prob(z) - p.log_prob(z)).sum(-1)
    error = samples.std(0) / samples.shape[0] ** 0.5
    assert ((samples.mean(0) - losses.kl(posterior)).abs() < 5 * error).all()


def test_loss_is_minus_elbo_in_nats_per_image() -> None:
    """Summed over pixels, summed over dimensions; -ELBO by its definition, with torch's own distributions."""
    model = build(ModelConfig(hidden=(8,), latent_dim=3), (1, 6, 5))
    x = torch.rand(7, 1, 6, 5, generator=Generator().manual_seed(0)).round()
    posterior = model.encode(x)
    z = posterior.sample(Generator().manual_seed(1))
    likelihood = model.decode(z)
    loss = losses.weighted(losses.reconstruction(likelihood, x), losses.kl(posterior), LossConfig(beta=1))

    q = distributions.Independent(distributions.Normal(posterior.mu, posterior.sigma), 1)
    p = distributions.Independent(distributions.Normal(torch.zeros(7, 3), torch.ones(7, 3)), 1)
    log_likelihood = distributions.Bernoulli(probs=likelihood.mean).log_prob(x).sum((1, 2, 3))
    torch.testing.assert_close(loss, distributions.kl_divergence(q, p) - log_likelihood)


def test_the_tutorial_mistake_is_not_what_we_compute() -> None:
    """A mean over the pixels beside a summed KL weighs the KL as beta = number of pixels would."""
    x = torch.rand(3, 1, 28, 28, generator=Generator().manual_seed(0))
    logits = torch.zeros(3, 1, 28, 28)
    posterior = DiagonalGaussian(torch.ones(3, 2), torch.zeros(3, 2))
    recon, kl = losses.reconstruction(Bernoulli(logits), x), losses.kl(posterior)
    mistaken = torch.nn.functional.binary_cross_entropy_with_logits(logits, x) + kl
    ours = losses.weighted(recon, kl, LossConfig(beta=1))
    torch.testing.assert_close(recon, torch.full((3,), 784 * torch.tensor(2.0).log().item()))
    assert not torch.allclose(ours, mistaken)
    torch.testing.assert_close(losses.weighted(recon, kl, LossConfig(beta=100)) / 784 + (1 - 100 / 784) * kl, mistaken)


def test_beta_weighs_only_the_kl() -> None:
    recon, kl = torch.tensor([3.0, 5.0]), torch.tensor([1.0, 2.0])
    assert losses.weighted(recon, kl, LossConfig(beta=0)).tolist() == [3, 5]
    assert losses.weighted(recon, kl, LossConfig(beta=4)).tolist() == [7, 13]


def posterior_of(n: int) -> DiagonalGaussian:
    generator = Generator().manual_seed(n)
    return DiagonalGaussian(torch.randn(n, 3, generator=generator), torch.randn(n, 3, generator=generator))


def test_the_objective_is_the_mean_of_the_weighted_loss() -> None:
    posterior, recon = posterior_of(6), torch.rand(6) * 100
    config = LossConfig(beta=2.5, reconstruction=0.5)
    expected = (0.5 * recon + 2.5 * posterior.kl()).mean()
    torch.testing.assert_close(losses.objective(recon, posterior.kl(), config), expected)
    torch.testing.assert_close(losses.weighted(recon, posterior.kl(), config).mean(), expected)


def test_the_kl_warm_up_lets_beta_grow_in_a_straight_line_and_stay() -> None:
    posterior, recon, config = posterior_of(6), torch.zeros(6), LossConfig(beta=2, kl_warmup=0.4)
    found = [losses.objective(recon, posterior.kl(), config, at).item() for at in (0, 0.1, 0.2, 0.4, 0.7, 1)]
    whole = 2 * posterior.kl().mean().item()
    assert found == pytest.approx([whole * share for share in (0, 0.25, 0.5, 1, 1, 1)], rel=1e-6)


def test_free_bits_leave_small_dimensions_alone() -> None:
    mu = torch.tensor([[3.0, 0.01], [-3.0, 0.02]], requires_grad=True)
    logvar = torch.zeros(2, 2)
    posterior, config = DiagonalGaussian(mu, logvar), LossConfig(free_bits=0.5)
    loss = losses.objective(torch.zeros(2), posterior.kl(), config, 1.0, posterior.kl_per_dimension())
    assert loss.item() == pytest.approx(4.5 + 0.5, rel=1e-6)  # mu^2 / 2 of the first, the floor of the second
    loss.backward()
    assert mu.grad is not None and mu.grad[:, 0].abs().min() > 0 and mu.grad[:, 1].abs().max() == 0


def test_the_importance_weighted_bound_against_its_definition() -> None:
    log_weights = torch.randn(7, 5, dtype=torch.float64)
    expected = -log_weights.exp().mean(0).log()
    torch.testing.assert_close(losses.iwae(log_weights), expected)
    torch.testing.assert_close(losses.iwae(log_weights[:1]), -log_weights[0])
    assert (losses.iwae(log_weights) <= -log_weights.mean(0)).all(), "Jensen: more samples, a tighter bound"
