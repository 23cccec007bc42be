"""Whether something lives is told by a lock that it holds: the kernel lets go of it when the process dies, however it dies.

`flock` belongs to the open file, not to the process: a lock that is taken before a fork (or handed to a new process as
an open file) stays held until the last holder is gone. So there is no moment in which a run that is being started
looks dead.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


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

    def acquire(self) -> bool:
        """Takes the lock if nobody has it; says whether it did."""
        file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
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
        # Shared, so that two onlookers don't see each other; let go at once.
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False
