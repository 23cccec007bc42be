"""What tests need to leave no process behind."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil


@contextmanager
def nobody_left(runs: Path) -> Iterator[None]:
    """Ends the supervisor and the workers of a run root when the block ends."""
    try:
        yield
    finally:
        # A supervisor may fork once more between the look and its end: look again until nobody is there.
        while left := [process for process in psutil.process_iter() if _works_for(process, runs)]:
            for process in left:
                with suppress(psutil.NoSuchProcess):  # it ended by itself meanwhile
                    process.kill()
            psutil.wait_procs(left, timeout=10)


def _works_for(process: psutil.Process, runs: Path) -> bool:
    try:
        return process.pid != os.getpid() and process.environ().get("DIABOLO_RUNS") == str(runs)
    except psutil.Error:
        return False
