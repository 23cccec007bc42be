"""What axe-core finds on every page: nothing serious that is ours."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from pages.ui.navigation import PAGES
from tests.browser.driving import WIDE, Server, serving, settle
from tests.processes import nobody_left

GRAVE = ("serious", "critical")
# Streamlit 1.67 puts headings between the items of its sidebar's own list; no app can change that.
NOT_OURS = {"exclude": [['[data-testid="stSidebarNav"]']]}
RUNS = {"reconstruct": "starter-vae-conv-16d"}
FOLDED = (
    "Training film",
    "Slow motion: one training step",
    "What if …?",
    "Export",
    "The layers of this model",
)
BEHIND = ("Details", "How is this made?", "Why are they blurry?", "What do these numbers mean?")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = tmp_path_factory.mktemp("axe")
    with nobody_left(root / "runs"), serving(root / "runs", root / "server.log") as running:
        yield running


def grave(page: Page) -> list[str]:
    """The findings, each with its rule, how many elements it is about, and the first of them."""
    found: dict[str, Any] = Axe().run(page, NOT_OURS, {"resultTypes": ["violations"]}).response
    return [
        f"{finding['id']} ({len(finding['nodes'])}): {finding['nodes'][0]['html'][:200]} "
        f"{finding['nodes'][0]['failureSummary'][:300]}"
        for finding in found["violations"]
        if finding["impact"] in GRAVE
    ]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_no_page_has_a_serious_finding(server: Server, new_page: Callable[..., Page], dark: bool) -> None:
    page = new_page(WIDE, dark=dark)
    found = {}
    for entry in PAGES:
        page.goto(f"{server.address}/{entry.address}?run={RUNS.get(entry.name, 'starter-vae-2d')}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        settle(page)
        if entry.name == "train":
            for name in FOLDED:
                page.get_by_text(name, exact=True).click()
                settle(page)
        if entry.name == "draw":
            page.get_by_test_id("stButtonGroup").get_by_text("A test image").click()
            expect(page.locator(".js-plotly-plot")).to_have_count(2)
            settle(page)
        behind = page.get_by_text(re.compile(f"^({'|'.join(map(re.escape, BEHIND))})$"))
        if behind.count():
            behind.first.click()
            page.get_by_text("Show the code", exact=True).first.click()
            settle(page)
        expect(page.get_by_role("button", name="Copy link")).to_be_visible()  # the last thing on every page
        found[entry.name] = grave(page)
    assert {name: findings for name, findings in found.items() if findings} == {}


def test_a_label_that_unfolds_can_be_read(server: Server, page: Page) -> None:
    """axe-core sees it only now and then."""
    page.goto(f"{server.address}/latent?run=starter-vae-2d")
    settle(page)
    label = page.locator("summary", has_text="How is this made?").first
    expect(label).to_have_css("opacity", "1")


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
