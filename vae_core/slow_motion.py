"""One training step, slowly: everything that `Trainer` does with a batch, kept instead of thrown away.

x -> q(z|x) = N(mu, sigma^2) -> z = mu + sigma * eps -> p(x|z) -> loss = -log p(x|z) + beta KL -> gradients -> step
"""

import copy
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from vae_core import losses
from vae_core.config import RunConfig
from vae_core.datasets import ImageData
from vae_core.errors import N_, InputError
from vae_core.losses import Weights
from vae_core.models import DiagonalGaussian, Model
from vae_core.optimizer import AdamW
from vae_core.pixels import binarise, noisy, to_tensor, to_unit

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Step:
    """What happened to a batch of N pictures.

    Attributes:
        x: What has to come out, in [0, 1], with shape (N, C, H, W).
        shown: What goes in: the same, or with the run's noise.
        mu: The posteriors' means, with shape (N, latent_dim); an autoencoder's codes.
        sigma: Their standard deviations, with the same shape; `None` for an autoencoder, like `eps`.
        eps: What chance added.
        z: The codes that were decoded.
        recon: What came out, with shape (N, C, H, W).
        nll: -log p(x|z) of each picture in nats, with shape (N,).
        kl: KL(q(z|x) || N(0, I)) of each picture in nats, with shape (N,).
        weights: How much each of the two counts at this moment of the training.
        loss: What the step makes smaller: the mean over the batch, with those weights, in nats.
        gradients: The length of the loss' gradient in each of the network's layers, from picture to picture.
        loss_after: The loss of the same pictures with the same eps after one step of the optimizer.
    """

    x: Floats
    shown: Floats
    mu: Floats
    sigma: Floats | None
    eps: Floats | None
    z: Floats
    recon: Floats
    nll: Floats
    kl: Floats
    weights: Weights
    loss: float
    gradients: dict[str, float]
    loss_after: float


def step_by_step(config: RunConfig, model: Model, data: ImageData, seed: int = 0, progress: float = 1.0) -> Step:
    """One training step with a model as it is now, at the weights that the loss then has. The model itself is not changed.

    Args:
        config: The run's settings.
        data: The batch.
        seed: Of all chance in it.
        progress: How much of its training the model has behind it, from 0 to 1 (`events.share_done`).

    Raises:
        InputError: The run's objective takes several codes of each picture, which are no such story.
    """
    if config.loss.samples != 1:
        raise InputError(
            N_("This run decodes {count} codes of each image in a step; slow motion tells of one. Choose another run."),
            count=config.loss.samples,
        )
    generator = Generator().manual_seed(seed)
    student = copy.deepcopy(model).requires_grad_(True)
    x = to_unit(to_tensor(data.images))
    if config.data.pixels == "binarised":
        x = binarise(x, generator)
    shown = noisy(x, config.training.noise, generator) if config.training.noise else x
    y = to_tensor(data.labels)
    posterior = student.encode(shown, y)
    eps = torch.randn(posterior.mu.shape, generator=generator) if isinstance(posterior, DiagonalGaussian) else None

    def forward() -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        posterior = student.encode(shown, y)
        z = posterior.mu
        if isinstance(posterior, DiagonalGaussian) and eps is not None:
            z = posterior.mu + posterior.sigma * eps
        likelihood = student.decode(z, y)
        nll, kl = losses.reconstruction(likelihood, x), losses.kl(posterior)
        per_dimension = (
            posterior.kl_per_dimension() if config.loss.free_bits and isinstance(posterior, DiagonalGaussian) else None
        )
        return z, likelihood.mean, nll, kl, losses.objective(nll, kl, config.loss, progress, per_dimension)

    optimizer = AdamW(student.named_parameters(), config.training.learning_rate, config.training.weight_decay)
    z, recon, nll, kl, loss = forward()
    loss.backward()
    gradients = _by_layer(student)
    optimizer.step()
    with torch.no_grad():
        after = forward()[-1]
    sigma = posterior.sigma if isinstance(posterior, DiagonalGaussian) else None
    return Step(
        x=_array(x),
        shown=_array(shown),
        mu=_array(posterior.mu),
        sigma=None if sigma is None else _array(sigma),
        eps=None if eps is None else _array(eps),
        z=_array(z),
        recon=_array(recon),
        nll=_array(nll),
        kl=_array(kl),
        weights=losses.weights(config.loss, progress),
        loss=float(loss.detach()),
        gradients=gradients,
        loss_after=float(after),
    )


def _by_layer(model: Model) -> dict[str, float]:
    """The length of the gradient of each layer, weights and biases together."""
    squares: dict[str, float] = {}
    for name, parameter in model.named_parameters():
        layer = name.rpartition(".")[0]
        if parameter.grad is not None:
            squares[layer] = squares.get(layer, 0.0) + float(parameter.grad.square().sum())
    return {layer: square**0.5 for layer, square in squares.items()}


def _array(tensor: Tensor) -> Floats:
    return np.asarray(tensor.detach().numpy(), np.float32)
