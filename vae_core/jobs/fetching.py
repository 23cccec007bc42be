"""Data sets that are fetched by a click, each in a job of its own. Imports no torch.

    RUNS/.jobs/downloads/mnist-1b2c3d4e/   download.json, progress.json, and its state as in `control.py`

The data set itself goes where `datasets.get` puts it, which leaves nothing half behind.
"""

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from vae_core import datasets, files
from vae_core.control import State
from vae_core.environment import data_root, runs_root
from vae_core.jobs.client import supervisor_folder
from vae_core.jobs.orders import Order, Reporter, placed

FOLDER = "downloads"
TIMEOUT = 20.0  # seconds of silence after which a server is given up


@dataclass(frozen=True)
class DownloadOf(Order):
    """A data set that is not here."""

    FILE: ClassVar[str] = "download.json"
    AGAIN: ClassVar[tuple[State, ...]] = ("failed", "paused", "finished")  # it may have been deleted since


def download_of(name: str) -> DownloadOf:
    """A data set; nothing is fetched yet.

    Raises:
        InputError: There is no data set of that name.
    """
    row, root = datasets.source(name), str(data_root())
    folder = supervisor_folder(runs_root()) / FOLDER / f"{row.name}-{zlib.crc32(root.encode()):08x}"
    return DownloadOf(folder, {"name": row.name, "root": root})


def folders(root: Path) -> list[Path]:
    """All downloads that were asked for in a run root."""
    return placed([supervisor_folder(root)], FOLDER, DownloadOf.FILE)


def compute(folder: Path) -> None:
    """Fetches one data set. Only for the holder of its lock.

    Raises:
        InputError: The data root can't be written to.
        WorkError: The download failed or was stopped; nothing half is left behind.
    """
    asked = files.read_json(folder / DownloadOf.FILE)
    datasets.get(asked["name"], Path(asked["root"]), Reporter(folder).count, TIMEOUT)
