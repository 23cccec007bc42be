"""Starts the runs that wait, one process each, and picks up those that a dead process left behind.

It has torch loaded and forks: that takes 20 ms, where importing torch takes more than a second. It computes nothing
itself, because a parent that has used torch's thread pool hangs its children. It keeps nothing in memory that the
folders don't say: kill it at any moment, and the next one goes on.
"""

import dataclasses
import gc
import os
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from types import FrameType

from vae_core import runs
from vae_core.control import LEAST_SILENCE, STATES, Status
from vae_core.environment import available_threads, runs_root, silence_limit, writable
from vae_core.errors import N_, DiaboloError, WorkError
from vae_core.jobs import ends, exports, heartbeat, imports, speed
from vae_core.jobs.children import Children
from vae_core.jobs.client import supervisor_folder
from vae_core.jobs.log import LOG, leave_log, log_into
from vae_core.jobs.tasks import BESIDE, Kind, Task, tasks
from vae_core.jobs.wakeup import WakeUp
from vae_core.locks import Lock

IDLE_SECONDS = 600.0
SCAN_SECONDS = 1.0  # how often it looks at all folders while there is work, even if nobody rang
REST_SECONDS = 10.0  # how often while there is none
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
        self.folder = supervisor_folder(root)
        self.folder.mkdir(exist_ok=True)
        self.lock = Lock(self.folder / "lock")
        self.children = Children(fork=fork, leave=self._leave_to_child)
        self.watch = heartbeat.Watch()
        self.silence_limit = max(silence_limit(), LEAST_SILENCE)
        self.looked = time.monotonic()
        self.wake_up: WakeUp | None = None
        self.leaving = False
        self.said: dict[Path, str] = {}

    def serve(self, idle_seconds: float = IDLE_SECONDS) -> bool:
        """Works until nothing has happened for `idle_seconds`. False: another supervisor is there already."""
        if not self.lock.acquire(PATIENCE):
            return False
        log_into(self.folder)
        LOG.info("supervisor %d begins: %s, %d threads", os.getpid(), self.root, available_threads())
        self.wake_up = WakeUp(self.folder)
        signal.signal(signal.SIGTERM, self._leave)
        signal.signal(signal.SIGINT, self._leave)
        # Threads that wait for each other by spinning starve when the cores are shared; let them sleep soon.
        os.environ.setdefault("GOMP_SPINCOUNT", "1000")
        if self.children.fork:
            import torch

            torch.set_num_threads(1)
            import vae_core.jobs.worker  # noqa: F401  what a child needs is loaded once, here

            gc.collect()
            gc.freeze()  # no collection in a child touches, and so copies, the parent's pages
        runs.sweep(self.root)
        exports.sweep(self.root)
        imports.sweep(self.root)
        speed.ask(self.root)
        busy = time.monotonic()
        while not self.leaving and time.monotonic() - busy < idle_seconds:
            self._reap()
            if has_work := self.scan():
                busy = time.monotonic()
            self.wake_up.sleep(SCAN_SECONDS if has_work or not self.wake_up.has_bell else REST_SECONDS)
        LOG.info("supervisor %d leaves: %s", os.getpid(), "it was told to" if self.leaving else "nothing to do")
        self.wake_up.close()
        self.lock.close()
        return True

    def _leave(self, signum: int, frame: FrameType | None) -> None:
        self.leaving = True

    def _leave_to_child(self) -> None:
        """In a forked child: an open file keeps its lock in every process that has it, so what is the parent's is closed."""
        self.lock.close()
        leave_log()
        if self.wake_up is not None:
            self.wake_up.close()

    def _reap(self) -> None:
        """Writes down what ended the workers that did not say so themselves."""
        for ended in self.children.ended():
            if ended.end is None:
                LOG.info("%s ended after %.1f s", _name(ended.task), ended.seconds)
            else:
                LOG.warning("%s after %.1f s: %s", _name(ended.task), ended.seconds, ended.end)
                self._record(ended.task, ended.end)

    def _record(self, task: Task, end: WorkError) -> None:
        try:
            lock = Lock(task.job.lock)
            if not lock.acquire(PATIENCE):
                return  # somebody works at it again
            try:
                status = task.job.status()
                if status.recorded in ("starting", "running"):
                    task.job.write_status(dataclasses.replace(status, ended=end.message, ended_values=end.values))
            finally:
                lock.close()
        except (DiaboloError, OSError) as error:  # deleted meanwhile, say
            self._say(task, error)

    def _end_silent(self, task: Task, seconds: float) -> None:
        """A worker that gives no sign of life is ended; the next scan starts it again, or fails it if that helps nothing."""
        LOG.error("%s gave no sign of life for %.0f s: it is ended", _name(task), seconds)
        self.watch.forget(task.job)
        if self.children.end_silent(task, seconds):
            return
        pid = heartbeat.process(task.job)  # an earlier supervisor's child; it lives, or its lock would be free
        if pid is not None:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError as error:
                self._say(task, error)
                return
            self._record(task, ends.silent(seconds))

    def _say(self, task: Task, error: Exception) -> None:
        if self.said.get(task.folder) != str(error):  # it is tried again each second: once is enough
            self.said[task.folder] = str(error)
            LOG.error("%s: %s", _name(task), error)

    def scan(self) -> bool:
        """Looks at every run once and starts what may start; says whether there is work."""
        waiting: list[tuple[float, Task]] = []
        used, alive = 0, False
        # As far as this process saw it: what a suspended machine slept through counts for nobody's silence.
        awake = min(time.monotonic() - self.looked, 2 * SCAN_SECONDS)
        self.looked = time.monotonic()
        beside: Counter[Kind] = Counter()
        for task in tasks(self.root):
            try:
                if task.job.is_alive():
                    alive = True
                    used += task.threads()
                    beside[task.kind] += task.kind in BESIDE
                    if (silence := self.watch.silence(task.job, awake)) >= self.silence_limit:
                        self._end_silent(task, silence)
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
                self._say(task, error)
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
            known = Status() if pending == "run" else status  # who asks anew begins anew
            if restarts > RESTARTS:
                died = WorkError(DIED, restarts=status.restarts)
                failed = dataclasses.replace(
                    known, recorded="failed", answered=answered, message=died.message, values=died.values
                )
                job.write_status(failed)
                LOG.error("%s failed: %s %s", _name(task), died, failed.end or "")
                return 0
            # A pending stop is left for the worker: it goes on, sees it, and ends with the figures of that moment.
            honoured = status.answered if pending == "stop" else answered
            job.write_status(
                dataclasses.replace(known, recorded="starting", answered=honoured, restarts=restarts, epoch=epoch)
            )
            job.heartbeat.unlink(missing_ok=True)  # a dead process's
            self.watch.forget(job)
            LOG.info("%s starts on %d threads, from epoch %d, restart %d", _name(task), threads, epoch, restarts)
            self.children.start(task, lock)
            return threads
        finally:
            lock.close()


def _name(task: Task) -> str:
    return f"{task.kind} {task.folder.name}"


def _turn(waiting: tuple[float, Task]) -> tuple[bool, bool, float, Path]:
    """What comes first."""
    asked, task = waiting
    return task.kind not in BESIDE, task.kind == "speed", asked, task.folder


def main() -> int:
    """Runs the supervisor of the run root in the foreground."""
    supervisor = Supervisor(runs_root(), fork=sys.platform == "linux")
    try:
        if not supervisor.serve():
            print(f"A supervisor already works for {supervisor.root}.", file=sys.stderr)
    except Exception:
        LOG.exception("The supervisor failed.")
        raise
    return 0
