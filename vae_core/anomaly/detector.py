"""One place decides what is anomalous, for one image as for many: pages, commands and benchmarks ask here.

An image is **flagged** where its score lies above a threshold that comes from normal validation images (`thresholds.py`).
It is **unlike** all that the model has learnt where it is badly reconstructed *and* far from everything normal, both
judged by the same validation images:

    badly reconstructed    |x - recon|^2 / |x| or |x - recon|^2 / |x|^2 above its 2 % threshold
    far                    the code's distance to its five nearest normal codes, or the image's own to its five nearest
                           normal images (d^2 / |x|), above its 1 % threshold

The second distance is needed because an encoder may put what it has never seen anywhere, even among the codes of normal
images: a grey plate lies in the middle of many a latent space. However well it comes back, an image is unlike the
normal ones, too, where it is a fifth farther from them than the farthest validation image, or looks like none of them
(`look.py`): a brushed plate is near to everything, and a model that has hardly learnt copies it as well as a digit.
`tests/test_detector.py` tries it on textures, noise, drawings and clothes, and on digits, which it must let pass.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from vae_core.anomaly.look import Look
from vae_core.anomaly.normal import Normal, Scores
from vae_core.anomaly.scores import DEFAULT_SCORE, score
from vae_core.anomaly.thresholds import ALPHA, Threshold, threshold
from vae_core.datasets import ImageData
from vae_core.models import Model

PARTS = (DEFAULT_SCORE, "squared_error", "latent_knn", "pixel_knn")
"""The scores that `unlike` is decided by."""
BADLY, FAR = 0.02, 0.01
"""Shares of normal images that are beyond the thresholds of the two conditions."""
BEYOND = 1.2
"""Times what the farthest validation image has: so far that the reconstruction has no say."""
OTHER_LOOK = 0.002
"""Share of normal training images that look like none: ten numbers hardly overfit, and so small a share needs many."""
MOST_COMPARED = 1_000
"""Validation images that `unlike` is calibrated on: at 1 % more change little, and pixel by pixel they take seconds."""


@dataclass(frozen=True)
class Verdicts:
    """What is said of N images.

    Attributes:
        score: The score's name in `SCORES`.
        scores: Higher = more anomalous, with shape (N,).
        default: The threshold that comes from the normal validation images, with what it can promise.
        threshold: The one that is used: that, or a person's choice.
        flagged: Which scores lie above it, bool with shape (N,).
        exceeded: The share of the normal validation images that score lower, with shape (N,).
        unlike: Which images are nothing of the kind that the model has learnt, bool with shape (N,).
    """

    score: str
    scores: Scores
    default: Threshold
    threshold: float
    flagged: NDArray[np.bool_]
    exceeded: NDArray[np.float64]
    unlike: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.scores)


class Detector:
    """A model, what is normal to it, and the normal validation images that every threshold comes from.

    Args:
        model: Trained on what is normal.
        train: Normal training images.
        validation: Normal validation images, which it did not learn from.

    Raises:
        InputError: There are too few normal images, or they don't fit the model.
        WorkError: The model's weights are of no use.
    """

    def __init__(self, model: Model, train: ImageData, validation: ImageData) -> None:
        self.model = model
        self.validation = validation
        self.normal = Normal(model, train)
        self._references: dict[str, Scores] = {}

    def score(self, data: ImageData, names: tuple[str, ...] | None = None) -> dict[str, Scores]:
        """As `anomaly.score`."""
        return score(self.model, data, names, normal=self.normal)

    def reference(self, name: str) -> Scores:
        """A score of the normal validation images, with shape (V,). Raises InputError where the model has no such score."""
        if name not in self._references:
            found = self.score(self.validation, (name,))
            found[name].setflags(write=False)  # all visitors share it
            self._references |= found
        return self._references[name]

    def default(self, name: str = DEFAULT_SCORE, alpha: float = ALPHA) -> Threshold:
        """The threshold of a score that comes from the normal validation images.

        Raises:
            InputError: There are none of them, the model has no such score, or the share is out of range.
        """
        return threshold(self.reference(name), alpha)

    def judge(
        self, data: ImageData, name: str = DEFAULT_SCORE, *, at: float | None = None, alpha: float = ALPHA
    ) -> Verdicts:
        """The verdicts on any images.

        Args:
            data: They need not belong to a data set; their labels are not looked at.
            name: The score.
            at: A person's threshold; `None` for that of the normal validation images.
            alpha: The share of false alarms that is asked for.

        Raises:
            InputError: As `default`, or the images don't fit the model.
        """
        names = tuple(dict.fromkeys((name, *PARTS)))
        return self.verdicts(data, self.score(data, names), name, at=at, alpha=alpha)

    def verdicts(
        self,
        data: ImageData,
        scores: Mapping[str, Scores],
        name: str = DEFAULT_SCORE,
        *,
        at: float | None = None,
        alpha: float = ALPHA,
    ) -> Verdicts:
        """The same, for images that were scored already.

        Args:
            scores: By their names, at least `name` and `PARTS`; as `score` gives them of `data`.
        """
        default, values = self.default(name, alpha), scores[name]
        used = default.value if at is None else at
        order = np.sort(self.reference(name))
        exceeded = np.searchsorted(order, values, side="left") / len(order)
        return Verdicts(name, values, default, used, values > used, exceeded, self._unlike(data, scores))

    def _unlike(self, data: ImageData, scores: Mapping[str, Scores]) -> NDArray[np.bool_]:
        measures, limits = _measures(data, scores), self._limits
        badly = (measures["error"] > limits["error"]) | (measures["unexplained"] > limits["unexplained"])
        far = (measures["code"] > limits["code"]) | (measures["image"] > limits["image"])
        too_far = measures["image"] > limits["beyond"]
        return (badly & far) | too_far | (self._look.distance(data.images) > limits["look"])

    @cached_property
    def _look(self) -> Look:
        return Look(self.normal.train.images)

    @cached_property
    def _limits(self) -> dict[str, float]:
        """Above them a measure is bad, or far."""
        data = self.validation
        if len(data) > MOST_COMPARED:
            data = data.subset(np.sort(np.random.default_rng(0).permutation(len(data))[:MOST_COMPARED]))
        own = _measures(data, self.score(data, PARTS))
        share = {"error": BADLY, "unexplained": BADLY, "code": FAR, "image": FAR}
        limits = {name: threshold(own[name], alpha).value for name, alpha in share.items()}
        look = threshold(self._look.distance(data.images), FAR).value  # decides where there are few training images
        return limits | {
            "beyond": BEYOND * float(own["image"].max()),
            "look": max(look, float(np.quantile(self._look.own, 1 - OTHER_LOOK))),
        }


def _measures(data: ImageData, scores: Mapping[str, Scores]) -> dict[str, Scores]:
    """What the two conditions look at, each with shape (N,); an image darker than one white pixel counts as one."""
    flat = data.images.reshape(len(data), -1).astype(np.float32) / np.float32(255)
    norm = np.maximum(np.sqrt(np.square(flat).sum(1, dtype=np.float64)), 1)
    return {
        "error": scores[DEFAULT_SCORE],
        "unexplained": scores["squared_error"] / np.square(norm),
        "code": scores["latent_knn"],
        "image": np.square(scores["pixel_knn"]) / norm,
    }
