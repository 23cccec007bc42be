"""Works at one run until it is finished, paused or failed. The same code in a forked child, in a process of its own
(`python -m vae_core.jobs.worker RUN`) and in the foreground of the command line.
"""

import argparse
import dataclasses
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import get_args

from vae_core import events as ev
from vae_core import files, metrics, runs
from vae_core.config import RunConfig
from vae_core.control import UNEXPECTED, Job, Recorded, Status, Wish
from vae_core.datasets import Splits, splits
from vae_core.environment import runs_root, threads_for
from vae_core.errors import N_, DiaboloError, WorkError
from vae_core.jobs.heartbeat import beating
from vae_core.jobs.tasks import Kind, Task
from vae_core.liveness import alive
from vae_core.locks import Lock
from vae_core.models import load
from vae_core.processor import prepare
from vae_core.reasons import reason
from vae_core.runs import Run
from vae_core.training import train

MOST_REASON = 200  # characters

DIVERGED = N_(
    "The loss was no longer a finite number in epoch {epoch}, so training stopped. The weights are those of epoch {good}. Choose a smaller learning rate."
)


def work(run: Run) -> Iterator[ev.Event]:
    """Trains a run and records it, from its last checkpoint if it has one. The caller holds the run's lock.

    Yields:
        The events, after they were recorded.

    Raises:
        DiaboloError: It failed; `state.json` says so as well.
    """
    with settled(run.job):
        yield from _work(run)


@contextmanager
def settled(job: Job) -> Iterator[None]:
    """Writes down that a job failed, and why, where what is inside raises; then raises it on."""
    try:
        yield
    except DiaboloError as error:
        _settle(job, "failed", error)
        raise
    except OSError as error:
        failure = WorkError(N_("The run's folder can't be used ({reason})."), reason=reason(error))
        _settle(job, "failed", failure)
        raise failure from error
    except Exception as error:
        _settle(job, "failed", WorkError(UNEXPECTED, reason=_last_line(error)))
        raise


def _last_line(error: Exception) -> str:
    """The last line of the traceback, without where the server keeps its folders."""
    line = " ".join(traceback.format_exception_only(error)[-1].split())
    return line.replace(f"{runs_root()}/", "")[:MOST_REASON]


def _work(run: Run) -> Iterator[ev.Event]:
    config = run.config
    threads = threads_for(config.training.threads)
    prepare(threads)
    data = splits(config.data)
    resume = runs.resume_arrays(run)
    started = time.monotonic(), time.process_time()
    wish = _Wish(run)
    recorded = False
    stream = chain(_fewer_threads(config, threads, resume), train(config, data, resume=resume, wish=wish))
    for event in runs.record(run, stream):
        alive()
        if not recorded and isinstance(event, ev.Progress | ev.EpochEnd):
            runs.outdate(run)
            run.job.write_status(dataclasses.replace(run.job.status(), recorded="running"))
            recorded = True
        match event:
            case ev.Paused():
                # A stop that came after the pause was seen stays to be honoured.
                _settle(run.job, "paused", answered=wish.number)
            case ev.Finished(epoch=epoch, stopped=stopped):
                _measure(run, config, data, epoch, started, stopped=stopped)
                _settle(run.job, "finished")
            case ev.Diverged(epoch=epoch):
                good = int(files.read_metadata(run.folder / "model.safetensors")["epoch"])
                if good:
                    _measure(run, config, data, good, started, stopped=True)
                _settle(run.job, "failed", WorkError(DIVERGED, epoch=epoch, good=good))
        yield event


def _fewer_threads(config: RunConfig, threads: int, resume: ev.Arrays | None) -> Iterator[ev.Event]:
    """Says so where a run that was begun on a larger machine goes on with fewer threads than it had."""
    asked = config.training.threads
    if asked is not None and threads < asked:
        epoch, _, step = resume["place"].tolist() if resume is not None else (1, 0, 0)
        yield ev.FewerThreads(epoch - 1, step, asked, threads)


def _measure(
    run: Run, config: RunConfig, data: Splits, epoch: int, started: tuple[float, float], *, stopped: bool
) -> None:
    """Figures of the weights in `model.safetensors` on the test split, into `metrics.json`."""
    model = load(config.model, run.weights(), data.test.image_shape, len(data.test.class_names))
    # Trained on some classes only: the figures are those of these classes; anomaly scores are about the others.
    figures = metrics.evaluate(model, data.test.only(config.data.classes), pixels=config.data.pixels)
    files.write_json(
        run.folder / "metrics.json",
        {
            "dataset": config.data.name,
            "split": "test",
            "classes": config.data.classes,
            "epoch": epoch,
            "stopped": stopped,
            "seconds": round(time.monotonic() - started[0], 2),
            "cpu_seconds": round(time.process_time() - started[1], 2),
            **figures,
        },
    )


def _settle(job: Job, recorded: Recorded, error: DiaboloError | None = None, *, answered: int | None = None) -> None:
    """Writes how it ended; whatever was asked for until now (or until request `answered`) is honoured by that."""
    if answered is None:
        try:
            answered = job.request().number
        except DiaboloError:
            answered = 0
    status = Status(
        recorded=recorded,
        answered=answered,
        message=error.message if error else "",
        values=error.values if error else None,
    )
    job.write_status(status)


class _Wish:
    """What is wanted of the run; looks into the file only when it changed, four times a second."""

    def __init__(self, run: Run) -> None:
        self.job = run.job
        self.seen = (0, 0)
        self.number = 0
        self.wanted: Wish = "run"

    def __call__(self) -> Wish:
        path = self.job.folder / "request.json"
        try:
            status = path.stat()
            changed = status.st_ino, status.st_mtime_ns
            if changed != self.seen:
                request = self.job.request()
                self.number = request.number
                self.wanted = request.after(self.job.status().answered) or "run"
                self.seen = changed
        except (OSError, DiaboloError):
            self.wanted = "run"  # a request that can't be read is not one; the run goes on
        return self.wanted


def _to_end(task: Task) -> None:
    if task.kind == "training":
        for _ in work(Run(task.folder.name, task.folder)):
            pass
        return
    with settled(task.job):
        prepare(max(task.threads(), 1))
        task.compute()
        _settle(task.job, "finished")


def run_to_end(task: Task, lock: Lock) -> int:
    """Works at a job whose lock this process was handed; returns the exit status. Errors go to standard error."""
    try:
        with beating(task.job):
            _to_end(task)
    except DiaboloError as error:
        print(error, file=sys.stderr, flush=True)
        return 1
    except Exception:
        traceback.print_exc()
        return 1
    finally:
        lock.close()
    return 0


def main() -> None:
    """`python -m vae_core.jobs.worker FOLDER KIND LOCK`: a worker without a fork, started by the supervisor."""
    parser = argparse.ArgumentParser(prog="python -m vae_core.jobs.worker", description=main.__doc__)
    parser.add_argument("folder", type=Path, help="the job's folder")
    parser.add_argument("kind", choices=get_args(Kind), help="what is to be done there")
    parser.add_argument("lock", type=int, help="the open file that holds the job's lock")
    arguments = parser.parse_args()
    task = Task(arguments.folder, arguments.kind)
    sys.exit(run_to_end(task, Lock.inherited(task.job.lock, arguments.lock)))


if __name__ == "__main__":
    main()
