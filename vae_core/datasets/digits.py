"""The bundled digits: 5,000 images of MNIST's training split in `digits.npz`, see `digits.md` beside it."""

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vae_core.datasets.sources import DataSource, Part
from vae_core.errors import N_, WorkError

PATH = Path(__file__).with_name("digits.npz")


@dataclass(frozen=True)
class Digits:
    """Reads `digits.npz`; the data root plays no part. Which images are tested on is kept in the file."""

    path: Path = PATH

    def files(self, root: Path) -> tuple[Path, ...]:
        return (self.path,)

    def found(self, root: Path) -> tuple[Path, ...]:
        return self.files(root)

    def is_whole(self, path: Path) -> bool:
        return zipfile.is_zipfile(path)

    def read(self, root: Path, part: Part, source: DataSource) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Images, uint8 (N, 28, 28), and labels, int64 (N,).

        Raises:
            WorkError: The file is damaged.
        """
        images, labels, test = self._arrays("images", "labels", "test")
        chosen = test if part == "test" else ~test
        return images[chosen], labels[chosen].astype(np.int64)

    def tested_on(self) -> NDArray[np.int32]:
        """The positions, in MNIST's training split, of the 1,000 images that are tested on."""
        index, test = self._arrays("mnist_index", "test")
        tested: NDArray[np.int32] = index[test]
        return tested

    def _arrays(self, *names: str) -> list[NDArray[Any]]:
        try:
            # Opened here, since np.load leaves a file open whose archive is damaged.
            with self.path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
                return [file[name] for name in names]
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise WorkError(
                N_("The file '{path}' of the bundled digits is damaged. Install Diabolo again."), path=str(self.path)
            ) from error
