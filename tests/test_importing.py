"""A run taken away and brought back; and archives that nobody should send."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tests.tiny_runs import train
from vae_core import importing, runs
from vae_core.commands import cli
from vae_core.errors import InputError
from vae_core.export import export
from vae_core.files import arrays_to_bytes
from vae_core.importing import import_run
from vae_core.runs import EventLog, Run


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DIABOLO_RUNS", str(tmp_path / "here"))
    (tmp_path / "here").mkdir()
    return tmp_path / "here"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIABOLO_RUNS", str(tmp_path_factory.mktemp("elsewhere")))
        return export(train(epochs=2, name="=mine", model__kind="conditional-vae"), "zip")


def changed(content: bytes, change: Callable[[str, bytes], bytes | None]) -> bytes:
    """The archive with other contents; a file for which `change` gives `None` is left out."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = change(name, old.read(name))
            if data is not None:
                new.writestr(name, data)
    return made.getvalue()


def only(name: str, data: bytes | None) -> Callable[[str, bytes], bytes | None]:
    return lambda entry, old: data if entry.endswith(name) else old


def test_a_run_comes_back_whole(root: Path, archive: bytes) -> None:
    run = import_run(archive)
    assert runs.find(run.id) == run
    assert run.state() == "finished" and run.title == "=mine"
    assert run.snapshot_epochs() == [0, 1, 2]
    assert len(EventLog(run).read()) >= 2
    with zipfile.ZipFile(io.BytesIO(archive)) as one, zipfile.ZipFile(io.BytesIO(export(run, "zip"))) as other:
        kept = {name for name in one.namelist() if importing._FILES.fullmatch(name.partition("/")[2])}
        assert set(other.namelist()) == kept
        assert all(one.read(name) == other.read(name) for name in kept)
    assert [path.name for path in root.iterdir()] == [run.id]


def test_twice_is_once(root: Path, archive: bytes) -> None:
    first = import_run(archive)
    runs.rename(first, "another name")
    assert import_run(archive) == first
    assert len(list(root.iterdir())) == 1


def test_a_starter_is_found_and_never_replaced(root: Path) -> None:
    starter = runs.find("starter-ae-2d")
    assert import_run(export(starter, "zip")) == starter
    content = changed(
        export(starter, "zip"),
        only("config.json", (starter.folder / "config.json").read_bytes().replace(b'"seed": 0', b'"seed": 7')),
    )
    other = import_run(content)
    assert other.id != starter.id and other.id.startswith("starter-ae-2d-")
    assert runs.find("starter-ae-2d") == starter


def test_another_run_of_the_same_name_gets_a_name_of_its_own(root: Path, archive: bytes) -> None:
    first = import_run(archive)
    second = import_run(
        changed(
            archive,
            lambda name, data: data.replace(b'"epochs": 2', b'"epochs": 3') if name.endswith("config.json") else data,
        )
    )
    assert second.id != first.id and second.id.startswith(first.id)
    assert second.config.training.epochs == 3


def bomb(count: int, size: int) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        for number in range(count):
            file.writestr(f"run/snapshots/{number:06d}.safetensors", b"\0" * size)
    return content.getvalue()


def lying(content: bytes) -> bytes:
    """The archive, which says that it has one file."""
    end = content.rfind(b"PK\x05\x06")
    return content[: end + 8] + b"\x01\x00\x01\x00" + content[end + 12 :]


def repacked(content: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_LZMA) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    return made.getvalue()


def with_list_of(count: int) -> bytes:
    return arrays_to_bytes({f"a{number:07d}": np.zeros(1, np.uint8) for number in range(count)})


BAD = {
    "nothing": (lambda good: b"", "not an archive"),
    "text": (lambda good: b"hello" * 100, "not an archive"),
    "half of it": (lambda good: good[: len(good) // 2], "not an archive"),
    "its end alone": (lambda good: good[-200:], "not an archive"),
    "a bomb": (lambda good: bomb(1, 200_000_000), "not an archive"),
    "too many files": (lambda good: bomb(5_000, 1), "not an archive"),
    "a list that is longer than it says": (lambda good: lying(bomb(5_000, 1)), "not an archive"),
    "packed in another way": (lambda good: repacked(good), "not an archive"),
    "another zip": (lambda good: changed(good, lambda name, data: None), "not an archive"),
    "no settings": (lambda good: changed(good, only("config.json", None)), "not an archive"),
    "unfinished": (lambda good: changed(good, only("model.safetensors", None)), "not finished"),
    "settings of another version": (
        lambda good: changed(good, only("config.json", b'{"schema": 99}')),
        "can't be used",
    ),
    "unknown settings": (lambda good: changed(good, only("config.json", b'{"schema": 1, "evil": 1}')), "can't be used"),
    "numbers that are none": (lambda good: changed(good, only("metrics.json", b'{"mse": NaN}')), "can't be used"),
    "a flipped bit": (
        lambda good: changed(
            good, lambda name, data: data[:-1] + bytes([data[-1] ^ 1]) if name.endswith("model.safetensors") else data
        ),
        "can't be used",
    ),
    "weights of another model": (
        lambda good: changed(good, only("model.safetensors", with_list_of(3))),
        "can't be used",
    ),
    "a long list of arrays": (
        lambda good: changed(good, only("000001.safetensors", (2**40).to_bytes(8, "little") + b"{}" * 100)),
        "can't be used",
    ),
    "a data set that nobody has": (
        lambda good: changed(
            good, lambda name, data: data.replace(b'"digits"', b'"secrets"') if name.endswith("config.json") else data
        ),
        "can't be used",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_run_is_refused_and_leaves_nothing_behind(kind: str, root: Path, archive: bytes) -> None:
    make, why = BAD[kind]
    with pytest.raises(InputError, match=why) as error:
        import_run(make(archive))
    assert ".new-import" not in str(error.value)
    assert list(root.iterdir()) == []


def test_a_file_that_is_too_large_is_not_even_opened(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "MOST_BYTES", 1000)
    with pytest.raises(InputError, match="at most"):
        import_run(b"x" * 1001)


def test_only_the_files_of_a_run_are_taken(root: Path, archive: bytes, tmp_path: Path) -> None:
    made = io.BytesIO(archive)
    with zipfile.ZipFile(made, "a") as file:
        run_id = file.namelist()[0].split("/")[0]
        for name in (
            "../evil",
            "/tmp/evil",
            f"{run_id}/../../evil",
            f"{run_id}/state.json",
            f"{run_id}/evil.py",
            "x/y",
        ):
            file.writestr(name, "evil")
        link = zipfile.ZipInfo(f"{run_id}/snapshots/000009.safetensors")
        link.external_attr = 0o120777 << 16  # a symbolic link
        file.writestr(link, "/etc/passwd")
    with pytest.raises(InputError):  # the link is taken for what it holds, which is no snapshot
        import_run(made.getvalue())
    without = changed(made.getvalue(), only("000009.safetensors", None))
    run = import_run(without)
    assert not [path for path in tmp_path.rglob("*") if "evil" in path.name]
    assert {path.name for path in run.folder.iterdir()} <= {
        "config.json",
        "events.jsonl",
        "metrics.json",
        "model.safetensors",
        "snapshots",
        "state.json",
        "request.json",
        "request.lock",
    }


def test_the_command(root: Path, archive: bytes, tmp_path: Path) -> None:
    path = tmp_path / "run.zip"
    path.write_bytes(archive)
    done = CliRunner().invoke(cli, ["import", str(path), "--json"])
    assert done.exit_code == 0
    assert runs.find(json.loads(done.stdout.splitlines()[-1])["run"]).title == "=mine"
    path.write_bytes(b"nothing")
    assert CliRunner().invoke(cli, ["import", str(path)]).exit_code == 2


def test_a_failure_at_the_last_step_leaves_nothing_behind(
    root: Path, archive: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(OSError):
        patch.setattr(Path, "rename", full)
        import_run(archive)
    assert list(root.iterdir()) == []


def test_folders_of_an_import_are_not_listed_as_runs(root: Path) -> None:
    (root / ".new-import-0000").mkdir()
    assert [run for run in runs.all_runs() if not run.is_starter] == []
    assert isinstance(runs.all_runs()[0], Run)
