"""A real Streamlit server and a real Chromium, each started once and left clean by each test. Nothing is mocked."""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Error, Page, expect

from tests.browser.driving import PHONE, REPOSITORY, Server
from tests.browser.kept import KEPT, SHOWN, clean, opening

expect.set_options(timeout=30_000)  # a machine that tests on two cores is slow at times

HERE = Path(__file__).parent
FAILED = REPOSITORY / "out" / "failed"


@pytest.hookimpl(trylast=True)  # when what the last test used is gone
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """To other tests, an open Playwright is an event loop that runs in their thread."""
    if nextitem is None or not nextitem.path.is_relative_to(HERE):
        KEPT.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """What the browser showed when a test failed lies in `out/failed/`, whatever a second try finds."""
    report: Any = yield
    if report.when != "teardown" and report.failed:
        name = re.sub(r"[^\w.-]+", "_", item.nodeid.removeprefix("tests/browser/"))[:150]
        FAILED.mkdir(parents=True, exist_ok=True)
        told = [report.longreprtext]
        for number, page in enumerate(SHOWN):
            with suppress(Error):  # it may have closed, or hang
                page.screenshot(path=FAILED / f"{name}-{number}.png", timeout=10_000)
                told.append(f"--- {page.url}\n{page.inner_text('body', timeout=10_000)}")
        (FAILED / f"{name}.txt").write_text("\n\n".join(told), encoding="utf-8")
    return report


@pytest.fixture
def new_page(request: pytest.FixtureRequest) -> Iterator[Callable[..., Page]]:
    """Makes pages: on a phone where they are as wide as one, in the dark, or in a browser of somebody else."""
    for name in {"server", "elsewhere"} & {*request.fixturenames}:
        request.getfixturevalue(name)  # which are cleaned when nobody looks any more
    with opening() as open_page:
        yield open_page


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    """A page as wide as on a laptop."""
    return new_page()


@pytest.fixture
def phone(new_page: Callable[..., Page]) -> Page:
    """A page on a phone."""
    return new_page(PHONE)


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server without any run of one's own. Its run root is the test's, too, and what lies there at the end goes."""
    kept = KEPT.server("server", tmp_path_factory)
    monkeypatch.setenv("DIABOLO_RUNS", str(kept.runs))
    with clean(kept):
        yield kept


@pytest.fixture
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Another machine's server, as clean, with runs of its own."""
    with clean(KEPT.server("elsewhere", tmp_path_factory)) as other:
        yield other
