"""`train` and `resume`: a training in this process, to its end or until Ctrl-C."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click

from vae_core import recipes, runs
from vae_core.commands.progress import watch
from vae_core.commands.settings import WithSettings, settings, settings_options
from vae_core.commands.shell import (
    BAD_INPUT,
    DONE,
    FAILED,
    INTERRUPTED,
    Number,
    json_option,
    print_figures,
    print_json,
    run_argument,
    say,
    show,
)
from vae_core.config import RunConfig
from vae_core.environment import threads_for, writable
from vae_core.errors import DiaboloError, InputError
from vae_core.locks import Lock
from vae_core.recipes import Recipe
from vae_core.runs import Run


@click.command(cls=WithSettings)
@settings_options
@click.option(
    "--seconds",
    type=Number(1, 30 * 24 * 3600),
    help="Learn as many epochs as fit into this time on this machine, measured for a moment first.",
)
@json_option
def train(
    recipe: str | None,
    config_file: Path | None,
    dataset: str | None,
    seed: int | None,
    epochs: int | None,
    name: str | None,
    changes: tuple[str, ...],
    seconds: float | None,
    as_json: bool,
) -> int:
    """Train a model in the foreground. Ctrl-C pauses it; resume goes on.

    Settings come from the recipe or the defaults, then from --config, then from the other options, then from --set.

    \b
    Examples:
      python -m vae_core train --recipe quick
      python -m vae_core train --recipe quick --dataset fashion-mnist --seconds 60
      python -m vae_core train --epochs 30 --set model.latent_dim=8 --set model.hidden=512,256
      python -m vae_core train --set data.classes=5 --name "only fives" --json

    JSON: run, state, epochs (finished ones), seconds, cpu_seconds, metrics (of the test split; null unless finished).
    """
    chosen_epochs = epochs is not None or any(change.startswith("training.epochs=") for change in changes)
    if seconds is not None and chosen_epochs:
        raise click.UsageError("Give --seconds or a number of epochs, not both.")
    chosen = recipes.recipe(recipe) if recipe else None
    shortcuts = {"data.name": dataset, "training.seed": seed, "training.epochs": epochs, "name": name}
    config = settings(chosen, config_file, shortcuts, changes)
    if seconds is None and chosen and config_file is None and not chosen_epochs:
        seconds = _budget(config, chosen)
    config = _checked(config, seconds)
    run, lock = runs.create(config, hold=True)
    assert lock is not None
    say(f"Run {run.id}: {run.title}")
    return _work(run, lock, as_json)


@click.command()
@run_argument
@json_option
def resume(run_id: str, as_json: bool) -> int:
    """Go on with a run that was paused, interrupted, stopped early, or has failed.

    It goes on where it was, bit for bit.

    \b
    Example:
      python -m vae_core resume 20250101-120000-vae-dense-2-1a2b

    JSON: as train.
    """
    from vae_core.jobs.foreground import take_up

    run = runs.find(run_id)
    if not run.is_starter:
        writable(run.folder)
    _checked(run.config)
    return _work(run, take_up(run), as_json)


def _budget(config: RunConfig, recipe: Recipe) -> float | None:
    """The recipe's time, where it learns from another data set than its own."""
    return recipe.seconds if config.data.name != recipe.config.data.name else None


def _checked(config: RunConfig, seconds: float | None = None) -> RunConfig:
    """The settings, tried on the data before anything is written: bad input leaves nothing behind."""
    from vae_core import models, training
    from vae_core.datasets import splits
    from vae_core.jobs.budget import epochs_within

    data = splits(config.data)
    training.check(config, data)
    models.size(config.model, data.train.image_shape, len(data.train.class_names))
    used = threads_for(config.training.threads)
    if config.training.threads is not None and used < config.training.threads:
        say(
            f"The settings ask for {config.training.threads} threads, but this machine has {used} to give: it trains on "
            "those. The last bits of the weights may differ from those of a larger machine."
        )
    if seconds is None:
        return config
    epochs = epochs_within(config, data, seconds)
    say(f"{epochs} epochs fit into {seconds:g} s on this machine.")
    return config.replace(training__epochs=epochs)


def _work(run: Run, lock: Lock, as_json: bool) -> int:
    """Trains, tells how it ended, and returns the exit status."""
    started = time.monotonic(), time.process_time()
    failure: DiaboloError | None = None
    try:
        with _ctrl_c_pauses(run):
            from vae_core.jobs.worker import work

            watch(work(run), run.config.training.epochs)
    except DiaboloError as error:
        failure = error
    finally:
        lock.close()
    summary = runs.summary(run)
    failure = failure or (summary.error if summary.state == "failed" else None)
    if failure:
        say(failure)
    elif summary.state == "paused":
        say(f"Paused. To go on: python -m vae_core resume {run.id}")
    if as_json:
        print_json(
            {
                "run": run.id,
                "state": summary.state,
                "epochs": summary.epoch,
                "seconds": round(time.monotonic() - started[0], 2),
                "cpu_seconds": round(time.process_time() - started[1], 2),
                "metrics": summary.metrics,
            }
        )
    elif summary.metrics:
        show(run.id)
        print_figures(summary.metrics)
    if isinstance(failure, InputError):
        return BAD_INPUT
    return {"failed": FAILED, "paused": INTERRUPTED}.get(summary.state, DONE)


@contextmanager
def _ctrl_c_pauses(run: Run) -> Iterator[None]:
    """The first Ctrl-C asks for a pause, as the page's button does; a second one ends the process at once."""

    def pause(signum: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, before)
        say("Pausing; once more to leave at once.")
        run.job.ask("pause")

    before = signal.signal(signal.SIGINT, pause)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
