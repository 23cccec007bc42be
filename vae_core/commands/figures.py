"""`evaluate` and `anomaly`: figures of a trained model, computed now and never read back."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vae_core import runs
from vae_core.commands.outputs import write
from vae_core.commands.shell import json_option, print_figures, print_json, print_table, run_argument, say
from vae_core.config import RunConfig
from vae_core.environment import default_threads
from vae_core.runs import Run

if TYPE_CHECKING:
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
@click.option("--dataset", metavar="NAME", help="On another data set than the run's own, all of its classes.")
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
    help="Samples an image for the importance-weighted bound on -log p(x); 0 leaves it out and is quicker.",
)
@json_option
def evaluate(run_id: str, dataset: str | None, split: "Split", pixels: "Pixels", iwae: int, as_json: bool) -> None:
    """How good a model is on images it did not learn from.

    Likelihoods are in nats per image; grey and binarised pixels differ by several nats. A run that learnt some classes
    only is judged on those.

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
    data = images_of(config, dataset, split)
    figures = metrics.evaluate(model_of(run), data, pixels=pixels, iwae=iwae or None)
    baseline = figures.pop("mse_mean_image")
    found = {"run": run.id, "dataset": data.name, "split": split, **figures}
    if data.name == "digits" and config.data.name == "mnist" and not config.data.leave_out_digits_test:
        say("Note: all of 'digits' is in MNIST's training part, so this model has seen these pictures before.")
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
    help="A class that counts as normal; give it as often as you like. Left out: the classes that the run learnt.",
)
@click.option("--dataset", metavar="NAME", help="Score another data set than the run's own.")
@click.option("--score", metavar="NAME", help="The score for threshold and confusion (squared_error_over_norm).")
@click.option(
    "--csv", "csv_file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Every image's scores."
)
@json_option
def anomaly(
    run_id: str, normal: tuple[int, ...], dataset: str | None, score: str | None, csv_file: Path | None, as_json: bool
) -> None:
    """Score the test split: which images look strange to a model that has learnt what is normal?

    The threshold lets 95 % of the normal validation images pass; the test split has no part in choosing it. Some scores
    compare with the normal training images; those named pca_20, pixel_knn and mean_image use no model.

    \b
    Examples:
      python -m vae_core train --set data.classes=5 --name fives
      python -m vae_core anomaly RUN --normal 5 --csv scores.csv
      python -m vae_core anomaly RUN --normal 5 --normal 7 --json

    JSON: run, dataset, normal, images, auroc {score: value}, score, threshold, confusion {strange_found,
    strange_missed, false_alarms, normal_passed}.
    """
    from vae_core import anomaly as strange

    run = runs.find(run_id)
    config = run.config
    classes = tuple(sorted(set(normal))) or config.data.classes or ()
    if not classes:
        raise click.UsageError("This run learnt all classes, so say which are normal: --normal 5.")
    model = model_of(run)
    test = images_of(config, dataset, "test", every_class=True)
    validation = images_of(config, dataset, "validation", every_class=True)
    strange.is_normal(test, classes)  # before the work of scoring
    learnt = images_of(config, dataset, "train", every_class=True).only(classes)
    fitted = strange.Normal(model, learnt)
    score = score or strange.DEFAULT_SCORE
    aside = strange.score(model, validation.only(classes), [score], normal=fitted)[score]
    scores = strange.score(model, test, normal=fitted)
    threshold = strange.default_threshold(aside)
    is_normal = strange.is_normal(test, classes)
    reports = {name: strange.report(values, is_normal, threshold) for name, values in scores.items()}
    if csv_file is not None:
        write(csv_file, strange.to_csv(test, scores, is_normal))
        say(f"Wrote {csv_file}")
    confusion = dataclasses.asdict(reports[score].confusion)
    if as_json:
        print_json(
            {
                "run": run.id,
                "dataset": test.name,
                "normal": list(classes),
                "images": len(test),
                "auroc": {name: report.auroc for name, report in reports.items()},
                "score": score,
                "threshold": threshold,
                "confusion": confusion,
            }
        )
        return
    click.echo(f"{len(test)} test images of {test.name}; normal: {', '.join(map(str, classes))}")
    print_table(["score", "AUROC"], [[name, f"{report.auroc:.4f}"] for name, report in reports.items()])
    click.echo(f"At the threshold {threshold:.4f} of {score}:")
    print_figures(confusion)


def images_of(config: RunConfig, dataset: str | None, split: "Split", *, every_class: bool = False) -> "ImageData":
    """A split as the run knows it, or of another data set."""
    from vae_core import datasets

    own = config.data if dataset in (None, config.data.name) else None
    return datasets.load(
        dataset or config.data.name,
        split,
        validation=config.data.validation,
        leave_out_digits_test=bool(own and own.leave_out_digits_test),
        classes=own.classes if own and not every_class else None,
    )


def model_of(run: Run) -> "Model":
    """The run's model with its weights, on as many threads as a run takes."""
    from vae_core import datasets, models
    from vae_core.processor import prepare

    prepare(default_threads())
    config = run.config
    source = datasets.source(config.data.name)
    return models.load(config.model, run.weights(), source.image_shape, len(source.class_names))
