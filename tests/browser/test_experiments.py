"""Each experiment from its button to its result, on the bundled digits, an epoch long; at last on a phone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from pages.ui.experiments import EXPERIMENTS
from tests.browser.driving import (
    PHONE,
    WIDE,
    Server,
    complaints,
    overflow,
    problems,
    screenshot,
    settle,
)
from vae_core.recipes import RECIPES

SLOW = 180_000  # ms; several short trainings, one after the other


@pytest.mark.timeout(600)
@pytest.mark.parametrize("recipe", EXPERIMENTS)
def test_an_experiment_from_its_button_to_its_result(
    server: Server, new_page: Callable[..., Page], recipe: str
) -> None:
    page = new_page(WIDE)
    wrong = problems(page)
    page.goto(f"{server.address}/experiments?recipe={recipe}")
    settle(page)
    expect(page.get_by_role("heading", name=RECIPES[recipe].question)).to_be_visible()
    page.get_by_text("Choose the settings yourself").click()
    epochs = page.get_by_role("textbox", name="Epochs", exact=True)
    epochs.fill("1")
    epochs.press("Enter")
    settle(page)
    page.locator(f".st-key-start_own_{recipe} button").click()
    # What was found in words, or the button of the study that finds it.
    seen = page.get_by_text("What you see").or_(page.locator('[class*="st-key-ask_"] button'))
    expect(seen.first).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("Not finished yet")).to_have_count(0, timeout=SLOW)
    settle(page)
    assert complaints(page) == []
    screenshot(page, f"experiment-{recipe}", whole=True)
    assert wrong == []
    page.set_viewport_size(PHONE)
    settle(page)
    assert overflow(page) == 0
    screenshot(page, f"experiment-{recipe}-phone", whole=True)
