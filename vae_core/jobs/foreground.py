"""Working at a run in this very process, as the command line does, beside a supervisor that may be there."""

from vae_core.control import Status
from vae_core.errors import N_, InputError
from vae_core.jobs.client import was_stopped
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
        if run.job.status().recorded == "finished" and not was_stopped(run):
            raise InputError(
                N_(
                    "'{run}' is finished after all of its {epochs} epochs, so there is nothing to go on with. Train a "
                    "new run with more of them: --set training.epochs=N"
                ),
                run=run.id,
                epochs=run.config.training.epochs,
            )
        number = run.job.ask("run")
        run.job.write_status(Status("starting", answered=number, epoch=Task(run.folder, "training").epoch()))
    except BaseException:
        lock.close()
        raise
    return lock
