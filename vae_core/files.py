"""Files that are whole or absent, and arrays that are what was saved."""

import json
import math
import os
import secrets
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_safetensors

from vae_core import reasons
from vae_core.errors import N_, InputError, WorkError

LARGEST_JSON = 1 << 20
LARGEST_ARRAYS = 2 << 30
TEMPORARY = ".tmp"
REQUEST_SECONDS = 60.0  # in which somebody may still be writing one


def write(path: Path, data: bytes) -> None:
    """Writes a file so that it is either the old one or the new one, whatever dies in between.

    A temporary file, flushed to disk, renamed into place, and the folder flushed.

    Raises:
        WorkError: The disk is full or the folder can't be written to; the old file stands.
    """
    with writing(path) as file:
        file.write(data)


@contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """As `write`, for what comes in pieces. Where the block raises, the old file stands."""
    # Two visitors are two threads of one process: a name for each write.
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}{TEMPORARY}")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise WorkError(
            N_("'{path}' can't be written ({reason}). Make room on the disk or check the folder's permissions."),
            path=_short(path),
            reason=reasons.reason(error),
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Removes the temporary files that a killed writer left in `folder`; call it only while nobody else works there.

    But for those of a request, which anybody may write at any moment: they stay for a minute.
    """
    for stray in folder.glob(f".*{TEMPORARY}"):
        with suppress(FileNotFoundError):
            if not stray.name.startswith(".request.json.") or time.time() - stray.stat().st_mtime > REQUEST_SECONDS:
                stray.unlink()


def damaged(path: Path, cause: Exception | str, **values: Any) -> WorkError:
    """The error for a file that is there and can't be used.

    Args:
        path: The file.
        cause: What was raised, or a message id.
        **values: The message's values.
    """
    return WorkError(
        N_("The file '{file}' is damaged ({reason}). Delete this run, or train it again."),
        file=_short(path),
        reason=WorkError(cause, **values) if isinstance(cause, str) else reasons.reason(cause),
    )


def missing(path: Path) -> WorkError:
    """The error for a file that should be there."""
    return WorkError(N_("The file '{file}' is missing. Delete this run, or train it again."), file=_short(path))


def _short(path: Path) -> str:
    """Enough of a path to find the run by, without showing strangers where the server keeps it."""
    return "/".join(path.parts[-3:])


def read_text(path: Path) -> str:
    """A small text file.

    Raises:
        WorkError: It is missing, too large, or not text.
    """
    try:
        if path.stat().st_size > LARGEST_JSON:
            raise damaged(path, N_("larger than {most:,} bytes"), most=LARGEST_JSON)
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise missing(path) from error
    except (OSError, UnicodeDecodeError) as error:
        raise damaged(path, error) from error


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    write(path, (json.dumps(values, indent=2, allow_nan=False) + "\n").encode())


def read_json(path: Path) -> dict[str, Any]:
    """A small JSON object.

    Raises:
        WorkError: It is missing or damaged.
    """
    try:
        values = json.loads(read_text(path), parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise damaged(path, error) from error
    if not isinstance(values, dict):
        raise damaged(path, N_("not a JSON object"))
    return values


def _refuse(constant: str) -> float:
    raise InputError(N_("{constant} is no JSON"), constant=constant)  # Python's reader takes NaN and Infinity


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise InputError(N_("{number} is too large"), number=text[:40])
    return value


def checksum(arrays: Mapping[str, NDArray[Any]]) -> str:
    """CRC-32 over names and bytes: safetensors itself does not notice a flipped bit."""
    crc = 0
    for name in sorted(arrays):
        array = np.asarray(arrays[name], order="C")
        crc = zlib.crc32(f"{name} {array.dtype} {array.shape}".encode(), crc)
        crc = zlib.crc32(array.reshape(-1).view(np.uint8).data, crc)
    return f"{crc:08x}"


def arrays_to_bytes(arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, str] | None = None) -> bytes:
    """Arrays as safetensors, with a checksum."""
    whole = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    return to_safetensors(whole, {**(metadata or {}), "crc32": checksum(whole)})


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, str] | None = None) -> None:
    """Arrays as a file of `arrays_to_bytes`."""
    write(path, arrays_to_bytes(arrays, metadata))


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of a file written by `write_arrays`.

    Raises:
        WorkError: It is missing or damaged.
    """
    if not path.is_file():
        raise missing(path)
    try:
        if path.stat().st_size > LARGEST_ARRAYS:
            raise damaged(path, N_("larger than {most:,} bytes"), most=LARGEST_ARRAYS)
        with safe_open(path, framework="numpy") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
            expected = (file.metadata() or {}).get("crc32")
    except (SafetensorError, OSError, ValueError, TypeError) as error:
        raise damaged(path, error) from error
    if expected != checksum(arrays):
        raise damaged(path, N_("its checksum does not match"))
    return arrays


def read_metadata(path: Path) -> dict[str, str]:
    """What `write_arrays` was given beside the arrays; reads only the file's head.

    Raises:
        WorkError: It is missing or damaged.
    """
    if not path.is_file():
        raise missing(path)
    try:
        with safe_open(path, framework="numpy") as file:
            return file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise damaged(path, error) from error


def no_formula(text: str) -> str:
    """A text for a cell of a table. A spreadsheet takes what begins with = + - @ for a formula and would compute it."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
