"""Why something failed, as a message of ours within a message of ours: Python's and libraries' own words are English only.

Those stand in the log alone (`diabolo.reasons`: a page's server and a worker write it, commands don't).
"""

import errno
import json
import logging
from collections.abc import Mapping

from vae_core.errors import N_, DiaboloError, WorkError

LOG = logging.getLogger("diabolo.reasons")
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
    if isinstance(cause, OSError) and (known := _OF_THE_SYSTEM.get(cause.errno or 0)):
        return WorkError(known)
    LOG.warning("%s: %s", type(cause).__name__, cause)
    if isinstance(cause, OSError) and cause.errno:
        return WorkError(N_("the system's error no. {number}"), number=cause.errno)
    if isinstance(cause, json.JSONDecodeError):
        return WorkError(N_("no JSON in line {line}, column {column}"), line=cause.lineno, column=cause.colno)
    if isinstance(cause, UnicodeDecodeError):
        return WorkError(N_("no text in UTF-8"))
    if isinstance(cause, RecursionError):
        return WorkError(N_("too deeply nested"))
    if isinstance(cause, KeyError | TypeError | AttributeError | IndexError):
        return WorkError(N_("its entries are not those of such a file"))
    if isinstance(cause, ModuleNotFoundError):
        return WorkError(N_("it is not installed"))
    if isinstance(cause, ImportError):
        return WorkError(N_("it can't be loaded"))
    return WorkError(N_("its content can't be read"))
