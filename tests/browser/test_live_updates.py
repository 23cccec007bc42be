"""A whole training as a person watches it: nothing flickers and nothing jumps, from the first curve to the end."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.driving import PHONE, WIDE, Server, complaints, problems, screenshot
from tests.browser.live_watch import watch_training

EPOCHS = 12  # some seconds, and an update or more in each
# web.dev calls a page good below 0.1. Further down, what follows moves on at the end: the result comes between. At the
# top nothing may: one line of text more or less would be 0.02. On a phone the links that take the buttons' place at the
# end stand in two rows, of which the second is counted as moved.
MOST_SHIFT = {("top", "wide"): 0.01, ("top", "phone"): 0.018, ("pictures", "wide"): 0.1, ("pictures", "phone"): 0.1}


@pytest.mark.parametrize("width", ["wide", "phone"])
@pytest.mark.parametrize("place", ["top", "pictures"])
def test_nothing_flickers_and_nothing_jumps(
    server: Server, new_page: Callable[..., Page], width: str, place: str
) -> None:
    page = new_page({"wide": WIDE, "phone": PHONE}[width])
    wrong = problems(page)
    seen = watch_training(page, server, EPOCHS, at_pictures=place == "pictures")
    screenshot(page, f"live-{width}-{place}")
    assert seen["updates"] >= 4, "it was a training that one could watch"
    assert seen["missing"] == {}
    assert sum(shift["value"] for shift in seen["shifts"]) < MOST_SHIFT[place, width], seen["shifts"]
    assert complaints(page) == [] and wrong == []
