"""What every test gets: a run root of its own, one thread a worker, and heavy tests one after the other."""

import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.processes import nobody_left

if "PYTEST_XDIST_WORKER" in os.environ:
    # Two workers with a thread for each core would slow each other down up to 20 times. Only here: what a test starts
    # gets the environment that a user has.
    os.environ["OMP_NUM_THREADS"] = "1"
    import torch  # noqa: F401  reads the variable once, now

    del os.environ["OMP_NUM_THREADS"]

TESTS = Path(__file__).parent


def mnist_is_there() -> bool:
    root = os.environ.get("DIABOLO_DATA")
    return bool(root) and (Path(root) / "MNIST" / "raw").is_dir()


@pytest.hookimpl(tryfirst=True)  # before xdist writes the groups into the tests' names
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what drives a browser, groups tests for xdist, skips what needs data that is not there."""
    no_mnist = pytest.mark.skip(reason="needs full MNIST: set DIABOLO_DATA to a folder that holds MNIST/raw")
    for item in items:
        if item.path.is_relative_to(TESTS / "browser"):
            item.add_marker("browser")
            if os.environ.get("CI") == "true":  # its machine may stop a browser for seconds; the summary tells of it
                item.add_marker(pytest.mark.flaky(reruns=1))
        # Each kind of long test in one worker, in turn; the others by file, so that a module's fixtures are made once.
        item.add_marker(pytest.mark.xdist_group(_kind(item) or item.path.stem))
        if item.get_closest_marker("mnist") and not mnist_is_there():
            item.add_marker(no_mnist)
    # The longest group first: the other worker does all the rest meanwhile.
    items.sort(key=lambda item: {"browser": 0, "heavy": 1}.get(_kind(item), 2))


def _kind(item: pytest.Item) -> str:
    """`browser`, `heavy` or nothing."""
    return next((kind for kind in ("browser", "heavy") if item.get_closest_marker(kind)), "")


@pytest.fixture(scope="session", autouse=True)
def _own_run_root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test touches the runs of the person who runs the tests."""
    root = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch, nobody_left(root):
        patch.setenv("DIABOLO_RUNS", str(root))
        yield


@pytest.fixture(scope="session", autouse=True)
def _packages_are_scanned_once() -> Iterator[None]:
    """Each AppTest looks for components in all that is installed, which takes longer than most pages."""
    with pytest.MonkeyPatch.context() as patch:
        if "streamlit.testing.v1" in sys.modules:
            from streamlit.components.v2 import manifest_scanner

            patch.setattr(
                manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests)
            )
        yield


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A run root of the test's own, whose supervisor ends with it."""
    monkeypatch.setenv("DIABOLO_RUNS", str(tmp_path))
    with nobody_left(tmp_path):
        yield tmp_path
