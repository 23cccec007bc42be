"""A fresh Streamlit server and a real Chromium. Nothing is mocked, nothing is left behind."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.driving import CHROMIUM_FLAGS, PHONE, WIDE, Server, find_chromium, serving
from tests.processes import nobody_left

# Streamlit tells a phone by this, not by its width: there, the menu closes once a page was chosen.
PHONE_AGENT = "Mozilla/5.0 (Linux; Android 14; Pixel 7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36"
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
        a_phone: dict[str, Any] = {"user_agent": PHONE_AGENT, "is_mobile": True, "has_touch": True}
        context = browser.new_context(
            viewport={"width": size["width"], "height": size["height"]},
            color_scheme="dark" if dark else "light",
            accept_downloads=True,
            **(a_phone if size == PHONE else {}),
        )
        contexts.append(context)
        context.set_default_timeout(30_000)
        return context.new_page()

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
