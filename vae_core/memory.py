"""What a server that lives long and computes in many threads does about its memory."""

import ctypes
import sys
from functools import cache

LARGE = 256 * 1024  # bytes

# Of glibc's malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8


@cache
def give_back() -> bool:
    """Lets glibc hand memory back that is no longer used, for the whole process; elsewhere nothing is done.

    Streamlit runs each script in a thread. By itself, glibc keeps up to eight heaps a core for threads, each as large as it
    ever was, and learns from the first large arrays that are freed to keep the next ones.

    Returns:
        Whether the process's memory is glibc's.
    """
    if sys.platform != "linux" or not hasattr(library := ctypes.CDLL(None), "mallopt"):
        return False
    return all(library.mallopt(*each) for each in ((_ARENA_MAX, 2), (_MMAP_THRESHOLD, LARGE), (_TRIM_THRESHOLD, LARGE)))
