"""The hourglass: an encoder to q(z|x), a decoder to p(x|z).

A model is {autoencoder, VAE, conditional VAE} x {dense, conv}. The kinds differ only in what the encoder's output means
and in whether the label is told.
"""

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vae_core.config import ModelConfig
from vae_core.models.distributions import Bernoulli, DiagonalGaussian, Gaussian, Likelihood, PointMass, Posterior
from vae_core.models.networks import NETWORKS, ImageShape

UNKNOWN = -1
"""The label of a picture whose class is not told."""


class Model(nn.Module, ABC):
    """What every kind shares.

    Args:
        config: The settings.
        image_shape: (C, H, W) of the pictures.
        classes: How many classes the pictures have. Only a conditional model looks at it.
    """

    numbers_per_dimension: ClassVar[int]
    """How many numbers the encoder puts out for each latent dimension."""
    is_conditional: ClassVar[bool] = False

    def __init__(self, config: ModelConfig, image_shape: ImageShape, classes: int = 10) -> None:
        super().__init__()
        self.config = config
        self.image_shape = image_shape
        self.latent_dim = config.latent_dim
        self.classes = classes if self.is_conditional else 0
        encoder, decoder = NETWORKS[config.network]
        features = self.numbers_per_dimension * config.latent_dim
        self.encoder = encoder(image_shape, config, self.classes, features)
        self.decoder = decoder(image_shape, config, self.classes, config.latent_dim)

    @abstractmethod
    def encode(self, x: Tensor, y: Tensor | None = None) -> Posterior:
        """q(z|x) for pictures in [0, 1], with shape (N, C, H, W).

        Args:
            x: The pictures.
            y: Their labels, int64 with shape (N,), `UNKNOWN` where one is not known; `None`: none is. Only a conditional
                model looks at it, here and in `decode`.
        """

    def decode(self, z: Tensor, y: Tensor | None = None) -> Likelihood:
        """p(x|z) for codes, with shape (N, latent_dim)."""
        output = self.decoder(self._told(z, y)).float()
        if self.config.likelihood == "bernoulli":
            return Bernoulli(output)
        return Gaussian(torch.sigmoid(output), self.config.sigma)

    def features(self, x: Tensor, y: Tensor | None) -> Tensor:
        """What the encoder puts out, float32 with shape (N, numbers_per_dimension * latent_dim)."""
        if not self.classes:
            return self.encoder(x).float()  # type: ignore[no-any-return]
        return self.encoder[-1](self._told(self.encoder[:-1](x), y)).float()  # type: ignore[no-any-return]

    def _told(self, features: Tensor, y: Tensor | None) -> Tensor:
        """The features with the label beside them, one number a class: 1 for it and 0 for the others, 0 if unknown."""
        if not self.classes:
            return features
        if y is None:
            return F.pad(features, (0, self.classes))
        told = F.one_hot(y.clamp(min=0), self.classes) * (y != UNKNOWN)[:, None]
        return torch.cat([features, told.to(features.dtype)], dim=1)


class Autoencoder(Model):
    """The code is a point, and nothing says where codes lie: N(0, I) is not its distribution."""

    numbers_per_dimension = 1

    def encode(self, x: Tensor, y: Tensor | None = None) -> PointMass:
        return PointMass(self.features(x, y))


class VAE(Model):
    """The code is a Gaussian, held near N(0, I) by the KL (Kingma and Welling 2014)."""

    numbers_per_dimension = 2

    def encode(self, x: Tensor, y: Tensor | None = None) -> DiagonalGaussian:
        return DiagonalGaussian(*self.features(x, y).chunk(2, dim=1))


class ConditionalVAE(VAE):
    """A VAE that is told the class: q(z|x, y) and p(x|z, y) (Sohn et al. 2015).

    In training a tenth of the labels is withheld, so that it can do without them too (as Ho and Salimans 2022 do for
    diffusion models).
    """

    is_conditional = True
    withheld: ClassVar[float] = 0.1
