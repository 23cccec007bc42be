"""What looks strange to a model that has learnt what is normal: scores, a threshold, and what it finds.

A model trained on some classes reconstructs those well and others badly. Every score is higher for a stranger image,
and every one looks at the posterior *mean*: a random draw of z would give the same image another score each time.
"""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vae_core import losses
from vae_core.datasets import ImageData
from vae_core.errors import N_, InputError, WorkError
from vae_core.metrics import batches
from vae_core.models import Bernoulli, DiagonalGaussian, Likelihood, Model, Posterior

Scores = NDArray[np.float64]
"""One score an image, with shape (N,)."""


def squared_error(x: Tensor, posterior: Posterior, likelihood: Likelihood) -> Tensor:
    """|x - recon|^2, summed over the pixels, with shape (N,)."""
    return (likelihood.mean - x).square().flatten(1).sum(1)


def squared_error_over_norm(x: Tensor, posterior: Posterior, likelihood: Likelihood) -> Tensor:
    """|x - recon|^2 / |x|, with shape (N,). An image darker than one white pixel counts as one white pixel."""
    norm = x.square().flatten(1).sum(1).sqrt()
    return squared_error(x, posterior, likelihood) / norm.clamp(min=1)


def cross_entropy(x: Tensor, posterior: Posterior, likelihood: Likelihood) -> Tensor:
    """-sum x log recon + (1 - x) log(1 - recon) over the pixels, in nats, with shape (N,)."""
    if not isinstance(likelihood, Bernoulli):
        likelihood = Bernoulli(torch.logit(likelihood.mean, eps=1e-6))
    return likelihood.nll(x)


def negative_elbo(x: Tensor, posterior: Posterior, likelihood: Likelihood) -> Tensor:
    """-log p(x|z) at z = mu, plus KL(q(z|x) || N(0, I)), in nats, with shape (N,)."""
    return losses.reconstruction(likelihood, x) + losses.kl(posterior)


def kl(x: Tensor, posterior: Posterior, likelihood: Likelihood) -> Tensor:
    """KL(q(z|x) || N(0, I)) in nats, with shape (N,)."""
    return losses.kl(posterior)


@dataclass(frozen=True)
class ScoreInfo:
    """A row of `SCORES`.

    Attributes:
        title, help: For a person, marked for translation.
        needs_posterior: Whether only a model with a density over its codes (a VAE) has this score.
        function: (x, q(z|x), p(x|z = mu)) to one score an image; x in [0, 1] with shape (N, C, H, W).
    """

    title: str
    help: str
    needs_posterior: bool
    function: Callable[[Tensor, Posterior, Likelihood], Tensor]


DEFAULT_SCORE = "squared_error_over_norm"
SCORES: dict[str, ScoreInfo] = {
    "squared_error_over_norm": ScoreInfo(
        N_("Squared error / norm"),
        N_(
            "The squared difference between picture and reconstruction, divided by the length of the picture, so that "
            "a thick stroke is not strange only because it has more ink. Usually the best of these."
        ),
        False,
        squared_error_over_norm,
    ),
    "squared_error": ScoreInfo(
        N_("Squared error"),
        N_("The squared difference between picture and reconstruction, summed over the pixels."),
        False,
        squared_error,
    ),
    "cross_entropy": ScoreInfo(
        N_("Cross-entropy"),
        N_("What the Bernoulli loss counts, in nats. It grows with the ink of a picture, strange or not."),
        False,
        cross_entropy,
    ),
    "negative_elbo": ScoreInfo(
        N_("-ELBO"),
        N_(
            "What the VAE minimises: reconstruction plus KL, in nats. A bound on how unlikely the picture is, but it "
            "grows with the ink, so it often ranks worse than the squared error."
        ),
        True,
        negative_elbo,
    ),
    "kl": ScoreInfo(
        N_("KL"),
        N_("How far the picture's code lies from the prior N(0, I), in nats. It looks at the code alone."),
        True,
        kl,
    ),
}
"""The scores by name, the default first."""


def available(model: Model) -> tuple[str, ...]:
    """The names of the scores that this model has."""
    with torch.inference_mode():
        is_density = isinstance(model.encode(torch.zeros(1, *model.image_shape)), DiagonalGaussian)
    return tuple(name for name, info in SCORES.items() if is_density or not info.needs_posterior)


def score(model: Model, data: ImageData, names: Sequence[str] | None = None) -> dict[str, Scores]:
    """Scores of all images in one pass, higher for stranger ones; no chance in it.

    Args:
        model: Trained on what is normal.
        data: Images of any class.
        names: Which scores; all that the model has for `None`.

    Raises:
        InputError: There is no score of that name, the model does not have it, or the images don't fit the model.
        WorkError: A score is not finite: the model's weights are of no use.
    """
    known = available(model)
    names = known if names is None else tuple(names)
    for name in names:
        if name not in SCORES:
            raise InputError(
                N_("There is no score '{name}'. Choose among: {known}."), name=name, known=", ".join(known)
            )
        if name not in known:
            raise InputError(
                N_(
                    "The score '{name}' needs a density over codes, which an autoencoder does not have. Choose among: {known}."
                ),
                name=name,
                known=", ".join(known),
            )
    found: dict[str, Scores] = {name: np.empty(len(data)) for name in names}
    start = 0
    with torch.inference_mode():
        for x, _ in batches(model, data):  # a conditional model isn't told the class: that would give it away
            posterior = model.encode(x)
            likelihood = model.decode(posterior.mu)
            for name in names:
                found[name][start : start + len(x)] = SCORES[name].function(x, posterior, likelihood).numpy()
            start += len(x)
    if not all(np.isfinite(values).all() for values in found.values()):
        raise WorkError(
            N_(
                "The model gives scores that are not finite: its training went astray. Train it again, with a smaller "
                "learning rate."
            )
        )
    return found


def is_normal(data: ImageData, classes: Sequence[int]) -> NDArray[np.bool_]:
    """Which images belong to the classes that count as normal, bool with shape (N,).

    Raises:
        InputError: No class is given, or the data has none of that number.
    """
    last = len(data.class_names) - 1
    unknown = [number for number in classes if not 0 <= number <= last]
    if unknown or not classes:
        raise InputError(
            N_(
                "The normal classes are {classes}, but must be at least one of the numbers 0 to {last} of '{name}'. Choose among them."
            ),
            classes=", ".join(map(str, classes)) or "-",
            last=last,
            name=data.name,
        )
    return np.isin(data.labels, list(classes))


def default_threshold(validation_scores: Scores, quantile: float = 0.95) -> float:
    """The score that a share of normal images stays at or below: 5 % of false alarms are expected for 0.95.

    Args:
        validation_scores: Of *normal* images of the *validation* split. A threshold chosen on the test split would
            have seen what it is judged on.
        quantile: That share.

    Raises:
        InputError: There are no scores, or the share is outside 0 to 1.
    """
    if not 0 <= quantile <= 1:
        raise InputError(N_("The share is {quantile}, but must be from 0 to 1. 0.95 is usual."), quantile=quantile)
    if len(validation_scores) == 0:
        raise InputError(
            N_(
                "There are no validation pictures of the normal classes to choose a threshold from. Choose more classes."
            )
        )
    return float(np.quantile(validation_scores, quantile))


@dataclass(frozen=True)
class Confusion:
    """What becomes of every image when all scores above the threshold are called strange: counts."""

    strange_found: int
    strange_missed: int
    false_alarms: int
    normal_passed: int

    @property
    def found_rate(self) -> float:
        """The share of strange images that are found (true positive rate); 0 where there are none."""
        return self.strange_found / max(self.strange_found + self.strange_missed, 1)

    @property
    def false_alarm_rate(self) -> float:
        """The share of normal images that raise an alarm (false positive rate); 0 where there are none."""
        return self.false_alarms / max(self.false_alarms + self.normal_passed, 1)


def confusion(scores: Scores, is_normal: NDArray[np.bool_], threshold: float) -> Confusion:
    """Counts at one threshold; scores *above* it are called strange. Fast enough for a slider."""
    flagged = scores > threshold
    return Confusion(
        strange_found=int((flagged & ~is_normal).sum()),
        strange_missed=int((~flagged & ~is_normal).sum()),
        false_alarms=int((flagged & is_normal).sum()),
        normal_passed=int((~flagged & is_normal).sum()),
    )


@dataclass(frozen=True)
class Report:
    """How well one score tells strange from normal images.

    Attributes:
        images: How many were scored.
        auroc: The chance that a strange image scores higher than a normal one; 0.5 is guessing.
        average_precision: The area under precision against recall, strange images being the positives.
        false_alarm_rates, found_rates: The ROC curve's points, from (0, 0) to (1, 1), float64 with shape (P,).
        threshold: Scores above it are called strange.
        confusion: What that gives.
        strangest: All images from the strangest to the most typical, indices with shape (N,).
    """

    images: int
    auroc: float
    average_precision: float
    false_alarm_rates: NDArray[np.float64]
    found_rates: NDArray[np.float64]
    threshold: float
    confusion: Confusion
    strangest: NDArray[np.int64]


def report(scores: Scores, is_normal: NDArray[np.bool_], threshold: float) -> Report:
    """Judges a score on images of both kinds.

    Args:
        scores: Higher = stranger, with shape (N,).
        is_normal: With shape (N,).
        threshold: From `default_threshold`, or a person's choice.

    Raises:
        InputError: All images are normal, or none is: there is nothing to tell apart.
    """
    from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve  # takes a second to import

    if is_normal.all():
        raise InputError(
            N_(
                "All {images} pictures are normal, so there is nothing strange to find. Take a model that was trained on some classes only, or choose fewer normal classes."
            ),
            images=len(scores),
        )
    if not is_normal.any():
        raise InputError(
            N_(
                "None of the {images} pictures is normal, so nothing is there to compare with. Choose a normal class that the pictures have."
            ),
            images=len(scores),
        )
    strange = ~is_normal
    false_alarm_rates, found_rates, _ = roc_curve(strange, scores)
    return Report(
        images=len(scores),
        auroc=float(roc_auc_score(strange, scores)),
        average_precision=float(average_precision_score(strange, scores)),
        false_alarm_rates=false_alarm_rates,
        found_rates=found_rates,
        threshold=threshold,
        confusion=confusion(scores, is_normal, threshold),
        strangest=strangest(scores),
    )


def strangest(scores: Scores) -> NDArray[np.int64]:
    """The images' indices from the strangest to the most typical; equal scores keep the images' order."""
    return np.argsort(-scores, kind="stable").astype(np.int64)


def to_csv(data: ImageData, scores: Mapping[str, Scores], is_normal: NDArray[np.bool_]) -> bytes:
    """A table as UTF-8 CSV, a line an image: index, label, class, normal (0 or 1), then a column a score.

    A class name that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    names = np.array([_cell(name) for name in data.class_names], dtype=object)
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\r\n")  # RFC 4180
    writer.writerow(["index", "label", "class", "normal", *scores])
    columns = (range(len(data)), data.labels.tolist(), names[data.labels], is_normal.astype(int).tolist())
    writer.writerows(zip(*columns, *(values.tolist() for values in scores.values()), strict=True))
    return lines.getvalue().encode()


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
