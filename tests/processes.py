"""What tests need to leave no process behind."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from vae_core import runs
from vae_core.errors import DiaboloError
from vae_core.jobs import client

WITHOUT_PRIVILEGES = """
import ctypes, os
if os.geteuid() == 0:  # root writes where a folder's mode forbids it; let it obey, by giving up two capabilities
    head, data = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    libc = ctypes.CDLL(None)
    libc.capget(head, data)
    data[0] &= ~6
    data[1] &= ~6
    assert libc.capset(head, data) == 0
"""
"""What a program of a test begins with that is to meet folders which it may not write to."""


def wait(condition: Callable[[], Any], what: str, seconds: float = 120) -> Any:
    """Until something is so. Deadlines are for a busy machine."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited in vain for: {what}"
        time.sleep(0.01)  # between two looks
    return found


@contextmanager
def nobody_left(root: Path) -> Iterator[None]:
    """Ends the supervisor and the workers of a run root when the block ends."""
    try:
        yield
    finally:
        # A supervisor may fork once more between the look and its end: look again until nobody is there.
        while left := [process for process in psutil.process_iter() if _works_for(process, root)]:
            for process in left:
                with suppress(psutil.NoSuchProcess):  # it ended by itself meanwhile
                    process.kill()
            psutil.wait_procs(left, timeout=10)


def emptied(root: Path) -> None:
    """Deletes all that jobs have in a run root, without a need for its supervisor to end."""
    try:
        for run in runs.all_runs():
            if not run.is_starter:
                client.delete(run)
    except DiaboloError:  # a test failed, and left a worker that hears nothing
        with nobody_left(root):
            pass
    for path in root.iterdir():
        if path.name != client.supervisor_folder(root).name:
            shutil.rmtree(path, ignore_errors=True)


def _works_for(process: psutil.Process, root: Path) -> bool:
    try:
        return process.pid != os.getpid() and process.environ().get("DIABOLO_RUNS") == str(root)
    except psutil.Error:
        return False
