"""What a recipe is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from vae_core.config import RunConfig


@dataclass(frozen=True)
class Recipe:
    """A known experiment.

    Attributes:
        name: What it is called on the command line.
        title, question, look_at: For a person, marked for translation: its name, what it asks, and where the answer
            is to be seen.
        source: The papers that it follows.
        config: The settings.
        companions: Other runs that belong to the experiment, by what tells them apart, marked for translation. They are
            started with it where the whole experiment is wanted.
        bundled_epochs: How many epochs its experiment takes on the bundled digits, where its own data set is not there: an
            epoch of theirs is that much shorter. `None` for as many as on its own.
        quick_epochs: How many epochs its quick version takes on the bundled digits, where `bundled_epochs` of all its
            runs take more than about a minute on two cores. `None` for as many.
        seconds: The time that it may take. On another data set than its own it learns as many epochs as fit into that
            time; `None` for a recipe that keeps to its own data set.
        expected: Figures that were measured, by what they are.
        measured: How: the command, the machine, the date.
    """

    name: str
    title: str
    question: str
    look_at: str
    source: str
    config: RunConfig
    companions: Mapping[str, RunConfig] = field(default_factory=dict)
    bundled_epochs: int | None = None
    quick_epochs: int | None = None
    seconds: float | None = None
    expected: Mapping[str, float | int] = field(default_factory=dict)
    measured: str = ""
