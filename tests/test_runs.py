"""The run folder: what is written comes back, and no damage to one run hides another."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tests.tiny_runs import train, training
from vae_core import events as ev
from vae_core import files, runs
from vae_core.config import RunConfig
from vae_core.control import Job, Status
from vae_core.environment import REPOSITORY
from vae_core.errors import DiaboloError, InputError, WorkError
from vae_core.events import FewerThreads
from vae_core.jobs import client
from vae_core.jobs.foreground import take_up
from vae_core.jobs.tasks import Task
from vae_core.jobs.worker import work
from vae_core.locks import Lock, is_held
from vae_core.runs import EventLog, Run


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIABOLO_RUNS", str(tmp_path_factory.mktemp("template")))
        return train(epochs=2).folder


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DIABOLO_RUNS", str(tmp_path))
    return tmp_path


@pytest.fixture
def run(root: Path, template: Path) -> Run:
    """A finished run of one's own, a copy for each test."""
    import shutil

    shutil.copytree(template, root / template.name)
    return Run(template.name, root / template.name)


def own() -> list[runs.Summary]:
    return [summary for summary in runs.list_runs() if not summary.starter]


def test_a_new_run_is_queued_and_whole(root: Path) -> None:
    config = RunConfig().replace(name="  mine ", training__threads=1)
    run, lock = runs.create(config)
    assert lock is None and run.config == config and run.title == "mine" and run.state() == "queued"
    assert runs.find(run.id) == run and [s.id for s in own()] == [run.id]
    with pytest.raises(InputError, match="no weights yet"):
        run.weights()


def test_a_run_in_the_foreground_is_held_from_its_first_moment(root: Path) -> None:
    run, lock = runs.create(RunConfig(), hold=True)
    assert lock is not None and run.job.is_alive() and run.state() == "starting" and run.job.pending() is None
    lock.close()
    assert run.state() == "interrupted"


def test_a_finished_run_tells_what_it_did(run: Run) -> None:
    log = runs.EventLog(run).read()
    assert [event.epoch for event in log if isinstance(event, ev.EpochEnd)] == [1, 2]
    assert isinstance(log[-1], ev.Finished) and run.state() == "finished"
    assert run.snapshot_epochs() == [0, 1, 2] and run.snapshot(2)["samples"].shape == (16, 1, 28, 28)
    metrics = run.metrics()
    assert metrics is not None and metrics["images"] == 1000 and metrics["epoch"] == 2 and metrics["elbo"] < 0
    assert json.loads((run.folder / "config.json").read_text())["schema"] == 1
    resume = files.read_arrays(run.folder / "resume.safetensors")
    assert all(np.array_equal(array, resume[f"model.{name}"]) for name, array in run.weights().items())
    (summary,) = own()
    assert (summary.state, summary.epoch, summary.error) == ("finished", 2, None)


def test_names_change_and_starters_do_not(run: Run) -> None:
    runs.rename(run, " better ")
    assert run.title == "better" and run.state() == "finished"
    with pytest.raises(InputError, match="name"):
        runs.rename(run, "x" * 81)
    assert run.title == "better"
    starter = Run("starter-vae-2d", runs.STARTERS / "starter-vae-2d")
    for change in (lambda: runs.rename(starter, "x"), lambda: runs.delete(starter)):
        with pytest.raises(InputError, match="came with Diabolo"):
            change()


def test_deleting_leaves_nothing_and_refuses_a_live_run(run: Run, root: Path) -> None:
    lock = Lock(run.job.lock)
    assert lock.acquire()
    with pytest.raises(InputError, match="still at work"):
        runs.delete(run)
    lock.close()
    runs.delete(run)
    assert list(root.iterdir()) == [] and own() == []


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "gone", "A", "x" * 200, "a/b", "a\x00b", ".jobs"])
def test_a_name_that_is_no_run_is_refused(root: Path, name: str) -> None:
    (root / ".jobs").mkdir()
    with pytest.raises(InputError, match="There is no run"):
        runs.find(name)


def test_a_damaged_run_keeps_its_name_while_that_can_be_read(run: Run) -> None:
    runs.rename(run, "My fives")
    (run.folder / "state.json").write_text("{")
    (found,) = own()
    assert (found.name, found.state, found.config) == ("My fives", "failed", None) and "state.json" in str(found.error)
    (run.folder / "config.json").write_text(json.dumps({"schema": 1, "name": " My fives ", "unknown": 1}))
    assert own()[0].name == "My fives", "settings of another version still have a name"
    for unreadable in ("{", '{"name": 5}', '{"name": "  ", "unknown": 1}'):
        (run.folder / "config.json").write_text(unreadable)
        assert own()[0].name == run.id


FILES = ["config.json", "events.jsonl", "metrics.json", "state.json", "request.json", "model.safetensors"]
ALL_FILES = [*FILES, "resume.safetensors", "snapshots/000002.safetensors"]


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def flip(path: Path) -> None:
    """One bit in the middle, and one in the first byte: the head or the first brace."""
    data = bytearray(path.read_bytes())
    data[0] ^= 0x40
    data[len(data) // 2] ^= 0x08
    path.write_bytes(bytes(data))


def rubbish(path: Path) -> None:
    path.write_bytes(bytes(range(256)) * 20)


@pytest.mark.parametrize("damage", [truncate, empty, flip, rubbish, Path.unlink])
@pytest.mark.parametrize("name", ALL_FILES)
def test_damage_is_one_clear_message_and_hides_no_other_run(run: Run, name: str, damage: object) -> None:
    other, _ = runs.create(RunConfig().replace(name="healthy"))
    damage(run.folder / name)  # type: ignore[operator]
    summaries = {summary.id: summary for summary in own()}
    assert summaries[other.id].state == "queued" and run.id in summaries
    damaged = summaries[run.id]
    if damaged.error is not None:
        assert damaged.state == "failed" and name in str(damaged.error)
    # Whatever a page asks of it, it answers or says in words what is wrong.
    for look in (
        lambda: run.config,
        run.state,
        run.metrics,
        run.weights,
        run.size,
        run.snapshot_epochs,
        lambda: run.snapshot(2),
        runs.EventLog(run).read,
    ):
        try:
            look()
        except DiaboloError as error:
            assert name in str(error) and "Delete this run" in str(error)
    if name == "snapshots/000002.safetensors":
        with pytest.raises(WorkError, match=r"is damaged|is missing"):
            run.snapshot(2)
    if name == "model.safetensors":
        if damage is Path.unlink:
            assert run.weights(), "the last checkpoint holds the same weights"
        else:
            with pytest.raises(WorkError, match="is damaged"):
                run.weights()
    runs.delete(run)
    assert [summary.id for summary in own()] == [other.id]


@pytest.mark.parametrize("byte", range(0, 100, 7))
def test_a_single_flipped_bit_in_the_weights_is_noticed(run: Run, byte: int) -> None:
    path = run.folder / "model.safetensors"
    data = bytearray(path.read_bytes())
    place = len(data) * byte // 100
    data[place] ^= 1
    path.write_bytes(bytes(data))
    try:
        run.weights()
    except WorkError as error:
        assert "model.safetensors" in str(error)
    else:
        pytest.fail("the flip went unnoticed")


def test_threads_are_fixed_when_the_run_is_made_and_are_not_more_than_there_are(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIABOLO_THREADS", "1")
    plain, _ = runs.create(RunConfig())
    assert plain.config.training.threads == 1 and EventLog(plain).read() == []
    of_a_larger_machine, _ = runs.create(RunConfig().replace(training__threads=8))
    assert of_a_larger_machine.config.training.threads == 1, "what decides the last bits of its weights"
    assert EventLog(of_a_larger_machine).read() == [FewerThreads(0, 0, asked=8, used=1)], "and what was asked for"


@pytest.mark.parametrize("threads", [0, -1, 65, 10**9])
def test_a_number_of_threads_that_no_machine_has_stays_an_error(threads: int) -> None:
    with pytest.raises(InputError, match=r"training\.threads"):
        RunConfig().replace(training__threads=threads)


def test_a_run_that_was_begun_on_a_larger_machine_goes_on_here(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIABOLO_THREADS", "1")
    with training(done=1, epochs=3) as run:
        pass
    files.write(run.folder / "config.json", run.config.replace(training__threads=8).to_json().encode())
    lock = take_up(run)
    assert Task(run.folder, "training").threads() == 1
    for _ in work(run):
        pass
    lock.close()
    assert run.state() == "finished"
    found = [event for event in EventLog(run).read() if isinstance(event, FewerThreads)]
    assert [(event.asked, event.used) for event in found] == [(8, 1)]


def test_newest_first_wherever_the_runs_were_made(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clocks on the wall that stand up to 25 hours apart show the same moment in UTC."""
    made = []
    with monkeypatch.context() as patch:
        for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kolkata"):
            patch.setenv("TZ", zone)
            time.tzset()
            made.append(runs.create(RunConfig())[0].id)
    time.tzset()
    assert [run.id for run in runs.all_runs() if not run.is_starter] == made[::-1]


def test_runs_of_other_names_stand_where_they_belong(root: Path) -> None:
    """Of an archive whose folder was renamed, and of the time when names were in local time."""
    for name, when in {"20240101-120000-old": 0, "my-own-name": 1_735_689_600, "20260101-120000123-new": 0}.items():
        (root / name).mkdir()
        (root / name / "config.json").write_text(RunConfig().to_json())
        (root / name / "request.json").touch()
        os.utime(root / name / "request.json", (when, when))
    assert [run.id for run in runs.all_runs() if not run.is_starter] == [
        "20260101-120000123-new",
        "my-own-name",  # 2025-01-01
        "20240101-120000-old",
    ]


def test_many_visitors_ask_and_rename_at_once(run: Run) -> None:
    """Threads of one server: every request gets a number of its own, and no file is torn."""
    number = run.job.ask("run")

    def visit(visitor: int) -> None:
        for turn in range(15):
            run.job.ask("pause")
            runs.rename(run, f"visitor {visitor}, {turn}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(visit, range(8)))
    assert run.job.request().number == number + 8 * 15
    assert run.title.startswith("visitor")
    assert not list(run.folder.glob("*.tmp")) and not list(run.folder.glob(".*.tmp"))


def test_a_damaged_request_is_replaced_so_that_a_run_can_be_stopped(run: Run) -> None:
    (run.folder / "request.json").write_text("{")
    run.job.ask("stop")
    assert run.job.pending() == "stop"


def test_damaged_lines_are_counted_and_skipped(run: Run) -> None:
    path = run.folder / "events.jsonl"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], "{broken", *lines[1:]]) + "\n")
    log = runs.EventLog(run)
    assert len(log.read()) == len(lines) and log.damaged == 1


def test_the_log_is_followed_while_it_grows_and_when_it_is_rewritten(run: Run) -> None:
    path = run.folder / "events.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text(lines[0])
    log = runs.EventLog(run)
    assert len(log.read()) == 1
    with path.open("a") as file:
        file.write(lines[1] + lines[2][:10])
        file.flush()
        assert len(log.read()) == 2, "an unfinished line is not read"
        file.write(lines[2][10:])
    assert len(log.read()) == 3
    files.write(path, "".join(lines[:2]).encode())
    assert len(log.read()) == 2
    path.unlink()
    assert log.read() == []


def test_going_on_drops_what_came_after_the_checkpoint(run: Run) -> None:
    log = run.folder / "events.jsonl"
    resume = files.read_arrays(run.folder / "resume.safetensors")
    files.write_arrays(run.folder / "resume.safetensors", resume, {"epoch": "1", "step": "57"})
    assert runs.resume_arrays(run) is not None
    kept = runs.EventLog(run).read()
    assert [event.epoch for event in kept if isinstance(event, ev.EpochEnd)] == [1]
    assert max(event.step for event in kept) == 57 and not isinstance(kept[-1], ev.Finished)
    assert run.weights() and run.metrics(), "kept until the run really goes on"
    runs.outdate(run)
    assert not (run.folder / "model.safetensors").exists() and run.metrics() is None
    assert log.read_text().endswith("\n")


def test_writing_is_all_or_nothing(tmp_path: Path) -> None:
    target = tmp_path / "values.json"
    files.write_json(target, {"a": 1})
    with pytest.raises(ValueError, match="JSON compliant"):
        files.write_json(target, {"a": float("nan")})
    assert files.read_json(target) == {"a": 1}
    with pytest.raises(WorkError, match="can't be written"):
        files.write(tmp_path / "gone" / "x", b"")
    assert [path.name for path in tmp_path.iterdir()] == ["values.json"]
    (tmp_path / ".values.json.1.tmp").write_bytes(b"half")
    files.sweep(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["values.json"]


def test_arrays_come_back_as_they_were(tmp_path: Path) -> None:
    arrays = {
        "scalar": np.array(3.0, np.float32),
        "empty": np.zeros((0, 2), np.int64),
        "turned": np.arange(6, dtype=np.uint8).reshape(2, 3).T,
        "half": np.ones(3, np.float16),
    }
    files.write_arrays(tmp_path / "a.safetensors", arrays, {"epoch": "1"})
    found = files.read_arrays(tmp_path / "a.safetensors")
    assert found.keys() == arrays.keys() and files.read_metadata(tmp_path / "a.safetensors")["epoch"] == "1"
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype and found[name].shape == array.shape, name
        assert np.array_equal(found[name], array)


@pytest.mark.parametrize("text", ["[]", "1", "{", "nope", "[" * 100_000, '{"a": 1', '{"a": NaN}', '{"a": 1e999}'])
def test_json_that_is_none_is_damage(tmp_path: Path, text: str) -> None:
    (tmp_path / "values.json").write_text(text)
    with pytest.raises(WorkError, match="is damaged"):
        files.read_json(tmp_path / "values.json")


def test_a_large_json_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "values.json").write_text(" " * (files.LARGEST_JSON + 1))
    with pytest.raises(WorkError, match="larger than"):
        files.read_json(tmp_path / "values.json")


@pytest.mark.parametrize(
    "values",
    [
        {"recorded": "gone"},
        {"recorded": "failed", "answered": "one"},
        {"recorded": "failed", "surprise": 1},
        {"recorded": "failed", "message": "{missing}"},
        {"recorded": "failed", "message": "{x!z}", "values": {"x": 1}},
        {"recorded": "failed", "message": "{0}", "values": {"x": 1}},
        {"recorded": "failed", "message": "text", "values": [1]},
        {"recorded": ["failed"]},
    ],
)
def test_a_state_that_says_nonsense_is_damage(root: Path, values: dict[str, object]) -> None:
    run, _ = runs.create(RunConfig())
    files.write_json(run.folder / "state.json", values)
    with pytest.raises(WorkError, match="damaged"):
        run.job.status()
    assert own()[0].state == "failed"


def test_requests_wait_until_they_are_honoured(root: Path) -> None:
    job = Job(root)
    assert job.pending() is None and job.state() == "queued"
    job.ask("run")
    job.ask("pause")
    assert job.pending() == "pause" and job.request().number == 2
    job.write_status(Status("paused", answered=2))
    assert job.pending() is None and job.state() == "paused"
    job.ask("run")
    assert job.state() == "queued"


def test_a_lock_is_held_until_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not is_held(path)
    first, second = Lock(path), Lock(path)
    assert first.acquire() and is_held(path) and not second.acquire()
    first.close()
    assert not is_held(path) and second.acquire()
    second.close()


def hammer(path: Path, go_on: threading.Event) -> None:
    while go_on.is_set():
        is_held(path)


@pytest.fixture
def onlookers(run: Run) -> Iterator[None]:
    """Visitors whose pages look at a run at rest all the time: threads of this server and a process of another."""
    assert not run.job.is_alive()
    run.job.lock.touch()
    go_on = threading.Event()
    go_on.set()
    script = f"""
from pathlib import Path
from vae_core.jobs import client
from vae_core.locks import is_held
print("looking", flush=True)
while True:
    is_held(Path({str(run.job.lock)!r}))
"""
    other = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=REPOSITORY)
    threads = [threading.Thread(target=hammer, args=(run.job.lock, go_on)) for _ in range(6)]
    try:
        assert other.stdout is not None and other.stdout.readline() == "looking\n"
        for thread in threads:
            thread.start()
        yield
    finally:
        go_on.clear()
        for thread in threads:
            thread.join()
        other.kill()
        other.communicate()


def test_onlookers_never_keep_anybody_from_taking_a_run_at_rest(run: Run, onlookers: None) -> None:
    for _ in range(50):
        lock = Lock(run.job.lock)
        assert lock.acquire(), "an onlooker was taken for a worker"
        assert run.job.is_alive()
        lock.close()
    runs.delete(run)
    assert own() == []


def test_patience_waits_for_a_holder_and_no_longer(tmp_path: Path) -> None:
    first, second = Lock(tmp_path / "lock"), Lock(tmp_path / "lock")
    assert first.acquire()
    begun = time.monotonic()
    assert not second.acquire(patience=0.05) and time.monotonic() - begun >= 0.05
    leaving = threading.Timer(0.05, first.close)
    leaving.start()
    assert second.acquire(patience=60)
    leaving.join()
    second.close()


def test_deleting_waits_for_who_is_about_to_leave(run: Run) -> None:
    lock = Lock(run.job.lock)
    assert lock.acquire()
    leaving = threading.Timer(0.05, lock.close)
    leaving.start()
    client.delete(run)
    leaving.join()
    assert own() == []


def test_a_run_root_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("DIABOLO_RUNS", str(tmp_path / "file" / "runs"))
    with pytest.raises(InputError, match=r"file/runs' can't be written to .*DIABOLO_RUNS"):
        runs.create(RunConfig())
