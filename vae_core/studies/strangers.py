"""Each class in turn as the only one that is learnt: how well are all the others told from it?"""

import time
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from vae_core.config import Part
from vae_core.errors import N_, WorkError
from vae_core.runs import Run
from vae_core.studies import Findings, Report

if TYPE_CHECKING:
    from vae_core.config import RunConfig
    from vae_core.datasets import ImageData, Splits
    from vae_core.models import Model


class Settings(Part):
    """On what, and how long each model learns."""

    data: str = Field(
        "digits",
        title=N_("Data set"),
        description=N_("A model learns each class of its training pictures alone; all its test pictures are judged."),
        max_length=64,
    )
    epochs: int = Field(
        24,
        title=N_("Epochs"),
        description=N_("How many times each model sees every training picture of its class."),
        ge=1,
        le=200,
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
    """A model with the run's settings, but for its class and its epochs, for each class of the data set.

    No score is chosen by what it gives on the test split: all are reported, and `best` was fixed before.

    Figures:
        classes: The classes' numbers.
        images, train_images: How many test pictures, and how many training pictures each class has.
        epochs: Each model's.
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
        {"data.name": settings.data, "data.leave_out_digits_test": False, "training.epochs": settings.epochs}
    )
    whole = datasets.splits(config.with_values({"data.classes": None}).data)
    classes = [number for number in range(len(whole.test.class_names)) if (whole.train.labels == number).any()]
    found = []
    for place, number in enumerate(classes):
        found.append(one_class(config, whole, number, _Share(report, place, len(classes))))
    names = list(found[0].auroc)
    figures = {
        "classes": classes,
        "images": len(whole.test),
        "train_images": [int((whole.train.labels == number).sum()) for number in classes],
        "epochs": settings.epochs,
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
    from sklearn.metrics import roc_auc_score

    from vae_core.anomaly import SCORES, Normal, available, score

    config = config.with_values({"data.classes": [number]})
    own = whole._replace(train=whole.train.only((number,)), validation=whole.validation.only((number,)))
    started = time.process_time()
    model = _trained(config, own, report)
    normal = Normal(model, own.train)
    names = available(model, normal)
    scores = score(model, whole.test, [name for name in names if not SCORES[name].is_baseline], normal=normal)
    seconds = time.process_time() - started
    scores |= score(model, whole.test, [name for name in names if SCORES[name].is_baseline], normal=normal)
    strange = whole.test.labels != number
    return OneClass({name: float(roc_auc_score(strange, values)) for name, values in scores.items()}, seconds)


def _trained(config: "RunConfig", splits: "Splits", report: Report) -> "Model":
    from vae_core.events import Checkpoint, Diverged, Progress
    from vae_core.models import load
    from vae_core.training import train

    weights: dict[str, NDArray[Any]] = {}
    for event in train(config, splits):
        match event:
            case Progress():
                report(event.step / event.steps)
            case Checkpoint():
                weights = {k.removeprefix("model."): v for k, v in event.arrays.items() if k.startswith("model.")}
            case Diverged():
                raise WorkError(
                    N_("The training on class {number} went astray. Train the run with a smaller learning rate first."),
                    number=config.data.classes[0] if config.data.classes else 0,
                )
    data: ImageData = splits.test
    return load(config.model, weights, data.image_shape, len(data.class_names))


class _Share:
    """The share of all classes that is done."""

    def __init__(self, report: Report, done: int, classes: int) -> None:
        self.report = report
        self.done = done
        self.classes = classes

    def __call__(self, of_this: float) -> None:
        self.report((self.done + of_this) / self.classes)
