"""What a person finds behind a chart: words, formulas, code, data, and the chart itself as a picture."""

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Download, Locator, Page, expect

from tests.browser.driving import PHONE, WIDE, Server, overflow, problems, serving, settle
from tests.processes import nobody_left

DETAILS, WORDS = '[data-testid="stExpanderDetails"]', '[data-testid="stMarkdownContainer"]'
FOLDED = ("Details", "How is this made?", "Why are they blurry?", "What do these numbers mean?")
FOLDED += ("How sure are these figures?", "What is the Fréchet distance?")
ADDRESSES = {
    "train": "train?run=starter-vae-2d",
    "generate": "generate?run=starter-vae-2d",
    "reconstruct": "reconstruct?run=starter-vae-conv-16d",
    "anomalies": "reconstruct?run=starter-vae-conv-16d&view=anomalies",
    "draw": "draw?run=starter-vae-2d&picture=18",
    "latent": "latent?run=starter-vae-2d",
    "compare": "compare?runs=starter-vae-2d,starter-ae-2d",
    "how": "how",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = tmp_path_factory.mktemp("details")
    with nobody_left(root / "runs"), serving(root / "runs", root / "server.log") as running:
        yield running


def folded(page: Page) -> Locator:
    """Everything on the page that opens to what stands behind something."""
    summaries = page.get_by_test_id("stExpander").locator("summary")
    return summaries.filter(has_text=FOLDED[0]).or_(
        summaries.filter(has=page.locator(",".join(f':text-is("{label}")' for label in FOLDED[1:])))
    )


def content(download: Download) -> bytes:
    return Path(download.path()).read_bytes()


def taken(page: Page, click: Callable[[], Any]) -> Download:
    with page.expect_download() as found:
        click()
    return found.value


@pytest.mark.parametrize("name", ADDRESSES)
def test_everything_that_opens_has_words_and_code_and_formulas_that_can_be_drawn(
    server: Server, new_page: Callable[..., Page], name: str
) -> None:
    page = new_page(PHONE)
    wrong = problems(page)
    page.goto(f"{server.address}/{ADDRESSES[name]}")
    settle(page)
    if name == "how":
        for label in ("The formula", "Show the code"):
            for summary in page.get_by_text(label, exact=True).all():
                summary.click()
        expect(page.locator(".katex").first).to_be_visible()
    else:
        expect(folded(page).first).to_be_visible()
        settle(page)  # what a page tells the server by itself at first, such as its open tab, has been answered
        count = folded(page).count()
        for number in range(count):
            folded(page).nth(number).click()
            # What it holds comes from the server: at least a paragraph each.
            expect(page.locator(f"{DETAILS} {WORDS}").nth(number)).to_be_attached()
            settle(page)
        expect(page.get_by_text("Show the code", exact=True).first).to_be_visible()
        for toggle in page.get_by_text("Show the code", exact=True).all():
            toggle.click()
            settle(page)
        expect(page.get_by_test_id("stCode").first).to_contain_text("def ")
    assert page.locator(".katex-error").count() == 0
    assert overflow(page) == 0
    assert not wrong


def test_a_chart_is_taken_away_as_data_and_as_a_picture(server: Server, new_page: Callable[..., Page]) -> None:
    page = new_page(WIDE)
    page.goto(f"{server.address}/{ADDRESSES['anomalies']}")
    chart = page.locator(".js-plotly-plot").first
    chart.wait_for()
    settle(page)
    expect(page.get_by_role("figure", name="Threshold: at 1.72")).to_be_visible()  # the figures, for who can't see them
    page.get_by_test_id("stExpander").locator("summary").filter(has_text="Details").first.click()
    button = page.get_by_role("button", name="Data (CSV)")
    expect(button).to_be_visible()
    rows = list(csv.reader(io.StringIO(content(taken(page, button.click)).decode("utf-8-sig"))))
    assert rows[0] == ["Series", "Squared error / norm (higher is more anomalous)", "Images"]
    assert sum(float(count) for series, _, count in rows[1:] if series in ("Normal", "Anomalous")) == 1000

    camera = chart.locator(".modebar-btn")
    chart.hover()
    picture = taken(page, camera.click)
    assert picture.suggested_filename == "diabolo-histogram.png"
    assert Image.open(io.BytesIO(content(picture))).width > 400
    page.get_by_test_id("stButtonGroup").get_by_text("SVG", exact=True).click()
    settle(page)
    chart.hover()
    drawing = taken(page, camera.click)
    assert drawing.suggested_filename == "diabolo-histogram.svg"
    assert content(drawing).lstrip().startswith(b"<svg")
