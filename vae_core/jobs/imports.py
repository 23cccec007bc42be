"""Archives of runs that visitors bring, each read in a job of its own. Imports no torch.

    RUNS/.jobs/imports/1b2c3d4e5f6a7b8c/   import.json, archive.zip, progress.json, result.json, and its state as in `control.py`

The archive goes as soon as it was read, or couldn't be: what failed can't be begun anew, and is chosen once more.
"""

import secrets
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, ClassVar

from vae_core import files, importing, runs
from vae_core.control import State
from vae_core.environment import runs_root, writable
from vae_core.errors import DiaboloError
from vae_core.jobs.client import supervisor_folder
from vae_core.jobs.orders import Order, Reporter, discard, placed
from vae_core.runs import Run

FOLDER = "imports"
KEPT_SECONDS = 24 * 3600
_ARCHIVE = "archive.zip"


@dataclass(frozen=True)
class ImportOf(Order):
    """An archive that becomes a run.

    Attributes:
        archive: The open file, for who asks.
    """

    archive: BinaryIO | None = field(default=None, compare=False)

    FILE: ClassVar[str] = "import.json"
    AGAIN: ClassVar[tuple[State, ...]] = ()

    def fill(self, folder: Path) -> None:
        super().fill(folder)
        assert self.archive is not None, "only who has it asks"
        importing.check_room(folder, self.archive.seek(0, 2))
        self.archive.seek(0)
        with files.writing(folder / _ARCHIVE) as file:
            shutil.copyfileobj(self.archive, file, 1 << 18)

    def run(self) -> Run | None:
        """The run that it became; `None` while it isn't there, or where it was deleted since."""
        if self.state() != "finished":
            return None
        try:
            return runs.find(str(files.read_json(self.folder / "result.json")["run"]))
        except (DiaboloError, KeyError):
            return None


def import_of(name: str, archive: BinaryIO | None = None) -> ImportOf:
    """An order by the name of its folder; with an archive it can be asked for."""
    return ImportOf(supervisor_folder(runs_root()) / FOLDER / name, {}, archive)


def ask(archive: BinaryIO) -> ImportOf:
    """Has an archive read.

    Raises:
        InputError: The run root can't be written to.
        WorkError: The disk is nearly full.
    """
    writable(runs_root())
    asked = import_of(secrets.token_hex(8), archive)
    asked.ask()
    return import_of(asked.folder.name)


def folders(root: Path) -> list[Path]:
    """All imports that were asked for in a run root."""
    return placed([supervisor_folder(root)], FOLDER, ImportOf.FILE)


def compute(folder: Path) -> None:
    """Reads one archive. Only for the holder of its lock.

    Raises:
        DiaboloError: It is no archive of a run, the disk is full, or it was stopped.
    """
    if (folder / "result.json").exists():
        return  # the process before this one died after its last step but one
    try:
        with (folder / _ARCHIVE).open("rb") as file:
            run = importing.import_run(file, Reporter(folder).count)
        files.write_json(folder / "result.json", {"run": run.id})
    finally:
        (folder / _ARCHIVE).unlink(missing_ok=True)


def sweep(root: Path) -> None:
    """Throws away what is older than a day: by then it was read, or nobody comes back for it."""
    oldest = time.time() - KEPT_SECONDS
    for folder in (supervisor_folder(root) / FOLDER).glob("*"):
        with suppress(OSError):
            if folder.stat().st_mtime < oldest:
                discard(folder)
