"""A whole training as a person watches it: nothing flickers and nothing jumps, from the first curve to the end."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driving import PHONE, WIDE, Server, complaints, problems, screenshot, settle
from tests.browser.live_watch import begin_watch, watched

SLOW = 120_000  # ms; for what takes seconds on a quiet machine
EPOCHS = 12  # of the bundled digits: some seconds, and an update or more in each
# A page is called good below 0.1, which a block of a tenth of the window may use up by crossing it: web.dev/cls. What
# may still move here is what comes below the pictures at the end; a line of text above the curves would be 0.02.
MOST_SHIFT = 0.1
MOST_SHIFT_AT_THE_TOP = 0.01


@pytest.mark.parametrize("width", ["wide", "phone"])
@pytest.mark.parametrize("place", ["top", "pictures"])
def test_nothing_flickers_and_nothing_jumps(
    server: Server, new_page: Callable[..., Page], width: str, place: str
) -> None:
    page = new_page({"wide": WIDE, "phone": PHONE}[width])
    wrong = problems(page)
    page.goto(f"{server.address}/train?training.epochs={EPOCHS}")
    settle(page)
    page.get_by_role("button", name="Start", exact=True).click()
    pictures = page.get_by_role("img", name="Test pictures and their reconstructions")
    expect(pictures).to_be_attached()
    if place == "pictures":
        pictures.scroll_into_view_if_needed()
    else:
        page.get_by_role("heading", level=1).scroll_into_view_if_needed()
    begin_watch(page)
    expect(page.get_by_text(f"All {EPOCHS} epochs done.")).to_be_attached(timeout=SLOW)
    expect(page.get_by_text("Measured on 1,000 test pictures")).to_be_attached()
    expect(page.get_by_role("heading", name="The coach")).to_be_attached()
    settle(page)
    seen = watched(page)
    screenshot(page, f"live-{width}-{place}")
    assert seen["updates"] >= 4, "it was a training that one could watch"
    assert seen["missing"] == {}
    moved = sum(shift["value"] for shift in seen["shifts"])
    assert moved < (MOST_SHIFT_AT_THE_TOP if place == "top" else MOST_SHIFT), seen["shifts"]
    assert complaints(page) == [] and wrong == []
