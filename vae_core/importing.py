"""A run that somebody took away (`export --format zip`) comes back, here or on another machine.

The file may come from anybody. Nothing of it is unpacked before its size is known, only the files that a run has are
taken, each is read and checked as the pages will read it, and the folder appears in one step, whole, or not at all.
"""

import io
import json
import re
import secrets
import shutil
import zipfile
import zlib
from pathlib import Path
from typing import NamedTuple

from vae_core import datasets, files, runs
from vae_core.control import Job, Status
from vae_core.environment import runs_root, writable
from vae_core.errors import N_, DiaboloError, InputError
from vae_core.runs import EventLog, Run

MOST_BYTES = 100_000_000  # of the archive, and of a file in it
MOST_UNPACKED = 300_000_000
MOST_ENTRIES = 1_000
MOST_NAME = 400  # bytes that an entry takes in the archive's list
MOST_HEADER = 1 << 20  # of a file of arrays: how many there are stands in it
MOST_SHARE = 200  # times smaller than what comes out: no file of a run packs that well

_FILES = re.compile(r"config\.json|events\.jsonl|metrics\.json|model\.safetensors|snapshots/\d{6}\.safetensors")
_END = b"PK\x05\x06"


def import_run(content: bytes) -> Run:
    """Makes a run of an archive.

    Args:
        content: A zip of a finished run's folder.

    Returns:
        The run; one that is here already is found, not made twice.

    Raises:
        InputError: The file is too large, no archive of a run, of a run that is not finished, damaged, or its data set
            or model is none that is known here. Nothing is left behind.
        WorkError: The disk is full.
    """
    parts = _read(content)
    root = writable(runs_root())
    new = root / f".new-import-{secrets.token_hex(4)}"
    try:
        (new / "snapshots").mkdir(parents=True)
        for name, data in parts.files.items():
            files.write(new / name, data)
        _check(Run(parts.run_id, new))
        same = _same(parts.run_id, new)
        if same is not None:
            return same
        run_id = parts.run_id
        while run_id in runs.STARTER_NAMES or (root / run_id).exists():
            run_id = f"{parts.run_id[:90]}-{secrets.token_hex(2)}"
        job = Job(new)
        job.write_status(Status(recorded="finished", answered=job.ask("run")))
        new.rename(root / run_id)
        return Run(run_id, root / run_id)
    finally:
        shutil.rmtree(new, ignore_errors=True)


class _Parts(NamedTuple):
    """What an archive holds: the name of its folder, and the run's files by their names in it."""

    run_id: str
    files: dict[str, bytes]


def _read(content: bytes) -> _Parts:
    if len(content) > MOST_BYTES:
        raise InputError(
            N_("The file has {size:.0f} MB, but an archive of a run has at most {most:.0f}."),
            size=len(content) / 1e6,
            most=MOST_BYTES / 1e6,
        )
    # Python reads the whole list of entries at once: first see how many it says there are.
    end = content.rfind(_END, max(0, len(content) - 70_000))
    directory = int.from_bytes(content[end + 12 : end + 16], "little")
    if (
        end < 0
        or int.from_bytes(content[end + 10 : end + 12], "little") > MOST_ENTRIES
        or directory > MOST_ENTRIES * MOST_NAME  # the number may lie; the length of the list can't
    ):
        raise _not_a_run()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            sizes = [entry.file_size for entry in entries]
            if len(entries) > MOST_ENTRIES or sum(sizes) > min(MOST_UNPACKED, MOST_SHARE * len(content)):
                raise _not_a_run()
            if any(entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for entry in entries):
                raise _not_a_run()
            found: dict[str, dict[str, bytes]] = {}
            for entry in entries:
                folder, _, name = entry.filename.partition("/")
                if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,99}", folder) or not _FILES.fullmatch(name):
                    continue  # what a run doesn't have is not taken, whatever its path
                with archive.open(entry) as file:
                    data = file.read(entry.file_size + 1)
                if len(data) != entry.file_size:
                    raise _not_a_run()
                found.setdefault(folder, {})[name] = data
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, OSError, EOFError, RuntimeError, ValueError) as error:
        raise _not_a_run() from error
    if len(found) != 1:
        raise _not_a_run()
    ((run_id, contents),) = found.items()
    if "config.json" not in contents:
        raise _not_a_run()
    if "model.safetensors" not in contents or "metrics.json" not in contents:
        raise InputError(
            N_(
                "This run was not finished when it was taken away, so there is no model to look at. Let it finish first."
            )
        )
    for name, data in contents.items():
        if name.endswith(".safetensors") and int.from_bytes(data[:8], "little") > MOST_HEADER:
            raise _damaged(name, InputError(N_("its list of arrays is too long")))
    return _Parts(run_id, contents)


def _check(run: Run) -> None:
    """Reads every file as the pages will. Raises InputError where one can't be used."""
    from vae_core.models import load  # torch

    try:
        config = run.config
        source = datasets.source(config.data.name)
        weights = run.weights()
        load(config.model, weights, source.image_shape, len(source.class_names))
        run.metrics()
        EventLog(run).read()
        for epoch in run.snapshot_epochs():
            run.snapshot(epoch)
    except DiaboloError as error:
        raise InputError(N_("This archive can't be used: {reason}"), reason=_reason(error)) from error


def _reason(error: DiaboloError) -> DiaboloError:
    """The error without the folder's name for now."""
    values = {
        name: re.sub(r"\.new-import-[0-9a-f]+/?", "", value) if isinstance(value, str) else value
        for name, value in error.values.items()
    }
    return InputError(error.message, **values)


def _same(run_id: str, new: Path) -> Run | None:
    """The run of that name, where all its files are these (but for its own name, which may be changed)."""
    try:
        there = runs.find(run_id)
        ours, theirs = (json.loads((folder / "config.json").read_text()) for folder in (there.folder, new))
        ours["name"] = theirs["name"] = ""
        names = [path.relative_to(new) for path in new.rglob("*") if path.is_file() and path.name != "config.json"]
        same = ours == theirs and all((there.folder / n).read_bytes() == (new / n).read_bytes() for n in names)
    except (DiaboloError, OSError, ValueError):
        return None
    return there if same else None


def _not_a_run() -> InputError:
    return InputError(
        N_(
            "This is not an archive of a run. Choose one that was made by Diabolo: 'The whole run', a file ending in .zip."
        )
    )


def _damaged(name: str, reason: DiaboloError) -> InputError:
    return InputError(N_("This archive can't be used: {name}: {reason}"), name=name, reason=reason)
