"""The two ends of a model: what the encoder says about z, and what the decoder says about x.

Written out rather than taken from `torch.distributions`, whose general machinery costs about a tenth of a training
step of a small model; the tests hold each formula against it.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Generator, Tensor


@dataclass(frozen=True)
class PointMass:
    """An autoencoder's code: q(z|x) puts everything on one point.

    Attributes:
        mu: The code, with shape (N, latent_dim).
    """

    mu: Tensor

    def sample(self, generator: Generator | None = None) -> Tensor:
        """The code itself."""
        return self.mu

    def kl(self) -> Tensor:
        """Zero, with shape (N,): a point has no KL to a density, so the loss leaves that term out."""
        return self.mu.new_zeros(len(self.mu))


@dataclass(frozen=True)
class DiagonalGaussian:
    """A VAE's posterior q(z|x) = N(mu, diag(exp(logvar))) (Kingma and Welling 2014).

    Attributes:
        mu: Means, with shape (N, latent_dim).
        logvar: Logarithms of the variances, with shape (N, latent_dim).
    """

    mu: Tensor
    logvar: Tensor

    @property
    def sigma(self) -> Tensor:
        return torch.exp(0.5 * self.logvar)

    def sample(self, generator: Generator | None = None) -> Tensor:
        """z = mu + sigma * eps with eps from N(0, I): the reparameterisation trick, so that gradients reach both."""
        eps = torch.randn(self.mu.shape, generator=generator, dtype=self.mu.dtype)
        return torch.addcmul(self.mu, self.sigma, eps)

    def kl_per_dimension(self) -> Tensor:
        """KL(q(z_j|x) || N(0, 1)) in nats, with shape (N, latent_dim) (appendix B of the paper)."""
        return 0.5 * (self.mu.square() + self.logvar.exp() - 1 - self.logvar)

    def log_ratio(self, z: Tensor) -> Tensor:
        """log p(z) - log q(z|x) in nats, with shape (*, N), for codes with shape (*, N, latent_dim)."""
        # Both densities hold -D/2 log 2 pi.
        return 0.5 * (((z - self.mu) / self.sigma).square() + self.logvar - z.square()).sum(-1)

    def kl(self) -> Tensor:
        """KL(q(z|x) || N(0, I)) in nats, summed over the latent dimensions, with shape (N,)."""
        return self.kl_per_dimension().sum(1)


Posterior = PointMass | DiagonalGaussian


@dataclass(frozen=True)
class Bernoulli:
    """Each pixel is the probability of ink. On grey pixels in [0, 1] this is the cross-entropy, as is usual.

    Attributes:
        logits: With shape (N, C, H, W).
    """

    logits: Tensor

    @property
    def mean(self) -> Tensor:
        """The picture, in [0, 1], with shape (N, C, H, W)."""
        return torch.sigmoid(self.logits)

    def nll(self, x: Tensor) -> Tensor:
        """-log p(x|z) in nats, summed over the pixels, with shape (N,)."""
        return F.binary_cross_entropy_with_logits(self.logits, x, reduction="none").flatten(1).sum(1)


@dataclass(frozen=True)
class Gaussian:
    """Each pixel is normal around its mean with one fixed standard deviation: squared error, in nats.

    Attributes:
        mean: The picture, with shape (N, C, H, W).
        sigma: The standard deviation of a pixel.
    """

    mean: Tensor
    sigma: float

    def nll(self, x: Tensor) -> Tensor:
        """-log p(x|z) in nats, summed over the pixels, with shape (N,). A density: it can be negative."""
        squared = (x - self.mean).square().flatten(1).sum(1)
        constant = 0.5 * math.log(2 * math.pi * self.sigma**2) * self.mean[0].numel()
        return squared / (2 * self.sigma**2) + constant


Likelihood = Bernoulli | Gaussian
