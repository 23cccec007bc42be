"""What pages and the command line ask for. Imports no torch; writes requests, reads files."""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from vae_core import locks, runs
from vae_core.config import RunConfig
from vae_core.control import STATES, Wish, allowed
from vae_core.environment import REPOSITORY, data_root, jobs_backend, runs_root, writable
from vae_core.errors import N_, InputError, WorkError
from vae_core.jobs import log, wakeup
from vae_core.runs import Run

FULL = 1_000_000  # bytes; a disk with less has no room for a run's smallest files
LEAST_FREE = 300 * 10**6  # bytes; the largest runs keep about 100 MB of snapshots and as much of weights
MOST_WAITING = 20


def supervisor_folder(root: Path) -> Path:
    """Where a run root's supervisor keeps its lock, its bell and its log (`supervisor.log`)."""
    return root / ".jobs"


def supervisor_is_alive() -> bool:
    return locks.is_held(supervisor_folder(runs_root()) / "lock")


def ensure_supervisor() -> None:
    """Starts a supervisor for the run root if none is there. Cheap when one is; two at once do no harm.

    Raises:
        InputError: The run root can't be written to.
    """
    jobs_backend()
    if not supervisor_is_alive():
        _start_supervisor(writable(runs_root()))


def _start_supervisor(root: Path) -> None:
    folder = supervisor_folder(root)
    folder.mkdir(exist_ok=True)
    environment = os.environ | {"DIABOLO_RUNS": str(root), "DIABOLO_DATA": str(data_root())}
    path = folder / log.FILE
    if path.exists() and path.stat().st_size > log.LARGEST:
        path.replace(path.with_name(f"{log.FILE}.1"))
    path.touch()
    # What it says itself goes into its log; here is what Python says where it can't even begin.
    with (folder / "supervisor.err").open("wb") as said:
        # A session of its own: it outlives the server that started it, and its terminal.
        process = subprocess.Popen(
            [sys.executable, "-m", "vae_core.jobs"],
            cwd=REPOSITORY,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
    # Waited for in the background: else it stays a zombie of this process when it leaves.
    threading.Thread(target=process.wait, daemon=True).start()


def ring(root: Path) -> None:
    """Tells the supervisor to look at the folders now."""
    wakeup.ring(supervisor_folder(root))


def submit(config: RunConfig) -> Run:
    """Queues a new run. Raises as `submit_all`."""
    (run,) = submit_all([config])
    return run


def submit_all(configs: Sequence[RunConfig]) -> list[Run]:
    """Queues new runs that belong together: all of them in this order, or none.

    Raises:
        InputError: The run root can't be written to.
        WorkError: The disk is nearly full, or so many more runs may not wait.
    """
    root = writable(runs_root())
    supervisor_folder(root).mkdir(exist_ok=True)
    with locks.turn(supervisor_folder(root) / "submit.lock"):  # between the count and the last run nobody else comes in
        check_room(len(configs))
        with tempfile.TemporaryDirectory(prefix=f"{runs.NEW}submit-", dir=root) as aside:
            made = [runs.create(config, root=Path(aside))[0] for config in configs]
            submitted = _appear(made, root)
    ensure_supervisor()
    ring(root)
    return submitted


def _appear(made: Sequence[Run], root: Path) -> list[Run]:
    """Runs that are whole move into the run root."""
    moved: list[Run] = []
    try:
        for run in made:
            moved.append(Run(run.id, run.folder.rename(root / run.id)))
    except OSError:
        for run, there in zip(made, moved, strict=False):
            there.folder.rename(run.folder)
        raise
    return moved


def room() -> int:
    """How many more runs may wait."""
    return max(MOST_WAITING - runs.unsettled(), 0)


def check_room(count: int = 1) -> None:
    """Whether so many runs may be queued now. A shared host has strangers on it: neither its disk nor its queue is endless.

    Raises:
        InputError: The run root can't be written to.
        WorkError: The disk is nearly full, or so many more runs may not wait.
    """
    root = writable(runs_root())
    free = shutil.disk_usage(root).free
    if free < LEAST_FREE:
        raise WorkError(
            N_("Only {free} MB are free on the disk, and a run may need {least}. Delete runs, then start again."),
            free=free // 10**6,
            least=LEAST_FREE // 10**6,
        )
    free_places = room()
    if not free_places:
        raise WorkError(
            N_("{waiting} runs work or wait already. Wait until some are finished, or delete some, then start again."),
            waiting=runs.unsettled(),
        )
    if count > free_places:
        raise WorkError(
            N_(
                "These are {count} trainings, but only {room} more may wait now, so none was queued. Wait until some are "
                "finished, or choose fewer."
            ),
            count=count,
            room=free_places,
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
    if not run.is_starter and runs.is_run(run.folder) and _may_be_at_work(run):
        run.job.ask("pause")  # quicker than a stop, which measures the model
        ring(run.folder.parent)
    runs.delete(run, patience=timeout)


def _may_be_at_work(run: Run) -> bool:
    """Whether a process works at it, or may begin to before the next line."""
    try:
        return STATES[run.state()].is_active
    except WorkError:
        return run.job.is_alive()
