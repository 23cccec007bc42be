"""Several models on the same pictures, picture by picture.

Two models' means may lie closer together than either's own uncertainty and still be told apart, because a picture that
is hard for one is hard for the other. So the difference is taken picture by picture:

    d_i = a_i - b_i,    standard error = s(d) / sqrt(N)            (a paired comparison; Student 1908)

It is the uncertainty of the pictures alone: what another seed of the training would change is not in it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vae_core import latent, metrics, priors
from vae_core.compression import PCACode
from vae_core.config import RunConfig
from vae_core.datasets import ImageData
from vae_core.errors import N_
from vae_core.models import Model
from vae_core.pixels import to_unit
from vae_core.settings import fields

CLEAR = 2.0
"""Standard errors that a difference must measure before it is called one: nineteen times out of twenty."""

SEEDS = 3
"""Draws of the sampled pictures whose distance is given."""

_NOT_COMPARED = ("version", "name", "recipe", "training.threads")


@dataclass(frozen=True)
class Figure:
    """One figure that models are compared by.

    Attributes:
        title: For a table's head, marked for translation; with its unit.
        better: Whether less or more of it is better; `None` where neither is.
        digits: After the point.
    """

    title: str
    better: Literal["less", "more"] | None
    digits: int


FIGURES: Mapping[str, Figure] = {
    "mse": Figure(N_("MSE a pixel"), "less", 4),
    "psnr": Figure(N_("PSNR (dB)"), "more", 2),
    "ssim": Figure(N_("SSIM"), "more", 3),
    "negative_elbo": Figure(N_("−ELBO (nats)"), "less", 2),
    "kl": Figure(N_("KL (nats)"), None, 2),
}
"""What is measured of each picture."""


class Mean(NamedTuple):
    """A mean over pictures, or draws, and its standard error."""

    value: float
    error: float

    @property
    def is_clear(self) -> bool:
        """Whether it is further from 0 than its uncertainty explains."""
        return abs(self.value) > CLEAR * self.error


def mean(values: NDArray[np.floating]) -> Mean:
    """The mean of independent values, with shape (N,); of a single one the error is unknown, and given as 0."""
    spread = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    return Mean(float(values.mean()), spread / len(values) ** 0.5)


@dataclass(frozen=True)
class Measured:
    """What was found of one model on the pictures.

    Attributes:
        figures: By their names in `FIGURES`, those that this model has: one value a picture, with shape (N,).
        active_units: Latent dimensions in use; `None` for what is no VAE.
        distance: Frechet distance of drawn pictures, one a draw; empty where nobody can judge them.
    """

    figures: Mapping[str, NDArray[np.float64]]
    active_units: int | None = None
    distance: tuple[float, ...] = ()

    def mean(self, name: str) -> Mean | None:
        """The mean over the pictures; `None` where the model has no such figure."""
        return mean(self.figures[name]) if name in self.figures else None


def measure(model: Model, data: ImageData, *, pixels: metrics.Pixels = "grey", seed: int = 0) -> Measured:
    """A model on real pictures that it has not seen, and what it draws from N(0, I).

    Args:
        model: An autoencoder or a VAE.
        data: The pictures; also what drawn ones are compared with, if the digits' classifier can judge them.
        pixels: What the likelihood is of.
        seed: Of the draws of z.

    Raises:
        InputError: The pictures don't have the model's shape.
    """
    found = metrics.per_image(model, data, pixels=pixels, seed=seed)
    figures = {name: found[name] for name in ("mse", "psnr", "ssim")}
    active = None
    if "kl" in found:
        figures |= {"negative_elbo": found["recon"] + found["kl"], "kl": found["kl"]}
        active = metrics.active_units(_tensor(latent.encode(model, data).mu))
    labels = data.labels if model.is_conditional else None

    def draw(prior: priors.Prior, draw_seed: int) -> NDArray[np.uint8]:
        return latent.decode(model, prior.sample(len(data), draw_seed), labels)

    drawn = [draw(priors.StandardNormal(model.latent_dim), number) for number in range(SEEDS)] if _judged(data) else []
    return Measured(figures, active, distances(drawn, data))


def measure_pca(pca: PCACode, train: ImageData, data: ImageData) -> Measured:
    """PCA on the same pictures; its own are drawn from a Gaussian fitted to the training pictures' codes."""
    pictures, x = _tensor(pca.decode(pca.encode(data))), to_unit(_tensor(data.images))
    figures = {"mse": metrics.mse, "psnr": metrics.psnr, "ssim": metrics.ssim}
    found = {name: figure(pictures, x).double().numpy() for name, figure in figures.items()}
    drawn = [draw_pca(pca, train, len(data), seed) for seed in range(SEEDS)] if _judged(data) else []
    return Measured(found, None, distances(drawn, data))


def draw_pca(pca: PCACode, train: ImageData, count: int, seed: int) -> NDArray[np.uint8]:
    """Pictures drawn from PCA's codes as a Gaussian (probabilistic PCA without its noise; Tipping and Bishop 1999)."""
    codes = pca.encode(train.subset(priors.evenly(len(train))))
    pictures = pca.decode(priors.fitted_gaussian(codes).sample(count, seed))
    return np.rint(pictures * 255).astype(np.uint8)


def distances(drawn: Sequence[NDArray[np.uint8]], data: ImageData) -> tuple[float, ...]:
    """The Frechet distance of each lot of pictures from as many real ones (`quality`)."""
    if not drawn:
        return ()
    from vae_core.quality import cloud_of, frechet_distance

    judge = cloud_of(data.images)
    return tuple(frechet_distance(cloud_of(images), judge) for images in drawn)


def real_distances(train: ImageData, data: ImageData) -> tuple[float, ...]:
    """The same of real training pictures: what no model can be asked to beat. Empty where nobody can judge them."""
    if not _judged(data) or len(train) < len(data):
        return ()
    chosen = (np.random.default_rng(seed).permutation(len(train))[: len(data)] for seed in range(SEEDS))
    return distances([train.images[numbers] for numbers in chosen], data)


def difference(a: Measured, b: Measured, name: str) -> Mean | None:
    """a - b of one figure, picture by picture; `None` where one of them has no such figure."""
    if name not in a.figures or name not in b.figures:
        return None
    return mean(a.figures[name] - b.figures[name])


def ranking(models: Mapping[str, Measured], name: str) -> list[str]:
    """The models that have a figure, the best first."""
    found = {key: one.figures[name].mean() for key, one in models.items() if name in one.figures}
    return sorted(found, key=lambda key: found[key], reverse=FIGURES[name].better == "more")


def differing(configs: Sequence[RunConfig]) -> dict[str, tuple[Any, ...]]:
    """The settings that are not the same in all, by dotted names, one value for each config."""
    values = {path: tuple(config.get(path) for config in configs) for path in fields(RunConfig)}
    return {
        path: found for path, found in values.items() if path not in _NOT_COMPARED and any(v != found[0] for v in found)
    }


def _judged(data: ImageData) -> bool:
    from vae_core import classifier

    return classifier.judges(data.name)


def _tensor(array: NDArray[Any]) -> Any:
    import torch

    return torch.from_numpy(np.ascontiguousarray(array))
