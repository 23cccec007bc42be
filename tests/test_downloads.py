"""Downloads from a server on this machine that serves real formats, and misbehaves on request."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import dataset_server
import numpy as np
import pytest
from dataset_server import DatasetServer

from vae_core import datasets
from vae_core.datasets import DATASETS, download
from vae_core.datasets.torchvision_family import torchvision_datasets
from vae_core.environment import data_root
from vae_core.errors import InputError, WorkError

NAMES = [name for name, source in DATASETS.items() if not source.bundled]
TIMEOUT = 0.5  # seconds: this server answers in milliseconds


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[DatasetServer]:
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    running = DatasetServer()
    yield running
    running.stop()


def left_in(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


@pytest.mark.parametrize("name", NAMES)
def test_a_data_set_is_fetched_and_reads_as_it_was_made(
    name: str, server: DatasetServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = dataset_server.offer_small(server, monkeypatch, name)
    assert not datasets.is_present(name, tmp_path)
    datasets.get(name, tmp_path, timeout=TIMEOUT)
    assert datasets.is_present(name, tmp_path)
    test = datasets.load(name, "test", root=tmp_path)
    both = [datasets.load(name, split, root=tmp_path) for split in ("train", "validation")]
    assert test.image_shape == DATASETS[name].image_shape
    assert np.array_equal(test.images[:, 0], made["test"][0])
    assert np.array_equal(test.labels, made["test"][1])
    together = sorted(image.tobytes() for part in both for image in part.images)
    assert together == sorted(image.tobytes() for image in made["train"][0])
    # Nothing but the data set's own files is there, in particular nothing temporary and nothing packed.
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    wanted = {path for row in DATASETS.values() if not row.bundled for path in row.reader.files(tmp_path)}
    assert set(files) <= wanted


@pytest.mark.parametrize("name", NAMES)
def test_torchvision_reads_the_same_from_the_same_folder(
    name: str, server: DatasetServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset_server.offer_small(server, monkeypatch, name)
    datasets.get(name, tmp_path, timeout=TIMEOUT)
    vision = torchvision_datasets()
    if name.startswith("emnist-"):
        theirs = vision.EMNIST(tmp_path, split=name.removeprefix("emnist-"), train=False)
        names = [label for label in theirs.classes if label != "N/A"]
        images, labels = theirs.data.numpy().transpose(0, 2, 1), theirs.targets.numpy() - (name == "emnist-letters")
    else:
        family = {"mnist": "MNIST", "fashion-mnist": "FashionMNIST", "kmnist": "KMNIST", "qmnist": "QMNIST"}
        theirs = getattr(vision, family.get(name, "USPS"))(tmp_path, train=False)
        images, labels = np.asarray(theirs.data), np.asarray(theirs.targets)
        labels = labels[:, 0] if labels.ndim == 2 else labels
        names = [label.partition(" - ")[0] for label in getattr(theirs, "classes", "0123456789")]
    ours = datasets.load(name, "test", root=tmp_path)
    assert np.array_equal(ours.images[:, 0], images)
    assert np.array_equal(ours.labels, labels)
    assert list(ours.class_names) == names


@pytest.mark.mnist
@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_the_real_files_arrive_byte_for_byte(
    name: str, server: DatasetServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    originals = DATASETS[name].reader.files(data_root())
    if not datasets.is_present(name):
        pytest.skip(f"DIABOLO_DATA holds no {name}")
    files = {path.name: path.read_bytes() for path in originals}
    dataset_server.offer(server, monkeypatch, name, dataset_server.packed(files))
    datasets.get(name, tmp_path)
    for path in DATASETS[name].reader.files(tmp_path):
        assert path.read_bytes() == files[path.name]


def test_progress_goes_up_to_the_total(server: DatasetServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset_server.offer_small(server, monkeypatch, "mnist")
    seen: list[tuple[int, int | None]] = []
    datasets.get("mnist", tmp_path, lambda done, total: seen.append((done, total)), TIMEOUT)
    total = sum(map(len, server.files.values()))
    assert {told for _, told in seen} == {total}
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1] == (total, total)


def test_a_size_that_is_not_told_is_none(
    server: DatasetServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset_server.offer_small(server, monkeypatch, "usps")
    server.behaviour = lambda path: "length untold"
    seen: list[int | None] = []
    datasets.get("usps", tmp_path, lambda done, total: seen.append(total), TIMEOUT)
    assert set(seen) == {None}
    assert datasets.is_present("usps", tmp_path)


FAILURES = {
    "wrong": "not the expected file",
    "half": "broke after",
    "silence": "did not answer within 0.5 s",
    "stops half way": "did not answer within 0.5 s",
    "trickle": "less than 1024 bytes a second",
    "missing": "answered with status 404",
}


@pytest.mark.parametrize("name", ["mnist", "emnist-letters", "usps"])
@pytest.mark.parametrize("how", FAILURES)
def test_a_failure_is_one_clear_message_and_leaves_nothing(
    how: str, name: str, server: DatasetServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset_server.offer_small(server, monkeypatch, name)
    server.behaviour = lambda path: how
    with pytest.raises(WorkError, match=FAILURES[how]) as failure:
        datasets.get(name, tmp_path, timeout=TIMEOUT)
    assert f"'{name}' could not be downloaded" in str(failure.value)
    assert "bundled digits still work" in str(failure.value)
    assert left_in(tmp_path) == []
    assert not datasets.is_present(name, tmp_path)
    assert len(datasets.load("digits", "train", root=tmp_path)) == 3600
    server.behaviour = lambda path: "good"  # and the next try is as if nothing had happened
    datasets.get(name, tmp_path, timeout=TIMEOUT)
    assert datasets.is_present(name, tmp_path)


def test_no_server_at_all(server: DatasetServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset_server.offer_small(server, monkeypatch, "kmnist")
    server.server_close()
    with pytest.raises(WorkError, match=r"no connection to the server 127\.0\.0\.1.*bundled digits still work"):
        datasets.get("kmnist", tmp_path, timeout=TIMEOUT)
    assert left_in(tmp_path) == []


def test_a_file_that_does_not_end(server: DatasetServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset_server.offer_small(server, monkeypatch, "mnist")
    monkeypatch.setattr(download, "LARGEST_FILE", 1000)
    for behaviour in ("good", "length untold"):
        server.behaviour = lambda path, how=behaviour: how
        with pytest.raises(WorkError, match="more than the 1000 bytes"):
            datasets.get("mnist", tmp_path, timeout=TIMEOUT)
        assert left_in(tmp_path) == []


@pytest.mark.parametrize("how", ["missing", "wrong", "silence"])
def test_the_next_mirror_is_asked(
    how: str, server: DatasetServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset_server.offer_small(server, monkeypatch, "mnist")
    server.behaviour = lambda path: how if path.startswith("/first/") else "good"
    seen: list[tuple[int, int | None]] = []
    datasets.get("mnist", tmp_path, lambda done, total: seen.append((done, total)), TIMEOUT)
    assert datasets.is_present("mnist", tmp_path)
    assert ("GET", "/second/train-images-idx3-ubyte.gz") in server.asked
    assert seen[-1][0] == sum(map(len, server.files.values()))


def test_what_arrived_whole_is_not_fetched_again(
    server: DatasetServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset_server.offer_small(server, monkeypatch, "mnist")
    server.behaviour = lambda path: "missing" if "t10k-images" in path else "good"
    with pytest.raises(WorkError, match="status 404"):
        datasets.get("mnist", tmp_path, timeout=TIMEOUT)
    assert not datasets.is_present("mnist", tmp_path)
    server.behaviour = lambda path: "good"
    server.asked.clear()
    datasets.get("mnist", tmp_path, timeout=TIMEOUT)
    assert server.fetched() == ["t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"]
    server.asked.clear()
    datasets.get("mnist", tmp_path, timeout=TIMEOUT)
    assert server.asked == []


@pytest.mark.parametrize("name", ["mnist", "usps"])
def test_a_file_that_was_cut_short_on_disk_is_fetched_again(
    name: str, server: DatasetServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset_server.offer_small(server, monkeypatch, name)
    datasets.get(name, tmp_path, timeout=TIMEOUT)
    path = DATASETS[name].reader.files(tmp_path)[0]
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert not datasets.is_present(name, tmp_path)
    server.asked.clear()
    datasets.get(name, tmp_path, timeout=TIMEOUT)
    assert path.read_bytes() == whole
    assert len(server.fetched()) == 1


def test_emnist_comes_in_one_archive_for_both_sets(
    server: DatasetServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset_server.offer_small(server, monkeypatch, "emnist-letters")
    datasets.get("emnist-letters", tmp_path / "data", timeout=TIMEOUT)
    assert datasets.is_present("emnist-digits", tmp_path / "data")
    assert server.fetched() == ["gzip.zip"]
    assert len(left_in(tmp_path / "data" / "EMNIST" / "raw")) == 8
    assert left_in(tmp_path)[:2] == ["data", "data/EMNIST"], "a path inside the archive led out of its folder"


def test_two_at_once_fetch_each_file_once(
    server: DatasetServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset_server.offer_small(server, monkeypatch, "mnist")
    failures: list[BaseException] = []

    def fetch() -> None:
        try:
            datasets.get("mnist", tmp_path)
        except BaseException as failure:
            failures.append(failure)

    both = [threading.Thread(target=fetch) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert failures == []
    assert datasets.is_present("mnist", tmp_path)
    assert sorted(server.fetched()) == sorted(server.files)


def test_what_a_killed_process_left_is_swept_and_its_lock_is_gone(
    server: DatasetServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset_server.offer_small(server, monkeypatch, "mnist")
    server.behaviour = lambda path: "stops half way"
    program = (
        "import sys; from pathlib import Path; from vae_core import datasets\n"
        "from vae_core.datasets.torchvision_family import torchvision_datasets as vision\n"
        "vision().MNIST.mirrors = [sys.argv[2]]\n"
        "datasets.get('mnist', Path(sys.argv[1]), lambda done, total: print(done, flush=True))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path), server.url],
        cwd=Path(__file__).parent.parent,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline()  # the first bytes have come
        assert any(download.TEMPORARY in path for path in left_in(tmp_path))
        process.kill()
    assert not datasets.is_present("mnist", tmp_path)
    server.behaviour = lambda path: "good"
    datasets.get("mnist", tmp_path, timeout=TIMEOUT)
    assert datasets.is_present("mnist", tmp_path)
    assert not any(download.TEMPORARY in path for path in left_in(tmp_path))


def test_giving_up_leaves_nothing(server: DatasetServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset_server.offer_small(server, monkeypatch, "mnist")

    def give_up(done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        datasets.get("mnist", tmp_path, give_up, TIMEOUT)
    assert left_in(tmp_path) == []


def test_a_place_that_can_not_be_written_to(
    server: DatasetServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset_server.offer_small(server, monkeypatch, "mnist")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError, match="can't be written to"):
        datasets.get("mnist", tmp_path / "file")
    (tmp_path / "MNIST").write_bytes(b"")
    with pytest.raises(WorkError, match="can't be stored"):
        datasets.get("mnist", tmp_path)
    assert server.asked == []


def test_unknown_and_bundled_ask_no_server(server: DatasetServer, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no data set 'cats'.*digits, mnist, fashion-mnist"):
        datasets.get("cats", tmp_path)
    datasets.get("digits", tmp_path)
    assert left_in(tmp_path) == []
    assert server.asked == []


def test_torchvision_is_usable_beside_this_torch() -> None:
    assert torchvision_datasets() is torchvision_datasets()
    assert torchvision_datasets().MNIST.resources
