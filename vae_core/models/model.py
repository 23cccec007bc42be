"""The hourglass: an encoder to q(z|x), a decoder to p(x|z).

A model is {autoencoder, VAE} x {dense, conv}. The kinds differ only in what the encoder's output means.
"""

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor, nn

from vae_core.config import ModelConfig
from vae_core.models.distributions import Bernoulli, DiagonalGaussian, Gaussian, Likelihood, PointMass, Posterior
from vae_core.models.networks import NETWORKS, ImageShape


class Model(nn.Module, ABC):
    """What every kind shares.

    Args:
        config: The settings.
        image_shape: (C, H, W) of the pictures.
    """

    numbers_per_dimension: ClassVar[int]
    """How many numbers the encoder puts out for each latent dimension."""

    def __init__(self, config: ModelConfig, image_shape: ImageShape) -> None:
        super().__init__()
        self.config = config
        self.image_shape = image_shape
        self.latent_dim = config.latent_dim
        encoder, decoder = NETWORKS[config.network]
        features = self.numbers_per_dimension * config.latent_dim
        self.encoder = encoder(image_shape, config.hidden, config.activation, features)
        self.decoder = decoder(image_shape, config.hidden, config.activation, config.latent_dim)

    @abstractmethod
    def encode(self, x: Tensor) -> Posterior:
        """q(z|x) for pictures in [0, 1], with shape (N, C, H, W)."""

    def decode(self, z: Tensor) -> Likelihood:
        """p(x|z) for codes, with shape (N, latent_dim)."""
        output = self.decoder(z)
        if self.config.likelihood == "bernoulli":
            return Bernoulli(output)
        return Gaussian(torch.sigmoid(output), self.config.sigma)


class Autoencoder(Model):
    """The code is a point, and nothing says where codes lie: N(0, I) is not its distribution."""

    numbers_per_dimension = 1

    def encode(self, x: Tensor) -> PointMass:
        return PointMass(self.encoder(x))


class VAE(Model):
    """The code is a Gaussian, held near N(0, I) by the KL (Kingma and Welling 2014)."""

    numbers_per_dimension = 2

    def encode(self, x: Tensor) -> DiagonalGaussian:
        return DiagonalGaussian(*self.encoder(x).chunk(2, dim=1))
