"""What looks strange to a model that has learnt what is normal: scores, a threshold, and what it finds.

A model trained on some classes reconstructs those well and others badly, and places others where none of its own lie.
Every score is higher for a stranger image.
"""

from vae_core.anomaly.judging import (
    Confusion,
    Report,
    confusion,
    default_threshold,
    is_normal,
    report,
    strangest,
    to_csv,
)
from vae_core.anomaly.normal import Normal, Scores
from vae_core.anomaly.scores import BEST_SCORE, DEFAULT_SCORE, SCORES, ScoreInfo, available, score

__all__ = [
    "BEST_SCORE",
    "DEFAULT_SCORE",
    "SCORES",
    "Confusion",
    "Normal",
    "Report",
    "ScoreInfo",
    "Scores",
    "available",
    "confusion",
    "default_threshold",
    "is_normal",
    "report",
    "score",
    "strangest",
    "to_csv",
]
