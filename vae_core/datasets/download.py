"""Downloads that end: with every file whole and in its place, or with one clear message and nothing left behind.

Each file is streamed into a temporary folder beside its place, its checksum taken on the way; then it is unpacked
there, looked at, flushed to disk and renamed. A folder is worked on by one process at a time: the others wait, and then
find the work done.
"""

import fcntl
import gzip
import hashlib
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import IO
from urllib.parse import urlsplit

import requests

from vae_core.datasets.sources import DataSource
from vae_core.datasets.table import DATASETS
from vae_core.datasets.torchvision_family import Resource, resources
from vae_core.datasets.transfer import HEADERS, Transfer
from vae_core.environment import writable
from vae_core.errors import N_, WorkError
from vae_core.liveness import alive
from vae_core.reasons import reason

TEMPORARY = ".download-"
LARGEST_FILE = 64 * 2**20  # bytes; the largest of them (Fashion-MNIST's training images) has 26 MB
LARGEST_ARCHIVE = 2**30  # bytes; EMNIST's has 560 MB

Progress = Callable[[int, int | None], None]


class _Meter:
    """Counts bytes over all files of a data set, for a progress bar."""

    def __init__(self, progress: Progress | None) -> None:
        self.progress = progress
        self.done: dict[str, int] = {}
        self.sizes: dict[str, int] | None = None

    def set(self, name: str, done: int) -> None:
        self.done[name] = done
        if self.progress is not None:
            self.progress(sum(self.done.values()), sum(self.sizes.values()) if self.sizes else None)


def download(source: DataSource, root: Path, progress: Progress | None = None, timeout: float = 20.0) -> None:
    """Fetch what is missing of a data set. Arguments and errors as in `vae_core.datasets.get`."""
    writable(root)
    needed = source.reader.files(root)
    folder = needed[0].parent
    try:
        with _alone(folder, root), tempfile.TemporaryDirectory(prefix=TEMPORARY, dir=folder) as temporary:
            missing = {path.name for path in needed if not source.reader.is_whole(path)}
            if not missing:  # another process was faster
                return
            # An archive may hold files of a sister, such as EMNIST's letters and digits: they are unpacked together.
            family = {
                path.name for row in DATASETS.values() for path in row.reader.files(root) if path.parent == folder
            }
            wanted = [r for r in resources(source.name) if r.name.endswith(".zip") or _unpacked(r.name) in missing]
            meter = _Meter(progress)
            with requests.Session() as session:
                session.max_redirects = 5
                for number, resource in enumerate(wanted):
                    archive, host = _fetch(session, source, wanted[number:], Path(temporary), meter, timeout)
                    names = family if resource.name.endswith(".zip") else {_unpacked(resource.name)}
                    _unpack(source, archive, host, names, folder)
    except OSError as error:
        raise WorkError(
            N_(
                "'{name}' can't be stored in '{folder}' ({reason}). Make room or check the permissions; the bundled "
                "digits still work."
            ),
            name=source.name,
            folder=str(folder),
            reason=reason(error),
        ) from error


@contextmanager
def _alone(folder: Path, root: Path) -> Iterator[None]:
    """Hold `folder`, which is made, until the work in it is done; waits for whoever holds it.

    The lock is on the folder itself, so that no lock file stays behind, and dies with its process: temporary folders
    that lie there when it is had belong to nobody and are removed. So are, at the end, folders that are still empty.
    """
    while (handle := _hold(folder)) is None:
        pass
    try:
        for stray in folder.glob(f"{TEMPORARY}*"):
            shutil.rmtree(stray, ignore_errors=True)
        yield
        os.fsync(handle)
    finally:
        with suppress(OSError):  # not empty
            while folder != root:
                folder.rmdir()
                folder = folder.parent
        os.close(handle)


def _hold(folder: Path) -> int | None:
    """The open, locked folder; `None` if the one that we waited for has removed it in the meantime."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if os.path.samestat(folder.stat(), os.fstat(handle)):
            return handle
    except FileNotFoundError:
        pass
    except BaseException:
        os.close(handle)
        raise
    os.close(handle)
    return None


def _fetch(
    session: requests.Session,
    source: DataSource,
    remaining: list[Resource],
    folder: Path,
    meter: _Meter,
    timeout: float,
) -> tuple[Path, str]:
    """The first of `remaining`, checked, as a file in `folder`, and the host it came from; mirrors are tried in order.

    Raises:
        WorkError: No mirror has it; the message is that of the first mirror.
    """
    resource, target = remaining[0], folder / remaining[0].name
    failures: list[WorkError] = []
    for mirror, url in enumerate(resource.urls):
        transfer = Transfer(source.name, urlsplit(url).hostname or url, timeout)
        digest = hashlib.md5(usedforsecurity=False)
        try:
            with target.open("wb") as file, transfer.response(session, url) as response:
                if meter.progress is not None and meter.sizes is None:
                    meter.sizes = _sizes(session, response, remaining, mirror, timeout)
                done = 0
                for piece in transfer.pieces(response, largest=_limit(resource.name)):
                    file.write(piece)
                    digest.update(piece)
                    done += len(piece)
                    meter.set(resource.name, done)
            if digest.hexdigest() != resource.md5:
                raise transfer.wrong_file()
        except WorkError as failure:
            failures.append(failure)
        else:
            return target, transfer.host
    raise failures[0]


def _limit(name: str) -> int:
    return LARGEST_ARCHIVE if name.endswith(".zip") else LARGEST_FILE


def _sizes(
    session: requests.Session, first: requests.Response, remaining: list[Resource], mirror: int, timeout: float
) -> dict[str, int]:
    """The size in bytes of every file, for the progress bar; empty if one of them is not told.

    Asked only once a mirror has begun to answer, so that a silent one costs one time-out and not one more.
    """
    sizes: dict[str, int] = {}
    try:
        sizes[remaining[0].name] = int(first.headers["Content-Length"])
        for resource in remaining[1:]:
            url = resource.urls[min(mirror, len(resource.urls) - 1)]
            head = session.head(url, timeout=min(timeout, 5.0), allow_redirects=True, headers=HEADERS)
            head.raise_for_status()
            sizes[resource.name] = int(head.headers["Content-Length"])
    except (requests.RequestException, KeyError, ValueError):
        return {}
    return sizes


def _unpacked(name: str) -> str:
    return name.removesuffix(".gz")


def _unpack(source: DataSource, archive: Path, host: str, names: set[str], folder: Path) -> None:
    """Put the files called `names` from `archive`, which lies on the same disk, into `folder`.

    Raises:
        WorkError: One of them is not in it, or not whole. Those that were put are whole.
    """
    wrong = Transfer(source.name, host).wrong_file()
    ready = archive.parent / "ready"
    ready.mkdir(exist_ok=True)
    try:
        if archive.suffix == ".zip":
            with zipfile.ZipFile(archive) as entries:
                for entry in entries.infolist():
                    name = _unpacked(PurePosixPath(entry.filename).name)  # never a path from inside an archive
                    if name in names and entry.filename.endswith(".gz"):
                        with entries.open(entry) as packed, gzip.open(packed) as file:
                            _write(file, ready / name)
        elif archive.suffix == ".gz":
            with gzip.open(archive) as file:
                _write(file, ready / _unpacked(archive.name))
        else:
            with archive.open("rb") as file:
                _write(file, ready / archive.name)
    except (gzip.BadGzipFile, zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise wrong from error
    archive.unlink()
    if not all(source.reader.is_whole(ready / name) for name in names):
        raise wrong
    for name in sorted(names):
        (ready / name).replace(folder / name)


def _write(file: IO[bytes] | gzip.GzipFile, target: Path) -> None:
    """Copy to a new file, at most `LARGEST_ARCHIVE` bytes, and flush it to disk."""
    with target.open("wb") as out:
        left = LARGEST_ARCHIVE
        while left > 0 and (piece := file.read(1 << 20)):
            alive()
            out.write(piece)
            left -= len(piece)
        out.flush()
        os.fsync(out.fileno())
