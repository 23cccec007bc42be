"""A run taken away and brought back; and archives that nobody should send."""

import dataclasses
import io
import json
import re
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from click.testing import CliRunner

from pages.ui.runs_list import details
from pages.ui.standing import verdict
from tests.tiny_runs import train
from vae_core import importing, run_files, runs, trainer
from vae_core.commands import cli
from vae_core.config import RunConfig
from vae_core.errors import DiaboloError, InputError, WorkError
from vae_core.events import EpochEnd
from vae_core.export import export
from vae_core.files import arrays_to_bytes
from vae_core.importing import import_run
from vae_core.jobs.client import can_go_on
from vae_core.jobs.foreground import take_up
from vae_core.jobs.worker import work
from vae_core.models import MOST_PARAMETERS, size
from vae_core.runs import EventLog, Run
from vae_core.training import SNAPSHOTS


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


# What goes out comes back


def everything(run: Run) -> dict[str, object]:
    """What pages and commands know of a run, but for its own name and its folder's."""
    found = runs.summary(run)
    return {
        "summary": dataclasses.replace(found, id=""),
        "described": details(dataclasses.replace(found, id=run.id))[1:-1],
        "verdict": verdict(run.metrics() or {}),
        "weights": {name: (array.dtype, array.tobytes()) for name, array in run.weights().items()},
        "events": EventLog(run).read(),
        "snapshots": {
            epoch: {name: (array.dtype, array.tobytes()) for name, array in run.snapshot(epoch).items()}
            for epoch in run.snapshot_epochs()
        },
        "goes on": can_go_on(run),
    }


SETTINGS: dict[str, dict[str, Any]] = {
    "a wide model, whose checkpoint alone is larger than imports were allowed to be": {
        "model__hidden": (2048, 1024),
        "training__batch_size": 1800,
    },
    "a code of 256 numbers": {"model__latent_dim": 256, "training__batch_size": 600},
    "a code of one number": {"model__latent_dim": 1, "epochs": 3},
    "an autoencoder": {"model__kind": "autoencoder", "model__likelihood": "gaussian", "model__sigma": 0.01},
    "told the class": {"model__kind": "conditional-vae", "data__classes": (5, 7), "data__pixels": "binarised"},
    "convolutions": {"model__network": "conv", "model__hidden": (4,), "training__batch_size": 600},
    "a rare class and a name of many signs": {"data__rare_class": 3, "name": '=R&D "é" <b>/../'},
}


@pytest.mark.parametrize("settings", SETTINGS)
def test_every_export_comes_back(settings: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "there").mkdir()
    monkeypatch.setenv("DIABOLO_RUNS", str(tmp_path / "there"))
    run = train(**SETTINGS[settings])
    before, archive = everything(run), export(run, "zip")
    assert import_run(archive) == run, "here it is already"
    monkeypatch.setenv("DIABOLO_RUNS", str(tmp_path / "here"))
    back = import_run(archive)
    assert everything(back) == before and back.id == run.id and back.folder != run.folder
    assert back.job.status().recorded == "finished"
    assert export(back, "zip") == archive, "and goes out again as it came"


def test_a_run_that_was_stopped_or_paused_goes_on_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "there").mkdir()
    monkeypatch.setenv("DIABOLO_RUNS", str(tmp_path / "there"))
    straight = train(epochs=3)
    archives, before = {}, {}
    for wish in ("pause", "stop"):
        run, lock = runs.create(straight.config, hold=True)
        for event in work(run):
            if isinstance(event, EpochEnd) and event.epoch == 1:
                run.job.ask(wish)
        lock.close()
        archives[wish], before[wish] = export(run, "zip"), everything(run)
    monkeypatch.setenv("DIABOLO_RUNS", str(tmp_path / "here"))
    for wish, archive in archives.items():
        back = import_run(archive)
        assert everything(back) == before[wish]
        assert back.state() == ("paused" if wish == "pause" else "finished")
        lock = take_up(back)
        for _ in work(back):
            pass
        lock.close()
        ours, theirs = back.weights(), straight.weights()
        assert all(np.array_equal(ours[name], theirs[name]) for name in theirs), "bit for bit as in one go"


@pytest.mark.parametrize(
    "changes", [{}, {"model__likelihood": "gaussian", "model__sigma": 0.01}], ids=["at once", "later"]
)
def test_a_run_that_diverged_is_one_that_diverged(
    changes: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "there").mkdir()
    monkeypatch.setenv("DIABOLO_RUNS", str(tmp_path / "there"))
    with suppress(DiaboloError):
        train(epochs=50, training__learning_rate=1.0, **changes)
    (run,) = (run for run in runs.all_runs() if not run.is_starter)
    assert run.state() == "failed" and "finite" in str(run.job.status().error)
    archive, error = export(run, "zip"), str(run.job.status().error)
    monkeypatch.setenv("DIABOLO_RUNS", str(tmp_path / "here"))
    back = import_run(archive)
    assert back.state() == "failed" and str(back.job.status().error) == error
    assert back.metrics() == run.metrics()


def of_the_earlier_version(run: Run) -> bytes:
    """As archives were until imports learnt to do without: with the last checkpoint of a finished run."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for path in sorted(path for path in run.folder.rglob("*") if path.is_file()):
            name = path.relative_to(run.folder).as_posix()
            if name not in ("lock", "request.json", "request.lock", "state.json", "worker.log"):
                file.writestr(f"{run.id}/{name}", path.read_bytes())
    return made.getvalue()


def test_an_archive_of_the_earlier_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "there").mkdir()
    monkeypatch.setenv("DIABOLO_RUNS", str(tmp_path / "there"))
    run = train()
    old, new = of_the_earlier_version(run), export(run, "zip")
    assert f"{run.id}/resume.safetensors" in zipfile.ZipFile(io.BytesIO(old)).namelist()
    assert 2 * len(new) < len(old)
    before = everything(run)
    monkeypatch.setenv("DIABOLO_RUNS", str(tmp_path / "here"))
    assert everything(import_run(old)) == before
    assert import_run(new) == import_run(old), "the same run"


def test_the_largest_runs_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """In bytes: of settings that are just still trained here, with as many snapshots as there can be."""
    config = RunConfig().replace(
        model__hidden=(2048, 2048, 1024), model__latent_dim=256, training__epochs=10_000, training__batch_size=64
    )
    most = run_files.most_bytes(config)
    parameters = size(config.model, (1, 28, 28)).parameters
    assert parameters > 0.8 * MOST_PARAMETERS
    model, resume = (MOST_PARAMETERS / parameters * most[f"{name}.safetensors"] for name in ("model", "resume"))
    assert (run_files.SNAPSHOT_IMAGES, run_files.SNAPSHOT_CODES) == (trainer.SNAPSHOT_IMAGES, trainer.SNAPSHOT_CODES)
    assert run_files.MOST_SNAPSHOTS >= SNAPSHOTS + 2
    snapshots = run_files.MOST_SNAPSHOTS * (most["snapshots/"] - run_files.MOST_HEADER)
    assert model + snapshots < importing.MOST_UPLOAD, "any finished run comes in through the browser"
    assert most["events.jsonl"] + model + resume + snapshots < importing.MOST_BYTES


# As other programs pack it


def packed(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as file:
        for name, data in files.items():
            file.writestr(name, data)
    return made.getvalue()


def unpacked(archive: bytes) -> dict[str, bytes]:
    """The files of an archive by their names in the run's folder."""
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        return {name.partition("/")[2]: file.read(name) for name in file.namelist()}


def by_finder(files: dict[str, bytes], folder: str) -> bytes:
    """As macOS' Finder packs a folder: with entries for folders and what it keeps about each file."""
    found = {f"{folder}/": b"", f"{folder}/snapshots/": b"", f"{folder}/.DS_Store": b"\0\0\0\1Bud1"}
    for name, data in files.items():
        *parts, last = f"{folder}/{name}".split("/")
        found[f"{folder}/{name}"] = data
        found[f"__MACOSX/{'/'.join(parts)}/._{last}"] = b"\0\5\x16\7"
    return packed(found)


def by_stream(files: dict[str, bytes], folder: str) -> bytes:
    """As a program packs that can't go back: sizes after the data, and the long form of the list's end."""

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.content = b""

        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            self.content += bytes(data)
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in files.items():
            with file.open(f"{folder}/{name}", "w", force_zip64=True) as entry:
                entry.write(data)
    return pipe.content


REPACKED: dict[str, Callable[[dict[str, bytes], str], bytes]] = {
    "another order": lambda files, folder: packed({f"{folder}/{n}": files[n] for n in sorted(files, reverse=True)}),
    "not compressed": lambda files, folder: packed({f"{folder}/{n}": d for n, d in files.items()}, zipfile.ZIP_STORED),
    "by Finder": by_finder,
    "by a stream": by_stream,
    "another folder": lambda files, folder: packed({f"My run (1)/{n}": d for n, d in files.items()}),
    "one level deeper": lambda files, folder: packed({f"Downloads/{folder}/{n}": d for n, d in files.items()}),
    "two levels deeper": lambda files, folder: packed({f"a/b c/{folder}/{n}": d for n, d in files.items()}),
    "no folder": lambda files, folder: packed(files),
    "a dot before": lambda files, folder: packed({f"./{folder}/{n}": d for n, d in files.items()}),
    "with backslashes": lambda files, folder: packed({f"{folder}/{n}".replace("/", "\\"): d for n, d in files.items()}),
    "beside other things": lambda files, folder: packed(
        {f"x/{folder}/{n}": d for n, d in files.items()} | {"x/readme.txt": b"hello", "x/thumbs.db": b"", "notes/": b""}
    ),
    "after a program": lambda files, folder: (
        b"#!/bin/sh\n" * 9 + packed({f"{folder}/{n}": d for n, d in files.items()})
    ),
}


@pytest.mark.parametrize("how", REPACKED)
def test_an_archive_that_was_packed_again(how: str, root: Path, archive: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        folder = file.namelist()[0].partition("/")[0]
    files = unpacked(archive)
    run = import_run(REPACKED[how](files, folder))
    assert run.id == folder or how in ("another folder", "no folder")
    assert {n: (run.folder / n).read_bytes() for n in files} == files
    assert import_run(archive) == run, "the same run, whatever its folder was called"


TOLD: dict[str, tuple[Callable[[dict[str, bytes]], bytes], str]] = {
    "an archive in an archive": (
        lambda files: packed({"x/run.zip": packed({f"r/{n}": d for n, d in files.items()})}),
        r"holds another one: 'x/run\.zip'",
    ),
    "two runs": (
        lambda files: packed({f"{folder}/{n}": d for folder in ("one", "two") for n, d in files.items()}),
        r"holds 2 runs \(one, two\)",
    ),
    "bzip2": (lambda files: packed({f"r/{n}": d for n, d in files.items()}, zipfile.ZIP_BZIP2), "bzip2.*Deflate"),
    "LZMA": (lambda files: packed({f"r/{n}": d for n, d in files.items()}, zipfile.ZIP_LZMA), "LZMA.*Deflate"),
    "a password": (lambda files: encrypted(packed({f"r/{n}": d for n, d in files.items()})), "password"),
}


def encrypted(archive: bytes) -> bytes:
    """With the flag that a password sets, in the list of entries."""
    return re.sub(rb"(PK\x01\x02.{4})\0\0", lambda found: found[1] + b"\1\0", archive, flags=re.DOTALL)


@pytest.mark.parametrize("kind", TOLD)
def test_what_can_not_be_taken_says_why(kind: str, root: Path, archive: bytes) -> None:
    make, why = TOLD[kind]
    with pytest.raises(InputError, match=why):
        import_run(make(unpacked(archive)))
    assert list(root.iterdir()) == []


# What nobody should send


def metrics(**changes: Any) -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    """Other figures; of `...` the figure is missing."""

    def change(files: dict[str, bytes]) -> dict[str, bytes]:
        values = json.loads(files["metrics.json"]) | changes
        kept = {name: value for name, value in values.items() if value is not ...}
        return files | {"metrics.json": json.dumps(kept).encode()}

    return change


def events(*lines: str) -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    return lambda files: (
        files | {"events.jsonl": files["events.jsonl"] + "".join(f"{line}\n" for line in lines).encode()}
    )


def arrays(
    file: str, metadata: dict[str, str] | None = None, **changes: Any
) -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    """Another array by its name, `None` to leave it out, with a checksum that fits."""

    def change(files: dict[str, bytes]) -> dict[str, bytes]:
        names = {name.replace(".", "_"): name for name in safetensors.numpy.load(files[file])}
        found = safetensors.numpy.load(files[file])
        for name, value in changes.items():
            real = names.get(name, name)
            found[real] = value(found[real]) if callable(value) else value
        kept = {name: array for name, array in found.items() if array is not None}
        return files | {file: arrays_to_bytes(kept, metadata or {"epoch": "2", "step": "3"})}

    return change


SNAPSHOT = "snapshots/000000.safetensors"
EPOCH_END = (
    '{"event": "epoch_end", "epoch": %s, "step": %s, "steps": %s, "train": {"loss": %s, "recon": 1, "kl": 1}, '
    '"validation": {"loss": 1, "recon": 1, "kl": 1}, "images_per_s": %s, "seconds": 1, "seconds_left": %s}'
)
LIES: dict[str, Callable[[dict[str, bytes]], dict[str, bytes]]] = {
    "no object": lambda files: files | {"metrics.json": b"[]"},
    "a text for a number": metrics(mse="0.1"),
    "a truth for a number": metrics(mse=True),
    "a list for a number": metrics(elbo=[1]),
    "nothing for a number": metrics(recon=None),
    "too large a number": lambda files: (
        files | {"metrics.json": files["metrics.json"].replace(b'"psnr": ', b'"psnr": 1e999')}
    ),
    "an endless whole number": metrics(images=10**400),
    "an error above 1": metrics(mse=7.0),
    "a figure below nothing": metrics(mse_mean_image=-1),
    "no mse": metrics(mse=...),
    "no images": metrics(images=...),
    "an unknown figure": metrics(quality=1),
    "a figure with a program": metrics(dataset="<script>"),
    "of another data set": metrics(dataset="mnist"),
    "of other classes": metrics(classes=[5]),
    "of other pixels": metrics(pixels="binarised"),
    "more epochs than there were": metrics(epoch=3),
    "more images than there are": metrics(images=10**6),
    "more units than the code has": metrics(active_units=3),
    "an autoencoder's figures": metrics(kl=None, elbo=None, active_units=None),
    "an ELBO that is none": metrics(elbo=-1.0),
    "an event that is none": events("hello"),
    "an event of another kind": events('{"event": "evil", "epoch": 1, "step": 1}'),
    "a later event that came before": events(EPOCH_END % (1, 1, 114, 1, 1, 1)),
    "an epoch that never was": events(EPOCH_END % (9, 114, 114, 1, 1, 1)),
    "more steps than there are": events(EPOCH_END % (2, 115, 114, 1, 1, 1)),
    "another number of steps": events(EPOCH_END % (2, 114, 999, 1, 1, 1)),
    "a loss that overflows": events(EPOCH_END % (2, 114, 114, "1e300", 1, 1)),
    "a loss that is none": events(EPOCH_END % (2, 114, 114, "NaN", 1, 1)),
    "a pace below nothing": events(EPOCH_END % (2, 114, 114, 1, -1, 1)),
    "a time below nothing": events(EPOCH_END % (2, 114, 114, 1, 1, -1)),
    "a snapshot elsewhere": events('{"event": "snapshot", "epoch": 2, "step": 114, "file": "../../secret"}'),
    "more cores than there can be": events(
        '{"event": "fewer_threads", "epoch": 2, "step": 114, "asked": 9999, "used": 1}'
    ),
    "codes of another size": arrays(SNAPSHOT, mu=np.zeros((1000, 3), np.float16)),
    "codes of another type": arrays(SNAPSHOT, mu=np.zeros((1000, 2), np.float64)),
    "fewer codes than elsewhere": arrays(SNAPSHOT, mu=lambda mu: mu[:10], labels=lambda labels: labels[:10]),
    "images of another size": arrays(SNAPSHOT, recon=np.zeros((16, 1, 32, 32), np.uint8)),
    "images that are too many": arrays(SNAPSHOT, recon=np.zeros((99, 1, 28, 28), np.uint8)),
    "labels that are no classes": arrays(SNAPSHOT, labels=np.full(1000, 10, np.int64)),
    "labels below nothing": arrays(SNAPSHOT, labels=np.full(1000, -1, np.int64)),
    "no codes": arrays(SNAPSHOT, mu=None),
    "an array too many": arrays(SNAPSHOT, evil=np.zeros(3)),
    "a snapshot after the end": lambda files: (
        files | {"snapshots/000003.safetensors": files["snapshots/000002.safetensors"]}
    ),
    "a snapshot that is too large": lambda files: files | {SNAPSHOT: files[SNAPSHOT] + b"\0" * 10**6},
    "weights that are not finite": arrays("model.safetensors", encoder_1_bias=lambda array: array * np.nan),
    "weights of another type": arrays("model.safetensors", encoder_1_bias=lambda array: array.astype(np.int64)),
    "weights of another shape": arrays("model.safetensors", encoder_1_bias=lambda array: array[:3]),
    "a layer that is missing": arrays("model.safetensors", encoder_1_bias=None),
    "weights of an endless epoch": arrays("model.safetensors", metadata={"epoch": "9" * 5000, "step": "1"}),
    "weights of a later epoch": arrays("model.safetensors", metadata={"epoch": "3", "step": "1"}),
    "settings that are endless": lambda files: files | {"config.json": files["config.json"] + b" " * 10**6},
    "a model that is too large": lambda files: (
        files
        | {"config.json": files["config.json"].replace(b'"hidden": [', b'"hidden": [2048, 2048, 2048, 2048, 2048,')}
    ),
}


@pytest.mark.parametrize("kind", LIES)
def test_what_no_run_can_hold_is_refused(kind: str, root: Path, archive: bytes) -> None:
    files = unpacked(archive)
    changed_files = LIES[kind](files)
    assert changed_files != files, "the case is one"
    with pytest.raises(InputError, match="can't be used"):
        import_run(packed({f"run/{n}": d for n, d in changed_files.items()}))
    assert list(root.iterdir()) == []


def test_a_line_that_was_cut_short_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a process leaves it that was killed while it wrote: of such a run, too, what goes out comes back."""
    (tmp_path / "there").mkdir()
    monkeypatch.setenv("DIABOLO_RUNS", str(tmp_path / "there"))
    run = train()
    with (run.folder / "events.jsonl").open("ab") as log:
        log.write(b'rubbish\n{"event": "pro')
    read, archive = EventLog(run).read(), export(run, "zip")
    monkeypatch.setenv("DIABOLO_RUNS", str(tmp_path / "here"))
    assert EventLog(import_run(archive)).read() == read


def test_only_what_is_damaged_is_not_exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive that can't come back is not made in the first place."""
    monkeypatch.setenv("DIABOLO_RUNS", str(tmp_path))
    run = train()
    (run.folder / "snapshots" / "000001.safetensors").write_bytes(b"rubbish")
    with pytest.raises(WorkError, match=r"000001\.safetensors"):
        export(run, "zip")


def test_the_disk_has_to_have_room(root: Path, archive: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "LEAST_FREE", 2**62)
    with pytest.raises(WorkError, match="MB are free"):
        import_run(archive)
    assert list(root.iterdir()) == []


def test_an_open_file_is_read_in_pieces(root: Path, archive: bytes, tmp_path: Path) -> None:
    """Whatever its size, little of it is in memory at a time."""

    class Watched(io.BytesIO):
        largest = 0

        def read(self, size: int | None = -1) -> bytes:
            piece = super().read(size)
            Watched.largest = max(Watched.largest, len(piece))
            return piece

    import_run(Watched(packed({"r/x": bytes(9_000_000)} | {f"r/{n}": d for n, d in unpacked(archive).items()}, 0)))
    assert 0 < Watched.largest <= importing.MOST_LIST


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
