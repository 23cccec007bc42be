"""A run that somebody took away (`export --format zip`) comes back, here or on another machine.

The file may come from anybody, and through programs that pack it in their own way: the run's folder may have another
name, lie in another folder or be missing, and what a file manager adds is passed over. Nothing is unpacked before its
size is known and is one that the run's settings allow (`run_files`); only the files that a run has are taken, each is
read and checked as the pages will read it, and the folder appears in one step, whole, or not at all.
"""

import filecmp
import io
import re
import secrets
import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from vae_core import datasets, files, run_files, runs
from vae_core.config import RunConfig
from vae_core.control import Job, Status
from vae_core.environment import runs_root, writable
from vae_core.errors import N_, DiaboloError, InputError, WorkError
from vae_core.events import Diverged
from vae_core.runs import Run

MOST_BYTES = 800_000_000
"""Of an archive: no run of settings that are trained here has more (a test adds up the largest)."""
MOST_UPLOAD = 200_000_000
"""Of an archive that comes through the browser, whose server keeps it in memory: room for any finished run. Only those
with the largest models that were stopped, and so carry what they need to go on, are larger."""
MOST_ENTRIES = 1_000
MOST_LIST = 400_000  # bytes that the list of all entries may take: Python reads it at once
LEAST_FREE = 300_000_000  # bytes that stay free on the disk

_FILES = re.compile(r"config\.json|events\.jsonl|metrics\.json|model\.safetensors|snapshots/\d{6}\.safetensors")
_RESUME = "resume.safetensors"
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,99}")
_METHODS = {9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard", 95: "xz", 98: "PPMd"}
_ENCRYPTED = 0x1


def import_run(archive: bytes | BinaryIO, report: Callable[[int, int], None] = lambda done, total: None) -> Run:
    """Makes a run of an archive.

    Args:
        archive: A zip of a run's folder, as bytes or as an open file, of which only parts are read at a time.
        report: Told how many bytes are unpacked, of how many.

    Returns:
        The run; one that is here already is found, not made twice. One that had ended is what it was; any other is
        paused, and goes on from its last checkpoint.

    Raises:
        InputError: The file is too large, no archive of a run, of a run without weights, damaged, or its data set
            or model is none that is known here. Nothing is left behind.
        WorkError: The disk is full.
    """
    file = io.BytesIO(archive) if isinstance(archive, bytes) else archive
    size = file.seek(0, io.SEEK_END)
    if size > MOST_BYTES:
        raise InputError(
            N_("The file has {size:.0f} MB, but an archive of a run has at most {most:.0f}."),
            size=size / 1e6,
            most=MOST_BYTES / 1e6,
        )
    root = writable(runs_root())
    new = root / f".new-import-{secrets.token_hex(4)}"
    try:
        (new / "snapshots").mkdir(parents=True)
        with _opened(file) as entries:
            found = _find(entries)
            config = _unpack(found, new, report)
        status = _check(Run(found.name, new), config)
        log = new / "events.jsonl"
        if log.exists() and log.stat().st_size > runs.LONG:
            files.write(log, runs.thinned_log(Run(found.name, new)))
        same = _same(new, config)
        if same is not None:
            return same
        run_id = found.name if _ID.fullmatch(found.name) else runs.new_id(config)
        name = run_id
        while run_id in runs.STARTER_NAMES or (root / run_id).exists():
            run_id = f"{name[:90]}-{secrets.token_hex(2)}"
        job = Job(new)
        answered = job.ask("run")
        job.write_status(Status(status.recorded, answered=answered, message=status.message, values=status.values))
        new.rename(root / run_id)
        return Run(run_id, root / run_id)
    finally:
        shutil.rmtree(new, ignore_errors=True)


class _Careful(io.RawIOBase):
    """A file of which nobody reads much at a time: a list of a million entries is refused before it is in memory."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self.file.seek(offset, whence)

    def tell(self) -> int:
        return self.file.tell()

    def read(self, size: int = -1) -> bytes:
        piece = self.file.read(size if 0 <= size <= MOST_LIST else MOST_LIST + 1)
        if len(piece) > MOST_LIST:
            raise zipfile.BadZipFile("too long a list of entries")
        return piece


@contextmanager
def _opened(file: BinaryIO) -> Iterator[zipfile.ZipFile]:
    """The archive, while it is read."""
    try:
        with zipfile.ZipFile(_Careful(file)) as archive:  # type: ignore[call-overload]
            yield archive
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, OSError, EOFError, RuntimeError, ValueError) as error:
        if isinstance(error, DiaboloError):
            raise
        raise _not_a_run() from error


class _Found(NamedTuple):
    """A run in an archive.

    Attributes:
        name: Of its folder, empty where there is none.
        archive: That is open.
        entries: Its files by their names in a run's folder.
    """

    name: str
    archive: zipfile.ZipFile
    entries: Mapping[str, zipfile.ZipInfo]


def _find(archive: zipfile.ZipFile) -> _Found:
    """The one run of an archive: where a `config.json` lies, at whatever depth. What else there is is passed over."""
    entries = archive.infolist()
    if len(entries) > MOST_ENTRIES:
        raise _not_a_run()
    by_path: dict[str, zipfile.ZipInfo] = {}
    twice = set()
    for entry in entries:
        path = entry.filename.replace("\\", "/")  # as some programs for Windows write it
        while path.startswith("./"):
            path = path[2:]
        if path.startswith("/") or {"..", "__MACOSX"} & set(path.split("/")):
            continue
        if path in by_path:
            twice.add(path)
        by_path[path] = entry
    folders = [path.removesuffix("config.json") for path in by_path if f"/{path}".endswith("/config.json")]
    if len(folders) > 1:
        raise InputError(
            N_(
                "This archive holds {count} runs ({names}), but one is taken at a time. Pack the folder of one of them."
            ),
            count=len(folders),
            names=", ".join(sorted(_last(folder) or "./" for folder in folders))[:200],
        )
    if not folders:
        inner = [path for path in by_path if path.lower().endswith(".zip")]
        if len(inner) == 1:
            raise InputError(
                N_(
                    "This is not an archive of a run, but it holds another one: '{name}'. Unpack it, and import that one."
                ),
                name=inner[0][-100:],
            )
        raise _not_a_run()
    (folder,) = folders
    found = {
        name: entry
        for path, entry in by_path.items()
        if path.startswith(folder) and ((name := path[len(folder) :]) == _RESUME or _FILES.fullmatch(name))
    }
    for name, entry in found.items():
        if folder + name in twice:
            raise _damaged(name, N_("it is there twice"))
        if entry.flag_bits & _ENCRYPTED:
            raise InputError(
                N_("This is not an archive that can be read here: it has a password. Pack it without one.")
            )
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise InputError(
                N_(
                    "This is not an archive that can be read here: it is packed by the method {method}. Pack its folder "
                    "again as an ordinary zip, by the method Deflate."
                ),
                method=_METHODS.get(entry.compress_type, str(entry.compress_type)),
            )
    has_model = "model.safetensors" in found and ("metrics.json" in found or "events.jsonl" in found)
    if not has_model and _RESUME not in found:
        raise InputError(
            N_("This run was not finished when it was exported, so there is no model to look at. Let it finish first.")
        )
    return _Found(_last(folder), archive, found)


def _last(folder: str) -> str:
    return folder.strip("/").rpartition("/")[2]


def _unpack(found: _Found, new: Path, report: Callable[[int, int], None]) -> RunConfig:
    """Writes a run's files, the settings first: they say how large the others may be."""
    entries = dict(found.entries)
    _copy(found.archive, "config.json", entries.pop("config.json"), new, run_files.MOST_TEXT)
    with _told():
        config = Run(found.name, new).config
        most = run_files.most_bytes(config)
    ended = "metrics.json" in entries and "model.safetensors" in entries
    if ended and _RESUME in entries:
        # As archives of an earlier version have it, also where there is nothing left to go on with.
        _copy(found.archive, "metrics.json", entries.pop("metrics.json"), new, most["metrics.json"])
        with _told():
            if not run_files.check_metrics(new / "metrics.json", config).stopped:
                del entries[_RESUME]
    elif _RESUME in entries:
        entries.pop("model.safetensors", None)  # of a moment in which its figures were still being computed
        entries.pop("metrics.json", None)
    snapshots = [name for name in entries if name.startswith("snapshots/")]
    if len(snapshots) > run_files.MOST_SNAPSHOTS:
        raise _damaged("snapshots", N_("there are {count}"), count=len(snapshots))
    for name, entry in entries.items():
        limit = most["snapshots/" if name in snapshots else name]
        if entry.file_size > limit:
            raise _damaged(
                name, N_("it has {size:,} bytes, where {most:,} are allowed"), size=entry.file_size, most=limit
            )
    needed = sum(entry.file_size for entry in entries.values())
    check_room(new, needed)
    done = 0

    def unpacked(size: int) -> None:
        nonlocal done
        done += size
        report(done, needed)

    for name, entry in entries.items():
        _copy(found.archive, name, entry, new, entry.file_size, unpacked)
    return config


def check_room(folder: Path, needed: int) -> None:
    """Raises WorkError where so many bytes more would fill a folder's disk."""
    free = shutil.disk_usage(folder).free
    if free < needed + LEAST_FREE:
        raise WorkError(
            N_("Only {free} MB are free on the disk, and a run may need {least}. Delete runs, then start again."),
            free=free // 10**6,
            least=(needed + LEAST_FREE) // 10**6,
        )


def _copy(
    archive: zipfile.ZipFile,
    name: str,
    entry: zipfile.ZipInfo,
    new: Path,
    most: int,
    report: Callable[[int], None] = lambda size: None,
) -> None:
    """Unpacks one file, a piece at a time, and never more of it than it may have; tells each piece's size."""
    if entry.file_size > most:
        raise _damaged(name, N_("it has {size:,} bytes, where {most:,} are allowed"), size=entry.file_size, most=most)
    done = 0
    with archive.open(entry) as packed, files.writing(new / name) as file:
        while piece := packed.read(1 << 18):
            done += len(piece)
            if done > most:
                raise _damaged(name, N_("it is longer than it says"))
            file.write(piece)
            report(len(piece))
    if done != entry.file_size:
        raise _not_a_run()


@contextmanager
def _told() -> Iterator[None]:
    """What is wrong with a file of an archive, told as such."""
    try:
        yield
    except DiaboloError as error:
        raise InputError(N_("This archive can't be used: {reason}"), reason=_without_folder(error)) from error


def _without_folder(error: DiaboloError) -> DiaboloError:
    """The error without the name that the run's folder has for now."""
    values = {
        name: re.sub(r"\.new-import-[0-9a-f]+/?", "", value) if isinstance(value, str) else value
        for name, value in error.values.items()
    }
    return InputError(error.message, **values)


def _check(run: Run, config: RunConfig) -> Status:
    """Reads every file as the pages will; returns how the run stands. Raises InputError where one can't be used."""
    from vae_core.jobs.worker import DIVERGED  # torch

    folder = run.folder
    with _told():
        datasets.source(config.data.name)
        end = run_files.check_events(folder / "events.jsonl", config) if (folder / "events.jsonl").exists() else None
        run_files.check_snapshots(folder / "snapshots", config)
        if (folder / _RESUME).exists():
            run_files.check_resume(folder / _RESUME, config)
        if not (folder / "model.safetensors").exists():
            return Status("paused")
        good = run_files.check_weights(folder / "model.safetensors", config)
        if isinstance(end, Diverged):
            if (folder / "metrics.json").exists():
                run_files.check_metrics(folder / "metrics.json", config)
            return Status("failed", message=DIVERGED, values={"epoch": end.epoch, "good": good})
        run_files.check_metrics(folder / "metrics.json", config)
        return Status("finished")


def _same(new: Path, config: RunConfig) -> Run | None:
    """The run here all whose files are these, but for its own name and its folder's, which may be changed."""
    names = [path.relative_to(new) for path in new.rglob("*") if path.is_file() and path.name != "config.json"]
    for run in runs.all_runs():
        try:
            if run.config.replace(name=config.name) == config and all(
                filecmp.cmp(run.folder / name, new / name, shallow=False) for name in names
            ):
                return run
        except (DiaboloError, OSError):
            continue
    return None


def _not_a_run() -> InputError:
    return InputError(
        N_(
            "This is not an archive of a run. Choose one that was made by Diabolo: 'The whole run', a file ending in .zip."
        )
    )


def _damaged(name: str, reason: str, **values: Any) -> InputError:
    """`reason`: a message id, with its values."""
    return InputError(
        N_("This archive can't be used: {name}: {reason}"), name=name, reason=InputError(reason, **values)
    )
