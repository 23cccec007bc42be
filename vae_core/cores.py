"""How many cores this process may use."""

import math
import os
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")


def count(cgroups: Path = CGROUPS) -> int:
    """The machine's cores, as far as the affinity mask and the container's quota leave them to this process.

    What `joblib.cpu_count` counts, whose import costs a server 5 MB.

    Args:
        cgroups: Where the control groups lie; within a container its own lies at the top.
    """
    masked = hasattr(os, "sched_getaffinity")  # not on macOS
    cores = len(os.sched_getaffinity(0)) if masked else os.cpu_count() or 1
    quota = _quota(cgroups)
    return cores if quota is None else max(1, min(cores, math.ceil(quota)))


def _quota(cgroups: Path) -> float | None:
    """How many cores' time a control group may take, by version 2 or 1; `None` where it has no limit, or says none."""
    try:
        if (limit := cgroups / "cpu.max").exists():
            quota, period = limit.read_text().split()
        else:
            quota, period = ((cgroups / "cpu" / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
        share = float(quota) / float(period)  # of version 2 "max", of version 1 -1 where there is no limit
    except (OSError, ValueError, ZeroDivisionError):
        return None
    return share if share > 0 else None
