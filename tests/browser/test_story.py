"""The whole story, as a person lives it: train a VAE, watch, pause, come back, and look at what it has learnt."""

import io
import re
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from pages.ui.navigation import PAGES
from tests.browser.driving import (
    CURVE_POINTS,
    PHONE,
    WIDE,
    Server,
    complaints,
    finger,
    go_to,
    overflow,
    problems,
    saved,
    screenshot,
    settle,
)
from vae_core import runs

SLOW = 120_000  # ms; for what takes seconds on a quiet machine


@pytest.mark.parametrize(("width", "dark"), [("wide", False), ("phone", True)])
def test_the_whole_story(server: Server, new_page: Callable[..., Page], width: str, dark: bool) -> None:
    page = new_page({"wide": WIDE, "phone": PHONE}[width], dark=dark)
    wrong = problems(page)
    page.goto(server.address)
    page.get_by_test_id("stPageLink").get_by_text("Train one yourself").click()
    run_id = train(page, width)
    generate(page)
    looked_at(page, f"story-{width}-generate")
    go_to(page, "reconstruct")
    settle(page)
    reconstruct(page)
    looked_at(page, f"story-{width}-reconstruct")
    anomalies(page)
    looked_at(page, f"story-{width}-anomalies")
    go_to(page, "latent")
    settle(page)
    latent_map(page, "Box Select" if width == "wide" else "Lasso Select")
    looked_at(page, f"story-{width}-latent")
    sliders(page)
    looked_at(page, f"story-{width}-sliders")
    # Once more each page with this run in the other colours: by the menu, and on the phone as a link opens it.
    page.emulate_media(color_scheme="light" if dark else "dark")
    for entry in PAGES:
        if width == "phone":
            page.goto(f"{server.address}/{entry.address}?run={run_id}")
            expect(page.get_by_role("heading", level=1)).to_have_text(entry.heading or entry.title)
        else:
            go_to(page, entry.name)
        looked_at(page, f"{entry.name}-{width}-{'light' if dark else 'dark'}")
    assert wrong == []


def looked_at(page: Page, name: str) -> None:
    """Nothing on the page went wrong, nobody has to scroll sideways; and a picture of it all for people."""
    settle(page)
    assert complaints(page) == []
    assert overflow(page) == 0, f"{name}: scrolls sideways"
    screenshot(page, name, whole=True)


def enter(box: Locator, text: str) -> None:
    box.fill(text)
    box.press("Enter")


def train(page: Page, width: str) -> str:
    """Three epochs, with a pause and a reload in the middle. Returns the run's id."""
    expect(page.get_by_role("heading", level=1)).to_have_text("Train")
    settle(page)
    assert page.get_by_role("radio", name="Variational autoencoder (VAE)").is_checked()
    enter(page.get_by_role("textbox", name="Epochs", exact=True), "3")
    page.get_by_text("More settings").click()
    # Many small steps, so that three epochs last long enough to watch.
    enter(page.get_by_role("textbox", name="Batch size", exact=True), "5")
    expect(page.get_by_text("each seen 3 times")).to_be_visible()
    settle(page)
    looked_at(page, f"story-{width}-form")
    above = page.get_by_role("button", name="Start", exact=True).bounding_box()
    below = page.get_by_role("textbox", name="Batch size", exact=True).bounding_box()
    assert above is not None and below is not None and above["y"] < below["y"], "Start is not behind all settings"
    page.get_by_role("button", name="Start", exact=True).click()

    page.wait_for_function(f"({CURVE_POINTS})() >= 2")
    seen = page.evaluate(CURVE_POINTS)
    page.wait_for_function(f"({CURVE_POINTS})() > {seen}")  # they keep coming
    expect(badge(page, "training")).to_be_visible()
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(badge(page, "paused")).to_be_visible()
    assert "Resume goes on from exactly this place" in page.get_by_test_id("stMain").inner_text()
    looked_at(page, f"story-{width}-paused")
    run_id = re.findall(r"[?&]run=([a-z0-9-]+)", page.url)[0]

    page.get_by_role("button", name="Resume", exact=True).click()
    expect(badge(page, "training")).to_be_visible()
    page.reload()
    expect(badge(page, "training")).to_be_visible()  # it still follows the run, and the run still trains
    assert f"run={run_id}" in page.url
    assert page.wait_for_function(f"({CURVE_POINTS})() >= 2")
    assert overflow(page) == 0
    screenshot(page, f"story-{width}-training")
    expect(badge(page, "finished")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("All 3 epochs done.")).to_be_visible()
    expect(page.get_by_text("Measured on 1,000 test images")).to_be_visible()
    expect(page.get_by_text(re.compile(r"ELBO: .?\d+\.\d nats per image"))).to_be_visible()
    assert runs.find(run_id).state() == "finished"
    looked_at(page, f"story-{width}-finished")
    return run_id


def badge(page: Page, state: str) -> Locator:
    return page.get_by_test_id("stMain").get_by_text(state, exact=True)


def picture(page: Page, alt: str) -> Locator:
    """A picture that the browser has drawn."""
    found = page.get_by_role("img", name=re.compile(alt)).first
    expect(found).to_be_visible()
    page.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=found.element_handle())
    return found


def changes(found: Locator, before: str) -> str:
    """The picture's address, once it is another one."""
    expect(found).not_to_have_attribute("src", before)
    return source(found)


def source(found: Locator) -> str:
    return found.get_attribute("src") or ""


def generate(page: Page) -> None:
    page.get_by_test_id("stPageLink").get_by_text("Generate", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Generate")
    drawn = picture(page, "A sheet of 25 images")
    seed = page.get_by_role("textbox", name="Seed", exact=True)
    settle(page)
    first, number = source(drawn), seed.input_value()
    page.get_by_role("button", name="Resample").click()
    changes(drawn, first)
    assert seed.input_value() != number
    enter(seed, number)
    expect(drawn).to_have_attribute("src", first)  # the same seed, the same picture
    settle(page)  # the files come after the picture
    (png, sheet), (npz, arrays) = (
        saved(page, page.get_by_role("button", name=name).first) for name in ("Sheet (PNG)", "Arrays (NPZ)")
    )
    assert png.endswith(".png") and npz.endswith(".npz") and "seed0" in png
    with Image.open(io.BytesIO(sheet)) as image:
        image.load()
        assert min(image.size) > 5 * 28
    with np.load(io.BytesIO(arrays), allow_pickle=False) as found:
        assert found["images"].shape == (25, 1, 28, 28) and int(found["seed"]) == int(number)


def reconstruct(page: Page) -> None:
    shown = picture(page, "Original, reconstruction and error map of image")
    before = source(shown)
    page.get_by_role("button", name="Other images").click()
    changes(shown, before)
    page.get_by_role("button", name="Look closer").first.click()
    expect(page.get_by_text("The error of each pixel")).to_be_visible()
    settle(page)


def anomalies(page: Page) -> None:
    page.get_by_test_id("stButtonGroup").get_by_text("Anomalies", exact=True).click()
    sentence = page.get_by_text(re.compile(r"[\d,]+ of [\d,]+ anomalous images"))
    expect(sentence).to_be_visible()
    settle(page)
    before = sentence.inner_text()
    slider = page.get_by_role("slider", name=re.compile("Threshold"))
    for _ in range(40):
        slider.press("ArrowRight")
    expect(sentence).not_to_have_text(before)
    numbers = [
        [int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*", text)[:2]]
        for text in (before, sentence.inner_text())
    ]
    assert numbers[1][0] <= numbers[0][0], "a higher threshold finds fewer"
    expect(page.locator(".js-plotly-plot")).to_have_count(2)


def latent_map(page: Page, tool: str) -> None:
    page.get_by_role("tab", name="Points").click()
    plot = page.locator(".js-plotly-plot").first
    expect(plot).to_be_visible()
    settle(page)
    points = plot.evaluate("plot => plot._fullData.reduce((sum, trace) => sum + (trace.customdata || []).length, 0)")
    assert points == 1000
    plot.locator(f'[data-title="{tool}"]').click()
    plot.locator(".nsewdrag").first.scroll_into_view_if_needed()
    area = plot.locator(".nsewdrag").first.bounding_box()
    assert area is not None
    corners = [(0.15, 0.2), (0.85, 0.2), (0.85, 0.8), (0.15, 0.8)]
    if tool == "Box Select":
        corners = corners[::2]
    drag(page, [(area["x"] + x * area["width"], area["y"] + y * area["height"]) for x, y in corners])
    expect(page.get_by_text(re.compile(r"^[\d,]+ images selected$"))).to_be_visible()
    picture(page, r"no\. \d+")


def drag(page: Page, places: list[tuple[float, float]]) -> None:
    """Past these places with a finger on a phone, else with the mouse."""
    if not page.evaluate("navigator.maxTouchPoints"):
        page.mouse.move(*places[0])
        page.mouse.down()
        for place in places[1:]:
            page.mouse.move(*place, steps=8)
        page.mouse.up()
        return
    touch = finger(page)
    touch("touchStart", *places[0])
    for (x0, y0), (x1, y1) in pairwise(places):
        for part in np.linspace(0, 1, 8):
            touch("touchMove", x0 + part * (x1 - x0), y0 + part * (y1 - y0))
    touch("touchEnd")


def sliders(page: Page) -> None:
    page.get_by_role("tab", name="Sliders").click()
    decoded = picture(page, "what the model decodes|What the model decodes")
    settle(page)
    before = source(decoded)
    slider = page.get_by_role("slider", name=re.compile("Dimension 1"))
    for _ in range(20):
        slider.press("ArrowRight")
    changes(decoded, before)
    page.get_by_role("slider").last.scroll_into_view_if_needed()
    expect(decoded).to_be_in_viewport(ratio=0.9)  # what a slider does is seen while it is moved
