"""A fresh Streamlit server and a real Chromium. Nothing is mocked, nothing is left behind."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.driving import CHROMIUM_FLAGS, PHONE, WIDE, Server, device, find_chromium, listen, serving
from tests.processes import nobody_left

expect.set_options(timeout=30_000)  # a machine that tests on two cores is slow at times


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A fresh server with an empty run root."""
    runs = tmp_path / "runs"
    with nobody_left(runs), serving(runs, tmp_path / "server.log") as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium a module; each page gets a profile of its own."""
    found = find_chromium()
    if found is None:
        reason = "no Chromium: install it (Debian: apt-get install chromium), or name it in CHROMIUM"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def new_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Makes pages with a profile of their own, on a phone where they are as wide as one: `new_page(PHONE, dark=True)`."""
    contexts = []

    def make(size: dict[str, int] = WIDE, *, dark: bool = False) -> Page:
        context = browser.new_context(color_scheme="dark" if dark else "light", accept_downloads=True, **device(size))
        contexts.append(context)
        context.set_default_timeout(30_000)
        return listen(context.new_page())

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    """A page as wide as on a laptop."""
    return new_page()


@pytest.fixture
def phone(new_page: Callable[..., Page]) -> Page:
    """A page on a phone."""
    return new_page(PHONE)
