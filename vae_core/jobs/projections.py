"""t-SNE and UMAP of a run's codes: computed once, in a job of their own, and kept with the run. Imports no torch.

    RUN/projections/umap/   projection.json (what of), result.safetensors (points, index), state as `control.py` says

A starter's folder is only to be looked at, so its projections lie in the run root, under `.starters/`.
"""

import shutil
import time
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from vae_core import files, runs
from vae_core.control import Job, State
from vae_core.environment import runs_root, writable
from vae_core.errors import N_, DiaboloError, InputError
from vae_core.jobs.client import ensure_supervisor, ring
from vae_core.runs import Run

METHODS = ("tsne", "umap")
"""The rows of `latent.PROJECTIONS` that take too long for a page."""

FOLDER = "projections"
SEED = 0


def folder(run: Run, method: str) -> Path:
    """Where one projection of a run lies."""
    if method not in METHODS:
        raise InputError(
            N_("There is no projection job '{method}'. Choose one of: {known}."),
            method=method,
            known=", ".join(METHODS),
        )
    home = runs_root() / ".starters" / run.id if run.is_starter else run.folder
    return home / FOLDER / method


def folders(root: Path) -> list[Path]:
    """All projections that were asked for in a run root."""
    return [path.parent for home in (root, root / ".starters") for path in home.glob(f"*/{FOLDER}/*/projection.json")]


def _of(run: Run, data: str) -> dict[str, str]:
    """What a projection is of. It belongs to these weights: a run that went on needs a new one."""
    weights = files.read_metadata(run.folder / "model.safetensors")
    return {"run": run.id, "weights": weights.get("crc32", ""), "data": data}


def ask(run: Run, method: str, data: str) -> None:
    """Has a projection computed, unless it is there or on its way.

    Args:
        run: A finished run.
        method: A name in `METHODS`.
        data: The data set on whose test split the run is shown.

    Raises:
        InputError: The run is not finished.
    """
    if not (run.folder / "model.safetensors").exists():
        raise InputError(N_("'{run}' is not finished. Wait until it is, then ask again."), run=run.title)
    target = folder(run, method)
    if state(run, method, data) in ("queued", "starting", "running", "finished", "interrupted"):
        return
    writable(runs_root())
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    Job(target).ask("run")
    # Last: it is what makes the folder a job.
    files.write_json(target / "projection.json", _of(run, data))
    ensure_supervisor()
    ring(runs_root())


def state(run: Run, method: str, data: str) -> State | None:
    """How it stands; `None` where it was never asked for with these weights and data."""
    target = folder(run, method)
    try:
        if not target.exists() or files.read_json(target / "projection.json") != _of(run, data):
            return None
        return Job(target).state()
    except DiaboloError:
        return None  # damaged: ask again, and it is made anew


def error(run: Run, method: str) -> DiaboloError | None:
    """Why it failed, if it did."""
    try:
        return Job(folder(run, method)).status().error
    except DiaboloError as found:
        return found


def result(run: Run, method: str, data: str) -> dict[str, NDArray[Any]] | None:
    """`points` (n, 2) float32 and `index` (n,) int64 into the test split; `None` while there are none.

    Raises:
        WorkError: The file is damaged.
    """
    if state(run, method, data) != "finished":
        return None
    return files.read_arrays(folder(run, method) / "result.safetensors")


def compute(target: Path) -> None:
    """Works at one projection. Only for the holder of its lock.

    Raises:
        DiaboloError: The run or its data can't be used.
    """
    from vae_core import datasets, latent
    from vae_core.models import load

    started = time.monotonic()
    of = files.read_json(target / "projection.json")
    run = runs.find(of["run"])
    data = datasets.load(of["data"], "test")
    codes = latent.encode(load(run.config.model, run.weights(), data.image_shape), data)
    found = latent.project(codes.mu, target.name, SEED)
    seconds = {"seconds": f"{time.monotonic() - started:.1f}"}
    files.write_arrays(target / "result.safetensors", {"points": found.points, "index": found.index}, seconds)
