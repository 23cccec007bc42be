"""Each class in turn as the only one that is learnt: how well are all the others told from it?"""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from vae_core.errors import N_
from vae_core.runs import Run
from vae_core.settings import Part
from vae_core.studies import DataName, Findings, Report

if TYPE_CHECKING:
    from vae_core.anomaly import Normal
    from vae_core.config import RunConfig
    from vae_core.datasets import ImageData, Splits
    from vae_core.models import Model

LATENT_DIM = 8
"""Chosen on validation pictures of MNIST, seed 0, by the mean AUROC of the digits 2, 4, 5 and 8 against the validation
pictures of the others (error / norm + half the neighbours' distance, 20 epochs): 8 numbers 0.975, worst 0.953; 12 numbers
0.972, 0.944; 16 numbers 0.969, 0.940; 24 numbers 0.965, 0.924. 6 numbers after 24 epochs: 0.973, 0.950."""


class Settings(Part):
    """On what, and how long each model learns."""

    data: DataName = Field(
        "digits",
        description=N_("A model learns each class of its training images alone; all its test images are judged."),
    )
    epochs: int = Field(
        24,
        title=N_("Epochs"),
        description=N_("How many times each model sees every training image of its class."),
        ge=1,
        le=2000,
    )
    latent_dim: int = Field(
        LATENT_DIM,
        title=N_("Dimensions of the code"),
        description=N_("A smaller code reconstructs anomalies worse, and normal images too."),
        ge=1,
        le=256,
    )


class OneClass:
    """What came of one class.

    Attributes:
        auroc: That class against all others on the test split, by the scores' names, baselines included.
        cpu_seconds: Of the training, and of scoring with a model; the baselines are not in it.
    """

    def __init__(self, auroc: dict[str, float], cpu_seconds: float) -> None:
        self.auroc = auroc
        self.cpu_seconds = cpu_seconds


def compute(run: Run, settings: Settings, report: Report) -> Findings:
    """A model with the run's settings, but for its class, its code and its epochs, for each class of the data set.

    No score is chosen by what it gives on the test split: all are reported, and `best` was fixed before.

    Figures:
        classes: The classes' numbers.
        images, train_images: How many test pictures, and how many training pictures each class has.
        epochs, latent_dim: Each model's.
        scores, baselines: The names of the scores that use a model, and of those that use none.
        best: The score that is fixed beforehand.
        cpu_seconds: For each class, of training and scoring.

    Arrays:
        auroc: With shape (scores + baselines, classes), float64.

    Raises:
        InputError: The data set is not here, or the run's settings don't fit it.
        WorkError: A training went astray.
    """
    from vae_core import datasets
    from vae_core.anomaly import BEST_SCORE, SCORES

    config = run.config.with_values(
        {
            "data.name": settings.data,
            "data.leave_out_digits_test": False,
            "training.epochs": settings.epochs,
            "model.latent_dim": settings.latent_dim,
        }
    )
    whole = datasets.splits(config.with_values({"data.classes": None}).data)
    classes = [number for number in range(len(whole.test.class_names)) if (whole.train.labels == number).any()]
    found = []
    for place, number in enumerate(classes):
        share = _Share(report, place, len(classes))
        found.append(one_class(config, whole, number, share))
        share(1.0)
    names = list(found[0].auroc)
    figures = {
        "classes": classes,
        "images": len(whole.test),
        "train_images": [int((whole.train.labels == number).sum()) for number in classes],
        "epochs": settings.epochs,
        "latent_dim": settings.latent_dim,
        "scores": [name for name in names if not SCORES[name].is_baseline],
        "baselines": [name for name in names if SCORES[name].is_baseline],
        "best": BEST_SCORE,
        "cpu_seconds": [round(one.cpu_seconds, 2) for one in found],
    }
    return Findings(figures, {"auroc": np.array([[one.auroc[name] for one in found] for name in names])})


def one_class(config: "RunConfig", whole: "Splits", number: int, report: Report) -> OneClass:
    """Trains a model on one class and judges every score on all test pictures.

    Args:
        config: The settings; its classes are not looked at.
        whole: All classes.
        number: The class.
        report: Told the share of the training.

    Raises:
        InputError: The settings don't fit the class' pictures.
        WorkError: The training went astray.
    """
    from vae_core.anomaly import SCORES, Normal, available
    from vae_core.training import fit

    config = config.with_values({"data.classes": [number]})
    own = whole._replace(train=whole.train.only((number,)), validation=whole.validation.only((number,)))
    started = time.process_time()
    model = fit(config, own, report)
    normal = Normal(model, own.train)
    is_own = whole.test.labels == number
    names = available(model, normal)
    auroc = judged(model, normal, whole.test, is_own, [name for name in names if not SCORES[name].is_baseline])
    seconds = time.process_time() - started
    auroc |= judged(model, normal, whole.test, is_own, [name for name in names if SCORES[name].is_baseline])
    return OneClass(auroc, seconds)


def judged(
    model: "Model",
    normal: "Normal",
    data: "ImageData",
    is_normal: NDArray[np.bool_],
    names: Sequence[str] | None = None,
) -> dict[str, float]:
    """The AUROC of each score, of all that the model has for `None`."""
    from sklearn.metrics import roc_auc_score

    from vae_core.anomaly import score

    scores = score(model, data, names, normal=normal)
    return {name: float(roc_auc_score(~is_normal, values)) for name, values in scores.items()}


class _Share:
    """The share of all classes that is done."""

    def __init__(self, report: Report, done: int, classes: int) -> None:
        self.report = report
        self.done = done
        self.classes = classes

    def __call__(self, of_this: float) -> None:
        self.report((self.done + of_this) / self.classes)
