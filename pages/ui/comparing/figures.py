"""What was found of each model, and what it cost: from the caches, as tables. Imports torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pages.ui import cache
from pages.ui.comparing.choice import Chosen
from pages.ui.forms import CHOICES
from pages.ui.quantities import duration
from pages.ui.shown import Shown
from pages.ui.text import t, written
from vae_core.comparison import FIGURES, Mean, Measured, mean
from vae_core.config import RunConfig, field
from vae_core.events import EpochEnd
from vae_core.metrics import Pixels
from vae_core.sweeps import differing

PCA = "pca"
"""PCA's key beside the runs' ids."""


@dataclass(frozen=True)
class Compared:
    """All that the page shows and says.

    Attributes:
        names: What each model is called, by its run's id or `PCA`.
        measured: What was found, by the same keys.
        seconds: How long each trained; 0 where nobody wrote it down.
        floor: The distances of real training pictures; empty where nobody can judge them.
        pixels: What the likelihood is of.
        likelihoods: Which one each model with a likelihood has, by its run's id.
        pictures: How many there were.
    """

    names: Mapping[str, str]
    measured: Mapping[str, Measured]
    seconds: Mapping[str, float]
    floor: tuple[float, ...]
    pixels: Pixels
    likelihoods: Mapping[str, str]
    pictures: int


def compare(chosen: Chosen, shown: Shown) -> Compared:
    """Measures what was not measured before. Raises as `cache.model`."""
    pixels = likelihood_of(chosen)
    names = dict(chosen.names)
    measured = {run_id: cache.measured(run, *shown, pixels) for run_id, run in chosen.runs.items()}
    if chosen.pca is not None:
        names[PCA] = t("PCA, {n} components", n=chosen.pca)
        measured[PCA] = cache.measured_pca(*shown, chosen.pca)
    return Compared(
        names,
        measured,
        {run_id: training_seconds(cache.log(run).read()) for run_id, run in chosen.runs.items()},
        cache.real_distances(*shown),
        pixels,
        {run_id: run.config.model.likelihood for run_id, run in chosen.runs.items() if has_likelihood(run.config)},
        len(cache.images(*shown)),
    )


def has_likelihood(config: RunConfig) -> bool:
    """Whether a model says how likely a picture is."""
    return config.model.kind != "autoencoder"


def likelihood_of(chosen: Chosen) -> Pixels:
    """Black and white pixels where every model with a likelihood was trained on those, else grey ones."""
    kinds = [run.config.data.pixels for run in chosen.runs.values() if has_likelihood(run.config)]
    return "binarised" if set(kinds) == {"binarised"} else "grey"


def training_seconds(events: list[Any]) -> float:
    """How long the finished epochs took."""
    return sum(event.seconds for event in events if isinstance(event, EpochEnd))


def with_error(found: Mean | None, digits: int) -> str:
    """`0.0123 ± 0.0001`; a dash where there is none."""
    if found is None:
        return "–"
    value, error = (written(each, f".{digits}f") for each in (found.value, found.error))
    return f"{value} ± {error}" if found.error else value


def table(compared: Compared, chosen: Chosen) -> pd.DataFrame:
    """A column a model: the figures with their standard errors, size and cost."""
    columns: dict[str, dict[str, str]] = {}
    for key, name in compared.names.items():
        one = compared.measured[key]
        column = {t(row.title): with_error(one.mean(figure), row.digits) for figure, row in FIGURES.items()}
        column[t("Numbers in use")] = "–" if one.active_units is None else str(one.active_units)
        if compared.floor:
            column[t("Fréchet distance, N(0, I)")] = with_error(mean_of(one.distance), 1)
        columns[name] = column | _cost(key, compared, chosen)
    if compared.floor:
        columns[t("real pictures")] = {t("Fréchet distance, N(0, I)"): with_error(mean_of(compared.floor), 1)}
    frame = pd.DataFrame(columns).fillna("–")
    frame.index.name = t("Figure")
    return frame


def _cost(key: str, compared: Compared, chosen: Chosen) -> dict[str, str]:
    if key == PCA:
        return {t("Numbers in the code"): str(chosen.pca), t("Parameters"): "–", t("Training"): "–"}
    run = chosen.runs[key]
    model = cache.model(run)
    size = cache.size(run.config.model, model.image_shape, model.classes)
    seconds = compared.seconds[key]
    return {
        t("Numbers in the code"): str(run.config.model.latent_dim),
        t("Parameters"): written(size.parameters, ","),
        t("Training"): duration(seconds) if seconds else "–",
    }


def mean_of(values: tuple[float, ...]) -> Mean | None:
    """The mean over draws; `None` of none."""
    return mean(np.array(values)) if values else None


def value_in_words(value: Any) -> str:
    """A setting's value, as a table shows it."""
    if value is None:
        return t("not set")
    if isinstance(value, bool):
        return t("yes") if value else t("no")
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return t(CHOICES[value]) if value in CHOICES else str(value)


def settings_table(chosen: Chosen) -> pd.DataFrame:
    """Only the settings that are not the same in all, a row a setting, a column a model."""
    found = differing([run.config for run in chosen.runs.values()])
    names = list(chosen.names.values())
    rows = {
        t(field(path).title or path): {name: value_in_words(value) for name, value in zip(names, values, strict=True)}
        for path, values in found.items()
    }
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=names)
    frame.index.name = t("Setting")
    return frame
