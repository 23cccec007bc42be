"""A rare class filled up in several ways, and how well a classifier that learnt from each tells it from the others."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from numpy.typing import NDArray
from pydantic import Field, field_validator

from vae_core.config import RunConfig
from vae_core.errors import N_, InputError
from vae_core.fillings import METHODS
from vae_core.runs import Run
from vae_core.settings import Part
from vae_core.studies import Findings, Report

if TYPE_CHECKING:
    from vae_core.datasets import ImageData, Splits
    from vae_core.models import Model
    from vae_core.oversampling import Filled
    from vae_core.rare_class import Judgement

GALLERY = 24
CHECKED = 2_000  # made images whose neighbours are looked for
RARE_STEPS, RARE_BATCH, FEWEST_RARE_EPOCHS = 800, 16, 20


class Settings(Part):
    """What is compared, and how thoroughly."""

    methods: tuple[str, ...] = Field(
        tuple(METHODS),
        title=N_("Oversampling methods"),
        description=N_("Each is judged by classifiers of its own."),
        min_length=1,
        max_length=len(METHODS),
    )
    seeds: int = Field(
        3,
        title=N_("Classifiers per method"),
        description=N_("Each starts from other weights and learns from other made images; their spread is shown."),
        ge=1,
        le=10,
    )
    epochs: int = Field(
        5,
        title=N_("Classifier's epochs"),
        description=N_("How many times a classifier sees the oversampled training set."),
        ge=1,
        le=50,
    )

    @field_validator("methods")
    @classmethod
    def _known_and_in_order(cls, methods: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := set(methods) - set(METHODS):
            raise InputError(
                N_("'methods': {unknown} is none of {known}. Choose among them."),
                unknown=", ".join(sorted(unknown)),
                known=", ".join(METHODS),
            )
        return tuple(name for name in METHODS if name in methods)


class Parts(NamedTuple):
    """What a run learnt from, and what its drawings are judged by.

    Attributes:
        rare: The rare class.
        splits: With the rare class thinned; `test` has all of it.
        real: The training pictures with the rare class as it was.
    """

    rare: int
    splits: "Splits"
    real: "ImageData"


def compute(run: Run, settings: Settings, report: Report) -> Findings:
    """Fills up the run's rare class in each way, with each seed, and judges by the test split.

    Figures:
        rare, kept, added, test_images, test_rare: The class; how many training pictures of it were kept; how many are
            put to them; how many pictures there are to judge by, and how many of the class among them.
        methods: Of each way its `recall`, `precision`, `f1` and `balanced_accuracy`, a list with a figure for each seed.
        copies: Of each way that puts pictures to the class the fields of `rare_class.CopyCheck`, for seed 0.

    Arrays:
        real: The kept pictures of the class, uint8 (kept, C, H, W).
        WAY.images, WAY.nearest, WAY.distance: Some made pictures, which of `real` is nearest, and how far that is.
        weights.PARAMETER: The weights of the VAE of the rare class, seed 0.

    Raises:
        InputError: The run is no conditional VAE with a rare class, or its data set is not here.
        WorkError: A training went astray.
    """
    from vae_core.models import load
    from vae_core.oversampling import UNFILLED, Drawers, fill, missing
    from vae_core.rare_class import copy_check, nearest

    parts = parts_of(run.config)
    train, test = parts.splits.train, parts.splits.test
    model = load(run.config.model, run.weights(), test.image_shape, len(test.class_names))
    total = settings.seeds * (len(settings.methods) + ("vae" in settings.methods))
    judged: dict[str, list[Judgement]] = {name: [] for name in settings.methods}
    copies: dict[str, dict[str, float]] = {}
    real = train.images[train.labels == parts.rare]
    unseen = test.images[test.labels == parts.rare]
    arrays: dict[str, NDArray[Any]] = {"real": real}
    done = 0
    for seed in range(settings.seeds):
        alone = None
        if "vae" in settings.methods:
            alone = rare_vae(parts, seed, _part(report, done, total))
            done += 1
            if seed == 0:
                arrays |= {f"weights.{name}": tensor.numpy() for name, tensor in alone.state_dict().items()}
        drawers = Drawers(model, alone)
        for name in settings.methods:
            filled = fill(name, parts.real if name == "real" else train, parts.rare, seed, drawers)
            judged[name].append(judge_filled(filled, parts, seed, settings.epochs, _part(report, done, total)))
            done += 1
            made = filled.data.images[len(train) :]
            if seed or name in UNFILLED or not len(made):
                continue
            copies[name] = copy_check(made[:CHECKED], real, unseen)._asdict()
            shown = made[:GALLERY]
            near = nearest(shown, real)
            arrays |= {f"{name}.images": shown, f"{name}.nearest": near.which, f"{name}.distance": near.distance}
    figures = {
        "rare": parts.rare,
        "kept": len(real),
        "added": missing(train, parts.rare),
        "test_images": len(test),
        "test_rare": len(unseen),
        "methods": {name: _columns(found) for name, found in judged.items()},
        "copies": copies,
    }
    return Findings(figures, arrays)


def parts_of(config: RunConfig) -> Parts:
    """A run's data, and the rare class as it was.

    Raises:
        InputError: The run is no conditional VAE with a rare class, or its data set is not here.
    """
    from vae_core import datasets

    rare = config.data.rare_class
    if rare is None or config.model.kind != "conditional-vae":
        raise InputError(
            N_(
                "Oversampling takes a conditional VAE that learnt with a rare class. Start the recipe "
                "'oversample', or choose 'conditional-vae' as the model and a rare class."
            )
        )
    whole = datasets.splits(config.with_values({"data.rare_class": None}).data)
    thinned = datasets.splits(config.data)
    return Parts(rare, thinned._replace(test=thinned.test.only(config.data.classes)), whole.train)


def rare_config(pictures: int) -> RunConfig:
    """The settings of a VAE for the rare class alone, of which there are few pictures: a fixed number of steps."""
    batch = min(RARE_BATCH, pictures)
    epochs = max(FEWEST_RARE_EPOCHS, math.ceil(RARE_STEPS / math.ceil(pictures / batch)))
    return RunConfig.from_dict(
        {
            "model": {"kind": "vae", "hidden": [256], "latent_dim": 16},
            "training": {"epochs": epochs, "batch_size": batch, "schedule": "cosine", "warmup": 0.05},
        }
    )
    # Chosen on MNIST's validation pictures, seed 0, by the F1 of eights and fives: 0.735 and 0.603. 8 numbers and 128
    # units for half as long 0.630, 0.527; 4 numbers, 256 units 0.628, 0.519; two layers, batch 8 0.726, 0.547.


def rare_vae(parts: Parts, seed: int, report: Report) -> "Model":
    """A VAE that learnt from the rare class alone.

    Args:
        parts: A run's data.
        seed: Of the VAE.
        report: Told the share of the training.

    Raises:
        WorkError: The training went astray.
    """
    from vae_core.training import fit

    splits, only = parts.splits, (parts.rare,)
    own = splits._replace(train=splits.train.only(only), validation=splits.validation.only(only))
    return fit(rare_config(len(own.train)).replace(training__seed=seed), own, report)


def judge_filled(filled: "Filled", parts: Parts, seed: int, epochs: int, report: Report) -> "Judgement":
    """What a classifier that learnt from a filled training set reaches on the test split."""
    from vae_core.rare_class import judge, train_classifier

    return judge(train_classifier(filled, epochs, seed, report), parts.splits.test, parts.rare)


def drawn(run: Run, arrays: Mapping[str, NDArray[Any]], method: str, seed: int = 0) -> "Filled":
    """The rare class filled up again, as the study with its arrays did it: its real pictures, then the made ones.

    Raises:
        InputError: As `compute`, or the study had no VAE of the rare class and the method needs one.
    """
    from vae_core.models import load
    from vae_core.oversampling import Drawers, Filled, fill

    parts = parts_of(run.config)
    train = parts.splits.train
    shape, classes = train.image_shape, len(train.class_names)
    model = load(run.config.model, run.weights(), shape, classes)
    weights = {k.removeprefix("weights."): v for k, v in arrays.items() if k.startswith("weights.")}
    alone = load(rare_config(1).model, weights, shape, classes) if weights else None
    filled = fill(method, train, parts.rare, seed, Drawers(model, alone))
    own = filled.data.labels == parts.rare
    return Filled(filled.data.subset(own), filled.synthetic[own], filled.weights)


def _part(report: Report, done: int, total: int) -> Report:
    return lambda share: report((done + share) / total)


def _columns(judged: "list[Judgement]") -> dict[str, list[float]]:
    return {name: [getattr(one, name) for one in judged] for name in judged[0]._fields}
