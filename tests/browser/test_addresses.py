"""Every page by its own address, as the very first request that a server ever gets."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from pages.ui.navigation import BY_NAME, PAGES, Entry
from tests.browser.driving import (
    PHONE,
    WIDE,
    Server,
    complaints,
    go_to,
    overflow,
    problems,
    screenshot,
    serving,
    settle,
)
from tests.processes import nobody_left


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One run root for all servers here, so that the supervisor starts once."""
    root = tmp_path_factory.mktemp("addresses") / "runs"
    with nobody_left(root):
        yield root


@pytest.mark.parametrize("entry", PAGES, ids=lambda entry: entry.name)
def test_a_fresh_server_shows_the_page_that_is_asked_for(entry: Entry, runs: Path, tmp_path: Path, page: Page) -> None:
    wrong = problems(page)
    with serving(runs, tmp_path / "server.log") as server:
        page.goto(f"{server.address}/{entry.address}")
        expect(page.get_by_role("heading", level=1)).to_have_text(entry.heading or entry.title)
        expect(page).to_have_title(f"{entry.title} · Diabolo")
        settle(page)
        assert page.get_by_test_id("stSidebarNavLink").count() == len(PAGES)
        assert complaints(page) == []
        screenshot(page, f"{entry.name}-light")
        for name, size, scheme in (("dark", WIDE, "dark"), ("phone", PHONE, "light")):
            page.set_viewport_size(size)
            page.emulate_media(color_scheme=scheme)
            settle(page)
            expect(page.get_by_test_id("stApp")).to_have_css("color-scheme", scheme)
            expect(page.get_by_role("heading", level=1)).to_have_text(entry.heading or entry.title)
            screenshot(page, f"{entry.name}-{name}")
            assert overflow(page) == 0, "no sideways scrolling"
        assert wrong == []
    assert "Traceback" not in (tmp_path / "server.log").read_text()


def test_an_unknown_address_leads_home(runs: Path, tmp_path: Path, page: Page) -> None:
    with serving(runs, tmp_path / "server.log") as server:
        page.goto(f"{server.address}/nowhere")
        expect(page.get_by_role("heading", level=1)).to_have_text(BY_NAME["home"].heading)


def test_the_menu_leads_to_every_page(server: Server, page: Page) -> None:
    page.goto(server.address)
    for entry in (*PAGES[1:], BY_NAME["home"]):
        go_to(page, entry.name)
        settle(page)
        assert complaints(page) == []
        assert page.url.split("?")[0] == f"{server.address}/{entry.address}"
