"""A chart taken away, as data and as a picture."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Download, Page, expect

from tests.browser.driving import Server, settle


def content(download: Download) -> bytes:
    return Path(download.path()).read_bytes()


def taken(page: Page, click: Callable[[], Any]) -> Download:
    with page.expect_download() as found:
        click()
    return found.value


def test_a_chart_is_taken_away_as_data_and_as_a_picture(server: Server, page: Page) -> None:
    page.goto(f"{server.address}/reconstruct?run=starter-vae-conv-16d&view=anomalies")
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
