"""What pictures show, for those who can't see them."""

import re

import numpy as np
import pytest

from pages.ui import text
from pages.ui.read_aloud import read_aloud
from vae_core.datasets import load

TEST = load("digits", "test")


def some(digit: int, count: int) -> np.ndarray:
    return TEST.images[np.flatnonzero(TEST.labels == digit)[:count]]


def test_real_digits_are_read_as_what_they_are() -> None:
    images = np.concatenate([some(7, 2), some(0, 1), some(1, 1)])
    words = read_aloud(images, "digits")
    assert words.endswith(": 7, 7, 0, 1.") and " sure on average" in words
    assert read_aloud(images / np.float32(255), "mnist") == words, "decoded images are numbers from 0 to 1"


def test_of_many_the_classes_are_counted() -> None:
    words = read_aloud(np.concatenate([some(3, 30), some(6, 20)]), "digits")
    counts = {name: count for count, name in re.findall(r"(\d+) times? (\d)", words)}
    assert sum(map(int, counts.values())) == 50 and int(counts["3"]) >= 27 and int(counts["6"]) >= 18


def test_what_the_classifier_does_not_know_is_not_read() -> None:
    assert read_aloud(some(7, 2), "fashion-mnist") == ""
    assert read_aloud(TEST.images[:0], "digits") == ""


def test_it_is_told_in_the_visitors_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "language", lambda: "fr")
    assert "\u00a0%" in read_aloud(some(7, 1), "digits")
