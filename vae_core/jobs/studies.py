"""Studies of runs, each computed once, in a job of its own, and kept with the run. Imports no torch.

    RUN/studies/projection-1b2c3d4e-5f6a7b8c/   study.json, progress.json, figures.json, arrays.safetensors,
                                                and its state as in `control.py`

A folder's name says what it is of: the question, the weights' checksum, the settings. A run that went on needs a new
one, and a job that still works at the old one can only write there.

A starter's folder is only to be looked at, so its studies lie in the run root, under `.starters/`.
"""

import json
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from numpy.typing import NDArray

from vae_core import files, runs
from vae_core.environment import runs_root
from vae_core.errors import N_, InputError
from vae_core.jobs.orders import Order, Reporter, placed
from vae_core.runs import Run
from vae_core.studies import study

FOLDER = "studies"


@dataclass(frozen=True)
class StudyOf(Order):
    """A question to a finished run."""

    FILE: ClassVar[str] = "study.json"

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
            N_("'{run}' is not finished. Let it come to its end, or stop it to keep what it has, then ask again."),
            run=run.title,
        )
    key = zlib.crc32(json.dumps(whole, sort_keys=True).encode())
    checksum = files.read_metadata(weights).get("crc32", "")
    folder = home(run) / FOLDER / f"{name}-{checksum}-{key:08x}"
    return StudyOf(folder, {"run": run.id, "study": name, "settings": whole})


def home(run: Run) -> Path:
    """Where what is made of a run lies: in its folder, or beside the runs for a starter."""
    return runs_root() / ".starters" / run.id if run.is_starter else run.folder


def folders(root: Path) -> list[Path]:
    """All studies that were asked for in a run root."""
    return placed(homes(root), FOLDER, StudyOf.FILE)


def homes(root: Path) -> list[Path]:
    """Everything in a run root that may be a `home`."""
    starters = [root / ".starters" / name for name in runs.STARTER_NAMES]
    return [path for path in root.iterdir() if runs.is_run(path)] + [path for path in starters if path.is_dir()]


def compute(folder: Path) -> None:
    """Works at one study. Only for the holder of its lock.

    Raises:
        DiaboloError: The run or its data can't be used, or it was stopped.
    """
    started = time.monotonic()
    asked = files.read_json(folder / "study.json")
    row = study(asked["study"])
    found = row.compute(runs.find(asked["run"]), row.Settings.from_dict(asked["settings"]), Reporter(folder))
    seconds = round(time.monotonic() - started, 1)
    files.write_arrays(folder / "arrays.safetensors", found.arrays)
    files.write_json(folder / "figures.json", {**found.figures, "seconds": seconds})
