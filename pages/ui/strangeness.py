"""What the page of anomalies decides: which pictures are normal, where the threshold may lie, what it gives in words.

Imports no Streamlit and no torch.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pages.ui.text import t, written

if TYPE_CHECKING:
    from vae_core.anomaly import Confusion, Interval, Threshold, Verdicts, Vote
    from vae_core.datasets import ImageData
    from vae_core.runs import Run

CLOSE = 0.05
"""A narrower interval goes without saying."""
STEPS = 400
"""About how many places a threshold can have on its slider."""


@dataclass(frozen=True)
class Scale:
    """The places that a threshold can have."""

    low: float
    high: float
    step: float

    def clamp(self, threshold: float) -> float:
        return min(max(threshold, self.low), self.high)

    @property
    def digits(self) -> int:
        """Digits after the decimal point that tell two places apart."""
        return max(0, -math.floor(math.log10(self.step)))


def scale(scores: NDArray[np.float64], threshold: float) -> Scale:
    """From where every picture is called strange to where none is, in round steps.

    Args:
        scores: With shape (N,).
        threshold: Where it begins, so that it lies within, too.
    """
    least, most = min(float(scores.min()), threshold), max(float(scores.max()), threshold)
    spread = max(most - least, abs(most) * 1e-6, 1e-9)
    step = 10.0 ** math.floor(math.log10(spread / STEPS))
    step *= next(factor for factor in (1, 2, 5, 10) if spread / (step * factor) <= STEPS)
    # Scores *above* the threshold are strange, so the lowest place lies below them all.
    return Scale(round((math.ceil(least / step) - 1) * step, 12), round(math.ceil(most / step) * step, 12), step)


def in_words(found: "Confusion") -> str:
    """What a threshold gives, as a sentence in Markdown; with an interval where so few images leave it wide."""
    return t(
        "Detection rate (recall): **{found:,} of {strange:,}** anomalous images ({found_rate}). False "
        "alarms: **{alarms:,}** among {normal:,} normal ones ({alarm_rate}).",
        found=found.strange_found,
        strange=found.strange_found + found.strange_missed,
        found_rate=share_in_words(found.found_rate, found.found_interval),
        alarms=found.false_alarms,
        normal=found.false_alarms + found.normal_passed,
        alarm_rate=share_in_words(found.false_alarm_rate, found.false_alarm_interval),
    )


def share_in_words(share: float, interval: "Interval") -> str:
    """A share that was counted, and where the true one lies unless that is nearly the same."""
    if interval.high - interval.low < CLOSE:
        return written(share, ".0%")
    return t(
        "{share:.0%}; with so few, the true share lies between {low:.0%} and {high:.0%}",
        share=share,
        low=interval.low,
        high=interval.high,
    )


def threshold_in_words(default: "Threshold") -> str:
    """Where the threshold of the normal validation images comes from, and what so many of them can promise."""
    values = {
        "asked": default.alpha,
        "count": default.images,
        "low": default.interval.low,
        "high": default.interval.high,
    }
    said = t(
        "The default comes from {count:,} normal validation images: {asked:.0%} false alarms asked; from that many "
        "images, the true share may lie between {low:.1%} and {high:.1%}.",
        **values,
    )
    if not default.is_promised:
        from vae_core.anomaly import fewest

        said += " " + t(
            "So few can't promise {asked:.0%} at all: it takes at least {fewest}. The threshold is their highest score, "
            "which {expected:.1%} of normal images exceed on average.",
            asked=default.alpha,
            fewest=fewest(default.alpha),
            expected=default.expected,
        )
    return said


def seen_before(run: "Run", data: "ImageData") -> list[str]:
    """A sentence where a run may have learnt from the validation pictures of the data that it is shown on."""
    if run.config.data.name == data.name:
        return []
    return [t("This model may have learnt from those validation images: expect a few more false alarms.")]


def verdict_in_words(score: float, threshold: float, digits: int) -> str:
    """Whether an image is flagged, in Markdown."""
    while digits < 12 and score != threshold and f"{score:.{digits}f}" == f"{threshold:.{digits}f}":
        digits += 1
    values = {"score": written(score, f".{digits}f"), "threshold": written(threshold, f".{digits}f")}
    if score > threshold:
        return t("**Flagged as anomalous**: its score {score} lies above the threshold {threshold}.", **values)
    return t("**Not flagged**: its score {score} does not lie above the threshold {threshold}.", **values)


def exceeded_in_words(share: float, count: int) -> str:
    """Among which share of the normal validation images an image stands out."""
    if share == 1:
        return t("More anomalous than all {count:,} normal validation images", count=count)
    spec = ".0%" if 0.01 <= share <= 0.99 or share == 0 else ".1%"  # so that none is rounded to all, or to none
    return t(
        "More anomalous than {share} of the {count:,} normal validation images", share=written(share, spec), count=count
    )


def heading(verdict: "Verdicts", votes: "Vote", class_names: Sequence[str], learnt: int) -> str:
    """What an image is to a model, in a line.

    Args:
        verdict: On this one image.
        votes: Of the normal images with the nearest codes.
        class_names: Translated, by the classes' numbers.
        learnt: How many classes count as normal.
    """
    if verdict.unlike[0]:
        return t("Nothing like what this model learnt")
    if verdict.flagged[0]:
        return t("Anomalous to this model")
    return likeness(votes, class_names, learnt)


def likeness(votes: "Vote", class_names: Sequence[str], learnt: int) -> str:
    """What the nearest normal images say of an image, in a line; the other arguments are as in `heading`."""
    named = [(class_names[label], count) for label, count in votes.counts.items()]
    if learnt == 1 and named:
        return t("Like what this model learnt: {name}", name=named[0][0])
    if len(votes.supported) == 1:
        return t(
            "Most like {name}: {count} of the {all} nearest images",
            name=named[0][0],
            count=named[0][1],
            all=votes.total,
        )
    if votes.supported:
        return t(
            "Between {name} and {other}: {count} and {others} of the {all} nearest images",
            name=named[0][0],
            count=named[0][1],
            other=named[1][0],
            others=named[1][1],
            all=votes.total,
        )
    return t(
        "Like no single class: the nearest images are of {names}",
        names=", ".join(f"{name} ({count})" for name, count in named),
    )


def ink_correlation(scores: NDArray[np.float64], images: NDArray[np.uint8]) -> float:
    """Spearman's rank correlation of a score with the amount of ink, from -1 to 1; 0 where either is constant.

    Args:
        scores: With shape (N,).
        images: With shape (N, C, H, W).
    """
    ink = images.reshape(len(images), -1).sum(1, dtype=np.int64)
    if np.ptp(scores) == 0 or np.ptp(ink) == 0:
        return 0.0
    return float(np.corrcoef(_ranks(scores), _ranks(ink))[0, 1])


def _ranks(values: NDArray[Any]) -> NDArray[np.float64]:
    """Places in order; equal values share the mean of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts - 1) / 2)[inverse], np.float64)


def only_these(name: str, classes: Sequence[int]) -> dict[str, Any]:
    """The settings, by their dotted names, of a training that learns these classes alone."""
    return {"data.name": name, "data.classes": sorted(classes)}
