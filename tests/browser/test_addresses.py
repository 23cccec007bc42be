"""Every page by its own address, as the very first request that a server ever gets."""

import re
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


def entries(page: Page) -> int:
    """Of the browser's history."""
    return int(page.evaluate("history.length"))


@pytest.mark.parametrize("entry", PAGES, ids=lambda entry: entry.name)
def test_a_fresh_server_shows_the_page_that_is_asked_for(entry: Entry, runs: Path, tmp_path: Path, page: Page) -> None:
    wrong = problems(page)
    with serving(runs, tmp_path / "server.log") as server:
        before = entries(page)
        page.goto(f"{server.address}/{entry.address}")
        expect(page.get_by_role("heading", level=1)).to_have_text(entry.heading or entry.title)
        expect(page).to_have_title(f"{entry.title} · Diabolo")
        settle(page)
        assert entries(page) == before + 1, "whatever it wrote into its address"
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


def menu(page: Page, entry: Entry) -> str:
    go_to(page, entry.name)
    return shown(page, entry)


def shown(page: Page, entry: Entry) -> str:
    """Waits until this page is there, and returns its address."""
    expect(page.get_by_role("heading", level=1)).to_have_text(entry.heading or entry.title)
    settle(page)
    assert complaints(page) == []
    return page.url


def test_each_page_is_one_step_of_back_and_forward_as_it_was_left(server: Server, page: Page) -> None:
    page.goto(server.address)
    way = [(BY_NAME["home"], shown(page, BY_NAME["home"]))]
    before = entries(page)
    for entry in (*PAGES[1:], BY_NAME["home"]):
        way.append((entry, menu(page, entry)))
        assert page.url.split("?")[0] == f"{server.address}/{entry.address}"
        assert entries(page) == before + len(way) - 1, f"{entry.name}: one entry"
    assert sum("?" in address for _, address in way) >= 6, "pages write into their addresses"
    for entry, address in reversed(way[:-1]):
        page.go_back()
        assert shown(page, entry) == address
    for entry, address in way[1:]:
        page.go_forward()
        assert shown(page, entry) == address
    assert entries(page) == before + len(way) - 1


def test_what_was_done_on_a_page_is_no_step_and_is_there_again(server: Server, page: Page) -> None:
    def choose_model(name: str) -> None:
        page.get_by_role("combobox", name="Model").click()
        page.get_by_role("option").get_by_text(name).first.click()
        settle(page)

    def seed(number: str) -> None:
        page.get_by_role("textbox", name="Seed").fill(number)
        page.keyboard.press("Enter")
        settle(page)

    wrong = problems(page)
    page.goto(f"{server.address}/generate?run=starter-ae-2d&draw_seed=3&lang=en")
    shown(page, BY_NAME["generate"])
    before = entries(page)
    seed("77")
    assert re.search(r"generate\?(?=.*run=starter-ae-2d)(?=.*draw_seed=77)(?=.*lang=en)", page.url)
    first = page.url
    menu(page, BY_NAME["reconstruct"])
    page.get_by_test_id("stMain").get_by_text("Anomalies", exact=True).click()
    settle(page)
    choose_model("VAE, 2 ")
    second = page.url
    assert "view=anomalies" in second and "run=starter-vae-2d" in second
    assert entries(page) == before + 1
    # A page that the app itself shows leaves the address of this one alone.
    page.get_by_role("button", name="Train a model on only these").click()
    assert "view" not in shown(page, BY_NAME["train"])
    assert entries(page) == before + 2
    page.get_by_test_id("stButtonGroup").get_by_text("Français").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Entraîner")
    settle(page)
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Reconstruction et anomalies")
    settle(page)
    assert page.url == second.replace("lang=en", "lang=fr"), "and the language stays"
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Générer")
    settle(page)
    assert page.url == first.replace("lang=en", "lang=fr")
    expect(page.get_by_role("textbox", name="Graine")).to_have_value("77")
    page.go_forward()
    expect(page.get_by_role("heading", level=1)).to_have_text("Reconstruction et anomalies")
    settle(page)
    assert page.url == second.replace("lang=en", "lang=fr")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Reconstruction et anomalies")
    settle(page)
    assert page.url == second.replace("lang=en", "lang=fr") and entries(page) == before + 2
    assert complaints(page) == [] and wrong == []


def test_on_a_phone_the_menu_closes_and_a_start_is_seen(server: Server, phone: Page) -> None:
    phone.goto(f"{server.address}/train?recipe=quick&training.epochs=1")
    settle(phone)
    phone.get_by_test_id("stExpandSidebarButton").click()
    phone.get_by_test_id("stSidebarCollapseButton").get_by_role("button").click(timeout=5_000)
    start = phone.get_by_role("button", name="Start", exact=True)
    start.click()
    expect(phone.locator(".st-key-run_state")).to_be_in_viewport(ratio=1)
    expect(phone.get_by_text("Your model is ready")).to_be_in_viewport()
