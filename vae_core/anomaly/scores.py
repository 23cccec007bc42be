"""The scores by name, and all of them in one pass."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from vae_core.anomaly import pictures
from vae_core.anomaly.normal import Codes, Normal, Scores
from vae_core.datasets import ImageData
from vae_core.errors import N_, InputError, WorkError
from vae_core.metrics import batches
from vae_core.models import DiagonalGaussian, Likelihood, Model, Posterior


@dataclass(frozen=True)
class ScoreInfo:
    """A row of `SCORES`. What it is computed from is told by which of its functions there is.

    Attributes:
        title, help: For a person, marked for translation.
        needs_posterior: Whether only a model with a density over its codes (a VAE) has this score.
        of_picture: (x, q(z|x), p(x|z = mu)) to one score an image; x in [0, 1] with shape (N, C, H, W).
        of_draws: (model, x, q(z|x)) likewise, for what takes further passes of the decoder.
        of_code: (the normal training pictures, codes) likewise.
        of_pixels: (the normal training pictures, images) likewise. No model has a part in it: a baseline.
        combines: Other scores and their weights, each standardised on the normal training pictures first.
    """

    title: str
    help: str
    needs_posterior: bool = False
    of_picture: Callable[[Tensor, Posterior, Likelihood], Tensor] | None = None
    of_draws: Callable[[Model, Tensor, DiagonalGaussian], Tensor] | None = None
    of_code: Callable[[Normal, Codes], Scores] | None = None
    of_pixels: Callable[[Normal, ImageData], Scores] | None = None
    combines: Mapping[str, float] = field(default_factory=dict)

    @property
    def needs_normal(self) -> bool:
        """Whether it compares pictures with normal training pictures."""
        return bool(self.of_code or self.of_pixels or self.combines)

    @property
    def is_baseline(self) -> bool:
        """Whether it needs no model."""
        return self.of_pixels is not None


DEFAULT_SCORE = "squared_error_over_norm"
"""The best of those that need nothing but the picture and the model."""
BEST_SCORE = "error_and_neighbours"
"""The one that the experiments are judged by; fixed before any test picture was looked at."""

SCORES: dict[str, ScoreInfo] = {
    DEFAULT_SCORE: ScoreInfo(
        N_("Squared error / norm"),
        N_(
            "The squared difference between image and reconstruction, divided by the norm of the image, so "
            "that a thick stroke is not anomalous only because it has more ink. Usually the best of those "
            "that look at one image alone."
        ),
        of_picture=pictures.squared_error_over_norm,
    ),
    "squared_error": ScoreInfo(
        N_("Squared error"),
        N_("The squared difference between image and reconstruction, summed over the pixels."),
        of_picture=pictures.squared_error,
    ),
    "cross_entropy": ScoreInfo(
        N_("Cross-entropy"),
        N_("What the Bernoulli loss counts, in nats. It grows with the ink of an image, anomalous or not."),
        of_picture=pictures.cross_entropy,
    ),
    "negative_elbo": ScoreInfo(
        N_("−ELBO"),
        N_(
            "What the VAE minimises: reconstruction plus KL, in nats. A bound on how unlikely the image is, but it "
            "grows with the ink, so it often ranks worse than the squared error."
        ),
        needs_posterior=True,
        of_picture=pictures.negative_elbo,
    ),
    "kl": ScoreInfo(
        N_("KL"),
        N_("How far the image's code lies from the prior N(0, I), in nats. It looks at the code alone."),
        needs_posterior=True,
        of_picture=pictures.kl,
    ),
    "posterior_variance": ScoreInfo(
        N_("Posterior variance"),
        N_(
            "How unsure the encoder is: the variance of the image's cloud of codes, a mean over its dimensions. A "
            "model may be unsure of what it never saw, or, falsely, very sure of it."
        ),
        needs_posterior=True,
        of_picture=pictures.posterior_variance,
    ),
    "reconstruction_probability": ScoreInfo(
        N_("Reconstruction probability"),
        N_(
            "An and Cho 2015: the mean of -log p(x|z) over 16 codes drawn from the image's cloud, in nats. Unlike the "
            "cross-entropy it also counts what happens around the best code."
        ),
        needs_posterior=True,
        of_draws=pictures.reconstruction_probability,
    ),
    "latent_knn": ScoreInfo(
        N_("Latent neighbours"),
        N_("How far the image's code lies from its five nearest among the codes of normal training images."),
        of_code=Normal.latent_knn,
    ),
    "latent_mahalanobis": ScoreInfo(
        N_("Latent Mahalanobis distance"),
        N_(
            "How far the image's code lies from the middle of the codes of normal training images, counted in their "
            "spread in that direction. It takes them for a single ellipsoid."
        ),
        of_code=Normal.latent_mahalanobis,
    ),
    BEST_SCORE: ScoreInfo(
        N_("Error / norm + neighbours"),
        N_(
            "Squared error / norm, plus half of the latent neighbours' distance, each counted in its "
            "spread over normal training images. An anomaly that is reconstructed well often has a code "
            "where no normal one lies. Usually the best of all."
        ),
        combines={DEFAULT_SCORE: 1.0, "latent_knn": 0.5},
    ),
    "error_and_mahalanobis": ScoreInfo(
        N_("Error / norm + Mahalanobis"),
        N_(
            "Squared error / norm, plus half of the latent Mahalanobis distance, each counted in its spread over normal "
            "training images."
        ),
        combines={DEFAULT_SCORE: 1.0, "latent_mahalanobis": 0.5},
    ),
    "pca_20": ScoreInfo(
        N_("PCA-20 error (no model)"),
        N_(
            "The squared error of a principal component analysis of the normal training images with 20 components: "
            "the best that a linear autoencoder can do."
        ),
        of_pixels=Normal.pca,
    ),
    "pixel_knn": ScoreInfo(
        N_("Pixel neighbours (no model)"),
        N_("The distance, pixel by pixel, to the five nearest normal training images. Nothing is learnt."),
        of_pixels=Normal.pixel_knn,
    ),
    "mean_image": ScoreInfo(
        N_("Mean image error (no model)"),
        N_("The squared error of answering every image with the mean of the normal training images."),
        of_pixels=Normal.mean_image,
    ),
}
"""The scores by name, the default first."""


def available(model: Model, normal: Normal | None = None) -> tuple[str, ...]:
    """The names of the scores that this model has.

    Args:
        normal: The normal training pictures. Without them: only the scores that take one look at a picture.
    """
    is_density = _is_density(model)
    return tuple(
        name
        for name, info in SCORES.items()
        if (is_density or not info.needs_posterior) and (info.of_picture or normal is not None)
    )


def score(
    model: Model, data: ImageData, names: Sequence[str] | None = None, *, normal: Normal | None = None
) -> dict[str, Scores]:
    """Scores of all images, higher for stranger ones; no chance in it.

    Args:
        model: Trained on what is normal.
        data: Images of any class.
        names: Which scores; all that are `available` for `None`.
        normal: Normal training pictures as this model sees them, for the scores that compare with them.

    Raises:
        InputError: There is no score of that name, the model does not have it, it needs `normal`, or the images don't
            fit the model.
        WorkError: A score is not finite: the model's weights are of no use.
    """
    names = available(model, normal) if names is None else tuple(names)
    _check(model, names, normal)
    wanted = dict.fromkeys(part for name in names for part in SCORES[name].combines or (name,))
    found: dict[str, Scores] = {name: np.empty(len(data)) for name in wanted}
    codes = np.empty((len(data), model.latent_dim), np.float32)
    start = 0
    with torch.inference_mode():
        for x, _ in batches(model, data):  # a conditional model isn't told the class: that would give it away
            here = slice(start, start + len(x))
            posterior = model.encode(x)
            likelihood = model.decode(posterior.mu)
            codes[here] = posterior.mu.numpy()
            for name in wanted:
                info = SCORES[name]
                if info.of_picture:
                    found[name][here] = info.of_picture(x, posterior, likelihood).numpy()
                elif info.of_draws and isinstance(posterior, DiagonalGaussian):
                    found[name][here] = info.of_draws(model, x, posterior).numpy()
            start += len(x)
    if not np.isfinite(codes).all():
        raise _astray()
    if normal is not None:
        for name in wanted:
            info = SCORES[name]
            if info.of_code:
                found[name] = info.of_code(normal, codes)
            elif info.of_pixels:
                found[name] = info.of_pixels(normal, data)
        for name in names:
            if combines := SCORES[name].combines:
                weighted = [weight * normal.standardised(part, found[part]) for part, weight in combines.items()]
                found[name] = np.sum(weighted, axis=0)
    if not all(np.isfinite(values).all() for values in found.values()):
        raise _astray()
    return {name: found[name] for name in names}


def _is_density(model: Model) -> bool:
    with torch.inference_mode():
        return isinstance(model.encode(torch.zeros(1, *model.image_shape)), DiagonalGaussian)


def _check(model: Model, names: Sequence[str], normal: Normal | None) -> None:
    is_density = _is_density(model)
    known = ", ".join(name for name, info in SCORES.items() if is_density or not info.needs_posterior)
    for name in names:
        if name not in SCORES:
            raise InputError(N_("There is no score '{name}'. Choose among: {known}."), name=name, known=known)
        if SCORES[name].needs_posterior and not is_density:
            raise InputError(
                N_(
                    "The score '{name}' needs a density over codes, which an autoencoder does not have. Choose among: {known}."
                ),
                name=name,
                known=known,
            )
        if SCORES[name].needs_normal and normal is None:
            raise InputError(
                N_(
                    "The score '{name}' compares with normal training images, which were not given. Give them, or choose among: {known}."
                ),
                name=name,
                known=", ".join(available(model)),
            )


def _astray() -> WorkError:
    return WorkError(
        N_(
            "The model gives scores that are not finite: its training diverged. Train it again, with a "
            "smaller learning rate."
        )
    )
