"""A chart taken away, as data and as a picture."""

import csv
import io

from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.driving import Server, saved, settle


def test_a_chart_is_taken_away_as_data_and_as_a_picture(server: Server, page: Page) -> None:
    page.goto(f"{server.address}/reconstruct?run=starter-vae-conv-16d&view=anomalies")
    chart = page.locator(".js-plotly-plot").first
    chart.wait_for(timeout=60_000)  # all images are judged once
    settle(page)
    expect(page.get_by_role("figure", name="Threshold: at 1.72")).to_be_visible()  # the figures, for who can't see them
    page.get_by_test_id("stExpander").locator("summary").filter(has_text="Details").first.click()
    button = page.get_by_role("button", name="Data (CSV)")
    expect(button).to_be_visible()
    rows = list(csv.reader(io.StringIO(saved(page, button)[1].decode("utf-8-sig"))))
    assert rows[0] == ["Series", "Squared error / norm (higher is more anomalous)", "Images"]
    assert sum(float(count) for series, _, count in rows[1:] if series in ("Normal", "Anomalous")) == 1000

    camera = chart.locator(".modebar-btn")
    chart.hover()
    name, picture = saved(page, camera)
    assert name == "diabolo-histogram.png"
    assert Image.open(io.BytesIO(picture)).width > 400
    page.get_by_test_id("stButtonGroup").get_by_text("SVG", exact=True).click()
    settle(page)
    chart.hover()
    name, drawing = saved(page, camera)
    assert name == "diabolo-histogram.svg"
    assert drawing.lstrip().startswith(b"<svg")
