"""The workers that a supervisor started: forked where that is safe, else as new Python processes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from vae_core.errors import WorkError
from vae_core.jobs import ends
from vae_core.jobs.tasks import Task
from vae_core.locks import Lock


@dataclass(frozen=True)
class Child:
    """A worker.

    Attributes:
        task: What it works at.
        begun: When it was started, by the monotonic clock.
        killed: How many processes the kernel had ended for want of memory then.
    """

    task: Task
    begun: float
    killed: int | None


@dataclass(frozen=True)
class Ended:
    """A worker that is no more: what it worked at, for how many seconds, and what ended it, where it did not do its work."""

    task: Task
    seconds: float
    end: WorkError | None


class Children:
    """The workers of this process.

    Args:
        fork: Fork them; False starts each as a new Python process (where a fork is not safe).
        leave: What a forked child does first, to let go of what is its parent's.
    """

    def __init__(self, *, fork: bool, leave: Callable[[], None]) -> None:
        self.fork = fork
        self._leave = leave
        self._children: dict[int, Child] = {}
        self._silent: dict[int, float] = {}

    def __len__(self) -> int:
        return len(self._children)

    def start(self, task: Task, lock: Lock) -> None:
        """Starts a worker, which inherits the job's lock."""
        with (task.folder / "worker.log").open("ab") as log:
            if self.fork:
                pid = os.fork()
                if not pid:
                    self._become_worker(task, lock, log.fileno())
            else:
                command = [sys.executable, "-m", "vae_core.jobs.worker", str(task.folder), task.kind, str(lock.file)]
                process = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=[lock.file]
                )
                process.returncode = 0  # reaped by `ended`, like a forked one
                pid = process.pid
        self._children[pid] = Child(task, time.monotonic(), ends.out_of_memory_kills())

    def _become_worker(self, task: Task, lock: Lock, log: int) -> None:
        """The forked child: never returns."""
        status = 1
        try:
            self._leave()
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            os.dup2(log, sys.stdout.fileno())
            os.dup2(log, sys.stderr.fileno())
            from vae_core.jobs.worker import run_to_end

            status = run_to_end(task, lock)
        except SystemExit as leaving:
            status = leaving.code if isinstance(leaving.code, int) else 1
        finally:
            os._exit(status)

    def ended(self) -> Iterator[Ended]:
        """Those that ended since the last call."""
        for pid, child in list(self._children.items()):
            try:
                found, status = os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                found, status = pid, 0  # somebody else has waited for it
            if not found:
                continue
            del self._children[pid]
            end = None
            if pid in self._silent:
                end = ends.silent(self._silent.pop(pid))
            elif status:
                now = ends.out_of_memory_kills()
                ran_out = child.killed is not None and now is not None and now > child.killed
                end = ends.end(status, memory_ran_out=ran_out)
            yield Ended(child.task, time.monotonic() - child.begun, end)

    def end_silent(self, task: Task, seconds: float) -> bool:
        """Ends the worker of a task because it has been silent for so long; says whether there was one."""
        for pid, child in self._children.items():
            if child.task == task:
                self._silent[pid] = seconds
                os.kill(pid, signal.SIGKILL)  # it is not reaped yet, so the number is its own
                return True
        return False
