"""Starts the runs that wait, one process each, and picks up those that a dead process left behind.

It has torch loaded and forks: that takes 20 ms, where importing torch takes more than a second. It computes nothing
itself, because a parent that has used torch's thread pool hangs its children. It keeps nothing in memory that the
folders don't say: kill it at any moment, and the next one goes on.
"""

import dataclasses
import gc
import os
import select
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from types import FrameType

from vae_core import runs
from vae_core.control import STATES, Status
from vae_core.environment import available_threads, runs_root, writable
from vae_core.errors import N_, DiaboloError, WorkError
from vae_core.jobs import exports, speed
from vae_core.jobs.client import supervisor_folder
from vae_core.jobs.tasks import BESIDE, Kind, Task, tasks
from vae_core.locks import Lock

IDLE_SECONDS = 600.0
LOOK_SECONDS = 0.05  # how often it looks at the bell
SCAN_SECONDS = 1.0  # how often it looks at all folders even if nobody rang
PATIENCE = 1.0  # seconds: another one may be about to leave
RESTARTS = 3  # without a new epoch

DIED = N_("The process died {restarts} times without finishing another epoch. Try a smaller model or a smaller batch.")


class Supervisor:
    """The supervisor of one run root.

    Args:
        root: The run root.
        fork: Fork workers; False starts each as a new Python process (where a fork is not safe).
    """

    def __init__(self, root: Path, *, fork: bool) -> None:
        self.root = writable(root)
        self.fork = fork
        self.folder = supervisor_folder(root)
        self.folder.mkdir(exist_ok=True)
        self.lock = Lock(self.folder / "lock")
        self.children: set[int] = set()
        self.leaving = False
        self.said: dict[Path, str] = {}

    def serve(self, idle_seconds: float = IDLE_SECONDS) -> bool:
        """Works until nothing has happened for `idle_seconds`. False: another supervisor is there already."""
        if not self._become_the_one():
            return False
        # Threads that wait for each other by spinning starve when the cores are shared; let them sleep soon.
        os.environ.setdefault("GOMP_SPINCOUNT", "1000")
        if self.fork:
            import torch

            torch.set_num_threads(1)
            import vae_core.jobs.worker  # noqa: F401  what a child needs is loaded once, here

            gc.collect()
            gc.freeze()  # no collection in a child touches, and so copies, the parent's pages
        signal.signal(signal.SIGTERM, self._leave)
        signal.signal(signal.SIGINT, self._leave)
        runs.sweep(self.root)
        exports.sweep(self.root)
        speed.ask(self.root)
        busy, rung, scanned = time.monotonic(), -1, 0.0
        while not self.leaving and time.monotonic() - busy < idle_seconds:
            self._reap()
            bell = self._bell()
            if bell != rung or time.monotonic() - scanned > SCAN_SECONDS:
                rung, scanned = bell, time.monotonic()
                if self.scan():
                    busy = time.monotonic()
            select.select([], [], [], LOOK_SECONDS)
        self.lock.close()
        return True

    def _become_the_one(self) -> bool:
        return self.lock.acquire(PATIENCE)

    def _leave(self, signum: int, frame: FrameType | None) -> None:
        self.leaving = True

    def _bell(self) -> int:
        try:
            return (self.folder / "bell").stat().st_mtime_ns
        except FileNotFoundError:
            return 0

    def _reap(self) -> None:
        for pid in list(self.children):
            if os.waitpid(pid, os.WNOHANG)[0]:
                self.children.discard(pid)
                self._ring()

    def _ring(self) -> None:
        (self.folder / "bell").touch()

    def scan(self) -> bool:
        """Looks at every run once and starts what may start; says whether there is work."""
        waiting: list[tuple[float, Task]] = []
        used, alive = 0, False
        beside: Counter[Kind] = Counter()
        for task in tasks(self.root):
            try:
                if task.job.is_alive():
                    alive = True
                    used += task.threads()
                    beside[task.kind] += task.kind in BESIDE
                elif STATES[task.job.state()].phase == "waiting" or task.job.pending():
                    waiting.append((task.job.request().time, task))
            except (DiaboloError, OSError):
                continue  # damaged, and the list of runs says so; or deleted between two looks
        # What waits for no training first; the measurement of the speed last, and alone. What comes first and does not
        # fit is not overtaken.
        for _, task in sorted(waiting, key=_turn):
            if task.kind in BESIDE and beside[task.kind] >= BESIDE[task.kind]:
                continue
            try:
                threads = self._admit(task, used, alone=not (used or beside.total()))
            except (DiaboloError, OSError) as error:
                if self.said.get(task.folder) != str(error):  # it is tried again each second: once is enough
                    self.said[task.folder] = str(error)
                    print(f"{task.folder}: {error}", file=sys.stderr, flush=True)
                continue
            if threads is None:
                break
            used += threads
            beside[task.kind] += task.kind in BESIDE
        return alive or bool(waiting)

    def _admit(self, task: Task, used: int, *, alone: bool) -> int | None:
        """Starts a waiting job if its threads fit beside the `used` ones.

        Args:
            alone: Nothing else is at work.

        Returns:
            How many it takes: 0 where it need not be started, `None` where it has to wait.
        """
        job = task.job
        lock = Lock(job.lock)
        if not lock.acquire():
            return 0
        try:
            status, request = job.status(), job.request()
            pending, answered = request.after(status.answered), request.number
            if pending in ("pause", "stop") and status.recorded in ("finished", "failed"):
                job.write_status(dataclasses.replace(status, answered=answered))  # it ended before it was asked to
                return 0
            if pending == "pause" or (pending == "stop" and not task.resumable()):
                # Nobody works at it, so it is already where the request wants it.
                job.write_status(Status(recorded="paused", answered=answered))
                return 0
            try:
                threads = task.threads()
            except DiaboloError as error:
                job.write_status(
                    Status(recorded="failed", answered=answered, message=error.message, values=error.values)
                )
                return 0
            if (used and threads and used + threads > available_threads()) or (task.kind == "speed" and not alone):
                return None
            epoch = task.epoch()
            restarts = 0 if pending == "run" or epoch > status.epoch else status.restarts + 1
            if restarts > RESTARTS:
                failure = WorkError(DIED, restarts=status.restarts)
                job.write_status(
                    Status(recorded="failed", answered=answered, message=failure.message, values=failure.values)
                )
                return 0
            # A pending stop is left for the worker: it goes on, sees it, and ends with the figures of that moment.
            honoured = status.answered if pending == "stop" else answered
            job.write_status(Status("starting", answered=honoured, restarts=restarts, epoch=epoch))
            self._start(task, lock)
            return threads
        finally:
            lock.close()

    def _start(self, task: Task, lock: Lock) -> None:
        with (task.folder / "worker.log").open("ab") as log:
            if not self.fork:
                command = [sys.executable, "-m", "vae_core.jobs.worker", str(task.folder), task.kind, str(lock.file)]
                child = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=[lock.file]
                )
                child.returncode = 0  # reaped by `_reap`, like a forked one
                self.children.add(child.pid)
                return
            pid = os.fork()
            if pid:
                self.children.add(pid)
                return
            self._become_worker(task, lock, log.fileno())

    def _become_worker(self, task: Task, lock: Lock, log: int) -> None:
        """The forked child: never returns."""
        status = 1
        try:
            # An open file keeps its lock in every process that has it: a worker must not keep the supervisor's.
            self.lock.close()
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            os.dup2(log, sys.stdout.fileno())
            os.dup2(log, sys.stderr.fileno())
            from vae_core.jobs.worker import run_to_end

            status = run_to_end(task, lock)
        finally:
            os._exit(status)


def _turn(waiting: tuple[float, Task]) -> tuple[bool, bool, float, Path]:
    """What comes first."""
    asked, task = waiting
    return task.kind not in BESIDE, task.kind == "speed", asked, task.folder


def main() -> int:
    """Runs the supervisor of the run root in the foreground."""
    supervisor = Supervisor(runs_root(), fork=sys.platform == "linux")
    if not supervisor.serve():
        print(f"A supervisor already works for {supervisor.root}.", file=sys.stderr)
    return 0
