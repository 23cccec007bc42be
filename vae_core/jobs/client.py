"""What pages and the command line ask for. Imports no torch; writes requests, reads files."""

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

from vae_core import locks, runs
from vae_core.config import RunConfig
from vae_core.control import STATES, Wish, allowed
from vae_core.environment import REPOSITORY, data_root, jobs_backend, runs_root, writable
from vae_core.errors import N_, InputError, WorkError
from vae_core.runs import Run

LARGEST_LOG = 1_000_000  # bytes
FULL = 1_000_000  # bytes; a disk with less has no room for a run's smallest files
LEAST_FREE = 300 * 10**6  # bytes; the largest runs keep about 100 MB of snapshots and as much of weights
MOST_WAITING = 20


def supervisor_folder(root: Path) -> Path:
    """Where a run root's supervisor keeps its lock, bell and log."""
    return root / ".jobs"


def supervisor_is_alive() -> bool:
    return locks.is_held(supervisor_folder(runs_root()) / "lock")


def ensure_supervisor() -> None:
    """Starts a supervisor for the run root if none is there. Cheap when one is; two at once do no harm.

    Raises:
        InputError: The run root can't be written to.
    """
    jobs_backend()
    if supervisor_is_alive():
        return
    root = writable(runs_root())
    folder = supervisor_folder(root)
    folder.mkdir(exist_ok=True)
    environment = os.environ | {"DIABOLO_RUNS": str(root), "DIABOLO_DATA": str(data_root())}
    path = folder / "supervisor.log"
    # It leaves after ten idle minutes, so here is where its log begins anew.
    mode = "wb" if path.exists() and path.stat().st_size > LARGEST_LOG else "ab"
    with path.open(mode) as log:
        # A session of its own: it outlives the server that started it, and its terminal.
        process = subprocess.Popen(
            [sys.executable, "-m", "vae_core.jobs"],
            cwd=REPOSITORY,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    # Waited for in the background: else it stays a zombie of this process when it leaves.
    threading.Thread(target=process.wait, daemon=True).start()


def ring(root: Path) -> None:
    """Tells the supervisor to look at the folders now."""
    folder = supervisor_folder(root)
    folder.mkdir(exist_ok=True)
    (folder / "bell").touch()


def submit(config: RunConfig) -> Run:
    """Queues a new run.

    Raises:
        InputError: The run root can't be written to.
        WorkError: The disk is nearly full, or too many runs wait already.
    """
    _check_room()
    run, _ = runs.create(config)
    ensure_supervisor()
    ring(run.folder.parent)
    return run


def _check_room() -> None:
    """A shared host has strangers on it: neither its disk nor its queue is endless."""
    root = writable(runs_root())
    free = shutil.disk_usage(root).free
    if free < LEAST_FREE:
        raise WorkError(
            N_("Only {free} MB are free on the disk, and a run may need {least}. Delete runs, then start again."),
            free=free // 10**6,
            least=LEAST_FREE // 10**6,
        )
    waiting = runs.unsettled()
    if waiting >= MOST_WAITING:
        raise WorkError(
            N_("{waiting} runs work or wait already. Wait until some are finished, or delete some, then start again."),
            waiting=waiting,
        )


def disk_is_full() -> bool:
    """Whether the run root's disk has no room at all, so that a run can't even write down why it ended."""
    root = runs_root()
    return root.is_dir() and shutil.disk_usage(root).free < FULL


def ask(run: Run, wish: Wish) -> None:
    """Asks for a run to go on, to pause, or to stop. Returns at once; `run.state()` tells what became of it.

    Raises:
        InputError: It makes no sense in the run's state; the message names the state.
        WorkError: The run's folder is damaged.
    """
    state = run.state()
    if run.is_starter or state not in allowed(wish) or (wish == "run" and state == "finished" and not can_go_on(run)):
        raise InputError(
            N_("'{run}' is {state}, so '{wish}' does nothing. It can be asked of a run that is: {allowed}."),
            run=run.title,
            state=state,
            wish=wish,
            allowed=", ".join(allowed(wish)),
        )
    writable(run.folder.parent)
    run.job.ask(wish)
    ensure_supervisor()
    ring(run.folder.parent)


def was_stopped(run: Run) -> bool:
    """Whether a finished run was stopped before its last epoch."""
    return bool((run.metrics() or {}).get("stopped"))


def can_go_on(run: Run) -> bool:
    """Whether a finished run was stopped and has the checkpoint to go on from; one from an archive may have lost it."""
    return was_stopped(run) and (run.folder / "resume.safetensors").exists()


def delete(run: Run, timeout: float = 15.0) -> None:
    """Removes a run; one that is at work is stopped first.

    Raises:
        InputError: It is a starter, or did not stop in time.
    """
    if not run.is_starter and _may_be_at_work(run):
        run.job.ask("pause")  # quicker than a stop, which measures the model
        ring(run.folder.parent)
    runs.delete(run, patience=timeout)


def _may_be_at_work(run: Run) -> bool:
    """Whether a process works at it, or may begin to before the next line."""
    try:
        return STATES[run.state()].is_active
    except WorkError:
        return run.job.is_alive()
