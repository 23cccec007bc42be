"""What pictures show, for those who can't see them: a digit classifier reads them. Imports no Streamlit."""

import numpy as np
from numpy.typing import NDArray

from pages.ui.images import to_bytes
from pages.ui.text import t, tn
from vae_core import classifier

MOST_READ = 30
"""Pictures that are read one by one; of more, how many there are of each class."""


def read_as(images: NDArray[np.uint8], data: str, label: int) -> str:
    """How many of some pictures the classifier reads as what they were meant to be; empty where it can't tell.

    Args:
        images: uint8 with shape (N, C, H, W).
        data: The data set whose like they are, by its name.
        label: The class that they were meant to show.
    """
    if not len(images) or not classifier.judges(data):
        return ""
    count = int((classifier.look(images).probabilities.argmax(1) == label).sum())
    return tn(
        "{count} of {all} is read as {name} by a digit classifier.",
        "{count} of {all} are read as {name} by a digit classifier.",
        "count",
        count=count,
        all=len(images),
        name=classifier.CLASSES[label],
    )


def read_aloud(images: NDArray[np.uint8] | NDArray[np.float32], data: str) -> str:
    """A sentence on what pictures show; empty where the classifier can't tell.

    Args:
        images: uint8, or float in [0, 1], with shape (N, C, H, W).
        data: The data set whose like they are, by its name.
    """
    if not len(images) or not classifier.judges(data):
        return ""
    pictures = np.moveaxis(to_bytes(images), -1, 1)
    probabilities = classifier.look(pictures).probabilities
    seen, sure = probabilities.argmax(1), float(probabilities.max(1).mean())
    if len(images) > MOST_READ:
        counts = ((classifier.CLASSES[label], int(count)) for label, count in enumerate(np.bincount(seen)) if count)
        names = ", ".join(
            tn("{count} time {name}", "{count} times {name}", "count", count=count, name=name) for name, count in counts
        )
    else:
        names = ", ".join(classifier.CLASSES[label] for label in seen)
    return t("A digit classifier reads, {sure:.0%} sure on average: {names}.", sure=sure, names=names)
