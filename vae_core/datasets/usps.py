"""USPS in LIBSVM's text format, bzip2: a line an image, `label 1:value 2:value ... 256:value`, values from -1 to 1.

Read here for the reason given in `idx`; the pixels are those of `torchvision.datasets.USPS` to the bit.
"""

import bz2
import os
import re
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vae_core.datasets.sources import DataSource, Part, damaged, fits, labels_fit

_LONGEST_LINE, _MOST_LINES = 16_384, 20_000  # bytes and images; USPS has 7,291 at most
_END_MARK = 0x177245385090


@dataclass(frozen=True)
class UspsFiles:
    """The two files of USPS, which torchvision puts into the data root itself."""

    train: str = "usps.bz2"
    test: str = "usps.t.bz2"

    def files(self, root: Path) -> tuple[Path, ...]:
        return root / self.train, root / self.test

    def found(self, root: Path) -> tuple[Path, ...]:
        return self.files(root)

    def is_whole(self, path: Path) -> bool:
        """Whether it begins and ends as bzip2 does. Cheap; what lies between is found out when it is read."""
        try:
            with path.open("rb") as file:
                begin = file.read(3)
                file.seek(-11, os.SEEK_END)
                end = int.from_bytes(file.read())
        except OSError:
            return False
        # The end mark and a checksum of 32 bits, followed by up to 7 bits to fill the last byte.
        return begin == b"BZh" and any((end >> fill >> 32) & (2**48 - 1) == _END_MARK for fill in range(8))

    def read(self, root: Path, part: Part, source: DataSource) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Images, uint8 (N, 16, 16), and labels from 0, int64 (N,).

        Raises:
            WorkError: The file is damaged.
        """
        path = root / (self.train if part == "train" else self.test)
        try:
            # Line by line: as one text its two million numbers would take 400 MB on the way.
            with bz2.open(path) as file:
                lines = islice(iter(lambda: file.readline(_LONGEST_LINE), b""), _MOST_LINES)
                rows = [np.fromstring(re.sub(rb"\d+:", b"", line), dtype=np.float32, sep=" ") for line in lines]
            table = np.array(rows, dtype=np.float32).reshape(-1, 257)
        except (OSError, EOFError, ValueError) as error:
            raise damaged(path, source.name) from error
        if not (np.abs(table[:, 1:]) <= 1).all() or not (np.abs(table[:, 0]) <= 10).all():  # false for NaN, too
            raise damaged(path, source.name)
        images = ((table[:, 1:] + 1) / 2 * 255).astype(np.uint8).reshape(-1, 16, 16)
        labels = table[:, 0].astype(np.int64) - 1  # in the file they are 1 to 10
        if not fits(images, source) or not labels_fit(labels, images, source):
            raise damaged(path, source.name)
        return images, labels
