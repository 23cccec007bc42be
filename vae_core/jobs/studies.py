"""Studies of runs, each computed once, in a job of its own, and kept with the run. Imports no torch.

    RUN/studies/projection-1b2c3d4e-5f6a7b8c/   study.json, progress.json, figures.json, arrays.safetensors,
                                                and its state as in `control.py`

A folder's name says what it is of: the question, the weights' checksum, the settings. A run that went on needs a new
one, and a job that still works at the old one can only write there.

A starter's folder is only to be looked at, so its studies lie in the run root, under `.starters/`.
"""

import json
import secrets
import shutil
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from numpy.typing import NDArray

from vae_core import files, runs
from vae_core.control import STATES, Job, State
from vae_core.environment import runs_root, writable
from vae_core.errors import N_, DiaboloError, InputError, WorkError
from vae_core.jobs.client import ensure_supervisor, ring
from vae_core.runs import Run
from vae_core.studies import study

FOLDER = "studies"
REPORT_SECONDS = 0.5


class Progress(NamedTuple):
    """How far a study is: the share that is done, and the seconds that are left at its own pace."""

    share: float
    seconds_left: float


@dataclass(frozen=True)
class StudyOf:
    """A question to a finished run.

    Attributes:
        run: The run.
        name: A name in `STUDIES`.
        settings: As `to_dict` of the study's settings gives them.
        folder: Where it lies, whether it was asked or not.
    """

    run: Run
    name: str
    settings: Mapping[str, Any]
    folder: Path

    def ask(self) -> None:
        """Has it computed, unless it is there or on its way."""
        writable(runs_root())
        if not self.folder.exists():
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            new = self.folder.with_name(f".new-{secrets.token_hex(4)}")
            new.mkdir()
            files.write_json(
                new / "study.json", {"run": self.run.id, "study": self.name, "settings": dict(self.settings)}
            )
            Job(new).ask("run")
            try:
                new.rename(self.folder)
            except OSError:  # somebody else asked in the same moment
                shutil.rmtree(new, ignore_errors=True)
        elif Job(self.folder).state() in ("failed", "paused"):  # a study that was stopped before its turn is paused
            Job(self.folder).ask("run")
        ensure_supervisor()
        ring(runs_root())

    def stop(self) -> None:
        """Has it given up, if it is on its way."""
        state = self.state()
        if state is not None and "stop" in STATES[state].allows:
            Job(self.folder).ask("stop")
            ring(runs_root())

    def state(self) -> State | None:
        """How it stands; `None` where it was never asked of these weights."""
        try:
            return Job(self.folder).state() if self.folder.exists() else None
        except DiaboloError:
            return "failed"

    def error(self) -> DiaboloError | None:
        """Why it failed, if it did."""
        try:
            return Job(self.folder).status().error
        except DiaboloError as found:
            return found

    def progress(self) -> Progress | None:
        """How far it is; `None` before it said so."""
        try:
            return Progress(**files.read_json(self.folder / "progress.json"))
        except (DiaboloError, TypeError):
            return None

    def figures(self) -> dict[str, Any] | None:
        """What it found, and under `seconds` how long that took; `None` while it is not finished.

        Raises:
            WorkError: The file is damaged.
        """
        return files.read_json(self.folder / "figures.json") if self.state() == "finished" else None

    def arrays(self) -> dict[str, NDArray[Any]] | None:
        """As `figures`."""
        return files.read_arrays(self.folder / "arrays.safetensors") if self.state() == "finished" else None


def study_of(run: Run, name: str, settings: Mapping[str, Any]) -> StudyOf:
    """A question to a run; nothing is computed yet.

    Args:
        run: A finished run.
        name: A name in `STUDIES`.
        settings: Those of the study; what is left out takes its default.

    Raises:
        InputError: There is no such study, a setting is out of range, or the run is not finished.
        WorkError: The run's weights are damaged.
    """
    whole = study(name).Settings.from_dict(settings).to_dict()
    weights = run.folder / "model.safetensors"
    if not weights.exists():
        raise InputError(
            N_(
                "'{run}' has no finished model. Let it come to its end, or stop it to keep what it has, then ask again."
            ),
            run=run.title,
        )
    home = runs_root() / ".starters" / run.id if run.is_starter else run.folder
    key = zlib.crc32(json.dumps(whole, sort_keys=True).encode())
    checksum = files.read_metadata(weights).get("crc32", "")
    return StudyOf(run, name, whole, home / FOLDER / f"{name}-{checksum}-{key:08x}")


def folders(root: Path) -> list[Path]:
    """All studies that were asked for in a run root."""
    homes = [path for path in (*root.iterdir(), *root.glob(".starters/*")) if path.name[0] != "."]
    return [path.parent for home in homes for path in home.glob(f"{FOLDER}/[!.]*/study.json")]


def compute(folder: Path) -> None:
    """Works at one study. Only for the holder of its lock.

    Raises:
        DiaboloError: The run or its data can't be used, or it was stopped.
    """
    started = time.monotonic()
    asked = files.read_json(folder / "study.json")
    row = study(asked["study"])
    found = row.compute(runs.find(asked["run"]), row.Settings.from_dict(asked["settings"]), _Reporter(folder))
    seconds = round(time.monotonic() - started, 1)
    files.write_arrays(folder / "arrays.safetensors", found.arrays)
    files.write_json(folder / "figures.json", {**found.figures, "seconds": seconds})


class _Reporter:
    """Writes down how far a study is, and ends it where it was stopped."""

    def __init__(self, folder: Path) -> None:
        self.job = Job(folder)
        self.started = self.last = time.monotonic()

    def __call__(self, share: float) -> None:
        now = time.monotonic()
        if now - self.last < REPORT_SECONDS:
            return
        self.last = now
        if self.job.pending() == "stop":
            raise WorkError(N_("It was stopped. Start it again when you like: it begins anew."))
        share = min(max(share, 1e-3), 1.0)
        seconds_left = round((now - self.started) * (1 - share) / share, 1)
        files.write_json(self.job.folder / "progress.json", {"share": share, "seconds_left": seconds_left})
