"""Whether something lives is told by a lock that it holds: the kernel lets go of it when the process dies, however it dies.

An onlooker asks by taking the lock for some microseconds, shared with other onlookers. So who wants it for itself waits
for those, however many come, and is refused at once only by a holder. A holder that will let go soon is waited for with
patience.

`flock` belongs to the open file, not to the process: a lock that is taken before a fork (or handed to a new process as
an open file) stays held until the last holder is gone. So there is no moment in which a run that is being started
looks dead.
"""

from __future__ import annotations

import fcntl
import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ONLOOKERS_SECONDS = 10.0  # as long as onlookers may keep somebody waiting: many of them, on a machine that is busy
PAUSE_SECONDS = 0.002


class Lock:
    """A lock that is held until this process, and every process it was handed to, closes it or dies.

    Args:
        path: The lock's file; made where it is missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: int | None = None

    @classmethod
    def inherited(cls, path: Path, file: int) -> Lock:
        """A lock that the parent process holds and has handed over as an open file."""
        lock = cls(path)
        lock._file = file
        return lock

    def acquire(self, patience: float = 0.0) -> bool:
        """Takes the lock; says whether it did.

        Args:
            patience: Seconds to wait for a holder to let go. Onlookers are waited for in any case.
        """
        file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
        begun = time.monotonic()
        while not _takes(file, fcntl.LOCK_EX):
            # Only onlookers leave room for one more of them; what can't be had even so, somebody holds.
            limit = max(patience, ONLOOKERS_SECONDS) if _takes(file, fcntl.LOCK_SH) else patience
            fcntl.flock(file, fcntl.LOCK_UN)
            if time.monotonic() - begun >= limit:
                os.close(file)
                return False
            # flock waits for ever or not at all, and says to nobody that a lock became free: with a limit, one can only
            # look again. Not in step, or two that wait would meet again and again.
            time.sleep(PAUSE_SECONDS * (0.5 + random.random()))
        self._file = file
        return True

    @property
    def file(self) -> int:
        """The open file, for a child process."""
        assert self._file is not None, "not held"
        return self._file

    def close(self) -> None:
        """Lets go of it here; it stays held while a child has it."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _takes(file: int, how: int) -> bool:
    """Whether the lock could be had at once."""
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def turn(path: Path) -> Iterator[None]:
    """Waits for one's turn, for what takes a moment; between threads as well as processes."""
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


def is_held(path: Path) -> bool:
    """Whether some live process holds the lock."""
    try:
        file = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        return not _takes(file, fcntl.LOCK_SH)  # shared, so that two onlookers don't see each other; let go at once
    finally:
        os.close(file)
