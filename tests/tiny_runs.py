"""Real runs that take a second to train: what a page's test looks at."""

import hashlib
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vae_core import files, locks, runs
from vae_core.config import RunConfig
from vae_core.environment import runs_root, writable
from vae_core.events import Checkpoint
from vae_core.jobs.worker import work
from vae_core.runs import Run

trained_before: Path | None = None
"""The folder with what was trained in this session, which all its processes share."""


def train(epochs: int = 1, **changes: Any) -> Run:
    """A finished run in the test's run root, trained on the bundled digits with one thread.

    Whichever test first wants a run with certain settings trains it; the others get copies, with names of their own.

    Args:
        changes: As `RunConfig.replace` takes them: `model__latent_dim=2`.
    """
    config = config_of(epochs, changes)
    if trained_before is None:
        return _train(config)
    nameless = config.replace(name="")
    kept = trained_before / hashlib.sha256(nameless.to_json().encode()).hexdigest()
    with locks.turn(kept.with_suffix(".lock")):
        if not kept.exists():
            with tempfile.TemporaryDirectory(dir=trained_before) as aside:
                _train(nameless, Path(aside)).folder.rename(kept)
    return _copy(kept, config)


def _train(config: RunConfig, root: Path | None = None) -> Run:
    run, lock = runs.create(config, hold=True, root=root)
    assert lock is not None
    try:
        for _ in work(run):
            pass
    finally:
        lock.close()
    return run


def _copy(kept: Path, config: RunConfig) -> Run:
    """A trained run under another name, as if it had just been made."""
    root, run_id = writable(runs_root()), runs.new_id(config)
    new = root / f"{runs.NEW}{run_id}"
    shutil.copytree(kept, new, copy_function=shutil.copyfile)  # its files are of now
    files.write_json(new / "request.json", files.read_json(new / "request.json") | {"time": time.time()})
    run = Run(run_id, new.rename(root / run_id))
    runs.rename(run, config.name)
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
