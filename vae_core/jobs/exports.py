"""Files of runs to take away, each made in a job of its own, and kept until something newer takes its place.

    RUN/exports/onnx-5f6a7b8c/   export.json, progress.json, result.json, the file, and its state as in `control.py`

A folder's name says what it is: the format, and its settings. `result.json` says what it was made of: once the run is
another, the file is made anew in the same place. A starter's exports lie where its studies do. Imports no torch.

They are copies, so they go first where disk is short: a run keeps one of a format, all runs together `MOST_BYTES`, and
a supervisor that starts throws away what is older than a day.
"""

import json
import time
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from vae_core import files, runs
from vae_core.control import State
from vae_core.environment import runs_root
from vae_core.errors import DiaboloError
from vae_core.jobs import makers
from vae_core.jobs.orders import Order, Reporter, discard, placed
from vae_core.jobs.studies import home, homes
from vae_core.runs import Run

FOLDER = "exports"
MOST_BYTES = 500_000_000
KEPT_SECONDS = 24 * 3600


class Made(NamedTuple):
    """What came of an export.

    Attributes:
        path: The file.
        name: What it is called where it is saved.
        epoch: After which epoch the model was taken.
        about: What else there is to say, such as `difference` for ONNX.
        is_current: The run is still what the file was made of.
    """

    path: Path
    name: str
    epoch: int
    about: dict[str, Any]
    is_current: bool

    def content(self) -> bytes:
        """Raises WorkError where it was thrown away meanwhile."""
        try:
            return self.path.read_bytes()
        except OSError as error:
            raise files.missing(self.path) from error


@dataclass(frozen=True)
class ExportOf(Order):
    """A run in a format.

    Attributes:
        run: The run.
        kind: A name in `makers.MAKERS`.
    """

    run: Run
    kind: str

    FILE: ClassVar[str] = "export.json"
    AGAIN: ClassVar[tuple[State, ...]] = ("failed", "paused", "finished")

    def ask(self) -> None:
        """As `Order.ask`; a file that is there is made once more if the run is another since."""
        made = self.made()
        if made is None or not made.is_current:
            super().ask()

    def made(self) -> Made | None:
        """The file; `None` while there is none."""
        if self.state() != "finished":
            return None
        try:
            result = files.read_json(self.folder / "result.json")
            path = self.folder / str(result["file"])
            if not path.is_file():
                return None
            current = result["version"] == makers.version(self.run, self.kind, self.values["settings"])
            return Made(path, path.name, int(result["epoch"]), dict(result["about"]), current)
        except (DiaboloError, KeyError, TypeError, ValueError):
            return None  # it can be made once more


def export_of(run: Run, kind: str, settings: Mapping[str, Any] | None = None) -> ExportOf:
    """A run in a format; nothing is made yet.

    Args:
        run: One's own or a starter.
        kind: A name in `makers.MAKERS`.
        settings: Those of the format; what is left out takes its default.

    Raises:
        InputError: There is no such format, or a setting is out of range.
    """
    whole = makers.maker(kind).Settings.from_dict(settings or {}).to_dict()
    key = zlib.crc32(json.dumps(whole, sort_keys=True).encode())
    folder = home(run) / FOLDER / f"{kind}-{key:08x}"
    return ExportOf(folder, {"run": run.id, "kind": kind, "settings": whole}, run, kind)


def folders(root: Path) -> list[Path]:
    """All exports that were asked for in a run root."""
    return placed(homes(root), FOLDER, ExportOf.FILE)


def compute(folder: Path) -> None:
    """Makes one file. Only for the holder of its lock.

    Raises:
        DiaboloError: The run or its data can't be used, the disk is full, or it was stopped.
    """
    asked = files.read_json(folder / ExportOf.FILE)
    run, kind = runs.find(asked["run"]), asked["kind"]
    maker = makers.maker(kind)
    report = Reporter(folder)
    _clear(folder)
    # Before it is made: what changes meanwhile has it made once more.
    version, epoch = makers.version(run, kind, asked["settings"]), makers.epoch(run)
    content = maker.make(run, maker.Settings.from_dict(asked["settings"]), report)
    name = f"{run.id}{maker.suffix}"
    files.write(folder / name, content.data)
    result = {"file": name, "version": version, "epoch": epoch, "about": dict(content.about)}
    files.write_json(folder / "result.json", result)
    for other in folder.parent.glob(f"{kind}-????????"):  # in another language, or of other settings
        if other != folder:
            discard(other)
    keep_within(MOST_BYTES, runs_root(), besides=folder)


def _clear(folder: Path) -> None:
    """Removes what an earlier try has made or left half-made."""
    files.sweep(folder)
    with suppress(DiaboloError, KeyError, TypeError):
        (folder / str(files.read_json(folder / "result.json")["file"])).unlink(missing_ok=True)
    (folder / "result.json").unlink(missing_ok=True)


def keep_within(most: int, root: Path, besides: Path | None = None) -> None:
    """Throws away the oldest exports of a run root until all together take at most `most` bytes.

    Args:
        besides: One that stays in any case.
    """
    found = []
    for folder in folders(root):
        with suppress(OSError):
            sizes = [path.stat().st_size for path in folder.iterdir()]
            found.append((folder.stat().st_mtime, sum(sizes), folder))
    total = sum(size for _, size, _ in found)
    for _, size, folder in sorted(found):
        if total <= most:
            return
        if folder != besides:
            discard(folder)
            total -= size


def sweep(root: Path) -> None:
    """Throws away what is older than a day, and what was left half-asked; then the oldest, if all take too much."""
    oldest = time.time() - KEPT_SECONDS
    for where in homes(root):
        for folder in where.glob(f"{FOLDER}/*"):
            with suppress(OSError):
                if folder.stat().st_mtime < oldest:
                    discard(folder)
    keep_within(MOST_BYTES, root)
