"""The loss is in nats per image: KL against Monte Carlo, sums and means where they belong."""

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
