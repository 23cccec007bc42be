"""How fast this machine trains: measured once by a job, so that a page can say how long a run will take."""

import math
import time
from pathlib import Path

from vae_core import files
from vae_core.config import RunConfig
from vae_core.control import Job
from vae_core.environment import runs_root
from vae_core.errors import DiaboloError
from vae_core.jobs.client import supervisor_folder

SECONDS = 0.4
REFERENCES = {
    "dense": RunConfig().replace(model__latent_dim=20),
    "conv": RunConfig().replace(model__network="conv", model__latent_dim=16),
}
"""The training that is measured for each kind of network."""
REFERENCE_SHAPE = (1, 28, 28)  # of the bundled digits
TINY = RunConfig().replace(model__hidden=(2,), model__latent_dim=1, training__batch_size=2)
"""Hardly any operations: what a step costs by itself."""


def folder(root: Path) -> Path:
    return supervisor_folder(root) / "speed"


def ask(root: Path) -> None:
    """Has the speed measured, unless it was."""
    target = folder(root)
    if not (target / "speed.json").exists():
        target.mkdir(parents=True, exist_ok=True)
        Job(target).ask("run")


def compute(target: Path) -> None:
    """Measures real training steps: what each costs by itself, and seconds an image of each reference beyond that."""
    step = _seconds_a_step(TINY)
    seconds = {}
    for network, config in REFERENCES.items():
        found = _seconds_a_step(config)
        seconds[network] = max(found - step, found / 10) / config.training.batch_size
    files.write_json(target / "speed.json", {"step": step, **seconds})


def _seconds_a_step(config: RunConfig) -> float:
    from vae_core import datasets
    from vae_core.events import Progress
    from vae_core.training import train

    points = []
    for event in train(config.replace(training__epochs=1000), datasets.splits(config.data)):
        if isinstance(event, Progress):
            points.append((time.perf_counter(), event.step))
            if points[-1][0] - points[0][0] > SECONDS:
                break
    # From point to point, so that the first step's preparations don't count, and an epoch's end does.
    (start, first), (end, last) = points[0], points[-1]
    return (end - start) / (last - first)


def estimate(config: RunConfig, train_images: int, image_shape: tuple[int, int, int]) -> float | None:
    """About how many seconds a training takes on this machine with nothing beside it; `None` before it was measured.

    Args:
        config: The settings.
        train_images: How many images an epoch has.
        image_shape: (C, H, W).

    Raises:
        InputError: The model does not fit the images, or there is no such data set.
    """
    from vae_core import datasets
    from vae_core.models import size

    own = size(config.model, image_shape, len(datasets.source(config.data.name).class_names))
    reference = size(REFERENCES[config.model.network].model, REFERENCE_SHAPE)
    try:
        measured = files.read_json(folder(runs_root()) / "speed.json")
        step, seconds = measured["step"], measured[config.model.network]
    except (DiaboloError, KeyError):
        return None
    if not all(isinstance(number, int | float) and number > 0 for number in (step, seconds)):
        return None
    # Narrow layers are bound by what they put out, wide ones by what they compute: halfway between the two.
    cost = own.flops_per_image / reference.flops_per_image + own.activations_per_image / reference.activations_per_image
    # The decoder is run for each importance sample; five were measured to take 1.7 (dense) to 2.1 times (conv) as long.
    cost *= (3 + config.loss.samples) / 4
    steps = math.ceil(train_images / config.training.batch_size)
    return float(config.training.epochs * (steps * step + train_images * seconds * cost / 2))
