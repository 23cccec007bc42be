"""The loss in nats per image: loss = reconstruction + beta * KL (Kingma and Welling 2014; beta: Higgins et al. 2017).

Reconstruction is summed over the pixels and KL over the latent dimensions, so that with beta = 1 the loss is -ELBO.
(A mean over the pixels beside a summed KL, seen in many tutorials, is the same as beta = 784 on 28 x 28 pictures: the
posterior collapses.)
"""

import math
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor

from vae_core.config import LossConfig
from vae_core.models.distributions import Likelihood, Posterior

Nats = TypeVar("Nats", float, Tensor)


def reconstruction(likelihood: Likelihood, x: Tensor) -> Tensor:
    """-log p(x|z) in nats, with shape (N,).

    Args:
        likelihood: p(x|z) of N codes.
        x: Pictures in [0, 1], with shape (N, C, H, W).
    """
    return likelihood.nll(x)


def kl(posterior: Posterior) -> Tensor:
    """KL(q(z|x) || N(0, I)) in nats, with shape (N,); 0 for a point mass."""
    return posterior.kl()


class Weights(NamedTuple):
    """How much each term of the loss counts."""

    reconstruction: float
    beta: float


def weights(config: LossConfig, progress: float = 1.0) -> Weights:
    """The weights of a step.

    Args:
        config: The run's.
        progress: How much of the training is over, from 0 to 1: during the KL warm-up (Bowman et al. 2016) beta grows
            with it.
    """
    beta = config.beta * min(1.0, progress / config.kl_warmup) if config.kl_warmup else config.beta
    return Weights(config.reconstruction, beta)


def weighted(recon: Nats, kl: Nats, config: LossConfig) -> Nats:
    """The loss that is reported, at its final weights and without free bits: curves of different runs compare."""
    found = weights(config)
    return found.reconstruction * recon + found.beta * kl


def objective(
    recon: Tensor, kl: Tensor, config: LossConfig, progress: float = 1.0, kl_per_dimension: Tensor | None = None
) -> Tensor:
    """What a training step makes smaller: the mean of the loss over a batch, in nats per image.

    Args:
        recon: -log p(x|z), with shape (N,).
        kl: KL(q(z|x) || N(0, I)) of the same N pictures, with shape (N,).
        config: The weights.
        progress: As for `weights`.
        kl_per_dimension: With shape (N, latent_dim); only free bits need it.
    """
    weight, beta = weights(config, progress)
    if config.free_bits and kl_per_dimension is not None:
        # Kingma et al. 2016, eq. 15: below the threshold a dimension's KL, a mean over the batch, has no gradient.
        divergence = kl_per_dimension.mean(0).clamp(min=config.free_bits).sum()
        return weight * recon.mean() + beta * divergence
    if (beta, weight) == (1.0, 1.0):  # each operation counts in the step of a small model
        return (recon.sum() + kl.sum()) / len(recon)
    return (weight * recon.sum() + beta * kl.sum()) / len(recon)


def iwae(log_weights: Tensor) -> Tensor:
    """-L_k in nats: the importance weighted bound on -log p(x) (Burda et al. 2016, eq. 8), with shape (N,).

    Args:
        log_weights: log p(x|z_i) + log p(z_i) - log q(z_i|x) for k codes of each picture, with shape (k, N).
    """
    return math.log(len(log_weights)) - torch.logsumexp(log_weights, dim=0)
