"""t-SNE and UMAP of a run's codes: computed once, in a job of their own, and kept with the run. Imports no torch.

    RUN/projections/umap-1b2c3d4e-digits/   projection.json, result.safetensors (points, index), state as in `control.py`

A folder's name says what it is of: the method, the weights' checksum, the data. A run that went on needs a new one, and
a job that still works at the old one can only write there.

A starter's folder is only to be looked at, so its projections lie in the run root, under `.starters/`.
"""

import secrets
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


def folder(run: Run, method: str, data: str) -> Path:
    """Where one projection of a run lies.

    Raises:
        InputError: There is no such method, or the run is not finished.
        WorkError: The run's weights are damaged.
    """
    if method not in METHODS:
        raise InputError(
            N_("There is no projection job '{method}'. Choose one of: {known}."),
            method=method,
            known=", ".join(METHODS),
        )
    weights = run.folder / "model.safetensors"
    if not weights.exists():
        raise InputError(N_("'{run}' is not finished. Wait until it is, then ask again."), run=run.title)
    home = runs_root() / ".starters" / run.id if run.is_starter else run.folder
    return home / FOLDER / f"{method}-{files.read_metadata(weights).get('crc32', '')}-{data}"


def folders(root: Path) -> list[Path]:
    """All projections that were asked for in a run root."""
    homes = [path for path in (*root.iterdir(), *root.glob(".starters/*")) if path.name[0] != "."]
    return [path.parent for home in homes for path in home.glob(f"{FOLDER}/[!.]*/projection.json")]


def ask(run: Run, method: str, data: str) -> None:
    """Has a projection computed, unless it is there or on its way.

    Args:
        run: A finished run.
        method: A name in `METHODS`.
        data: The data set on whose test split the run is shown.

    Raises:
        InputError: The run is not finished.
    """
    target = folder(run, method, data)
    writable(runs_root())
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        new = target.with_name(f".new-{secrets.token_hex(4)}")
        new.mkdir()
        files.write_json(new / "projection.json", {"run": run.id, "method": method, "data": data})
        Job(new).ask("run")
        try:
            new.rename(target)
        except OSError:  # somebody else asked in the same moment
            shutil.rmtree(new, ignore_errors=True)
    elif Job(target).state() == "failed":
        Job(target).ask("run")
    ensure_supervisor()
    ring(runs_root())


def state(run: Run, method: str, data: str) -> State | None:
    """How it stands; `None` where it was never asked for with these weights and data."""
    try:
        target = folder(run, method, data)
        return Job(target).state() if target.exists() else None
    except DiaboloError:
        return None


def error(run: Run, method: str, data: str) -> DiaboloError | None:
    """Why it failed, if it did."""
    try:
        return Job(folder(run, method, data)).status().error
    except DiaboloError as found:
        return found


def result(run: Run, method: str, data: str) -> dict[str, NDArray[Any]] | None:
    """`points` (n, 2) float32 and `index` (n,) int64 into the test split; `None` while there are none.

    Raises:
        WorkError: The file is damaged.
    """
    if state(run, method, data) != "finished":
        return None
    return files.read_arrays(folder(run, method, data) / "result.safetensors")


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
    codes = latent.encode(load(run.config.model, run.weights(), data.image_shape, len(data.class_names)), data)
    found = latent.project(codes.mu, of["method"], SEED)
    seconds = {"seconds": f"{time.monotonic() - started:.1f}"}
    files.write_arrays(target / "result.safetensors", {"points": found.points, "index": found.index}, seconds)
