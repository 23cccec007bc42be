"""Working at a run in this very process, as the command line does, beside a supervisor that may be there."""

from vae_core.control import Status
from vae_core.errors import N_, InputError
from vae_core.jobs.client import can_go_on, was_stopped
from vae_core.jobs.tasks import Task
from vae_core.locks import Lock
from vae_core.runs import Run

PATIENCE = 1.0  # seconds: a worker that has just been told to pause is about to let go


def take_up(run: Run) -> Lock:
    """Takes a run that nobody works at, to go on with `jobs.worker.work`.

    Returns:
        Its lock; close it when done.

    Raises:
        InputError: A process works at it, it has nothing left to do, or it is a starter.
        WorkError: Its folder is damaged.
    """
    if run.is_starter:
        raise InputError(
            N_("'{run}' came with Diabolo and can't be changed. Train a run of your own instead."), run=run.id
        )
    lock = Lock(run.job.lock)
    if not lock.acquire(PATIENCE):
        raise InputError(
            N_(
                "Another process works at '{run}' right now. Wait until it is done, or pause it on the page 'Train', "
                "then try again."
            ),
            run=run.id,
        )
    try:
        is_finished = run.job.status().recorded == "finished"
        if is_finished and was_stopped(run) and not can_go_on(run):
            raise InputError(
                N_(
                    "'{run}' was stopped, and came here without the place at which it stopped. Train a new run with its "
                    "settings: train --config {file}"
                ),
                run=run.id,
                file=str(run.folder / "config.json"),
            )
        if is_finished and not can_go_on(run):
            raise InputError(
                N_(
                    "'{run}' is finished after all of its {epochs} epochs, so there is nothing to go on with. Train a "
                    "new run with more of them: --set training.epochs=N"
                ),
                run=run.id,
                epochs=run.config.training.epochs,
            )
        run.job.heartbeat.unlink(missing_ok=True)  # a dead process's; this one is watched by the person before it
        number = run.job.ask("run")
        run.job.write_status(Status("starting", answered=number, epoch=Task(run.folder, "training").epoch()))
    except BaseException:
        lock.close()
        raise
    return lock
