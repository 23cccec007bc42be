"""Why something failed, as a message of ours within a message of ours, where Python's own words are English only."""

import errno
import json
from collections.abc import Mapping

from vae_core.errors import N_, DiaboloError, WorkError

_OF_THE_SYSTEM: Mapping[int, str] = {
    errno.ENOSPC: N_("No space left on device"),
    errno.EDQUOT: N_("Disk quota exceeded"),
    errno.EACCES: N_("Permission denied"),
    errno.EPERM: N_("Operation not permitted"),
    errno.EROFS: N_("Read-only file system"),
    errno.ENOENT: N_("No such file or directory"),
    errno.EEXIST: N_("File exists"),
    errno.ENOTDIR: N_("Not a directory"),
    errno.EISDIR: N_("Is a directory"),
    errno.ENAMETOOLONG: N_("File name too long"),
    errno.EMFILE: N_("Too many open files"),
    errno.EFBIG: N_("File too large"),
    errno.EIO: N_("Input/output error"),
    errno.EBUSY: N_("Device or resource busy"),
    errno.ENOMEM: N_("Cannot allocate memory"),
    errno.ECONNREFUSED: N_("Connection refused"),
    errno.ECONNRESET: N_("Connection reset by peer"),
    errno.ENETUNREACH: N_("Network is unreachable"),
    errno.EHOSTUNREACH: N_("No route to host"),
    errno.ETIMEDOUT: N_("Connection timed out"),
}


def reason(cause: object) -> DiaboloError | str:
    """What fills the field `{reason}` of a message.

    Args:
        cause: An exception, or a reason in words that need no translation.
    """
    if isinstance(cause, DiaboloError | str):
        return cause
    if isinstance(cause, OSError):
        known = _OF_THE_SYSTEM.get(cause.errno or 0)
        return WorkError(known) if known else cause.strerror or str(cause)
    if isinstance(cause, json.JSONDecodeError):
        return WorkError(N_("no JSON in line {line}, column {column}"), line=cause.lineno, column=cause.colno)
    if isinstance(cause, UnicodeDecodeError):
        return WorkError(N_("no text in UTF-8"))
    if isinstance(cause, RecursionError):
        return WorkError(N_("too deeply nested"))
    if isinstance(cause, KeyError | TypeError | AttributeError | IndexError):
        return WorkError(N_("its entries are not those of such a file"))
    return str(cause)
