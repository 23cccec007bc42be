"""A worker's sign of life: the time of a small file in its job's folder, which also holds the process's number.

It beats only if the job got on meanwhile: if a step was made, be it a batch, an epoch or some bytes of a download (see
`liveness`). So one that is stopped, whose threads wait for each other, or that computes without end falls silent. A
library's long call makes no steps; where one is declared, it beats as long as the process computes.
"""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from vae_core import files, liveness
from vae_core.control import Job
from vae_core.errors import DiaboloError

BEAT_SECONDS = 1.0
LEAST_WORK = 0.005  # seconds of processor time in a long call since the last beat, beyond what the beat itself costs


@contextmanager
def beating(job: Job) -> Iterator[None]:
    """Gives signs of life as long as the block lasts. Only for the holder of the job's lock."""
    with suppress(DiaboloError):  # where even that has no room, nothing is told and nobody judges
        files.write(job.heartbeat, str(os.getpid()).encode())
    over = threading.Event()
    heart = threading.Thread(target=_beat, args=(job.heartbeat, over), daemon=True)
    heart.start()
    try:
        yield
    finally:
        over.set()
        heart.join()
        with suppress(OSError):
            job.heartbeat.unlink(missing_ok=True)


def _beat(path: Path, over: threading.Event) -> None:
    steps, work = liveness.steps(), 0.0
    while not over.wait(BEAT_SECONDS):
        before = steps, work
        steps, work = liveness.steps(), time.process_time() - time.thread_time()
        if steps != before[0] or (liveness.is_in_long_call() and work - before[1] >= LEAST_WORK):
            with suppress(OSError):
                os.utime(path)


def process(job: Job) -> int | None:
    """The number of the process that works at a job, as it wrote it down."""
    try:
        number = int(job.heartbeat.read_text())
    except (OSError, ValueError):
        return None
    return number if number > 1 and number != os.getpid() else None


class Watch:
    """Notices which workers have fallen silent, by its own clock and only while it looks.

    A suspended machine or a supervisor that was itself stopped so makes nobody silent; neither does a clock that was set.
    """

    def __init__(self) -> None:
        self._seen: dict[Path, tuple[int, float]] = {}

    def silence(self, job: Job, awake: float) -> float:
        """Seconds since the last sign of life; 0 where there never was one.

        Args:
            job: One at which a process works.
            awake: Seconds that passed since the last look at all jobs, as far as this process was there to see.
        """
        try:
            sign = job.heartbeat.stat().st_mtime_ns
        except OSError:
            self.forget(job)
            return 0.0
        before, silence = self._seen.get(job.folder, (sign, -awake))
        silence = silence + awake if sign == before else 0.0
        self._seen[job.folder] = sign, silence
        return silence

    def forget(self, job: Job) -> None:
        """A new process works at it."""
        self._seen.pop(job.folder, None)
