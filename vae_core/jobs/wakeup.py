"""How the supervisor sleeps, and what wakes it: a bell that anybody may ring, a child that ends, a signal.

The bell is a named pipe in the supervisor's folder, which Linux and macOS have on every disk of their own. Where a disk
has none, nobody can ring, and the supervisor has to look by itself as often as somebody who waits would like.
"""

import os
import select
import signal
import stat
from contextlib import suppress
from pathlib import Path

BELL = "wake"


def ring(folder: Path) -> None:
    """Wakes the supervisor whose folder it is. Where none sleeps there is no need: who comes looks at everything."""
    with suppress(OSError):  # no pipe, nobody who listens, or so many rings that one more says nothing
        bell = os.open(folder / BELL, os.O_WRONLY | os.O_NONBLOCK)
        try:
            if stat.S_ISFIFO(os.fstat(bell).st_mode):
                os.write(bell, b"!")
        finally:
            os.close(bell)


class WakeUp:
    """A sleep that a ring, a child's end or a signal cuts short. One for a process, in its main thread.

    Args:
        folder: Where the bell hangs.
    """

    def __init__(self, folder: Path) -> None:
        self._bell = _hang(folder / BELL)
        self._files = [*os.pipe(), *self._bell]
        for file in self._files[:2]:
            os.set_blocking(file, False)
        signal.signal(signal.SIGCHLD, lambda signum, frame: None)  # what is ignored wakes nobody
        signal.set_wakeup_fd(self._files[1], warn_on_full_buffer=False)

    @property
    def has_bell(self) -> bool:
        """Whether anybody can ring."""
        return bool(self._bell)

    def sleep(self, seconds: float) -> None:
        """Returns after so many seconds, or as soon as something has happened since the last sleep."""
        ears = [self._files[0], *self._bell[:1]]
        for file in select.select(ears, [], [], seconds)[0]:
            with suppress(BlockingIOError):
                while os.read(file, 4096):
                    pass

    def close(self) -> None:
        """Sleeps no more. A forked child closes its copy, or the bell would go on hanging there without an owner."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for file in self._files:
            os.close(file)


def _hang(path: Path) -> tuple[int, ...]:
    """Opens the pipe to read and, so that it never ends, to write; nothing where it can't be had."""
    try:
        with suppress(FileExistsError):
            os.mkfifo(path, 0o600)
        if not stat.S_ISFIFO(path.lstat().st_mode):
            return ()
        ear = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        return ear, os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return ()
