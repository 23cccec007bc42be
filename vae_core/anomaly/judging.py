"""What a score finds: which pictures count as normal, a threshold, what becomes of each picture, a table of all."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vae_core import csv_text
from vae_core.anomaly.detector import Verdicts
from vae_core.anomaly.normal import Scores
from vae_core.anomaly.scores import SCORES
from vae_core.anomaly.thresholds import Interval, share_interval
from vae_core.csv_text import FOR_PROGRAMS, Form
from vae_core.datasets import ImageData
from vae_core.errors import N_, InputError
from vae_core.roc import average_precision_score, roc_auc_score, roc_curve


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


@dataclass(frozen=True)
class Confusion:
    """What becomes of every image when all scores above the threshold are called strange: counts."""

    strange_found: int
    strange_missed: int
    false_alarms: int
    normal_passed: int

    @property
    def found_interval(self) -> Interval:
        """Where that share lies, as far as so many strange images tell."""
        return share_interval(self.strange_found, self.strange_found + self.strange_missed)

    @property
    def false_alarm_interval(self) -> Interval:
        """Where the share of false alarms lies, as far as so many normal images tell."""
        return share_interval(self.false_alarms, self.false_alarms + self.normal_passed)

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
        threshold: From `thresholds.threshold`, or a person's choice.

    Raises:
        InputError: All images are normal, or none is: there is nothing to tell apart.
    """
    if is_normal.all():
        raise InputError(
            N_(
                "All {images} images are normal, so there is nothing anomalous to find. Take a model that "
                "was trained on some classes only, or choose fewer normal classes."
            ),
            images=len(scores),
        )
    if not is_normal.any():
        raise InputError(
            N_(
                "None of the {images} images is normal, so nothing is there to compare with. Choose a normal class that the images have."
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


_HEADINGS = {
    "index": N_("No."),
    "label": N_("Class no."),
    "class": N_("Class"),
    "normal": N_("Normal (0 or 1)"),
    "score_name": N_("Score that decides"),
    "score": N_("Its value"),
    "threshold": N_("Threshold"),
    "flagged": N_("Flagged (0 or 1)"),
    "unlike": N_("Nothing like what it learnt (0 or 1)"),
}
"""The table's columns: for programs, and for people."""


def to_csv(
    data: ImageData,
    scores: Mapping[str, Scores],
    is_normal: NDArray[np.bool_],
    verdicts: Verdicts,
    form: Form = FOR_PROGRAMS,
    tell: Callable[[str], str] | None = None,
) -> bytes:
    """A table as UTF-8 CSV, a line an image: index, label, class, normal (0 or 1); the name of the score that decides,
    its value, the threshold, flagged (0 or 1), unlike (0 or 1); then a column a score.

    A class name that a spreadsheet would take for a formula gets an apostrophe in front.

    Args:
        form: How it is written.
        tell: For people: headings, classes and scores in words, each put into their language by this.
    """

    def named(score: str) -> str:
        return tell(SCORES[score].title) if tell and score in SCORES else score

    count = len(data)
    names = data.class_names if tell is None else [tell(name) for name in data.class_names]
    columns: dict[str, Sequence[Any] | NDArray[Any]] = {
        "index": range(count),
        "label": data.labels,
        "class": [names[label] for label in data.labels],
        "normal": is_normal,
        "score_name": [named(verdicts.score)] * count,
        "score": verdicts.scores,
        "threshold": [verdicts.threshold] * count,
        "flagged": verdicts.flagged,
        "unlike": verdicts.unlike,
    }
    headings = {name: tell(_HEADINGS[name]) if tell else name for name in columns}
    return csv_text.to_csv(
        {headings[name]: values for name, values in columns.items()}
        | {named(name): values for name, values in scores.items()},
        form,
    )
