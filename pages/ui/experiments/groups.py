"""Which runs belong to an experiment, and how one is started. Imports no Streamlit and no torch."""

from collections.abc import Callable, Mapping
from typing import Any

from pages.ui import standing
from pages.ui.text import t
from vae_core import runs
from vae_core.config import RunConfig
from vae_core.datasets import is_present
from vae_core.jobs import client
from vae_core.recipes import Recipe
from vae_core.runs import Run, Summary

FALLBACK = "digits"
_LENGTH = "training.epochs"


def companion_name(recipe: Recipe, key: str) -> str:
    """Under which recipe a companion's run is kept: `ae-vs-vae/autoencoder`."""
    return f"{recipe.name}/{key}"


def data_sets(recipe: Recipe) -> list[str]:
    """The data sets that the experiment can run on here: the recipe's own first, if it is there, then the bundled one."""
    own = recipe.config.data.name
    return [name for name in dict.fromkeys((own, FALLBACK)) if is_present(name)]


def epochs_on(recipe: Recipe, data: str) -> int:
    """How many epochs the experiment begins with on a data set: the recipe's own, or fewer pictures more often."""
    own = recipe.config
    return own.training.epochs if data == own.data.name else recipe.bundled_epochs or own.training.epochs


def quick_epochs(recipe: Recipe) -> int:
    """How many epochs it takes on the bundled digits to see the answer within about a minute."""
    return recipe.quick_epochs or epochs_on(recipe, FALLBACK)


def configs(recipe: Recipe, changes: Mapping[str, Any]) -> dict[str, RunConfig]:
    """All runs of an experiment by their recipe's name, the main one first.

    Raises:
        InputError: A change is out of range.
    """
    found = {recipe.name: recipe.config.with_values(changes)}
    for key, config in recipe.companions.items():
        name = companion_name(recipe, key)
        own = {_LENGTH: _epochs(recipe, config, changes[_LENGTH])} if _LENGTH in changes else {}
        found[name] = config.with_values({**changes, **own, "recipe": name})
    return found


def _epochs(recipe: Recipe, companion: RunConfig, epochs: int) -> int:
    """A companion's epochs where the recipe's run has so many: their proportion stays."""
    return max(1, round(epochs * companion.training.epochs / recipe.config.training.epochs))


def start(recipe: Recipe, changes: Mapping[str, Any]) -> Run:
    """Starts the recipe's run and its companions, all or none, and returns the first.

    Raises:
        InputError: A change is out of range, or a run can't start on this machine.
        WorkError: The disk is nearly full, or so many more runs may not wait.
    """
    return client.submit_all(list(configs(recipe, changes).values()))[0]


def of(recipe: Recipe) -> list[Summary]:
    """The recipe's own runs, newest first."""
    return [summary for summary in runs.list_runs() if summary.config and summary.config.recipe == recipe.name]


def together(recipe: Recipe, run: Run) -> dict[str, Run]:
    """The newest finished companions of a run, by their names."""
    return {key: runs.find(summary.id) for key, summary in companions(recipe, run).items() if _is_done(summary)}


def still_coming(recipe: Recipe, run: Run) -> set[str]:
    """The names of the companions that will finish by themselves."""
    return {key for key, summary in companions(recipe, run).items() if standing.is_active(summary)}


def stopped_in_words(found: Mapping[str, Run], epochs_done: Callable[[Run], int]) -> str:
    """Which of an experiment's runs were stopped before their last epoch; empty where none was.

    Args:
        found: The run under `""`, its companions by their names.
        epochs_done: How many epochs a run has done.
    """
    words = [
        t(
            "{name} was stopped in epoch {done} of {epochs}.",
            name=t(key) if key else t("This run"),
            done=epochs_done(run),
            epochs=run.config.training.epochs,
        )
        for key, run in found.items()
        if client.was_stopped(run)
    ]
    return " ".join([*words, t("Its figures are those of that moment.")]) if words else ""


def _is_done(summary: Summary) -> bool:
    return summary.state == "finished"


def companions(recipe: Recipe, run: Run) -> dict[str, Summary]:
    """The companions of a run: same data and seed, and as long as the run asks for; finished ones first, then the newest."""
    config = run.config
    found: dict[str, Summary] = {}
    for summary in sorted(runs.list_runs(), key=_is_done, reverse=True):
        other = summary.config
        if other is None:
            continue
        # A companion may look at grey pixels where the run looks at binarised ones.
        data = other.data.model_copy(update={"pixels": config.data.pixels})
        same = (data, other.training.seed, other.training.epochs)
        for key, companion in recipe.companions.items():
            is_one = other.recipe == companion_name(recipe, key)
            epochs = _epochs(recipe, companion, config.training.epochs)
            if is_one and same == (config.data, config.training.seed, epochs):
                found.setdefault(key, summary)
    return found
