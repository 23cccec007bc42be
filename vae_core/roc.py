"""How well a score tells two kinds apart: the curves and areas of scikit-learn, whose import costs a server 100 MB.

Names, arguments and values are scikit-learn's (`sklearn.metrics`); the areas of one kind alone are NaN.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def roc_curve(
    is_positive: ArrayLike, scores: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """False-positive rates, true-positive rates and the thresholds they belong to, from the highest down.

    Points on a straight line between others are left out.

    Args:
        is_positive: With shape (N,).
        scores: Higher = more likely positive, with shape (N,).
    """
    false, true, thresholds = _counts(is_positive, scores)
    corners = np.flatnonzero(np.r_[True, np.diff(false, 2).astype(bool) | np.diff(true, 2).astype(bool), True])
    if len(false) > 2:
        false, true, thresholds = false[corners], true[corners], thresholds[corners]
    with np.errstate(invalid="ignore"):
        rates = [np.r_[0, counts] / counts[-1] for counts in (false, true)]
    return rates[0], rates[1], np.r_[np.inf, thresholds]


def roc_auc_score(is_positive: ArrayLike, scores: ArrayLike) -> float:
    """The chance that a positive scores higher than a negative; a tie counts half."""
    false, true, _ = roc_curve(is_positive, scores)
    return float(np.trapezoid(true, false))


def average_precision_score(is_positive: ArrayLike, scores: ArrayLike) -> float:
    """The area under precision against recall, as a sum of steps."""
    false, true, _ = _counts(is_positive, scores)
    with np.errstate(invalid="ignore"):
        return float((np.diff(true, prepend=0) / true[-1] * (true / (true + false))).sum())


def _counts(
    is_positive: ArrayLike, scores: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Negatives and positives at or above each distinct score, from the highest down, and the scores."""
    positive, values = np.asarray(is_positive).astype(bool), np.asarray(scores, np.float64)
    if not len(values) or np.isnan(values).any():
        raise ValueError("The scores are none, or some are not a number.")
    order = np.argsort(-values, kind="stable")
    positive, values = positive[order], values[order]
    last = np.r_[np.flatnonzero(np.diff(values)), len(values) - 1]
    true = np.cumsum(positive)[last].astype(np.float64)
    return 1 + last - true, true, values[last]
