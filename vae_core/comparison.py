"""Several models on the same pictures, picture by picture.

Two models' means may lie closer together than either's own uncertainty and still be told apart, because a picture that
is hard for one is hard for the other. So the difference is taken picture by picture:

    d_i = a_i - b_i,    standard error = s(d) / sqrt(N)            (a paired comparison; `vae_core.significance`)

It is the uncertainty of the pictures alone: what another seed of the training would change is not in it. Where each
setting was trained with several seeds, `over_trainings` compares the trainings' means instead, and their spread is in it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from vae_core import classifier, latent, metrics, quality, significance
from vae_core.compression import PCACode
from vae_core.datasets import ImageData
from vae_core.errors import N_
from vae_core.models import Model
from vae_core.pixels import to_bytes, to_tensor, to_unit
from vae_core.priors import FittedGaussian, StandardNormal, evenly, fitted_gaussian
from vae_core.quality import FeatureCloud
from vae_core.significance import Better, Difference, Ranking

SEEDS = 3
"""Draws of the sampled pictures whose distance is given."""


@dataclass(frozen=True)
class Figure:
    """One figure that models are compared by.

    Attributes:
        title: For a table's head, marked for translation; with its unit.
        better: Whether less or more of it is better; `None` where neither is.
        digits: After the point.
    """

    title: str
    better: Better | None
    digits: int


FIGURES: Mapping[str, Figure] = {
    "mse": Figure(N_("MSE per pixel"), "less", 5),
    "psnr": Figure(N_("PSNR (dB)"), "more", 2),
    "ssim": Figure(N_("SSIM"), "more", 3),
    "negative_elbo": Figure(N_("−ELBO (nats)"), "less", 2),
    "kl": Figure(N_("KL (nats)"), None, 2),
}
"""What is measured of each picture."""

PICTURE_FIGURES = {"mse": metrics.mse, "psnr": metrics.psnr, "ssim": metrics.ssim}
"""Those that any model has."""


class Mean(NamedTuple):
    """A mean over pictures, or draws, and its standard error."""

    value: float
    error: float


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


def measure(
    model: Model, data: ImageData, *, real: FeatureCloud | None, pixels: metrics.Pixels = "grey", seed: int = 0
) -> Measured:
    """A model on real pictures that it has not seen, and what it draws from N(0, I).

    Args:
        model: An autoencoder or a VAE. A conditional one is asked for the classes of the pictures.
        data: The pictures.
        real: What drawn pictures are compared with (`real_cloud`); `None`: they are not.
        pixels: What the likelihood is of.
        seed: Of the draws of z.

    Raises:
        InputError: The pictures don't have the model's shape.
        WorkError: The model's weights are of no use.
    """
    found, mu = metrics.per_image(model, data, pixels=pixels, seed=seed)
    figures = {name: found[name] for name in PICTURE_FIGURES}
    active = None
    if "kl" in found:
        figures |= {"negative_elbo": found["recon"] + found["kl"], "kl": found["kl"]}
        active = metrics.active_units(mu)
    prior = StandardNormal(model.latent_dim)

    def draw(count: int, number: int) -> NDArray[np.uint8]:
        labels = np.resize(data.labels, count) if model.is_conditional else None
        return latent.decode(model, prior.sample(count, number), labels)

    return Measured(figures, active, _distances(draw, real))


def measure_pca(pca: PCACode, prior: FittedGaussian, data: ImageData, *, real: FeatureCloud | None) -> Measured:
    """PCA on the same pictures; its own are drawn from `pca_prior`. The other arguments are as in `measure`."""
    pictures = torch.from_numpy(pca.decode(pca.encode(data)))
    x = to_unit(to_tensor(data.images))
    figures = {name: figure(pictures, x).double().numpy() for name, figure in PICTURE_FIGURES.items()}
    return Measured(figures, None, _distances(lambda count, number: draw_pca(pca, prior, count, number), real))


def pca_prior(pca: PCACode, train: ImageData) -> FittedGaussian:
    """A Gaussian fitted to the codes of training pictures (probabilistic PCA without its noise; Tipping and Bishop 1999)."""
    return fitted_gaussian(pca.encode(train.subset(evenly(len(train)))))


def draw_pca(pca: PCACode, prior: FittedGaussian, count: int, seed: int) -> NDArray[np.uint8]:
    """Pictures of codes drawn from the prior, with shape (count, C, H, W)."""
    return to_bytes(torch.from_numpy(pca.decode(prior.sample(count, seed))))


def real_cloud(train: ImageData, data: ImageData) -> FeatureCloud | None:
    """What drawn pictures are compared with; `None` where they are no digits, which nobody here can judge."""
    return quality.cloud_of(quality.unseen(train, data).images) if classifier.judges(data.name) else None


def real_distances(train: ImageData, real: FeatureCloud | None) -> tuple[float, ...]:
    """How far real training pictures are from it: what no model can be asked to beat."""
    return tuple(quality.real_distances(train, real, SEEDS)) if real else ()


def _distances(draw: Callable[[int, int], NDArray[np.uint8]], real: FeatureCloud | None) -> tuple[float, ...]:
    if real is None:
        return ()
    return tuple(quality.frechet_distance(quality.cloud_of(draw(real.count, number)), real) for number in range(SEEDS))


def difference(a: Measured, b: Measured, name: str) -> Difference | None:
    """a - b of one figure, picture by picture; `None` where one of them has no such figure."""
    if name not in a.figures or name not in b.figures:
        return None
    return significance.paired(a.figures[name], b.figures[name])


def ranking(models: Mapping[str, Measured], name: str) -> Ranking[str]:
    """The models that have a figure, the best first, and each held against each other on the same pictures."""
    found = {key: one.figures[name] for key, one in models.items() if name in one.figures}
    return significance.rank(found, FIGURES[name].better or "less", same_images=True)


def distance_ranking(models: Mapping[str, Measured]) -> Ranking[str]:
    """The models whose drawn pictures were judged, the nearest to real ones first. Their draws are independent."""
    found = {key: one.distance for key, one in models.items() if one.distance}
    return significance.rank(found, "less", same_images=False)


def over_trainings(models: Mapping[str, Measured], groups: Sequence[Sequence[str]], name: str) -> Ranking[int]:
    """Settings of which each was trained with several seeds, by their place in `groups`: each training's mean is a value,
    so that the spread between trainings is in the differences.

    Args:
        models: What was measured of each training.
        groups: For each setting the keys of its trainings, at least two.
        name: A figure that all of them have.
    """
    means = {place: [float(models[key].figures[name].mean()) for key in group] for place, group in enumerate(groups)}
    return significance.rank(means, FIGURES[name].better or "less", same_images=False)


def distances_over_trainings(models: Mapping[str, Measured], groups: Sequence[Sequence[str]]) -> Ranking[int]:
    """As `over_trainings`, of the distance of drawn pictures: a training's value is the mean over its draws."""
    means = {place: [float(np.mean(models[key].distance)) for key in group] for place, group in enumerate(groups)}
    return significance.rank(means, "less", same_images=False)
