"""Training as a stream of events. It touches no disk and no screen: whoever iterates decides what becomes of them.

The same settings, data, machine and thread count give the same bits, also across a pause or a kill: every draw of an
epoch comes from one generator that is seeded by (seed, epoch), and a checkpoint carries its state.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Literal

import torch

from vae_core.config import RunConfig, named
from vae_core.datasets import Splits
from vae_core.errors import N_, InputError, WorkError
from vae_core.events import Arrays, Checkpoint, Diverged, EpochEnd, Event, Finished, Paused, Progress
from vae_core.models import Model, activations_per_image, check_batch, load
from vae_core.trainer import Trainer

Wish = Literal["run", "pause", "stop"]

PROGRESS_SECONDS = 0.25  # the page looks every 0.25 s until the first point, then every 0.5 s
SNAPSHOTS = 200  # a longer training keeps about as many, evenly thinned


def train(
    config: RunConfig,
    splits: Splits,
    *,
    resume: Arrays | None = None,
    wish: Callable[[], Wish] = lambda: "run",
) -> Iterator[Event]:
    """Trains a model, an event at a time.

    Args:
        config: The settings. `training.threads` is the caller's business: this function uses the threads it is given.
        splits: Training and validation images, and test images for the snapshots.
        resume: The arrays of a `Checkpoint` to go on from.
        wish: Asked at every progress point. On "pause" a checkpoint is yielded and training ends where it is; on
            "stop" it ends as well, for good.

    Yields:
        Progress, and at each epoch's end EpochEnd, Snapshot (thinned over 200) and Checkpoint; at last Finished,
        Paused or Diverged.

    Raises:
        InputError: A setting does not fit the data.
        WorkError: `resume` does not fit the settings.
    """
    check(config, splits)
    hyper = config.training
    trainer = Trainer(config, splits)
    check_batch(hyper.batch_size, config.loss.samples * activations_per_image(trainer.model))
    if resume is None:
        yield trainer.snapshot(first=True)
        yield trainer.checkpoint()
    else:
        trainer.restore(resume)

    clock = _Clock(done=trainer.step)
    due = 0.0  # the first point comes after the first batch
    while trainer.epoch <= hyper.epochs:
        epoch_start, epoch_first = time.perf_counter(), trainer.position
        since = trainer.sums.clone(), trainer.position
        trained = epoch_start
        for phase in chain(trainer.rest_of_epoch(), trainer.validate()):
            now = time.perf_counter()
            if phase == "training":
                trained = now
            if now < due:
                continue
            due = now + min(PROGRESS_SECONDS, now - clock.start)  # thick at first, where most happens
            # Nothing new to average while it validates: there, the epoch so far.
            if trainer.position == since[1]:
                since = torch.zeros_like(since[0]), 0
            window = trainer.mean(trainer.sums - since[0], trainer.position - since[1])
            since = trainer.sums.clone(), trainer.position
            if window is None:
                yield Diverged(trainer.epoch, trainer.step)
                return
            yield Progress(
                epoch=trainer.epoch,
                step=trainer.step,
                steps=trainer.steps,
                train=window,
                images_per_s=(trainer.position - epoch_first) / max(trained - epoch_start, 1e-9),
                seconds_left=clock.left(trainer.step, trainer.steps),
            )
            wanted = wish()
            if wanted != "run" and trainer.is_finite():
                yield trainer.checkpoint()
                if wanted == "pause":
                    yield Paused(trainer.epoch, trainer.step)
                else:
                    yield Finished(trainer.epoch, trainer.step, stopped=True)
                return

        mean, validation = trainer.mean(trainer.sums, len(splits.train)), trainer.validation
        if mean is None or validation is None or not trainer.is_finite():
            yield Diverged(trainer.epoch, trainer.step)
            return
        epoch = trainer.epoch
        yield EpochEnd(
            epoch=epoch,
            step=trainer.step,
            steps=trainer.steps,
            train=mean,
            validation=validation,
            images_per_s=(len(splits.train) - epoch_first) / max(trained - epoch_start, 1e-9),
            seconds=time.perf_counter() - epoch_start,
            seconds_left=clock.left(trainer.step, trainer.steps),
        )
        trainer.next_epoch()
        if epoch % math.ceil(hyper.epochs / SNAPSHOTS) == 0 or epoch == hyper.epochs:
            yield trainer.snapshot()
        yield trainer.checkpoint()
    yield Finished(hyper.epochs, trainer.step, stopped=False)


def fit(config: RunConfig, splits: Splits, report: Callable[[float], None] = lambda share: None) -> Model:
    """Trains a model to its end in memory, for a study or a table that needs several.

    Args:
        config, splits: As for `train`.
        report: Called now and then with the share that is done, from 0 to 1.

    Returns:
        The model for looking at: its parameters take no gradients.

    Raises:
        InputError: A setting does not fit the data.
        WorkError: The loss did not stay finite.
    """
    arrays: Arrays = {}
    for event in train(config, splits):
        match event:
            case Progress(step=step, steps=steps):
                report(step / steps)
            case Checkpoint(arrays=arrays):
                pass
            case Diverged(epoch=epoch):
                raise WorkError(
                    N_("The loss was no longer a finite number in epoch {epoch}. Choose a smaller learning rate."),
                    epoch=epoch,
                )
    weights = {name.removeprefix("model."): array for name, array in arrays.items() if name.startswith("model.")}
    return load(config.model, weights, splits.train.image_shape, len(splits.train.class_names))


def check(config: RunConfig, splits: Splits) -> None:
    """Raises InputError where the settings don't fit the data."""
    if config.training.batch_size > len(splits.train):
        raise InputError(
            N_(
                "'{setting}' is {batch_size}, but there are only {images} training images. Choose a number from 1 to {images}."
            ),
            setting=named("training.batch_size"),
            batch_size=config.training.batch_size,
            images=len(splits.train),
        )


@dataclass
class _Clock:
    """Time left by this session's own pace, everything included."""

    done: int

    def __post_init__(self) -> None:
        self.start = time.perf_counter()

    def left(self, step: int, steps: int) -> float:
        return (time.perf_counter() - self.start) / max(step - self.done, 1) * (steps - step)
