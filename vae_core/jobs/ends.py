"""What ended a worker that could not say so itself, told to a person."""

import os
import signal
from pathlib import Path

from vae_core.errors import N_, WorkError

BY_SIGNAL = N_("Its process was ended by {signal}.")
MEMORY_PERHAPS = N_("Its process was ended by {signal}, perhaps because memory ran out.")
OUT_OF_MEMORY = N_("Its process was ended by {signal}, because memory ran out.")
LEFT = N_("Its process ended with exit status {status} before it was done.")
SILENT = N_("Its process gave no sign of life for {seconds} s and was ended.")


def end(status: int, *, memory_ran_out: bool = False) -> WorkError:
    """What an exit status says.

    Args:
        status: As `os.waitpid` gives it.
        memory_ran_out: The kernel ended some process for want of memory meanwhile.
    """
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return WorkError(LEFT, status=code)
    message = BY_SIGNAL
    if code == -signal.SIGKILL:  # the kernel's way to make room; also what a person or an operator's limit does
        message = OUT_OF_MEMORY if memory_ran_out else MEMORY_PERHAPS
    return WorkError(message, signal=_name(-code))


def silent(seconds: float) -> WorkError:
    """It was ended because it gave no sign of life for so long."""
    return WorkError(SILENT, seconds=round(seconds))


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # of the real-time ones only two have names
        return f"signal {number}"


def out_of_memory_kills(cgroups: Path = Path("/sys/fs/cgroup"), own: Path = Path("/proc/self/cgroup")) -> int | None:
    """How many processes of this one's control group the kernel has ended for want of memory; `None` where that is not told.

    Args:
        cgroups: Where the control groups lie (version 2, or version 1 with its `memory` controller).
        own: Which one is this process's.
    """
    try:
        lines = [line.split(":", 2) for line in own.read_text().splitlines()]
    except (OSError, UnicodeDecodeError):
        return None
    for _, controllers, path in (line for line in lines if len(line) == 3):
        if controllers and "memory" not in controllers.split(","):
            continue
        base, name = (cgroups / "memory", "memory.oom_control") if controllers else (cgroups, "memory.events")
        # Within a container the path is the host's, and the container's own group lies at the top.
        for folder in (base / path.lstrip("/"), base):
            found = _counter(folder / name)
            if found is not None:
                return found
    return None


def _counter(path: Path) -> int | None:
    try:
        values = dict(line.split(maxsplit=1) for line in path.read_text().splitlines())
        return int(values["oom_kill"])
    except (OSError, ValueError, KeyError):
        return None
