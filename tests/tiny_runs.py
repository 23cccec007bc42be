"""Real runs that take a second to train: what a page's test looks at."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from vae_core import runs
from vae_core.config import RunConfig
from vae_core.events import Checkpoint
from vae_core.jobs.worker import work
from vae_core.runs import Run


def train(epochs: int = 1, **changes: Any) -> Run:
    """A finished run in the test's run root, trained in this process on the bundled digits with one thread.

    Args:
        changes: As `RunConfig.replace` takes them: `model__latent_dim=2`.
    """
    run, lock = runs.create(config_of(epochs, changes), hold=True)
    assert lock is not None
    try:
        for _ in work(run):
            pass
    finally:
        lock.close()
    return run


def stopped(done: int, epochs: int = 1000, **changes: Any) -> Run:
    """A run that was stopped for good once so many epochs were over, or a few more: the wish is looked at now and then.

    Args:
        done: How many epochs are over; of 0 it is stopped at its first step.
        epochs: How many it was to have.
        changes: As for `train`.
    """
    run, lock = runs.create(config_of(epochs, changes), hold=True)
    assert lock is not None
    try:
        if not done:
            run.job.ask("stop")
        for event in work(run):
            if isinstance(event, Checkpoint) and event.epoch == done > 0:
                run.job.ask("stop")
    finally:
        lock.close()
    return run


@contextmanager
def training(done: int, epochs: int = 1000, **changes: Any) -> Iterator[Run]:
    """A run that has done some of its epochs: it is at work as long as the block lasts, and paused after it.

    Args:
        done: How many epochs are over.
        changes: As for `train`.
    """
    run, lock = runs.create(config_of(epochs, changes), hold=True)
    assert lock is not None
    try:
        rest = work(run)
        for event in rest:
            if isinstance(event, Checkpoint) and event.epoch >= done:
                break
        yield run
        run.job.ask("pause")
        for _ in rest:
            pass
    finally:
        lock.close()


def config_of(epochs: int, changes: dict[str, Any]) -> RunConfig:
    """The settings of `train(epochs, **changes)`."""
    small: dict[str, Any] = {"model__hidden": [32], "training__threads": 1, "training__learning_rate": 3e-3}
    return RunConfig().replace(**small | {"training__epochs": epochs} | changes)
