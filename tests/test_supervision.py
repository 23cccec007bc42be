"""What keeps a watch on jobs, piece by piece: sleep and bell, signs of life, ends, and whose folders these are."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from vae_core import files, liveness, runs
from vae_core.config import RunConfig
from vae_core.control import Job, Status
from vae_core.errors import InputError, WorkError
from vae_core.jobs import client, ends, exports, heartbeat, wakeup
from vae_core.jobs.fetching import download_of
from vae_core.jobs.heartbeat import Watch, beating
from vae_core.jobs.supervisor import Supervisor
from vae_core.jobs.tasks import tasks
from vae_core.jobs.wakeup import WakeUp
from vae_core.jobs.worker import settled
from vae_core.locks import Lock
from vae_core.runs import Run

LATE = 30.0  # seconds: far more than a wake-up takes
CONFIG = RunConfig().replace(training__threads=1)


# The sleep


@pytest.fixture
def wake_up(tmp_path: Path) -> Iterator[WakeUp]:
    sleeper = WakeUp(tmp_path)
    yield sleeper
    sleeper.close()


def slept(sleeper: WakeUp, seconds: float = LATE) -> float:
    begun = time.monotonic()
    sleeper.sleep(seconds)
    return time.monotonic() - begun


def test_a_ring_a_child_and_a_signal_end_the_sleep(tmp_path: Path, wake_up: WakeUp) -> None:
    assert wake_up.has_bell
    ringing = threading.Timer(0.05, wakeup.ring, [tmp_path])
    ringing.start()
    assert slept(wake_up) < LATE
    ringing.join()
    for _ in range(100_000):  # more than a pipe holds
        wakeup.ring(tmp_path)
    assert slept(wake_up) < LATE
    assert slept(wake_up, 0.05) >= 0.05, "what was heard is over"
    child = subprocess.Popen([sys.executable, "-c", ""])
    assert slept(wake_up) < LATE
    assert child.wait() == 0
    before = signal.signal(signal.SIGUSR1, lambda signum, frame: None)
    try:
        os.kill(os.getpid(), signal.SIGUSR1)
        assert slept(wake_up) < LATE
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_a_ring_where_nobody_sleeps_or_no_bell_hangs_does_nothing(tmp_path: Path) -> None:
    wakeup.ring(tmp_path / "gone")
    (tmp_path / wakeup.BELL).write_text("somebody's")
    wakeup.ring(tmp_path)
    sleeper = WakeUp(tmp_path)
    assert not sleeper.has_bell, "then it looks by itself"
    sleeper.close()
    assert (tmp_path / wakeup.BELL).read_text() == "somebody's"


# Signs of life


def beats(job: Job, step: Callable[[], object], seconds: float = LATE) -> bool:
    """Whether a sign of life is given while something is done over and over, within so many seconds."""
    os.utime(job.heartbeat, (0, 0))
    deadline = time.monotonic() + seconds
    while job.heartbeat.stat().st_mtime == 0 and time.monotonic() < deadline:
        step()
    return job.heartbeat.stat().st_mtime != 0


def test_what_gets_on_beats_and_what_computes_or_waits_without_end_is_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "BEAT_SECONDS", 0.01)
    job, watch = Job(tmp_path), Watch()
    with beating(job):
        assert job.heartbeat.read_text() == str(os.getpid())
        assert beats(job, liveness.alive) and watch.silence(job, 1.0) == 0
        beats(job, lambda: None, 0.1)  # the sign of its last step
        assert not beats(job, lambda: sum(range(10_000)), 0.2), "an endless loop"
        assert not beats(job, lambda: threading.Event().wait(0.01), 0.1), "a deadlock"
        with liveness.long_call():
            assert beats(job, lambda: sum(range(10_000))), "of a library's long call one sees that it computes"
            beats(job, lambda: None, 0.1)
            assert not beats(job, lambda: threading.Event().wait(0.01), 0.1), "and that it waits"
        beats(job, lambda: None, 0.1)
        with liveness.long_call(0.0):
            assert not beats(job, lambda: sum(range(10_000)), 0.2), "it took longer than any"
    assert not job.heartbeat.exists() and job.silence() == 0


def test_only_what_the_watch_was_awake_for_is_silence(tmp_path: Path) -> None:
    job, watch = Job(tmp_path), Watch()
    assert watch.silence(job, 5.0) == 0, "who never gave one is not judged"
    job.heartbeat.write_text("4711")
    os.utime(
        job.heartbeat, (0, 0)
    )  # by the wall clock silent for half a century: a suspended machine, a clock set anew
    assert watch.silence(job, 1.0) == 0
    assert watch.silence(job, 1.0) == 1 and watch.silence(job, 2.0) == 3
    os.utime(job.heartbeat)
    assert watch.silence(job, 1.0) == 0


def test_a_person_is_told_before_anything_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, lock = runs.create(CONFIG, hold=True, root=tmp_path)
    assert lock is not None
    run.job.heartbeat.write_text("4711")
    os.utime(run.job.heartbeat, (time.time() - 90, time.time() - 90))
    assert str(run.job.note()).startswith("No sign of life for 90 s. After 600 s")
    monkeypatch.setenv("DIABOLO_SILENCE", "3600")
    assert run.job.note() is None
    lock.close()
    monkeypatch.delenv("DIABOLO_SILENCE")
    assert run.job.note() is None, "nobody works at it"


@pytest.mark.parametrize("given", ["0", "-1", "soon", "1.5", "9999999"])
def test_a_limit_that_is_none_is_refused(given: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DIABOLO_SILENCE", given)
    with pytest.raises(InputError, match=f"'{given}'.*from 1 to"):
        Supervisor(tmp_path, fork=False)


# Ends


def exit_status(code: str) -> int:
    child = subprocess.Popen([sys.executable, "-c", code])
    status = os.waitpid(child.pid, 0)[1]
    child.returncode = 0
    return status


def test_ends_in_words() -> None:
    assert "exit status 3" in str(ends.end(exit_status("raise SystemExit(3)")))
    killed = exit_status("import os; os.kill(os.getpid(), 9)")
    assert "SIGKILL, perhaps because memory" in str(ends.end(killed))
    assert "SIGKILL, because memory" in str(ends.end(killed, memory_ran_out=True))
    assert str(ends.end(exit_status("import os; os.kill(os.getpid(), 15)"))) == "Its process was ended by SIGTERM."
    assert "signal 40" in str(ends.end(exit_status("import os; os.kill(os.getpid(), 40)")))


@pytest.mark.parametrize(
    ("own", "file", "text", "count"),
    [
        ("0::/", "memory.events", "low 0\noom 3\noom_kill 2\n", 2),
        ("0::/app.slice/diabolo", "app.slice/diabolo/memory.events", "oom_kill 7\n", 7),
        ("0::/docker/abc", "memory.events", "oom_kill 1\n", 1),
        ("9:cpu:/\n4:memory:/docker/abc", "memory/docker/abc/memory.oom_control", "under_oom 0\noom_kill 5\n", 5),
        ("0::/", "memory.events", "oom_kill many\n", None),
        ("0::/", "memory.events", "oom 1\n", None),
        ("nonsense", "memory.events", "oom_kill 2\n", None),
    ],
)
def test_the_kernel_tells_whom_it_ended_for_want_of_memory(
    tmp_path: Path, own: str, file: str, text: str, count: int | None
) -> None:
    groups, mine = tmp_path / "cgroup", tmp_path / "own"
    assert ends.out_of_memory_kills(groups, mine) is None
    (groups / file).parent.mkdir(parents=True)
    (groups / file).write_text(text)
    mine.write_text(own)
    assert ends.out_of_memory_kills(groups, mine) == count


def test_the_last_line_of_a_traceback_is_told(tmp_path: Path) -> None:
    job = Job(tmp_path)
    with pytest.raises(ValueError, match="shapes"), settled(job):
        raise ValueError("the shapes {3} and {x} differ\n" + "x" * 1000)
    status = job.status()
    assert status.recorded == "failed" and "(ValueError: the shapes {3} and {x} differ xxx" in str(status.error)
    assert len(str(status.error)) < 500


def test_a_state_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    files.write_json(tmp_path / "state.json", {"recorded": "running", "answered": 1, "restarts": 0, "epoch": 2})
    assert Job(tmp_path).status() == Status("running", answered=1, epoch=2) and Job(tmp_path).note() is None


# Whose folders these are


def everything(root: Path) -> dict[str, tuple[int, int, str | bytes]]:
    """All that lies below, but for what is the supervisor's: mode, time, and content or where it leads."""
    found = {}
    for path in root.rglob("*"):
        if ".jobs" in path.parts:
            continue
        status = path.lstat()
        content = str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else b""
        found[str(path.relative_to(root))] = status.st_mode, status.st_mtime_ns, content
    return found


@pytest.fixture
def foreign(root: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The names of a run root's folders, files and links that are somebody else's, all older than a minute."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    run, _ = runs.create(CONFIG, root=elsewhere)
    for name in (
        "photos",
        "данные",
        "写真",
        "Upper",
        "node_modules",
        ".new-ideas",
        ".deleted-photos",
        ".git",
        "starter",
    ):
        (root / name).mkdir()
        (root / name / "lock").write_text("mine")
        (root / name / "holiday.jpg").write_bytes(b"jpg")
    (root / "bert").mkdir()
    (root / "bert" / "config.json").write_text('{"model": "bert", "hidden_size": 768, "schema": 1}')
    (root / "bert" / "model.safetensors").write_bytes(b"weights")
    (root / "20240101-120000-run").mkdir()
    (root / "20240101-120000-run" / "config.json").write_text('{"model": "bert"}')
    (root / "api").mkdir()
    (root / "api" / "request.json").write_text('{"wish": "pizza", "number": 1, "time": 0}')
    own_name = "20260101-120000000-vae-dense-2-abcd"
    for name in (own_name, f".deleted-{own_name}", f".new-{own_name}", ".new-import-0123abcd"):
        (root / name).mkdir()
        (root / name / "diary.txt").write_text("dear diary")
    (root / "photos" / "studies").mkdir()
    (root / "photos" / "studies" / "one").mkdir()
    (root / "photos" / "studies" / "one" / "study.json").write_text("{}")
    (root / "photos" / "exports" / "old").mkdir(parents=True)
    (root / "empty").mkdir()
    (root / "notes.txt").write_text("notes")
    (root / "config.json").write_text("{}")
    (root / "dangling").symlink_to(root / "gone")
    (root / "loop").symlink_to(root / "loop")
    (root / "linked").symlink_to(run.folder)
    (root / ".deleted-linked").symlink_to(run.folder)
    (root / "closed").mkdir(mode=0)
    os.mkfifo(root / "pipe")
    (root / "pipes").mkdir()
    os.mkfifo(root / "pipes" / "config.json")
    os.mkfifo(root / "pipes" / "request.json")
    names = [path.name for path in root.iterdir()]
    for path in [*root.rglob("*"), *elsewhere.rglob("*")]:
        os.utime(path, (1_700_000_000, 1_700_000_000), follow_symlinks=False)
    return names


def test_nothing_of_somebody_elses_is_touched(root: Path, foreign: list[str]) -> None:
    mine, _ = runs.create(CONFIG.replace(name="mine"))
    damaged, _ = runs.create(CONFIG)
    (damaged.folder / "config.json").write_text("{")
    for job in (mine.job, damaged.job):
        job.write_status(Status("finished", answered=job.request().number))
    linked = (root / "linked").readlink()
    before = everything(root), everything(linked)
    supervisor = Supervisor(root, fork=False)
    runs.sweep(root)
    exports.sweep(root)
    assert {task.folder for task in tasks(root)} == {mine.folder, damaged.folder}
    assert not supervisor.scan() and not supervisor.children
    listed = [summary.id for summary in runs.list_runs() if not summary.starter]
    assert sorted(listed) == sorted([mine.id, damaged.id])
    for name in foreign:
        with pytest.raises(InputError, match="There is no run"):
            runs.find(name)
        for delete in (runs.delete, client.delete):
            with pytest.raises(InputError, match=r"There is no run|was deleted already"):
                delete(Run(name, root / name))
    assert (everything(root), everything(linked)) == before


def test_what_killed_processes_left_is_swept(root: Path) -> None:
    names = []
    for prefix in (runs.NEW, runs.DELETED):
        run, _ = runs.create(CONFIG)
        (run.folder / ".config.json.1234.tmp").write_bytes(b"half")
        names.append(f"{prefix}{run.id}")
        run.folder.rename(root / names[-1])
    for name in (".new-budget-k_3x9z0a", ".new-submit-abcd1234"):
        (root / name).mkdir()
        runs.create(CONFIG, root=root / name)
        names.append(name)
    (root / ".deleted-imported").mkdir()
    (root / ".deleted-imported" / "lock").touch()
    young = root / ".new-import-0123abcd"
    for name in [*names, ".deleted-imported"]:
        os.utime(root / name, (0, 0))
    young.mkdir()
    runs.sweep(root)
    assert [path.name for path in root.iterdir()] == [young.name], "what is being made right now stays"


# All or none


def test_what_belongs_together_is_queued_whole_or_not_at_all(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many visitors start experiments of three runs in the same moment, where the queue has room for six and a half."""
    monkeypatch.setattr(client, "MOST_WAITING", 20)
    nobody = Lock(client.supervisor_folder(root) / "lock")
    nobody.path.parent.mkdir()
    assert nobody.acquire()  # so that no supervisor starts any

    def visit(visitor: int) -> list[Run] | WorkError:
        try:
            return client.submit_all([CONFIG.replace(name=f"{visitor} {part}") for part in "abc"])
        except WorkError as error:
            return error

    with ThreadPoolExecutor(10) as pool:
        outcomes = list(pool.map(visit, range(10)))
    started = [outcome for outcome in outcomes if isinstance(outcome, list)]
    assert len(started) == 6
    assert all("only 2 more may wait" in str(outcome) for outcome in outcomes if isinstance(outcome, WorkError))
    assert {run.id for found in started for run in found} == {run.id for run in runs.all_runs() if not run.is_starter}
    for found in started:
        assert [run.config.name[-1] for run in found] == list("abc")
        assert sorted(run.job.request().time for run in found) == [run.job.request().time for run in found]
    assert client.room() == 2 and len(client.submit_all([CONFIG] * 2)) == 2
    with pytest.raises(WorkError, match="20 runs work or wait already"):
        client.submit(CONFIG)
    assert not list(root.glob(f"{runs.NEW}*"))
    nobody.close()


def test_none_is_queued_where_one_cannot_be_made(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    create, made = runs.create, []

    def fails_at_the_third(config: RunConfig, **where: Path) -> tuple[Run, Lock | None]:
        if len(made) == 2:
            raise WorkError("The disk is full.")
        made.append(config)
        return create(config, **where)  # type: ignore[arg-type]

    monkeypatch.setattr(runs, "create", fails_at_the_third)
    with pytest.raises(WorkError, match="disk is full"):
        client.submit_all([CONFIG] * 3)
    assert [path.name for path in root.iterdir()] == [".jobs"]


def test_what_ended_the_process_of_an_order_is_told_too(root: Path) -> None:
    """A download, a study, an export: whoever ordered it reads why it failed."""
    order = download_of("mnist")
    order.folder.mkdir(parents=True)
    end = ends.silent(700)
    Job(order.folder).write_status(Status("failed", message="It failed.", ended=end.message, ended_values=end.values))

    def page() -> None:
        from pages.ui.orders import show_reason
        from vae_core.jobs.fetching import download_of

        show_reason(download_of("mnist"))

    (shown,) = AppTest.from_function(page, default_timeout=30).run().error
    assert shown.value.replace("\\", "") == "It failed. Its process gave no sign of life for 700 s and was ended."
