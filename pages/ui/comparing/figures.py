"""What was found of each model, and what it cost: from the caches, as tables. Imports torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any

import pandas as pd
from numpy.typing import ArrayLike

from pages.ui import cache
from pages.ui.comparing.choice import Chosen
from pages.ui.model_kinds import is_told
from pages.ui.quantities import duration
from pages.ui.shown import Shown
from pages.ui.text import t, tn, written
from vae_core.comparison import FIGURES, Measured
from vae_core.config import RunConfig, field
from vae_core.events import EpochEnd, last_epoch
from vae_core.jobs.client import was_stopped
from vae_core.metrics import Pixels
from vae_core.settings import CHOICES
from vae_core.significance import estimate
from vae_core.sweeps import NO_MATTER, differing, repeats

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
        told: The models that are told the class of a picture, by their runs' ids.
        repeats: Runs that differ in nothing but their seed, a list for each setting that was trained more than once.
        stopped: The runs that were stopped before their last epoch: that of the stop, and how many there would have been.
    """

    names: Mapping[str, str]
    measured: Mapping[str, Measured]
    seconds: Mapping[str, float]
    floor: tuple[float, ...]
    pixels: Pixels
    likelihoods: Mapping[str, str]
    pictures: int
    told: Sequence[str] = ()
    repeats: Sequence[Sequence[str]] = ()
    stopped: Mapping[str, tuple[int, int]] = attribute(default_factory=dict)


def compare(chosen: Chosen, shown: Shown) -> Compared:
    """Measures what was not measured before. Raises as `cache.model`."""
    pixels = likelihood_of(chosen)
    names = dict(chosen.names)
    measured = {run_id: cache.measured(run, *shown, pixels) for run_id, run in chosen.runs.items()}
    if chosen.pca is not None:
        names[PCA] = tn("PCA, {n} component", "PCA, {n} components", "n", n=chosen.pca)
        measured[PCA] = cache.measured_pca(*shown, chosen.pca)
    stopped = {
        run_id: (last_epoch(cache.log(run).read()), run.config.training.epochs)
        for run_id, run in chosen.runs.items()
        if was_stopped(run)
    }
    whole = {run_id: run.config for run_id, run in chosen.runs.items() if run_id not in stopped}
    return Compared(
        names,
        measured,
        {run_id: training_seconds(cache.log(run).read()) for run_id, run in chosen.runs.items()},
        cache.real_distances(*shown),
        pixels,
        {run_id: run.config.model.likelihood for run_id, run in chosen.runs.items() if has_likelihood(run.config)},
        len(cache.images(*shown)),
        [run_id for run_id, run in chosen.runs.items() if is_told(run.config)],
        repeats(whole),
        stopped,
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


def with_margin(values: ArrayLike | None, digits: int) -> str:
    """A mean and half its 95 % interval, `0.0123 ± 0.0001`; without it where a single value tells none, a dash for none."""
    if values is None or not len(values):  # type: ignore[arg-type]
        return "–"
    found = estimate(values)
    value, margin = (written(each, f".{digits}f") for each in (found.value, found.margin))
    return f"{value} ± {margin}" if 0 < found.margin < float("inf") else value


def table(compared: Compared, chosen: Chosen) -> pd.DataFrame:
    """A column a model: the figures with their 95 % intervals, size and cost, and who is told the class."""
    columns: dict[str, dict[str, str]] = {}
    for key, name in compared.names.items():
        one = compared.measured[key]
        column = {t(row.title): with_margin(one.figures.get(figure), row.digits) for figure, row in FIGURES.items()}
        column[t("Active dimensions")] = "–" if one.active_units is None else str(one.active_units)
        if compared.floor:
            column[t("Fréchet distance, N(0, I)")] = with_margin(one.distance, 1)
        if compared.told:
            column[t("Told the class")] = t("yes") if key in compared.told else t("no")
        columns[name] = column | _cost(key, compared, chosen)
    if compared.floor:
        columns[t("real images")] = {t("Fréchet distance, N(0, I)"): with_margin(compared.floor, 1)}
    frame = pd.DataFrame(columns).fillna("–")
    frame.index.name = t("Figure")
    return frame


def legend(compared: Compared) -> str:
    """What the figures of the table are: no more than stands there."""
    words = [t("Means over {count:,} test images ± half their 95 % interval (Student's t).", count=compared.pictures)]
    if compared.likelihoods:
        pixels = t("black and white pixels") if compared.pixels == "binarised" else t("grey pixels")
        words.append(t("−ELBO and KL: of {pixels}, only for models that are VAEs.", pixels=pixels))
    if compared.floor:
        words.append(
            t(
                "Fréchet distance: how far as many drawn images are from the real ones, in the features of a digit "
                "classifier (less is better), {draws} draws.",
                draws=len(compared.floor),
            )
        )
        if PCA in compared.names:
            words.append(t("PCA draws from a Gaussian as wide as its codes."))
    if compared.told:
        words.append(
            t("Told the class: such a model is told what each image shows, so its figures are those of an easier task.")
        )
    return " ".join(words)


def _cost(key: str, compared: Compared, chosen: Chosen) -> dict[str, str]:
    if key == PCA:
        return {t("Dimensions of the code"): str(chosen.pca), t("Parameters"): "–", t("Training"): "–"}
    run = chosen.runs[key]
    model = cache.model(run)
    size = cache.size(run.config.model, model.image_shape, model.classes)
    seconds = compared.seconds[key]
    return {
        t("Dimensions of the code"): str(run.config.model.latent_dim),
        t("Parameters"): written(size.parameters, ","),
        t("Training"): duration(seconds) if seconds else "–",
    }


def value_in_words(value: Any) -> str:
    """A setting's value, as a table shows it; a dash where it has no effect."""
    if value is NO_MATTER:
        return "–"
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
