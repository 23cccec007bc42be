"""Numbers typed in a browser on the French page: what a visitor types is what is trained."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.driving import PHONE, Server, complaints, overflow, screenshot, settle
from vae_core import runs


def test_0_001_typed_in_french_is_trained_and_letters_are_not(server: Server, page: Page) -> None:
    page.goto(f"{server.address}/train?lang=fr&training.epochs=1&training.threads=1&model.hidden=8&data.classes=3")
    settle(page)
    page.get_by_text("Plus de réglages").click()
    rate = page.get_by_role("textbox", name="Taux d’apprentissage", exact=True)
    expect(rate).to_have_value("0,002")
    start = page.get_by_role("button", name="Démarrer")
    rate.fill("abc")
    page.keyboard.press("Enter")
    reason = page.get_by_role("alert").filter(has_text="de 0,000001 à 1")
    expect(reason.first).to_be_visible()
    expect(start).to_be_disabled()
    expect(rate).to_have_value("abc")
    settle(page)
    screenshot(page, "french-number-wrong", whole=True)
    rate.press("Control+a")  # by the keyboard alone
    page.keyboard.type("0,001")
    page.keyboard.press("Tab")
    expect(start).to_be_enabled()
    expect(reason).to_have_count(0)
    settle(page)
    expect(rate).to_have_value("0,001")
    start.click()
    page.wait_for_url(re.compile("run="))
    (started,) = [one for one in runs.list_runs() if not one.starter]
    assert started.config is not None
    assert (started.config.training.learning_rate, started.config.training.epochs) == (0.001, 1)
    assert complaints(page) == []


def test_a_reason_has_room_on_a_phone_in_the_dark(server: Server, new_page: Callable[..., Page]) -> None:
    page = new_page(PHONE, dark=True)
    page.goto(f"{server.address}/train?lang=fr")
    settle(page)
    epochs = page.get_by_role("textbox", name="Époques", exact=True)
    epochs.fill("1,5")
    epochs.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="nombre entier").first).to_be_visible()
    expect(page.get_by_role("button", name="Démarrer")).to_be_disabled()
    settle(page)
    assert overflow(page) == 0
    screenshot(page, "french-number-wrong-phone", whole=True)
