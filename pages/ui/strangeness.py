"""What the page of anomalies decides: which pictures are normal, where the threshold may lie, what it gives in words.

Imports no Streamlit and no torch.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pages.ui.text import t
from vae_core.config import DataConfig

if TYPE_CHECKING:
    from vae_core.anomaly import Confusion

STEPS = 400
"""About how many places a threshold can have on its slider."""


def learnt_classes(data: DataConfig, class_names: Sequence[str]) -> tuple[int, ...] | None:
    """The classes that a model calls normal because it learnt only them; `None` where it learnt all."""
    chosen = data.classes
    return None if chosen is None or len(chosen) >= len(class_names) else chosen


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
    """What a threshold gives, as a sentence in Markdown."""
    return t(
        "Finds **{found:,} of {strange:,}** strange pictures ({found_rate:.0%}). "
        "False alarms: **{alarms:,}** among {normal:,} normal ones ({alarm_rate:.0%}).",
        found=found.strange_found,
        strange=found.strange_found + found.strange_missed,
        found_rate=found.found_rate,
        alarms=found.false_alarms,
        normal=found.false_alarms + found.normal_passed,
        alarm_rate=found.false_alarm_rate,
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
