"""The IDX format of MNIST and its relatives: a magic number, the sizes, then the values, big end first.

Read with numpy, not through torchvision's classes, which give the same arrays (a test compares them): importing
torchvision takes a second and 90 MB, where a training has to show its first point within a second of the click.
Reading MNIST's training images here takes 0.08 s and their own 47 MB. (torch 2.13, torchvision 0.28, 2 cores.)

Source of the format: the MNIST page of LeCun, Cortes and Burges; QMNIST's README for its labels of eight columns.
"""

import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from vae_core.datasets.sources import DataSource, Part, damaged, fits, labels_fit

_DTYPES: dict[int, np.dtype[Any]] = {0x08: np.dtype(np.uint8), 0x0C: np.dtype(">i4")}  # the only two in this family


def _shape_and_dtype(file: IO[bytes], size: int) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """What the header says, once it is known to agree with the size of the file, in bytes.

    Checked before anything is read: a damaged header must not ask for terabytes.

    Raises:
        ValueError: This is no whole IDX file.
    """
    head = file.read(4)
    zero, code, axes = struct.unpack(">HBB", head) if len(head) == 4 else (-1, 0, 0)
    sizes = file.read(4 * axes)
    if zero != 0 or code not in _DTYPES or not 1 <= axes <= 3 or len(sizes) < 4 * axes:
        raise ValueError("not an IDX header")
    shape = struct.unpack(f">{axes}I", sizes)
    dtype = _DTYPES[code]
    if size != 4 + 4 * axes + math.prod(shape) * dtype.itemsize:
        raise ValueError("not the size that the header says")
    return shape, dtype


def is_whole(path: Path) -> bool:
    """Whether there is an IDX file at `path` that is as long as its header says. Cheap: only the header is read."""
    try:
        with path.open("rb") as file:
            _shape_and_dtype(file, path.stat().st_size)
    except (OSError, ValueError):
        return False
    return True


def read_idx(path: Path) -> NDArray[Any]:
    """The values of an IDX file, not compressed: an array of uint8 or big-endian int32, read without a second copy.

    Raises:
        OSError: It can't be read.
        ValueError: It is no whole IDX file.
    """
    with path.open("rb") as file:
        shape, dtype = _shape_and_dtype(file, path.stat().st_size)
        return np.fromfile(file, dtype=dtype).reshape(shape)


@dataclass(frozen=True)
class IdxFiles:
    """A data set of four IDX files in torchvision's layout: `FOLDER/raw/PART-images-idx3-ubyte` and its labels.

    Attributes:
        folder: The data set's folder under the data root.
        train, test: How the names of the files of each part begin.
        labels: How the names of label files end.
        transposed: The images lie on their side (EMNIST) and are turned upright.
        first_label: The number of the first class (EMNIST's letters begin at 1).
    """

    folder: str
    train: str = "train"
    test: str = "t10k"
    labels: str = "labels-idx1-ubyte"
    transposed: bool = False
    first_label: int = 0

    def _pair(self, root: Path, part: Part) -> tuple[Path, Path]:
        raw = root / self.folder / "raw"
        begin = self.train if part == "train" else self.test
        return raw / f"{begin}-images-idx3-ubyte", raw / f"{begin}-{self.labels}"

    def files(self, root: Path) -> tuple[Path, ...]:
        return (*self._pair(root, "train"), *self._pair(root, "test"))

    def is_whole(self, path: Path) -> bool:
        return is_whole(path)

    def read(self, root: Path, part: Part, source: DataSource) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Images, uint8 (N, H, W), and labels from 0, int64 (N,).

        Raises:
            WorkError: A file is damaged.
        """
        images_path, labels_path = self._pair(root, part)
        images, labels = (_read(path, source.name) for path in (images_path, labels_path))
        if not fits(images, source):
            raise damaged(images_path, source.name)
        if labels.ndim == 2:  # QMNIST: the class, then seven columns on who wrote it
            labels = labels[:, 0]
        labels = labels.astype(np.int64) - self.first_label
        if not labels_fit(labels, images, source):
            raise damaged(labels_path, source.name)
        if self.transposed:
            _turn_upright(images)
        return images, labels


def _read(path: Path, name: str) -> NDArray[Any]:
    try:
        return read_idx(path)
    except (OSError, ValueError) as error:
        raise damaged(path, name) from error


def _turn_upright(images: NDArray[np.uint8]) -> None:
    """Transpose each image (N, H, W with H = W) in place: EMNIST's digits are 188 MB, which need not be there twice."""
    for start in range(0, len(images), 4096):
        block = images[start : start + 4096]
        block[...] = block.transpose(0, 2, 1).copy()
