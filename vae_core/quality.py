"""How much made-up pictures resemble real ones, as a distance between two clouds of features.

    d^2 = |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2))          (Dowson and Landau 1982; Heusel et al. 2017, eq. 6)

is the squared Frechet distance of two Gaussians; like the paper, and everybody since, we give the square and leave the
word out. Heusel et al. take the features from Inception-v3; here they are the 64 of a small digit classifier, so figures
compare with each other and with no others. It is biased upwards, the more the fewer pictures there are: two sets of
real pictures, of the same size, have a distance too, which is the floor that any model is to be measured by.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vae_core import classifier, latent, priors
from vae_core.datasets import ImageData
from vae_core.errors import N_, InputError
from vae_core.models import Model
from vae_core.priors import Prior, StandardNormal

FEWEST = 2
MOST = 10_000
"""Pictures that are compared where there are as many: MNIST's test part."""
EXAMPLES = 36


@dataclass(frozen=True)
class FeatureCloud:
    """Mean and covariance of the features of some pictures.

    Attributes:
        count: How many pictures there were.
        mean: float64 with shape (F,).
        covariance: float64 with shape (F, F).
    """

    count: int
    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]


def cloud(features: NDArray[np.floating]) -> FeatureCloud:
    """The cloud of features with shape (N, F).

    Raises:
        InputError: There are fewer than two.
    """
    if len(features) < FEWEST:
        raise InputError(
            N_("{count} images have no spread to compare. Take at least {fewest}."),
            count=len(features),
            fewest=FEWEST,
        )
    features = np.asarray(features, np.float64)
    return FeatureCloud(len(features), features.mean(0), np.atleast_2d(np.cov(features, rowvar=False)))


def frechet_distance(a: FeatureCloud, b: FeatureCloud) -> float:
    """The (squared) Frechet distance of two clouds of the same number of pictures; 0 for the same cloud.

    Raises:
        InputError: The numbers differ, and with them the bias: such figures don't compare.
    """
    if a.count != b.count:
        raise InputError(
            N_(
                "{first} images are to be compared with {second}, but the distance depends on the number. Take as many of both."
            ),
            first=a.count,
            second=b.count,
        )
    # tr (C1 C2)^(1/2) by eigenvalues: those of C1 C2 are those of R C2 R with R = C1^(1/2), which is symmetric. Features
    # that are never or always together make both singular, where a general matrix square root is unstable.
    values, vectors = np.linalg.eigh(a.covariance)
    root = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
    both = np.linalg.eigvalsh(root @ b.covariance @ root).clip(min=0)
    apart = a.mean - b.mean
    distance = apart @ apart + np.trace(a.covariance) + np.trace(b.covariance) - 2 * np.sqrt(both).sum()
    return max(0.0, float(distance))


def cloud_of(images: NDArray[np.uint8]) -> FeatureCloud:
    """The cloud of pictures of digits, uint8 with shape (N, 1, 28, 28), in the features of the classifier.

    Raises:
        InputError: There are fewer than two, or they have another shape.
    """
    return cloud(classifier.look(images).features)


def unseen(train: ImageData, test: ImageData) -> ImageData:
    """The real pictures that made-up ones are compared with: at most 10,000, and no more than training pictures."""
    count = min(MOST, len(test), len(train))
    return test.subset(np.sort(_some(test, count, 0)))


def real_distances(train: ImageData, judge: FeatureCloud, seeds: int) -> list[float]:
    """The distances of as many real training pictures, one a draw: the floor that any model is to be measured by."""
    return [frechet_distance(cloud_of(train.images[_some(train, judge.count, seed)]), judge) for seed in range(seeds)]


def _some(data: ImageData, count: int, seed: int) -> NDArray[np.int64]:
    return np.random.default_rng(seed).permutation(len(data))[:count]


@dataclass(frozen=True)
class SampleQuality:
    """Distances of made-up pictures from real ones that the model has not seen, and what to measure them by.

    Attributes:
        count: Pictures on each side, the same for all.
        distances: By what the codes were drawn from (`normal`, `fitted`, `mixture-10`, ...): one a seed.
        floor: Of as many real training pictures, one a draw.
        mean_image: Of the training pictures' mean, again and again: what a collapsed model draws.
        reconstructions: Of what the model makes of the unseen pictures themselves: no draw of codes is in it.
        examples: The first pictures of each, by the same names, uint8 with shape (n, C, H, W).
    """

    count: int
    distances: dict[str, list[float]]
    floor: list[float]
    mean_image: float
    reconstructions: float
    examples: dict[str, NDArray[np.uint8]]


def sample_quality(
    model: Model,
    train: ImageData,
    test: ImageData,
    *,
    components: Sequence[int] = (10, 50),
    seeds: int = 3,
    report: Callable[[float], None] = lambda share: None,
) -> SampleQuality:
    """Draws from N(0, I), from a Gaussian and from mixtures fitted to the training pictures' codes.

    Args:
        model: An autoencoder or a VAE of digits. A conditional one is asked for the classes of training pictures.
        train: What densities are fitted to, at most 60,000 pictures of it.
        test: Real pictures that the model has not seen; at most 10,000 are compared.
        components: Of each mixture; those that there are too few codes for are left out.
        seeds: How often each is drawn.
        report: Called with the share that is done.

    Raises:
        InputError: The pictures are none that the classifier can judge, or too few.
    """
    real = unseen(train, test)
    count = len(real)
    judge = cloud_of(real.images)

    def drawn(prior: Prior, seed: int) -> NDArray[np.uint8]:
        labels = train.labels[_some(train, count, seed)] if model.is_conditional else None
        return latent.decode(model, prior.sample(count, seed), labels)

    floor = real_distances(train, judge, seeds)
    mean = train.images.mean(0, keepdims=True).round().astype(np.uint8)
    recon = latent.decode(model, latent.encode(model, real).mu, real.labels)
    report(0.1)
    chosen = train.subset(priors.evenly(len(train)))
    codes = priors.fitting_codes(latent.encode(model, chosen))
    sources: dict[str, Callable[[], Prior]] = {
        "normal": lambda: StandardNormal(model.latent_dim),
        "fitted": lambda: priors.fitted_gaussian(codes),
    }
    for number in components:
        if number <= len(codes):
            sources[f"mixture-{number}"] = lambda number=number: priors.fitted_mixture(codes, number)  # type: ignore[misc]
    distances: dict[str, list[float]] = {}
    examples = {"real": real.images[:EXAMPLES], "reconstructions": recon[:EXAMPLES]}
    for done, (name, fitted) in enumerate(sources.items(), start=1):
        prior = fitted()
        pictures = [drawn(prior, seed) for seed in range(seeds)]
        distances[name] = [frechet_distance(cloud_of(images), judge) for images in pictures]
        examples[name] = pictures[0][:EXAMPLES]
        report(0.1 + 0.9 * done / len(sources))
    return SampleQuality(
        count=count,
        distances=distances,
        floor=floor,
        mean_image=frechet_distance(cloud_of(np.repeat(mean, count, axis=0)), judge),
        reconstructions=frechet_distance(cloud_of(recon), judge),
        examples=examples,
    )
