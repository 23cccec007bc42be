"""Jobs that must survive: a real supervisor, real processes, real SIGKILLs."""

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from pages.ui import standing
from pages.ui.runs_list import details
from tests.processes import wait
from vae_core import events as ev
from vae_core import files, runs
from vae_core.config import RunConfig
from vae_core.environment import REPOSITORY
from vae_core.errors import InputError
from vae_core.jobs import client, heartbeat
from vae_core.jobs import log as log_file
from vae_core.jobs.studies import study_of
from vae_core.jobs.supervisor import RESTARTS, Supervisor
from vae_core.jobs.tasks import Task
from vae_core.runs import EventLog, Run

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(300)]

SMALL = RunConfig().replace(model__hidden=(64,), training__epochs=3, training__threads=1)
# Long enough to be caught at work, short enough to be waited for: about 20 ms an epoch.
LONG = SMALL.replace(training__epochs=2_000, training__batch_size=512)
EPOCHS = 80  # of what is disturbed and yet comes to its end


def until(run: Run, *states: str) -> str:
    def settled() -> str | None:
        state = run.state()
        assert state not in ("finished", "failed") or state in states, run.job.status()
        return state if state in states else None

    return str(wait(settled, f"{run.id} to be {states}"))


def epochs(run: Run) -> list[int]:
    return [event.epoch for event in EventLog(run).read() if isinstance(event, ev.EpochEnd)]


def begun(run: Run, more_than: int = 0) -> None:
    def further() -> bool:
        assert run.state() != "failed", run.job.status()
        return len(epochs(run)) > more_than

    wait(further, f"{run.id} to get beyond epoch {more_than}")


def holders(path: Path) -> list[psutil.Process]:
    """The processes that have a file open: whoever holds a lock."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and any(file.path == str(path) for file in process.open_files()):
                found.append(process)
        except psutil.Error:
            continue
    return found


def supervisors(root: Path) -> list[psutil.Process]:
    return holders(client.supervisor_folder(root) / "lock")


def workers(run: Run) -> list[psutil.Process]:
    """Who works at a run; the supervisor itself has the lock for a moment while it starts one."""
    bosses = supervisors(run.folder.parent)
    return [process for process in holders(run.job.lock) if process not in bosses]


def at_work(run: Run) -> list[psutil.Process]:
    """As `workers`, quicker: the process that gives signs of life, if it is one that has the lock."""
    with suppress(psutil.Error):
        process = psutil.Process(heartbeat.process(run.job) or os.getpid())
        if process.pid != os.getpid() and any(file.path == str(run.job.lock) for file in process.open_files()):
            return [process]
    return []


def kill(found: list[psutil.Process]) -> None:
    for process in found:
        with suppress(psutil.NoSuchProcess):  # it ended by itself meanwhile
            process.kill()
    for process in found:
        wait(lambda p=process: is_gone(p), "a killed process to be gone")


def kill_supervisor(root: Path) -> None:
    kill(supervisors(root))
    # A killed process counts as gone with its first thread; the others hold its lock for a moment longer.
    wait(lambda: not client.supervisor_is_alive(), "the supervisor's lock to be free")


def is_gone(process: psutil.Process) -> bool:
    """Whether it has ended; one that nobody has waited for yet has, too."""
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:  # between any two looks
        return True


def weights(run: Run) -> dict[str, Any]:
    return files.read_arrays(run.folder / "model.safetensors")


@cache
def untouched(kind: str = "vae") -> dict[str, Any]:
    """The weights that `EPOCHS` come to if nothing happens."""
    run = client.submit(LONG.replace(model__kind=kind, training__epochs=EPOCHS))
    until(run, "finished")
    return weights(run)


def comes_to(run: Run, expected: dict[str, Any]) -> bool:
    found = weights(run)
    return found.keys() == expected.keys() and all(np.array_equal(found[name], expected[name]) for name in found)


def test_a_run_is_trained_to_its_end_by_a_process_of_its_own(supervised: Path) -> None:
    run = client.submit(SMALL)
    until(run, "finished")
    assert epochs(run) == [1, 2, 3] and run.config.training.threads == 1
    metrics = run.metrics()
    assert metrics is not None and metrics["images"] == 1000 and not metrics["stopped"]
    assert supervisors(supervised) and not workers(run)
    assert (run.folder / "worker.log").read_text() == ""
    assert not run.job.heartbeat.exists() and run.job.silence() == 0
    log = client.supervisor_folder(supervised) / log_file.FILE
    wait(lambda: f"training {run.id} ended after" in log.read_text(), "the supervisor to write down the end")
    lines = log.read_text().splitlines()
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (INFO|WARNING|ERROR) .+", line) for line in lines), lines
    assert any(f"training {run.id} starts on 1 threads" in line for line in lines)


def test_a_clean_parent_forks_children_of_two_threads(supervised: Path) -> None:
    """A parent that had used torch's thread pool would hang them."""
    config = SMALL.replace(training__threads=2, training__epochs=1, model__hidden=(400,))
    first, second = client.submit(config), client.submit(config)
    until(first, "finished")
    until(second, "finished")
    assert comes_to(first, weights(second))


def test_runs_queue_while_the_cores_are_taken(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIABOLO_THREADS", "1")
    first = client.submit(LONG)
    begun(first)
    second = client.submit(SMALL)
    wait(lambda: second.state() == "queued" and len(epochs(first)) > 5, "the second to wait")
    assert epochs(second) == []
    client.ask(first, "stop")
    until(second, "finished")
    assert first.state() == "finished"


def test_pause_and_resume_change_no_bit(supervised: Path) -> None:
    run = client.submit(LONG.replace(training__epochs=EPOCHS))
    for _ in range(3):
        begun(run, more_than=len(epochs(run)))
        if run.state() == "finished":
            break
        client.ask(run, "pause")
        if until(run, "paused", "finished") == "finished":
            break
        client.ask(run, "run")
    until(run, "finished")
    assert epochs(run) == list(range(1, EPOCHS + 1))
    assert comes_to(run, untouched())


def test_a_stopped_run_keeps_its_figures_and_can_go_on(supervised: Path) -> None:
    run = client.submit(LONG)
    begun(run)
    client.ask(run, "stop")
    until(run, "finished")
    metrics = run.metrics()
    assert metrics is not None and metrics["stopped"] and 0 < len(epochs(run)) < 2_000
    before = len(epochs(run))
    client.ask(run, "run")
    begun(run, more_than=before)
    client.ask(run, "stop")
    until(run, "finished")


def test_a_wish_that_makes_no_sense_names_the_state(supervised: Path) -> None:
    run = client.submit(SMALL)
    until(run, "finished")
    for wish in ("run", "pause", "stop"):
        with pytest.raises(InputError, match="is finished"):
            client.ask(run, wish)  # type: ignore[arg-type]


def test_stopping_what_never_started_takes_it_out_of_the_queue(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIABOLO_THREADS", "1")
    busy, waiting = client.submit(LONG), client.submit(SMALL)
    begun(busy)
    client.ask(waiting, "stop")
    until(waiting, "paused")
    client.delete(waiting)
    client.delete(busy)
    assert [path for path in root.iterdir() if not path.name.startswith(".")] == []


def test_a_diverging_run_fails_in_words_and_keeps_its_last_good_weights(supervised: Path) -> None:
    run = client.submit(SMALL.replace(training__learning_rate=1.0, model__activation="silu"))
    until(run, "failed")
    error = run.job.status().error
    assert error is not None and "smaller learning rate" in str(error)
    assert all(np.isfinite(array).all() for array in weights(run).values())


def test_bad_input_fails_in_words(supervised: Path) -> None:
    unknown = client.submit(SMALL.replace(data__name="cats"))
    too_large = client.submit(SMALL.replace(training__batch_size=4000))
    deep = client.submit(SMALL.replace(model__network="conv", model__hidden=(4,) * 6))
    for run, words in ((unknown, "'cats'"), (too_large, "'training.batch_size' is 4000"), (deep, "halved only 5")):
        until(run, "failed")
        assert words in str(run.job.status().error)
    (damaged,) = (client.submit(SMALL.replace(data__name="cats")),)
    (damaged.folder / "config.json").write_text("{")
    summary = next(summary for summary in runs.list_runs() if summary.id == damaged.id)
    assert summary.state == "failed" and "config.json" in str(summary.error)


@pytest.mark.parametrize("kind", ["vae", "autoencoder"])
def test_killed_at_random_moments_a_run_ends_with_the_same_weights(supervised: Path, kind: str) -> None:
    """Ten SIGKILLs a kind, twenty in all: no finished epoch is lost, and the same bits come out."""
    run = client.submit(LONG.replace(model__kind=kind, training__epochs=EPOCHS))
    chance = random.Random(0)
    kills = 0
    while kills < 10 and run.state() != "finished":
        done = len(epochs(run))
        begun(run, more_than=min(done, EPOCHS - 1))  # three deaths without a new epoch would be a failure, rightly
        time.sleep(chance.random() * 0.05)  # the random moment
        durable = int(files.read_metadata(run.folder / "resume.safetensors")["epoch"])
        found = at_work(run)
        if not found:
            continue
        kill(found)
        kills += 1
        assert int(files.read_metadata(run.folder / "resume.safetensors")["epoch"]) >= durable
    until(run, "finished")
    assert kills == 10, f"only {kills} kills before it was finished: make the run longer"
    assert epochs(run) == list(range(1, EPOCHS + 1)), "each epoch once"
    assert comes_to(run, untouched(kind))
    assert not list(run.folder.rglob("*.tmp"))


def test_a_killed_supervisor_loses_nothing(supervised: Path) -> None:
    """The worker works on, a new supervisor adopts it, and what waited is started."""
    run = client.submit(LONG)
    begun(run)
    kill_supervisor(supervised)
    begun(run, more_than=len(epochs(run)))
    assert run.state() == "running" and not client.supervisor_is_alive()
    waiting = client.submit(SMALL)
    until(waiting, "finished")
    assert len(supervisors(supervised)) == 1
    client.ask(run, "stop")
    until(run, "finished")


def test_what_died_with_its_supervisor_is_found_and_goes_on(supervised: Path) -> None:
    run = client.submit(LONG.replace(training__epochs=EPOCHS))
    begun(run)
    kill_supervisor(supervised)
    kill(workers(run))
    wait(lambda: run.state() in ("interrupted", "finished"), "its end to be seen")
    client.ensure_supervisor()
    until(run, "finished")
    assert comes_to(run, untouched())


def test_a_run_that_dies_again_and_again_without_progress_fails(supervised: Path) -> None:
    """Epochs so long that none is finished between two kills."""
    run = client.submit(SMALL.replace(training__batch_size=1, model__hidden=(2048, 2048), training__epochs=2))
    for death in range(RESTARTS + 1):
        kill(wait(lambda: run.state() == "running" and at_work(run), f"start {death + 1}"))
    until(run, "failed")
    assert f"died {RESTARTS} times" in str(run.job.status().error)


def test_what_has_ended_meanwhile_is_killed_without_a_word() -> None:
    """On a busy machine a process ends between any two looks at it."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    process = psutil.Process(child.pid)
    wait(lambda: process.status() == psutil.STATUS_ZOMBIE, "it to end")
    assert is_gone(process)
    child.wait()
    kill([process])
    assert is_gone(process)


def test_what_ended_a_worker_is_told_and_the_run_goes_on(supervised: Path) -> None:
    run = client.submit(LONG)
    for number, why in ((signal.SIGSEGV, ""), (signal.SIGKILL, ", perhaps because memory ran out")):
        begun(run, more_than=len(epochs(run)))
        (worker,) = wait(lambda: workers(run), "the worker")
        worker.send_signal(number)
        words = f"was ended by {number.name}{why}."
        wait(lambda words=words: words in str(run.job.note()), "the reason")
        begun(run, more_than=len(epochs(run)))
    assert words in str(runs.summary(run).note) and words in standing.sentence(standing.look(run), None)
    shown = subprocess.run([sys.executable, "-m", "vae_core", "list"], capture_output=True, text=True, check=True)
    assert f"{run.id}: Its process {words}" in shown.stdout
    log = (client.supervisor_folder(supervised) / log_file.FILE).read_text()
    assert log.count(f"WARNING training {run.id} after") == 2 and "SIGSEGV" in log and "SIGKILL" in log
    client.ask(run, "stop")
    until(run, "finished")
    assert run.job.note() is None, "what has ended well has nothing to tell"


FAULTY = """
import os, threading
from vae_core.environment import runs_root
from vae_core.jobs import worker
from vae_core.jobs.supervisor import Supervisor
from vae_core.trainer import Trainer

to_end, step = worker.run_to_end, Trainer._step

def run_to_end(task, lock):
    Trainer._step = {"spins": spin, "slow": slow}.get(name(task), step)
    return os._exit(3) if name(task) == "leaves" else to_end(task, lock)

def name(task):
    return worker.Run(task.folder.name, task.folder).config.name if task.kind == "training" else ""

def spin(self, x, y):
    while self.step == 3 and not os.path.exists(os.environ["MENDED"]):
        pass
    return step(self, x, y)

def slow(self, x, y):
    threading.Event().wait(0.8)  # computes nothing; eight of them are longer than the silence that is allowed
    return step(self, x, y)

worker.run_to_end = run_to_end
Supervisor(runs_root(), fork=True).serve()
"""
"""A supervisor some of whose workers leave, or compute without end, or are slow: by their runs' names."""


@pytest.fixture
def faulty(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """That supervisor at work, and the file that mends what spins."""
    monkeypatch.setenv("DIABOLO_SILENCE", "5")
    monkeypatch.setenv("DIABOLO_THREADS", "3")
    monkeypatch.setenv("MENDED", str(tmp_path / "mended"))
    supervisor = subprocess.Popen([sys.executable, "-c", FAULTY], start_new_session=True)
    try:
        wait(client.supervisor_is_alive, "the supervisor")
        yield tmp_path / "mended"
    finally:
        supervisor.kill()
        supervisor.wait()


def test_a_worker_that_leaves_or_spins_is_told_and_a_slow_one_is_let_be(faulty: Path) -> None:
    """One leaves with a status, one computes without end in its fourth step, one makes a step now and then."""
    config = SMALL.replace(training__epochs=1, training__batch_size=512)
    leaving, spinning, slow = client.submit_all([config.replace(name=name) for name in ("leaves", "spins", "slow")])
    until(leaving, "failed")
    assert "exit status 3" in str(leaving.job.note())
    words = standing.sentence(standing.look(leaving), None)
    assert f"died {RESTARTS} times" in words and "exit status 3" in words
    assert "exit status 3" in " ".join(details(runs.summary(leaving)))
    wait(lambda: "gave no sign of life" in str(spinning.job.note()), "the end of what spins")
    faulty.touch()
    until(spinning, "finished")
    until(slow, "finished")
    assert "gave no sign of life" in log_of(spinning) and "restart 1" in log_of(spinning)
    assert "sign of life" not in log_of(slow) and "restart 1" not in log_of(slow)


def log_of(run: Run) -> str:
    """What the supervisor wrote down of a run."""
    log = (client.supervisor_folder(run.folder.parent) / log_file.FILE).read_text()
    return "".join(line for line in log.splitlines(keepends=True) if run.id in line)


def test_a_worker_that_hangs_is_seen_told_and_started_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIABOLO_SILENCE", "5")
    run = client.submit(LONG)
    begun(run)
    (worker,) = wait(lambda: workers(run), "the worker")
    assert run.job.note() is None
    worker.send_signal(signal.SIGSTOP)
    wait(lambda: "No sign of life for" in standing.sentence(standing.look(run), None), "the page to tell")
    assert run.state() == "running"
    wait(lambda: "gave no sign of life" in str(run.job.note()), "its end")
    begun(run, more_than=len(epochs(run)))
    client.ask(run, "stop")
    until(run, "finished")


def test_a_silent_worker_of_an_earlier_supervisor_is_ended_too(supervised: Path) -> None:
    run = client.submit(LONG)
    begun(run)
    (worker,) = wait(lambda: workers(run), "the worker")
    kill_supervisor(supervised)
    worker.send_signal(signal.SIGSTOP)
    Supervisor(supervised, fork=False)._end_silent(Task(run.folder, "training"), 9.0)
    wait(lambda: is_gone(worker), "its end")
    assert run.state() == "interrupted" and "no sign of life for 9 s" in str(run.job.note())


def test_two_supervisors_are_one(supervised: Path) -> None:
    client.ensure_supervisor()
    wait(client.supervisor_is_alive, "the supervisor")
    second = subprocess.run(
        [sys.executable, "-m", "vae_core.jobs"], capture_output=True, text=True, timeout=60, check=True
    )
    assert "already works" in second.stderr
    assert len(supervisors(supervised)) == 1


def test_a_supervisor_that_is_told_to_leave_leaves_its_workers_at_work(supervised: Path) -> None:
    run = client.submit(LONG)
    begun(run)
    (supervisor,) = supervisors(supervised)
    supervisor.send_signal(signal.SIGTERM)
    wait(lambda: not client.supervisor_is_alive(), "the supervisor to leave")
    begun(run, more_than=len(epochs(run)))
    client.ask(run, "stop")
    until(run, "finished")


def test_without_a_fork_the_same_code_gives_the_same_weights(supervised: Path) -> None:
    """Where forking is not safe, a worker is a new Python process."""
    forked = client.submit(SMALL)
    until(forked, "finished")
    kill_supervisor(supervised)
    script = "from vae_core.jobs.supervisor import Supervisor; from vae_core.environment import runs_root; "
    script += "Supervisor(runs_root(), fork=False).serve()"
    supervisor = subprocess.Popen([sys.executable, "-c", script], start_new_session=True)
    try:
        wait(client.supervisor_is_alive, "the supervisor")
        spawned = client.submit(SMALL)
        until(spawned, "finished")
        assert comes_to(spawned, weights(forked))
    finally:
        supervisor.kill()
        supervisor.wait()


def test_studies_are_computed_once_and_kept(supervised: Path) -> None:
    run = client.submit(SMALL.replace(training__epochs=1, model__latent_dim=5))
    settings = {"method": "tsne", "data": "digits"}
    with pytest.raises(InputError, match="not finished"):
        study_of(run, "projection", settings)
    until(run, "finished")
    study = study_of(run, "projection", settings)
    assert study.state() is None and study.arrays() is None and study.figures() is None
    study.ask()
    wait(lambda: study.state() == "finished", "t-SNE")
    found, figures = study.arrays(), study.figures()
    assert found is not None and found["points"].shape == (1000, 2) and found["index"].tolist() == list(range(1000))
    assert figures is not None and figures["seconds"] > 0
    file = study.folder / "arrays.safetensors"
    made = file.stat().st_mtime_ns
    study_of(run, "projection", settings).ask()
    assert file.stat().st_mtime_ns == made
    assert study_of(run, "projection", {}).folder != study.folder
    with pytest.raises(InputError, match="tsne, umap"):
        study_of(run, "projection", {"method": "magic"})
    with pytest.raises(InputError, match="no study 'magic'"):
        study_of(run, "magic", {})


def test_the_supervisors_log_begins_anew_when_it_is_large(root: Path) -> None:
    log = client.supervisor_folder(root) / "supervisor.log"
    log.parent.mkdir(parents=True)
    log.write_text("kept\n")
    client.ensure_supervisor()
    (first,) = wait(lambda: supervisors(root), "a supervisor")
    assert log.read_text().startswith("kept\n")
    kill([first])
    log.write_bytes(b"x" * (log_file.LARGEST + 1))

    def another() -> list[psutil.Process]:
        client.ensure_supervisor()  # each time: a killed process's lock goes a moment after the process
        return supervisors(root)

    wait(another, "another supervisor")
    assert log.stat().st_size < 100_000


FULL_DISK = """
from pages.ui import standing
from vae_core import runs
from vae_core.config import RunConfig
from vae_core.control import Status
from vae_core.environment import runs_root
from vae_core.jobs import client
from vae_core.jobs.supervisor import Supervisor

run, _ = runs.create(RunConfig().replace(training__threads=1))
run.job.write_status(Status("running", answered=run.job.request().number))
supervisor = Supervisor(runs_root(), fork=False)
assert run.state() == "interrupted" and not client.disk_is_full()
filler = runs_root() / "filler"
try:
    with filler.open("wb", buffering=0) as file:
        while file.write(bytes(1000)):
            pass
except OSError:
    pass
assert client.disk_is_full()
for _ in range(3):
    assert supervisor.scan(), "it still waits"
    assert run.state() == "interrupted" and not supervisor.children
print(standing.sentence(standing.look(run), None))
filler.unlink()
assert "disk" not in standing.sentence(standing.look(run), None)
"""


def test_a_full_disk_is_named_and_a_run_waits_for_room(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mount = 'mount -t tmpfs -o size=2m none "$DIABOLO_RUNS"'  # seen by this one process, gone with it
    command = ["unshare", "--mount", "--map-root-user", "sh", "-c"]
    environment = os.environ | {"DIABOLO_RUNS": str(small), "PYTHONPATH": str(REPOSITORY)}
    try:
        allowed = subprocess.run([*command, mount], env=environment, capture_output=True).returncode == 0
    except FileNotFoundError:
        allowed = False
    if not allowed:
        pytest.skip("a full disk needs a small one, which may not be mounted here")
    script = [*command, f'{mount} && exec "$0" -c "$1"', sys.executable, FULL_DISK]
    done = subprocess.run(script, env=environment, cwd=REPOSITORY, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "The disk is full" in done.stdout
    assert done.stderr.count("No space left on device") == 1, "said once, not each second"
