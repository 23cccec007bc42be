"""Without a mouse. What axe-core finds on each page: `test_unfolded.py`."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driving import Server, settle


def test_the_way_to_a_first_training_needs_no_mouse(server: Server, page: Page) -> None:
    page.goto(f"{server.address}/train")
    settle(page)
    start = page.get_by_role("button", name="Start", exact=True)
    for _ in range(60):
        page.keyboard.press("Tab")
        if start.evaluate("button => button === document.activeElement"):
            break
    else:
        pytest.fail("the Tab key never reaches Start")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    page.get_by_test_id("stMain").get_by_role("button", name="Stop", exact=True).press("Enter")
    expect(page.get_by_text("Finished").or_(page.get_by_text("Stopped in epoch")).first).to_be_visible()
