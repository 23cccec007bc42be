"""The experiments: a module for each recipe that has a page of its own.

A module holds

    SETTINGS: tuple[str, ...]                what `settings` changes, by dotted names
    settings(recipe) -> Mapping[str, Any]    widgets, and what they change in the recipe's settings, by dotted names
    show(run, together) -> None              the result of a finished run, and of the runs that belong to it

and imports torch only inside functions, so that the page opens without it. A new experiment is one module here and one
name in `EXPERIMENTS`.
"""

import importlib
from collections.abc import Mapping
from typing import Any, Protocol, cast

from vae_core.recipes import Recipe
from vae_core.runs import Run

EXPERIMENTS: dict[str, str] = {
    "anomaly-fives": "anomaly",
    "compress-392": "compression",
    "oversample": "oversampling",
    "fashion-vae": "fashion",
    "ae-vs-vae": "ae_or_vae",
}
"""The experiments' modules by the recipe's name, in the order of the page."""


class Experiment(Protocol):
    """A module of this package."""

    SETTINGS: tuple[str, ...]

    def settings(self, recipe: Recipe) -> Mapping[str, Any]: ...

    def show(self, run: Run, together: Mapping[str, Run]) -> None: ...


def experiment(recipe: str) -> Experiment:
    return cast(Experiment, importlib.import_module(f"pages.ui.experiments.{EXPERIMENTS[recipe]}"))
