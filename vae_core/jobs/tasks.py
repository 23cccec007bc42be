"""What the supervisor finds in a run root: trainings, studies and exports of runs, downloads, imports, and the measurement
of this machine's speed.
"""

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vae_core import files
from vae_core.control import Job
from vae_core.environment import default_threads, threads_for
from vae_core.errors import DiaboloError
from vae_core.jobs import exports, fetching, imports, speed, studies
from vae_core.jobs.orders import stoppable
from vae_core.runs import Run, is_run

Kind = Literal["training", "study", "export", "download", "import", "speed"]

BESIDE: dict[Kind, int] = {"export": 1, "download": 3, "import": 1}
"""What somebody waits for with nothing else to do, and takes a few seconds or hardly any of the processor: it waits for no
training. How many of a kind work at once: an export to ONNX takes half a gigabyte of memory.
"""


@dataclass(frozen=True)
class Task:
    """Something for a process of its own.

    Attributes:
        folder: Where its request, its state and its result lie.
        kind: What is to be done.
    """

    folder: Path
    kind: Kind

    @property
    def job(self) -> Job:
        return Job(self.folder)

    def threads(self) -> int:
        """How many cores' threads it takes from the others. Raises WorkError where a training's settings are damaged."""
        if self.kind == "training":
            return threads_for(Run(self.folder.name, self.folder).config.training.threads)
        if self.kind in BESIDE:
            return 0
        return default_threads() if self.kind == "speed" else 1

    def resumable(self) -> bool:
        """Whether it has begun and can go on from there."""
        return (self.folder / "resume.safetensors").exists()

    def epoch(self) -> int:
        """The last finished epoch that it can go on from; 0 where there is none, or its file is damaged."""
        try:
            place = files.read_metadata(self.folder / "resume.safetensors") if self.resumable() else {}
            return int(place.get("epoch", "0"))
        except (DiaboloError, ValueError):
            return 0  # the worker will say what is wrong with it

    def compute(self) -> None:
        """Works at what is not a training, until it is done or stopped. Only for the holder of its lock.

        Raises:
            DiaboloError: It failed, or it was stopped.
        """
        self.job.write_status(dataclasses.replace(self.job.status(), recorded="running"))
        with stoppable(self.job):
            _COMPUTE[self.kind](self.folder)


_COMPUTE: dict[Kind, Callable[[Path], None]] = {
    "study": studies.compute,
    "export": exports.compute,
    "download": fetching.compute,
    "import": imports.compute,
    "speed": speed.compute,
}


def tasks(root: Path) -> Iterator[Task]:
    """Everything in a run root that may want a process."""
    for folder in root.iterdir():
        if is_run(folder) and Job(folder).was_asked():
            yield Task(folder, "training")
    for folder in studies.folders(root):
        yield Task(folder, "study")
    for folder in exports.folders(root):
        yield Task(folder, "export")
    for folder in fetching.folders(root):
        yield Task(folder, "download")
    for folder in imports.folders(root):
        yield Task(folder, "import")
    if speed.folder(root).is_dir():
        yield Task(speed.folder(root), "speed")
