"""The loss, per image and in nats: loss = reconstruction + beta * KL (Kingma and Welling 2014; beta: Higgins et al. 2017).

Reconstruction is summed over the pixels and KL over the latent dimensions, so that with beta = 1 the loss is -ELBO.
(A mean over the pixels beside a summed KL, seen in many tutorials, is the same as beta = 784 on 28 x 28 pictures: the
posterior collapses.)
"""

from torch import Tensor

from vae_core.config import LossConfig
from vae_core.models.distributions import Likelihood, Posterior


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


def weighted(recon: Tensor, kl: Tensor, config: LossConfig) -> Tensor:
    """recon + beta * kl, with the shape of both."""
    return recon + config.beta * kl
