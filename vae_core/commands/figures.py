"""`evaluate` and `anomaly`: figures of a trained model, computed now and never read back."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from vae_core import datasets, learnt, runs
from vae_core.commands.outputs import check, write
from vae_core.commands.shell import Number, json_option, print_figures, print_json, print_table, run_argument, say, show
from vae_core.config import RunConfig
from vae_core.csv_text import FOR_PROGRAMS, FORMS
from vae_core.environment import default_threads
from vae_core.runs import Run

if TYPE_CHECKING:
    from vae_core.anomaly import Interval
    from vae_core.datasets import ImageData, Split
    from vae_core.metrics import Pixels
    from vae_core.models import Model

split_option = click.option(
    "--split",
    type=click.Choice(["train", "validation", "test"]),
    default="test",
    show_default=True,
    help="Which part of the data set.",
)


@click.command()
@run_argument
@click.option(
    "--dataset",
    metavar="NAME",
    help="On another data set than the run's own, all of its classes; a conditional VAE on those that it learnt.",
)
@split_option
@click.option(
    "--pixels",
    type=click.Choice(["grey", "binarised"]),
    default="grey",
    show_default=True,
    help="What the likelihood is of: the grey pixels, or black and white ones drawn once with probability = pixel.",
)
@click.option(
    "--iwae",
    type=click.IntRange(0, 10_000),
    default=50,
    show_default=True,
    help="Samples per image for the importance-weighted bound on -log p(x); 0 leaves it out and is quicker.",
)
@json_option
def evaluate(run_id: str, dataset: str | None, split: "Split", pixels: "Pixels", iwae: int, as_json: bool) -> None:
    """How good a model is on images it did not learn from.

    Likelihoods are in nats per image; grey and binarised pixels differ by several nats. A run that learnt some classes
    only is judged on those of its own data set. A conditional VAE is told each image's class, so it is judged on learnt
    classes alone.

    \b
    Examples:
      python -m vae_core evaluate RUN
      python -m vae_core evaluate RUN --pixels binarised --iwae 50 --json

    JSON: run, dataset, split, images, pixels, recon, kl, elbo, nll_iwae, iwae_k, mse, psnr, ssim, active_units (null
    where the model has none).
    """
    from vae_core import metrics

    run = runs.find(run_id)
    config = run.config
    name = dataset or config.data.name
    data = images_of(config, name, split, classes=learnt.evaluable_classes(config, name))
    figures = metrics.evaluate(model_of(run), data, pixels=pixels, iwae=iwae or None)
    baseline = figures.pop("mse_mean_image")
    found = {"run": run.id, "dataset": data.name, "split": split, **figures}
    if data.name == "digits" and config.data.name == "mnist" and not config.data.leave_out_digits_test:
        say("Note: all of 'digits' is in MNIST's training part, so this model has seen these images before.")
    if config.model.kind == "conditional-vae":
        say("Note: this model was told the class of each image, which others have to find out.")
    if as_json:
        print_json(found)
    else:
        print_figures({**found, "mse of the mean image": baseline})


@click.command()
@run_argument
@click.option(
    "--normal",
    "normal",
    type=int,
    multiple=True,
    metavar="CLASS",
    help="A class that counts as normal, of those that the run learnt; give it as often as you like. Left out: all of "
    "them.",
)
@click.option("--dataset", metavar="NAME", help="Score another data set than the run's own, with the same classes.")
@click.option("--score", metavar="NAME", help="The score for threshold and confusion (squared_error_over_norm).")
@click.option(
    "--alpha",
    type=Number(0, 1, min_open=True, max_open=True),
    default=0.05,
    show_default=True,
    help="The share of false alarms to ask for: the threshold is then the validation images' score that keeps to it.",
)
@click.option(
    "--threshold",
    type=Number(-1e300, 1e300),
    metavar="SCORE",
    help="A threshold of your own: images scoring above it are flagged.",
)
@click.option(
    "--csv",
    "csv_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Every image's scores, and for the chosen one score_name, score, threshold and flagged.",
)
@click.option(
    "--decimal-comma",
    is_flag=True,
    help="Write the CSV for a French spreadsheet: decimal comma, semicolons, UTF-8 mark.",
)
@json_option
def anomaly(
    run_id: str,
    normal: tuple[int, ...],
    dataset: str | None,
    score: str | None,
    alpha: float,
    threshold: float | None,
    csv_file: Path | None,
    decimal_comma: bool,
    as_json: bool,
) -> None:
    """Score the test split: which images are anomalous to a model that has learnt what is normal?

    The threshold comes from the normal validation images and flags at most 5 % of normal ones on average; how far off
    it may be with so few of them is told too. The test split has no part in choosing it. Some scores compare with the
    normal training images; those named pca_20, pixel_knn and mean_image use no model.

    \b
    Examples:
      python -m vae_core train --set data.classes=5 --name fives
      python -m vae_core anomaly RUN --normal 5 --csv scores.csv
      python -m vae_core anomaly RUN --normal 5 --normal 7 --json

    JSON: run, dataset, normal, images, auroc {score: value}, score, threshold, confusion {strange_found,
    strange_missed, false_alarms, normal_passed}, alpha, false_alarms {images (validation), expected, low, high (95 %
    interval of the true share at the validation images' threshold), promised (whether so many images can promise
    alpha)}, rates {found, false_alarms {value, low, high} (on the test split)}, unlike (images that are nothing of what
    the model learnt).
    """
    from vae_core import anomaly as strange

    if csv_file is not None:
        check(csv_file)
    run = runs.find(run_id)
    config = run.config
    classes = learnt.normal_classes(config.data, normal, dataset)
    model = model_of(run)
    train, validation, test = (
        images_of(config, dataset, split, classes=None if split == "test" else classes)
        for split in get_args(datasets.Split)
    )
    score = score or strange.DEFAULT_SCORE
    detector = strange.Detector(model, train, validation)
    detector.default(score, alpha)  # before the work of scoring
    scores = detector.score(test)
    verdicts = detector.verdicts(test, scores, score, at=threshold, alpha=alpha)
    is_normal = strange.is_normal(test, classes)
    reports = {name: strange.report(values, is_normal, verdicts.threshold) for name, values in scores.items()}
    if csv_file is not None:
        form = FORMS["comma"] if decimal_comma else FOR_PROGRAMS
        write(csv_file, strange.to_csv(test, scores, is_normal, verdicts, form))
        say(f"Wrote {csv_file}")
    counts, default = reports[score].confusion, verdicts.default
    confusion = dataclasses.asdict(counts)
    if as_json:
        print_json(
            {
                "run": run.id,
                "dataset": test.name,
                "normal": list(classes),
                "images": len(test),
                "auroc": {name: report.auroc for name, report in reports.items()},
                "score": score,
                "threshold": verdicts.threshold,
                "confusion": confusion,
                "alpha": alpha,
                "false_alarms": {
                    "images": default.images,
                    "expected": default.expected,
                    **default.interval._asdict(),
                    "promised": default.is_promised,
                },
                "rates": {
                    "found": {"value": counts.found_rate, **counts.found_interval._asdict()},
                    "false_alarms": {"value": counts.false_alarm_rate, **counts.false_alarm_interval._asdict()},
                },
                "unlike": int(verdicts.unlike.sum()),
            }
        )
        return
    show(f"{len(test)} test images of {test.name}; normal: {', '.join(map(str, classes))}")
    print_table(["score", "AUROC"], [[name, f"{report.auroc:.4f}"] for name, report in reports.items()])
    whose = "the validation images" if threshold is None else "your own"
    show(f"At the threshold {verdicts.threshold:.4f} of {score} ({whose}):")
    print_figures({_SHOWN[name]: count for name, count in confusion.items()})
    for what, value, interval in (
        ("detection rate", counts.found_rate, counts.found_interval),
        ("false alarms", counts.false_alarm_rate, counts.false_alarm_interval),
    ):
        show(f"{what}: {value:.1%} of the test images; the true share lies from {_share(interval)}")
    show(
        f"The validation images' threshold is {default.value:.4f}: {alpha:.3g} asked; from {default.images} images the "
        f"true share of false alarms may lie from {_share(default.interval)}"
    )
    if not default.is_promised:
        show(
            f"So few images can't promise {alpha:.3g}: it takes at least {strange.fewest(alpha)}. The threshold is their "
            f"largest score, above which {default.expected:.1%} of normal images lie on average."
        )


_SHOWN = {
    "strange_found": "anomalous, flagged",
    "strange_missed": "anomalous, missed",
    "false_alarms": "normal, flagged (false alarms)",
    "normal_passed": "normal, passed",
}
"""The counts of a confusion, by their names in JSON, as a person reads them."""


def _share(interval: "Interval") -> str:
    return f"{interval.low:.1%} to {interval.high:.1%} (95 %)"


def images_of(
    config: RunConfig, dataset: str | None, split: "Split", *, classes: tuple[int, ...] | None = None
) -> "ImageData":
    """A split of a data set, the run's own (`None`) or another, cut as pages cut it for that run: of some classes."""
    name = dataset or config.data.name
    leave_out, validation = datasets.cut_for(config.data, name)
    return datasets.load(name, split, validation=validation, leave_out_digits_test=leave_out, classes=classes)


def model_of(run: Run) -> "Model":
    """The run's model with its weights, on as many threads as a run takes."""
    from vae_core import models
    from vae_core.processor import prepare

    prepare(default_threads())
    config = run.config
    source = datasets.source(config.data.name)
    return models.load(config.model, run.weights(), source.image_shape, len(source.class_names))
