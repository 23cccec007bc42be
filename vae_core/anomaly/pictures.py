"""Scores that look at one picture alone, as a model sees it. Each is higher for a stranger picture.

Each takes x in [0, 1] with shape (N, C, H, W), its posterior q(z|x) and p(x|z) at the posterior *mean*: a random draw of
z would give the same picture another score each time.
"""

import torch
from torch import Generator, Tensor

from vae_core import losses
from vae_core.models import Bernoulli, DiagonalGaussian, Likelihood, Model, Posterior

DRAWS = 16
"""Codes a picture for the reconstruction probability. An and Cho take 128; the ranking hardly changes after ten."""


def squared_error(x: Tensor, posterior: Posterior, likelihood: Likelihood) -> Tensor:
    """|x - recon|^2, summed over the pixels, with shape (N,)."""
    return (likelihood.mean - x).square().flatten(1).sum(1)


def squared_error_over_norm(x: Tensor, posterior: Posterior, likelihood: Likelihood) -> Tensor:
    """|x - recon|^2 / |x|, with shape (N,). An image darker than one white pixel counts as one white pixel."""
    norm = x.square().flatten(1).sum(1).sqrt()
    return squared_error(x, posterior, likelihood) / norm.clamp(min=1)


def cross_entropy(x: Tensor, posterior: Posterior, likelihood: Likelihood) -> Tensor:
    """-sum x log recon + (1 - x) log(1 - recon) over the pixels, in nats, with shape (N,)."""
    if not isinstance(likelihood, Bernoulli):
        likelihood = Bernoulli(torch.logit(likelihood.mean, eps=1e-6))
    return likelihood.nll(x)


def negative_elbo(x: Tensor, posterior: Posterior, likelihood: Likelihood) -> Tensor:
    """-log p(x|z) at z = mu, plus KL(q(z|x) || N(0, I)), in nats, with shape (N,)."""
    return losses.reconstruction(likelihood, x) + losses.kl(posterior)


def kl(x: Tensor, posterior: Posterior, likelihood: Likelihood) -> Tensor:
    """KL(q(z|x) || N(0, I)) in nats, with shape (N,)."""
    return losses.kl(posterior)


def posterior_variance(x: Tensor, posterior: Posterior, likelihood: Likelihood) -> Tensor:
    """The variance of q(z|x), the mean over the latent dimensions, with shape (N,)."""
    assert isinstance(posterior, DiagonalGaussian)
    return posterior.logvar.exp().mean(1)


def reconstruction_probability(model: Model, x: Tensor, posterior: DiagonalGaussian, draws: int = DRAWS) -> Tensor:
    """-E_q(z|x)[log p(x|z)] in nats, estimated with some draws of z (An and Cho 2015, algorithm 4), with shape (N,).

    Every picture gets the same draws of eps in z = mu + sigma eps, from seed 0: so the score of a picture depends
    neither on chance nor on the pictures beside it.

    Args:
        draws: How many (their L).
    """
    eps = torch.randn(draws, posterior.mu.shape[1], generator=Generator().manual_seed(0))
    codes = (posterior.mu + posterior.sigma * one for one in eps)
    return torch.stack([losses.reconstruction(model.decode(z), x) for z in codes]).mean(0)
