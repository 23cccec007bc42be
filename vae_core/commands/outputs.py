"""Files that a command writes where it was told to."""

from pathlib import Path

from vae_core import files
from vae_core.errors import N_, InputError


def check(path: Path) -> None:
    """Raises InputError where `path` can't become a file: before the work, not after it."""
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise InputError(
            N_(
                "'{path}' can't be written: there is no folder '{folder}', or it is a folder itself. Name a file in a folder that exists."
            ),
            path=str(path),
            folder=str(path.absolute().parent),
        )


def write(path: Path, data: bytes) -> None:
    """Writes a file, whole or not at all.

    Raises:
        InputError: As `check`.
        WorkError: The disk is full, or the folder can't be written to.
    """
    check(path)
    files.write(path.absolute(), data)
