"""The IDX format of MNIST and its relatives: a magic number, the sizes, then the values, big end first.

Source: the format's description on the MNIST page of LeCun, Cortes and Burges.
"""

import math
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vae_core.errors import N_, WorkError

_DTYPES = {8: np.dtype(np.uint8), 12: np.dtype(">i4")}  # the two that the family uses: pixels and labels; QMNIST's notes


def read_idx(path: Path, dimensions: int) -> NDArray[Any]:
    """The values of an IDX file.

    Read straight into one array of the file's own type: MNIST's 60,000 images take 47 MB, and no second copy is made.

    Args:
        path: The file, not compressed.
        dimensions: How many axes it must have.

    Returns:
        Array of the shape that the file says, uint8 or big-endian int32.

    Raises:
        WorkError: The file can't be read, is no IDX file, or is shorter or longer than it says.
    """
    try:
        with path.open("rb") as file:
            head = file.read(4 + 4 * dimensions)
            if len(head) < 4 + 4 * dimensions:
                raise _damaged(path, N_("it ends inside its header"))
            zero, code, axes = struct.unpack(">HBB", head[:4])
            if zero != 0 or code not in _DTYPES or axes != dimensions:
                raise _damaged(path, N_("its header is not the expected one"))
            shape = struct.unpack(f">{dimensions}I", head[4:])
            dtype = _DTYPES[code]
            # The size is checked before anything is read: a damaged header must not ask for terabytes.
            if path.stat().st_size != len(head) + math.prod(shape) * dtype.itemsize:
                raise _damaged(path, N_("its size is not the one that its header says"))
            return np.fromfile(file, dtype=dtype).reshape(shape)
    except OSError as error:
        raise _damaged(path, error.strerror or str(error)) from error


def _damaged(path: Path, reason: str) -> WorkError:
    return WorkError(
        N_("The file '{path}' can't be used ({reason}). Delete it, then fetch the data set again with '{command}'."),
        path=str(path),
        reason=reason,
        command="python -m vae_core data get NAME",
    )
