"""What looks strange to a model that has learnt what is normal: scores, a threshold, and what it finds.

A model trained on some classes reconstructs those well and others badly, and places others where none of its own lie.
Every score is higher for a stranger image.
"""

from vae_core.anomaly.detector import Detector, Verdicts
from vae_core.anomaly.judging import (
    Confusion,
    Report,
    confusion,
    is_normal,
    report,
    strangest,
    to_csv,
)
from vae_core.anomaly.normal import Normal, Scores
from vae_core.anomaly.scores import BEST_SCORE, DEFAULT_SCORE, SCORES, ScoreInfo, available, score
from vae_core.anomaly.thresholds import (
    ALPHA,
    CERTAINTY,
    Interval,
    Threshold,
    default_threshold,
    fewest,
    share_interval,
    threshold,
)
from vae_core.anomaly.votes import Vote, vote

__all__ = [
    "ALPHA",
    "BEST_SCORE",
    "CERTAINTY",
    "DEFAULT_SCORE",
    "SCORES",
    "Confusion",
    "Detector",
    "Interval",
    "Normal",
    "Report",
    "ScoreInfo",
    "Scores",
    "Threshold",
    "Verdicts",
    "Vote",
    "available",
    "confusion",
    "default_threshold",
    "fewest",
    "is_normal",
    "report",
    "score",
    "share_interval",
    "strangest",
    "threshold",
    "to_csv",
    "vote",
]
