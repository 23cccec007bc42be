"""What the supervisor costs while nothing happens, and how soon it starts what is asked for.

    python -m benchmarks.supervisor

Prints its CPU time a minute with 50 finished runs at rest, and the milliseconds from a request to the worker's start.
"""

import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from vae_core import runs
from vae_core.config import RunConfig
from vae_core.control import Status
from vae_core.jobs import client, speed

RUNS, SECONDS, STARTS = 50, 60.0, 10
TINY = RunConfig().replace(model__hidden=(8,), training__epochs=1, training__batch_size=512, training__threads=1)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DIABOLO_RUNS"] = folder
        root = Path(folder)
        for number in range(RUNS):
            run, _ = runs.create(TINY.replace(name=f"at rest {number}"))
            run.job.write_status(Status("finished", answered=run.job.request().number))
        client.ensure_supervisor()
        try:
            measured = speed.folder(root) / "speed.json"
            process = _until(lambda: _supervisor(root) if measured.exists() else None)
            _until(lambda: not process.children())
            before = _seconds(process)
            time.sleep(SECONDS)  # what it costs meanwhile is what is measured
            idle = (_seconds(process) - before) / SECONDS * 60
            print(json.dumps({"idle_cpu_ms_a_minute": round(1000 * idle)}))
            waits = []
            for _ in range(STARTS):
                asked = time.perf_counter()
                run = client.submit(TINY)
                _until(run.job.is_alive)
                waits.append(1000 * (time.perf_counter() - asked))
                _until(lambda run=run: run.state() == "finished")  # type: ignore[misc]
                _until(lambda: not process.children())  # nor is it busy with the end of this one
            print(json.dumps({"start_ms": {"median": round(statistics.median(waits)), "most": round(max(waits))}}))
        finally:
            _supervisor(root).kill()
            shutil.rmtree(root / ".jobs", ignore_errors=True)


def _supervisor(root: Path) -> psutil.Process:
    mine = (process for process in psutil.process_iter() if _works_for(process, root))
    return min(mine, key=psutil.Process.create_time)


def _works_for(process: psutil.Process, root: Path) -> bool:
    try:
        return process.pid != os.getpid() and process.environ().get("DIABOLO_RUNS") == str(root)
    except psutil.Error:
        return False


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _until(condition: Callable[[], Any]) -> Any:
    while not (found := condition()):
        time.sleep(0.001)  # between two looks at another process; what is measured takes a hundred times as long
    return found


if __name__ == "__main__":
    main()
