"""Trains the starter runs that come with Diabolo, into `vae_core/starters/`.

    python scripts/make_starters.py [NAME ...]

They learn from MNIST's training split without the 1,000 images on which `digits` is tested, so that every visitor can
be shown them on those; their figures are those of the official test split. One thread, so that the same machine gives
the same bits whatever its cores. Needs full MNIST (`python -m vae_core data get mnist`).
"""

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from vae_core import events as ev
from vae_core import files, metrics, runs
from vae_core.config import RunConfig
from vae_core.datasets import splits
from vae_core.jobs.worker import work
from vae_core.models import load
from vae_core.processor import prepare
from vae_core.runs import STARTER_NAMES, STARTERS, Run

SNAPSHOTS = 8
BASE = RunConfig.from_dict(
    {
        "data": {"name": "mnist", "leave_out_digits_test": True},
        "model": {"hidden": [512, 256], "activation": "silu"},
        "training": {"epochs": 40, "batch_size": 128, "learning_rate": 1e-3, "threads": 1},
    }
)
DENSE_2D = BASE.replace(model__latent_dim=2)
CONFIGS = {
    "starter-vae-2d": DENSE_2D.replace(model__kind="vae"),
    "starter-vae-conv-16d": BASE.replace(
        model__network="conv",
        model__hidden=[32, 64],
        model__latent_dim=16,
        training__epochs=20,
    ),
    "starter-ae-2d": DENSE_2D.replace(model__kind="autoencoder"),
}


def make(name: str, config: RunConfig) -> None:
    """Trains one starter and keeps what a visitor looks at."""
    run, lock = runs.create(config.replace(name=STARTER_NAMES[name]), hold=True)
    assert lock is not None
    for event in work(run):
        if isinstance(event, ev.EpochEnd):
            print(f"{name}: epoch {event.epoch}, validation {event.validation.loss:.2f}", flush=True)
    lock.close()

    new = STARTERS / f".new-{name}"
    shutil.rmtree(new, ignore_errors=True)
    (new / "snapshots").mkdir(parents=True)
    shutil.copyfile(run.folder / "config.json", new / "config.json")
    epochs = run.snapshot_epochs()
    for epoch in {epochs[round(i)] for i in np.linspace(0, len(epochs) - 1, SNAPSHOTS)}:
        shutil.copyfile(run.folder / f"snapshots/{epoch:06d}.safetensors", new / f"snapshots/{epoch:06d}.safetensors")
    log = runs.EventLog(run).read()
    kept = [event for event in log if isinstance(event, ev.EpochEnd | ev.Finished)]
    files.write(new / "events.jsonl", "".join(ev.to_json(event) + "\n" for event in kept).encode())

    # Half precision halves the repository's weight; the figures are those of exactly these weights.
    weights = {key: array.astype(np.float16) for key, array in run.weights().items()}
    place = files.read_metadata(run.folder / "model.safetensors")
    files.write_arrays(new / "model.safetensors", weights, {"epoch": place["epoch"], "step": place["step"]})
    test = splits(config.data).test
    figures = metrics.evaluate(load(config.model, weights, test.image_shape), test)
    files.write_json(new / "metrics.json", {**(run.metrics() or {}), **figures})

    shutil.rmtree(STARTERS / name, ignore_errors=True)
    new.rename(STARTERS / name)
    starter = Run(name, STARTERS / name)
    print(f"{name}: {starter.size():,} bytes, {starter.metrics()}")


def main() -> None:
    names = sys.argv[1:] or list(CONFIGS)
    prepare(1)
    with tempfile.TemporaryDirectory() as root:
        os.environ["DIABOLO_RUNS"] = root
        STARTERS.mkdir(exist_ok=True)
        for name in names:
            started = time.monotonic()
            make(name, CONFIGS[name])
            print(f"{name}: {time.monotonic() - started:.0f} s")
    size = sum(path.stat().st_size for path in Path(STARTERS).rglob("*") if path.is_file())
    print(f"all starters: {size:,} bytes")


if __name__ == "__main__":
    main()
