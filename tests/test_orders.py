"""What a click has made in the background: exports of runs and downloads of data sets, by a real supervisor."""

import io
import os
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest
from safetensors.numpy import load as tensors

from tests.dataset_server import DatasetServer, offer_small, supervising
from tests.processes import nobody_left, wait
from tests.tiny_runs import train
from vae_core import datasets, export, importing, runs
from vae_core.config import RunConfig
from vae_core.errors import InputError, WorkError
from vae_core.jobs import client, exports, imports
from vae_core.jobs.exports import ExportOf, export_of
from vae_core.jobs.fetching import download_of
from vae_core.jobs.orders import STOPPED, Order
from vae_core.runs import Run

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(300)]

LONG = RunConfig().replace(model__hidden=(64,), training__epochs=10_000, training__threads=1)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("orders")
    with pytest.MonkeyPatch.context() as patch, nobody_left(path):
        patch.setenv("DIABOLO_RUNS", str(path))
        patch.setenv("DIABOLO_THREADS", "1")
        yield path


@pytest.fixture(scope="module")
def kept(root: Path) -> Run:
    """A run that no test changes."""
    return train(epochs=1, name="to be taken away")


class Offered(NamedTuple):
    """A server with a small KMNIST, and a run root of its own, whose supervisor gives a silent server up after 0.5 s."""

    server: DatasetServer
    runs: Path
    supervisor: subprocess.Popen[bytes]


@pytest.fixture(scope="module")
def offered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Offered]:
    place, server = tmp_path_factory.mktemp("downloads"), DatasetServer()
    with ExitStack() as stack:
        stack.callback(server.stop)
        stack.enter_context(nobody_left(place))
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DIABOLO_RUNS", str(place))
            offer_small(server, patch, "kmnist")
            supervisor = stack.enter_context(supervising())
        yield Offered(server, place, supervisor)


@pytest.fixture
def server(offered: Offered, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DatasetServer:
    """The server at its best, and a data root of the test's own."""
    monkeypatch.setenv("DIABOLO_RUNS", str(offered.runs))
    monkeypatch.setenv("DIABOLO_DATA", str(tmp_path / "data"))
    offered.server.behaviour = lambda path: "good"
    return offered.server


def settled(order: Order) -> str:
    return str(wait(lambda: (s := order.state()) in ("finished", "failed", "paused") and s, "the end of an order"))


def made(order: ExportOf) -> bytes:
    """Asks for it, and waits for the file."""
    order.ask()
    assert settled(order) == "finished", order.error()
    found = order.made()
    assert found is not None and found.is_current
    return found.content()


def workers(order: Order) -> list[psutil.Process]:
    """Who works at an order; the supervisor itself has its lock for a moment while it starts one."""
    boss, lock = str(client.supervisor_folder(runs.runs_root()) / "lock"), str(order.folder / "lock")
    found = []
    for process in psutil.process_iter():
        try:
            opened = {file.path for file in process.open_files()} if process.pid != os.getpid() else set()
        except psutil.Error:
            continue
        if lock in opened and boss not in opened:
            found.append(process)
    return found


def stopped(order: Order) -> bool:
    error = order.error()
    return error is not None and error.message == STOPPED


def left_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.parametrize("kind", ["script", "notebook", "zip"])
def test_an_export_is_made_by_a_job_and_is_what_the_command_writes(kept: Run, kind: str) -> None:
    order = export_of(kept, kind)
    assert order.state() is None and order.made() is None
    assert made(order) == export.export(kept, kind)
    look = order.folder.stat().st_mtime_ns, order.made()
    order.ask()
    assert (order.folder.stat().st_mtime_ns, order.made()) == look, "it is there already"
    assert [run.id for run in runs.all_runs() if not run.is_starter] == [kept.id]


def test_an_archive_holds_no_archive(kept: Run) -> None:
    weights = tensors(made(export_of(kept, "safetensors")))
    assert weights.keys() == kept.weights().keys()
    with zipfile.ZipFile(io.BytesIO(made(export_of(kept, "zip")))) as archive:
        assert not [name for name in archive.namelist() if "exports" in name]
        assert f"{kept.id}/model.safetensors" in archive.namelist()


def test_a_starter_is_exported_beside_the_runs(root: Path) -> None:
    starter = runs.find("starter-ae-2d")
    before = left_in(starter.folder)
    assert made(export_of(starter, "zip")) == export.export(starter, "zip")
    assert left_in(starter.folder) == before and (root / ".starters" / starter.id / "exports").is_dir()


def test_a_run_that_is_another_is_exported_anew_and_takes_its_exports_along(root: Path) -> None:
    run = train(epochs=1, name="first name")
    order = export_of(run, "script")
    assert b"first name" in made(order)
    runs.rename(run, "second name")
    old = order.made()
    assert old is not None and not old.is_current and b"first name" in old.content()
    assert b"second name" in made(order)
    assert len(list(order.folder.glob("*.py"))) == 1
    runs.delete(run)
    assert not order.folder.exists() and order.state() is None


def test_a_film_is_told_in_the_visitor_s_words_and_only_the_newest_is_kept(kept: Run) -> None:
    english = export_of(kept, "film-gif", {"words": "Epoch {epoch}"})
    french = export_of(kept, "film-gif", {"words": "Époque {epoch}"})
    webp = export_of(kept, "film-webp")
    assert made(english)[:6] == b"GIF89a" and made(webp)[8:12] == b"WEBP"
    assert made(french) != english.folder
    assert english.state() is None and french.made() and webp.made()


def test_the_oldest_go_first_where_all_take_too_much(root: Path, kept: Run) -> None:
    starter = runs.find("starter-ae-2d")
    old, new = export_of(kept, "safetensors"), export_of(starter, "notebook")
    made(old), made(new)
    os.utime(old.folder, (1, 1))
    total = sum(path.stat().st_size for folder in exports.folders(root) for path in folder.iterdir())
    exports.keep_within(total - 1, root)
    assert old.state() is None and new.made()
    os.utime(new.folder, (1, 1))
    exports.sweep(root)
    assert new.state() is None, "older than a day"
    made(old)
    exports.keep_within(0, root, besides=old.folder)
    assert exports.folders(root) == [old.folder]


def test_an_export_that_fails_says_why_and_can_be_tried_again(root: Path) -> None:
    run = train(epochs=1)
    order, weights = export_of(run, "zip"), run.folder / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-100])
    order.ask()
    assert settled(order) == "failed" and order.made() is None
    error = order.error()
    assert error is not None and "model.safetensors" in str(error) and "damaged" in str(error)
    weights.write_bytes(whole)
    assert made(order) == export.export(run, "zip")
    with pytest.raises(InputError, match=r"'magic'.*safetensors"):
        export_of(run, "magic")
    with pytest.raises(InputError, match="words"):
        export_of(run, "film-gif", {"words": "x" * 100})


def test_a_stop_reaches_an_export_inside_a_library_and_leaves_nothing(kept: Run) -> None:
    order = export_of(kept, "onnx")
    order.ask()
    wait(order.progress, "the export to ONNX")  # in the midst of its library
    order.stop()
    assert settled(order) == "failed"
    assert stopped(order)
    assert not [path for path in order.folder.iterdir() if path.suffix == ".zip" or path.name.endswith(".tmp")]
    wait(lambda: not workers(order), "its process to leave")


def test_an_export_waits_for_no_training(root: Path, kept: Run) -> None:
    """On one core, with one training at work and one that waits; and of a run at work it is what the run was."""
    first, second = client.submit(LONG), client.submit(LONG)
    wait(lambda: first.weights_version()[0], "weights")
    order = export_of(first, "safetensors")
    order.ask()
    assert settled(order) == "finished", order.error()
    assert (first.state(), second.state()) == ("running", "queued")
    taken = order.made()
    assert taken is not None and taken.content() and taken.path.name == f"{first.id}.safetensors"
    wait(lambda: (now := order.made()) is not None and not now.is_current, "the run to go on")
    client.delete(second)
    client.delete(first)
    assert not order.folder.exists()


def test_an_archive_is_read_by_a_job_and_its_run_or_the_reason_is_there(root: Path) -> None:
    run = train(epochs=1, name="to come back", training__seed=7)
    archive, weights = export.to_zip(run), run.weights()
    runs.delete(run)
    asked = imports.ask(io.BytesIO(archive))
    assert settled(asked) == "finished", asked.error()
    found = asked.run()
    assert found is not None and found.id == run.id and found.state() == "finished"
    assert all((found.weights()[name] == array).all() for name, array in weights.items())
    again = imports.ask(io.BytesIO(archive))
    assert settled(again) == "finished" and again.run() == found, "found, not made twice"
    before = {each.name for each in root.iterdir()}
    nonsense = imports.ask(io.BytesIO(b"nothing"))
    assert settled(nonsense) == "failed" and nonsense.run() is None
    assert "This is not an archive of a run" in str(nonsense.error())
    assert {each.name for each in root.iterdir()} == before
    runs.delete(found)
    assert asked.run() is None and asked.state() == "finished"
    for order in (asked, again, nonsense):
        assert not (order.folder / "archive.zip").exists()
        os.utime(order.folder, (0, 0))
    imports.sweep(root)
    assert imports.folders(root) == [] and not any((client.supervisor_folder(root) / "imports").iterdir())


def test_an_archive_that_has_no_room_is_told_at_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "LEAST_FREE", 10**18)
    with pytest.raises(WorkError, match="MB are free on the disk"):
        imports.ask(io.BytesIO(b"nothing"))
    assert imports.folders(root) == [] and not list((client.supervisor_folder(root) / "imports").glob("*"))


def test_a_data_set_is_fetched_by_a_job(server: DatasetServer) -> None:
    order = download_of("kmnist")
    assert order.state() is None
    order.ask()
    assert settled(order) == "finished", order.error()
    assert datasets.is_present("kmnist")
    assert runs.all_runs()[0].is_starter, "no run"


REASONS = {
    "wrong": "not the expected file",
    "silence": "did not answer within 0.5 s",
    "half": "broke after",
    "gone": "no connection to the server",
    "full": "can't be stored",
}


@pytest.mark.parametrize("how", REASONS)
def test_a_download_that_fails_says_why_and_leaves_nothing(
    server: DatasetServer, offered: Offered, tmp_path: Path, how: str
) -> None:
    server.behaviour = lambda path: "good" if how == "full" else how
    order, supervisor = download_of("kmnist"), psutil.Process(offered.supervisor.pid)
    # As on a disk that is nearly full, for what the supervisor starts from now on.
    before = supervisor.rlimit(psutil.RLIMIT_FSIZE)
    supervisor.rlimit(psutil.RLIMIT_FSIZE, (10_000 if how == "full" else before[0], before[1]))
    order.ask()
    assert settled(order) == "failed"
    supervisor.rlimit(psutil.RLIMIT_FSIZE, before)
    error = order.error()
    assert error is not None and REASONS[how] in str(error) and error.values["name"] == "kmnist"
    assert left_in(tmp_path / "data") == []


def test_a_download_is_stopped_in_the_midst_of_silence_and_outlives_its_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIABOLO_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("DIABOLO_DATA", str(tmp_path / "data"))
    server = DatasetServer()
    offer_small(server, monkeypatch, "kmnist")
    order = download_of("kmnist")
    try:
        with nobody_left(tmp_path / "runs"), supervising(timeout=600):
            server.behaviour = lambda path: "trickle"
            order.ask()
            progress = wait(order.progress, "the first bytes")
            assert progress.total == sum(map(len, server.files.values())) and 0 < progress.done < progress.total
            assert progress.seconds_left > 0
            order.stop()
            assert settled(order) == "failed" and stopped(order)
            server.behaviour = lambda path: "silence"
            order.ask()
            wait(lambda: left_in(tmp_path / "data"), "the connection")
            order.stop()
            assert settled(order) == "failed" and stopped(order)
            assert left_in(tmp_path / "data") == []

            server.behaviour = lambda path: "stops half way"
            before = len(server.fetched())
            order.ask()
            wait(lambda: len(server.fetched()) > before, "half a file")
            wait(lambda: [name for name in left_in(tmp_path / "data") if name.endswith(".gz")], "a temporary file")
            server.behaviour = lambda path: "good"
            for process in wait(lambda: workers(order), "its process"):
                process.kill()
            assert settled(order) == "finished", order.error()
    finally:
        server.stop()
    assert datasets.is_present("kmnist")
    assert not [name for name in left_in(tmp_path / "data") if "download-" in name]
