"""Passing it on: what a person copies is what a friend sees, here and on another server; a class sees what it should."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driving import PHONE, SEVEN, WIDE, Server, complaints, drag, overflow, settle
from tests.tiny_runs import train
from vae_core import runs

SLOW = 120_000  # ms; for what takes seconds on a quiet machine


def copied(page: Page) -> str:
    """The address that the button copies."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    return str(page.evaluate("navigator.clipboard.readText()"))


def sheet(page: Page, words: str) -> str:
    """The picture with this caption or alternative, as its own bytes."""
    picture = page.get_by_role("img", name=re.compile(words)).first
    expect(picture).to_be_visible()
    return str(picture.get_attribute("src"))


def test_a_friend_sees_the_pictures_that_were_drawn(server: Server, new_page: Callable[..., Page]) -> None:
    page = new_page(WIDE)
    page.goto(f"{server.address}/generate?run=starter-vae-conv-16d")
    settle(page)
    page.get_by_role("textbox", name="Seed").fill("41")
    page.keyboard.press("Enter")
    expect(page.get_by_text("seed 41, temperature 1.00")).to_be_visible()
    settle(page)
    address = copied(page)
    expect(page.get_by_text("This address leads here only on this computer")).to_be_visible()
    friend = new_page(PHONE, stranger=True)
    friend.goto(address)
    expect(friend.get_by_text("seed 41, temperature 1.00")).to_be_visible()
    settle(friend)
    assert sheet(friend, "A sheet of 25") == sheet(page, "A sheet of 25")
    assert overflow(friend) == 0 and complaints(friend) == []


def test_a_drawing_travels_with_its_link(server: Server, new_page: Callable[..., Page]) -> None:
    page = new_page(WIDE)
    page.goto(f"{server.address}/draw?run=starter-vae-2d")
    settle(page)
    drag(page, page.locator(".pad[data-ready] canvas"), SEVEN)
    heading = page.get_by_role("heading", name=re.compile("^Most like|^Between"))
    expect(heading).to_be_visible()
    settle(page)
    friend = new_page(WIDE, stranger=True)
    friend.goto(copied(page))
    expect(friend.get_by_text("This drawing came with the link.")).to_be_visible()
    expect(friend.get_by_role("heading", name=heading.inner_text())).to_be_visible()
    settle(friend)
    friend.reload()
    expect(friend.get_by_text("This drawing came with the link.")).to_be_visible()


def test_on_another_server_a_link_trains_exactly_that_run(
    server: Server, elsewhere: Server, new_page: Callable[..., Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = train(epochs=2, model__latent_dim=3, training__seed=5)
    page = new_page(WIDE)
    page.goto(f"{server.address}/generate?run={mine.id}")
    expect(page.get_by_text("seed 0, temperature 1.00")).to_be_visible()
    settle(page)
    link = urlsplit(copied(page))
    friend = new_page(WIDE, stranger=True)
    friend.goto(f"{elsewhere.address}{link.path}?{link.query}")
    expect(friend.get_by_text("This link's run is not on this server.")).to_have_count(1)
    expect(friend.get_by_test_id("stAlert")).to_have_count(0)
    friend.get_by_role("button", name="Train exactly this run").click()
    expect(friend.get_by_text("All 2 epochs done.")).to_be_visible(timeout=SLOW)
    friend.get_by_test_id("stMain").get_by_role("link", name="Generate", exact=True).click()
    expect(friend.get_by_text("seed 0, temperature 1.00")).to_be_visible()
    settle(friend)
    assert sheet(friend, "A sheet of 25") == sheet(page, "A sheet of 25"), "the same settings, the same bits"
    monkeypatch.setenv("DIABOLO_RUNS", str(elsewhere.runs))
    (theirs,) = [run for run in runs.all_runs() if not run.is_starter]
    assert theirs.config == mine.config


def test_a_class_sees_only_the_settings_that_its_link_shows(server: Server, new_page: Callable[..., Page]) -> None:
    page = new_page(WIDE)
    page.goto(f"{server.address}/train?show=model.latent_dim&training.epochs=2")
    settle(page)
    expect(page.get_by_role("textbox", name="Latent dimensions")).to_be_visible()
    expect(page.get_by_role("textbox", name="Epochs")).to_have_count(0)
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_enabled()
    page.get_by_role("button", name="Show all settings").click()
    expect(page.get_by_role("textbox", name="Epochs")).to_have_value("2")


def test_the_page_says_which_language_it_speaks(server: Server, new_page: Callable[..., Page]) -> None:
    page = new_page(WIDE)
    page.goto(f"{server.address}/latent?run=starter-vae-2d&lang=fr")
    expect(page.get_by_role("heading", level=1)).to_have_text("Espace latent")
    settle(page)
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    page.get_by_text("English", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Latent space")
    expect(page.locator("html")).to_have_attribute("lang", "en")
