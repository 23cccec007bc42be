"""What every test gets: a run root of its own, one thread a worker, and heavy tests one after the other."""

import os
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from functools import cache
from pathlib import Path

import pytest

from tests import quick
from tests.processes import emptied, nobody_left
from vae_core.jobs import client

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


def pytest_configure(config: pytest.Config) -> None:
    """UMAP is compiled when it is imported: without optimising, in two thirds of the time, and kept for the next tests
    beside what else pytest keeps, so that it slows down no app."""
    if config.pluginmanager.hasplugin("cacheprovider"):
        os.environ["NUMBA_CACHE_DIR"] = str(config.cache.mkdir("numba"))
    os.environ["NUMBA_OPT"] = "0"


@pytest.hookimpl(tryfirst=True)  # before xdist writes the groups into the tests' names
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Marks what drives a browser and what is quick, groups tests for xdist, skips what needs data that is not there."""
    no_mnist = pytest.mark.skip(reason="needs full MNIST: set DIABOLO_DATA to a folder that holds MNIST/raw")
    for item in items:
        if item.path.is_relative_to(TESTS / "browser"):
            item.add_marker("browser")
            if os.environ.get("CI") == "true":  # its machine may stop a browser for seconds; the summary tells of it
                item.add_marker(pytest.mark.flaky(reruns=1))
        # Each kind of long test in one worker, in turn; the others by file, so that a module's fixtures are made once.
        group = _kind(item) or {"test_live_diagnosis": "test_diagnosis"}.get(item.path.stem, item.path.stem)
        item.add_marker(pytest.mark.xdist_group(group))
        if quick.is_quick(item):
            item.add_marker("quick")
        if item.get_closest_marker("mnist") and not mnist_is_there():
            item.add_marker(no_mnist)
    found = sum(item.get_closest_marker("quick") is not None for item in items)
    config.stash[quick.COUNTED] = found, {item.path for item in items}
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


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Only a heavy test has its jobs done. Elsewhere what is queued stays so: each run root that a page is opened on
    would have a supervisor that loads torch and measures the machine's speed, beside the tests."""
    with pytest.MonkeyPatch.context() as patch:
        if not _kind(item):
            patch.setattr(client, "_start_supervisor", lambda root: None)
        with quick.held() if item.get_closest_marker("quick") else nullcontext():
            return (yield)


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


@pytest.fixture(scope="session", autouse=True)
def _runs_are_trained_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        if "tests.tiny_runs" in sys.modules:
            folder = tmp_path_factory.getbasetemp()
            if "PYTEST_XDIST_WORKER" in os.environ:
                folder = folder.parent  # which the workers share
            (folder / "trained").mkdir(exist_ok=True)
            patch.setattr("tests.tiny_runs.trained_before", folder / "trained")
        yield


@pytest.fixture(scope="session")
def _supervised_root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("supervised")
    with nobody_left(root):
        yield root


@pytest.fixture
def supervised(_supervised_root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A run root without runs for a heavy test, whose supervisor works for one test after the other: each of its own
    would load torch and measure the machine's speed."""
    monkeypatch.setenv("DIABOLO_RUNS", str(_supervised_root))
    yield _supervised_root
    emptied(_supervised_root)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Path]:
    """An empty run root of the test's own; a heavy test's supervisor ends with it."""
    folder = tmp_path / "runs"
    folder.mkdir()
    monkeypatch.setenv("DIABOLO_RUNS", str(folder))
    with nobody_left(folder) if _kind(request.node) else nullcontext():
        yield folder
