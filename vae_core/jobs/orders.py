"""What is ordered by a click and made once, in a job of its own: how it stands, and how it is stopped. Imports no torch.

    FOLDER/   the order's file, progress.json, what was made, and its state as in `control.py`

A job that works at an order tells how far it is to a `Reporter`, and works inside `stoppable`.
"""

import secrets
import shutil
import signal
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, ClassVar, NamedTuple

from vae_core import files
from vae_core.control import STATES, Job, State
from vae_core.environment import runs_root, writable
from vae_core.errors import N_, DiaboloError, WorkError
from vae_core.jobs.client import ensure_supervisor, ring
from vae_core.liveness import alive
from vae_core.locks import Lock

REPORT_SECONDS = 0.5
LOOK_SECONDS = 0.25  # how often a job looks whether it is still wanted
TIDY_SECONDS = 5.0  # what a job that is stopped may take to clear away

STOPPED = N_("It was stopped. Start it again when you like: it begins anew.")


class Progress(NamedTuple):
    """How far an order is.

    Attributes:
        share: What is done, from 0 to 1.
        seconds_left: At its own pace; `None` where nobody can tell.
        done, total: Bytes, where that is what is counted; `total` is `None` where it was not told.
    """

    share: float
    seconds_left: float | None = None
    done: int | None = None
    total: int | None = None


@dataclass(frozen=True)
class Order:
    """Something to be made.

    Attributes:
        folder: Where it lies, whether it was asked for or not.
        values: What is to be made, as its file says it.
    """

    folder: Path
    values: Mapping[str, Any]

    FILE: ClassVar[str]
    AGAIN: ClassVar[tuple[State, ...]] = ("failed", "paused")  # one that was stopped before its turn is paused
    """The states in which `ask` has it made once more."""

    def ask(self) -> None:
        """Has it made, unless it is there or on its way.

        Raises:
            InputError: The run root can't be written to.
        """
        writable(runs_root())
        if not self.folder.exists():
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            new = self.folder.with_name(f".new-{secrets.token_hex(4)}")
            new.mkdir()
            try:
                self.fill(new)
                Job(new).ask("run")
                with suppress(OSError):  # somebody else asked in the same moment
                    new.rename(self.folder)
            finally:
                shutil.rmtree(new, ignore_errors=True)
        elif Job(self.folder).state() in self.AGAIN:
            Job(self.folder).ask("run")
        ensure_supervisor()
        ring(runs_root())

    def fill(self, folder: Path) -> None:
        """Puts into its folder, before that appears, what a job needs to make it."""
        files.write_json(folder / self.FILE, self.values)

    def stop(self) -> None:
        """Has it given up, if it is on its way."""
        state = self.state()
        if state is not None and "stop" in STATES[state].allows:
            Job(self.folder).ask("stop")
            ring(runs_root())

    def state(self) -> State | None:
        """How it stands; `None` where it was never asked for."""
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

    def note(self) -> DiaboloError | None:
        """What ended its last process, or that it gives no sign of life."""
        try:
            return Job(self.folder).note()
        except DiaboloError:
            return None

    def progress(self) -> Progress | None:
        """How far it is; `None` before it said so."""
        try:
            return Progress(**files.read_json(self.folder / "progress.json"))
        except (DiaboloError, TypeError):
            return None


def placed(homes: Iterable[Path], folder: str, file: str) -> list[Path]:
    """The orders that lie in these places, in a folder of that name. A link leads to what is somebody else's."""
    wheres = [where / folder for where in homes if not (where / folder).is_symlink()]
    found = [path.parent for where in wheres for path in where.glob(f"[!.]*/{file}")]
    return [path for path in found if not path.is_symlink()]


def discard(folder: Path) -> None:
    """Removes an order that nobody works at and nobody waits for."""
    with suppress(DiaboloError, OSError):
        lock = Lock(Job(folder).lock)
        if not lock.acquire():
            return
        try:
            if not Job(folder).pending():
                # Out of the supervisor's sight in one step: it must not find half of a job.
                trash = folder.rename(folder.with_name(f".deleted-{secrets.token_hex(4)}"))
                shutil.rmtree(trash, ignore_errors=True)
        finally:
            lock.close()


class Reporter:
    """Writes down how far an order is, so often that a page can follow it.

    Args:
        folder: The order's; only for the holder of its lock.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.started = self.last = time.monotonic()
        (folder / "progress.json").unlink(missing_ok=True)  # of an earlier try

    def __call__(self, share: float) -> None:
        """A share, from 0 to 1."""
        alive()
        share = min(max(share, 1e-3), 1.0)
        self._write(share, (1 - share) / share)

    def count(self, done: int, total: int | None) -> None:
        """Bytes, of a total that may not be known."""
        alive()
        share = min(done / total, 1.0) if total else 0.0
        self._write(share, (1 - share) / share if share else None, done=done, total=total)

    def _write(self, share: float, still: float | None, **counted: int | None) -> None:
        now = time.monotonic()
        if now - self.last < REPORT_SECONDS:
            return
        self.last = now
        left = None if still is None else round((now - self.started) * still, 1)
        files.write_json(self.folder / "progress.json", {"share": share, "seconds_left": left, **counted})


class _Stopped(BaseException):
    """Not an `Exception`: libraries catch those, and go on."""


@contextmanager
def stoppable(job: Job) -> Iterator[None]:
    """Ends what is inside soon after somebody asked for it, wherever it is: waiting for a server, or in a library.

    The process is interrupted by an alarm and looks by itself, so that what is inside needs no word about it. Only for
    a process's main thread.

    Raises:
        WorkError: It was stopped.
    """

    asked = False

    def look(signum: int, frame: FrameType | None) -> None:
        nonlocal asked
        try:
            stopped = job.pending() == "stop"
        except (DiaboloError, OSError):
            return  # a request that can't be read is not one
        if stopped:
            # Once more only if somebody caught it and went on: what clears away needs its time.
            signal.setitimer(signal.ITIMER_REAL, TIDY_SECONDS, TIDY_SECONDS)
            asked = True
            raise _Stopped

    before = signal.signal(signal.SIGALRM, look)
    signal.siginterrupt(signal.SIGALRM, False)  # libraries that don't expect to be interrupted read on
    signal.setitimer(signal.ITIMER_REAL, LOOK_SECONDS, LOOK_SECONDS)
    try:
        yield
    except BaseException:  # also what a library has made of it
        if asked:
            raise WorkError(STOPPED) from None
        raise
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
