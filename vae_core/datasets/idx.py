"""The IDX format of MNIST and its relatives: a magic number, the sizes, then the values, big end first.

Read with numpy, not through torchvision's classes, which give the same arrays (a test compares them): importing
torchvision takes a second and 90 MB, where a training has to show its first point within a second of the click.
Reading MNIST's training images here takes 0.08 s and their own 47 MB. (torch 2.13, torchvision 0.28, 2 cores.)

Source of the format: the MNIST page of LeCun, Cortes and Burges; QMNIST's README for its labels of eight columns.
"""

import gzip
import math
import os
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from vae_core.datasets.sources import DataSource, Part, damaged, fits, labels_fit

GZIP_SHARE = 1032  # times smaller than what it packs is what gzip can make of anything

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
    """Whether there is an IDX file at `path`, perhaps packed by gzip, that is as long as its header says.

    Cheap: only the header is read, and of a packed file the length at its end.
    """
    try:
        with _opened(path) as file:
            size = path.stat().st_size if path.suffix != ".gz" else _unpacked_size(path)
            _shape_and_dtype(file, size)
    except (OSError, EOFError, ValueError, zlib.error):
        return False
    return True


def read_idx(path: Path) -> NDArray[Any]:
    """The values of an IDX file, perhaps packed by gzip: an array of uint8 or big-endian int32, without a second copy.

    Raises:
        OSError, EOFError, zlib.error: It can't be read.
        ValueError: It is no whole IDX file.
    """
    with _opened(path) as file:
        if path.suffix != ".gz":
            shape, dtype = _shape_and_dtype(file, path.stat().st_size)
            return np.fromfile(file, dtype=dtype).reshape(shape)
        size = _unpacked_size(path)
        if size > GZIP_SHARE * path.stat().st_size:
            raise ValueError("longer than it can be")
        shape, dtype = _shape_and_dtype(file, size)
        values = np.empty(math.prod(shape), dtype)
        view, done = values.view(np.uint8), 0
        while count := file.readinto(view[done : done + (1 << 20)]):  # type: ignore[attr-defined]
            done += count
        if done != values.nbytes or file.read(1):
            raise ValueError("not the size that the header says")
        return values.reshape(shape)


def _opened(path: Path) -> IO[bytes]:
    """The unpacked bytes of a file."""
    return gzip.open(path) if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]


def _unpacked_size(path: Path) -> int:
    """What gzip says at a file's end (of files below 4 GB, as all of this family are)."""
    with path.open("rb") as file:
        file.seek(-4, os.SEEK_END)
        return int.from_bytes(file.read(), "little")


@dataclass(frozen=True)
class IdxFiles:
    """A data set of four IDX files, in torchvision's layout (`FOLDER/raw/PART-images-idx3-ubyte` and its labels) or
    another common one.

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

    def found(self, root: Path) -> tuple[Path, ...]:
        """Where the files are, each under the first of its names that is there (`_places`); else where they should be."""
        return tuple(map(self._found(root), self.files(root)))

    def _found(self, root: Path) -> Callable[[Path], Path]:
        def find(path: Path) -> Path:
            there = [place for place in self._places(root, path.name) if place.is_file()]
            return next(filter(is_whole, there), there[0] if there else path)

        return find

    def _places(self, root: Path, name: str) -> Iterator[Path]:
        """torchvision's own place first, then what the files are called where they are offered: with a dot instead of
        the first hyphen, packed by gzip, in a folder of their own name, in the data set's folder or the data root."""
        folders = [root / folder / sub for folder in (self.folder, self.folder.lower()) for sub in ("raw", "")]
        # Fashion-MNIST and Kuzushiji-MNIST have MNIST's names: in a folder that isn't theirs they would be taken for it.
        if self.folder == "MNIST" or self.train != "train":
            folders.append(root)
        names = [name, name.replace("-idx", ".idx")]
        for folder in folders:
            for called in names:
                yield from (folder / called, folder / f"{called}.gz", folder / called / called)

    def is_whole(self, path: Path) -> bool:
        return is_whole(path)

    def read(self, root: Path, part: Part, source: DataSource) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Images, uint8 (N, H, W), and labels from 0, int64 (N,).

        Raises:
            WorkError: A file is damaged.
        """
        images_path, labels_path = map(self._found(root), self._pair(root, part))
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
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise damaged(path, name) from error


def _turn_upright(images: NDArray[np.uint8]) -> None:
    """Transpose each image (N, H, W with H = W) in place: EMNIST's digits are 188 MB, which need not be there twice."""
    for start in range(0, len(images), 4096):
        block = images[start : start + 4096]
        block[...] = block.transpose(0, 2, 1).copy()
