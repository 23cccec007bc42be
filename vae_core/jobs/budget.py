"""A time budget, turned into epochs by a short measurement of this machine.

The epochs are then written into the run's settings, so that those alone decide the weights, as always.
"""

import math
import tempfile
import time
from pathlib import Path

from vae_core import events as ev
from vae_core import metrics, runs
from vae_core.config import RunConfig, field
from vae_core.datasets import Splits
from vae_core.environment import runs_root, threads_for, writable
from vae_core.models import build
from vae_core.processor import prepare
from vae_core.settings import bounds
from vae_core.training import train

SHARE = 0.1  # of the budget goes into the measurement ...
LEAST_SECONDS, MOST_SECONDS = 0.5, 3.0  # ... within these: the first batches are slower than the rest
MEASURED_IMAGES = 500


def epochs_within(config: RunConfig, splits: Splits, seconds: float) -> int:
    """How many epochs fit into a time, with everything that belongs to a run: saving, figures, and this measurement.

    Trains throwaway weights for a moment into a throwaway folder on the same disk.

    Args:
        config: The settings; `training.epochs` is not looked at.
        splits: The images.
        seconds: The time.

    Raises:
        InputError: The settings don't fit the images, or the run root can't be written to.
    """
    started = time.perf_counter()
    low, high = bounds(field("training.epochs"))
    threads = threads_for(config.training.threads)
    config = config.replace(training__epochs=high, training__threads=threads)
    prepare(threads)
    epoch_seconds = _epoch_seconds(config, splits, min(max(SHARE * seconds, LEAST_SECONDS), MOST_SECONDS))
    left = seconds - _figures_seconds(config, splits) - (time.perf_counter() - started)
    return int(min(max(math.floor(left / epoch_seconds), low), high))


def _epoch_seconds(config: RunConfig, splits: Splits, seconds: float) -> float:
    """The time of an epoch with its saving: of whole ones, or by its batches where not even one fits."""
    ends: list[float] = []
    batches: list[tuple[float, int]] = []
    # `.new-` is what a supervisor sweeps if this process dies here.
    with tempfile.TemporaryDirectory(prefix=".new-budget-", dir=writable(runs_root())) as folder:
        run, _ = runs.create(config, root=Path(folder))
        for event in runs.record(run, train(config, splits)):
            now = time.perf_counter()
            match event:
                case ev.Checkpoint():
                    ends.append(now)
                case ev.Progress(step=step):
                    batches.append((now, step))
                case ev.Diverged():
                    break
            enough = len(ends) > 1 or (len(batches) > 1 and batches[-1][1] > batches[0][1])
            if enough and now - ends[0] > seconds:
                break
    if len(ends) > 1:
        return (ends[-1] - ends[0]) / (len(ends) - 1)
    if len(batches) < 2:
        return seconds  # it diverged at once: the run itself will say so
    (begin, first), (end, last) = batches[0], batches[-1]
    # An image that is only looked at takes a third of the work: no backward pass.
    images = len(splits.train) + len(splits.validation) / 3
    return (end - begin) / (last - first) * images / config.training.batch_size


def _figures_seconds(config: RunConfig, splits: Splits) -> float:
    """The time that the figures of the finished run will take."""
    sample = splits.test.subset(slice(0, MEASURED_IMAGES))
    model = build(config.model, sample.image_shape, classes=len(sample.class_names)).eval()
    started = time.perf_counter()
    metrics.evaluate(model, sample)
    return (time.perf_counter() - started) * len(splits.test) / len(sample)
