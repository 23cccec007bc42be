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


def folder(root: Path) -> Path:
    return supervisor_folder(root) / "speed"


def ask(root: Path) -> None:
    """Has the speed measured, unless it was."""
    target = folder(root)
    if not (target / "speed.json").exists():
        target.mkdir(parents=True, exist_ok=True)
        Job(target).ask("run")


def compute(target: Path) -> None:
    """Measures floating-point operations a second of real training steps, by the kind of network."""
    from vae_core import datasets
    from vae_core.events import Progress
    from vae_core.models import size
    from vae_core.training import train

    rates = {}
    for network, config in REFERENCES.items():
        splits = datasets.splits(config.data)
        flops = size(config.model, splits.train.image_shape).flops_per_image
        points = []
        for event in train(config.replace(training__epochs=1000), splits):
            if isinstance(event, Progress):
                points.append((time.perf_counter(), event.step * config.training.batch_size))
                if points[-1][0] - points[0][0] > SECONDS:
                    break
        # From point to point, so that the first step's preparations don't count, and an epoch's end does.
        (start, first), (end, last) = points[0], points[-1]
        rates[network] = (last - first) * flops / (end - start)
    files.write_json(target / "speed.json", rates)


def estimate(config: RunConfig, train_images: int, image_shape: tuple[int, int, int]) -> float | None:
    """About how many seconds a training takes on this machine with nothing beside it; `None` before it was measured.

    Args:
        config: The settings.
        train_images: How many images an epoch has.
        image_shape: (C, H, W).

    Raises:
        InputError: The model does not fit the images.
    """
    from vae_core.models import size

    flops = size(config.model, image_shape).flops_per_image
    try:
        rate = files.read_json(folder(runs_root()) / "speed.json")[config.model.network]
    except (DiaboloError, KeyError):
        return None
    if not isinstance(rate, int | float) or not math.isfinite(rate) or rate <= 0:
        return None
    return config.training.epochs * train_images * flops / rate
