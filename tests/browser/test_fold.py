"""What one comes to a page for is seen without scrolling in a laptop's window, in both languages, with the menu open."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driving import Server, settle
from tests.browser.kept import KEPT, clean, opening
from tests.tiny_runs import training

LAPTOP = {"width": 1280, "height": 800}
VAE, AE = "run=starter-vae-2d", "run=starter-ae-2d"
LARGE = "run=starter-vae-conv-16d"  # its map has settings


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With a run that is being trained, and has done its first epoch."""
    kept: Server = KEPT.server("server", tmp_path_factory)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIABOLO_RUNS", str(kept.runs))
        with clean(kept), training(1) as run:
            busy = kept.runs / ".busy"
            busy.write_text(run.id)
            yield kept
            busy.unlink()


@pytest.fixture(scope="module")
def laptop(server: Server) -> Iterator[Page]:
    """One window for all pages."""
    with opening() as open_page:
        yield open_page(LAPTOP)


def sheet_rows(rows: int, of: int) -> Callable[[Page], list[float]]:
    """Where the first rows of every sheet of images end."""

    def ends(page: Page) -> list[float]:
        sheets = page.get_by_test_id("stImage").locator("img").all()
        boxes = [box for sheet in sheets if (box := sheet.bounding_box()) is not None and box["height"] > 200]
        return [box["y"] + box["height"] * rows / of for box in boxes]

    return ends


def ends_of(selector: str, count: int = 1) -> Callable[[Page], list[float]]:
    """Where the first elements of this kind end."""

    def ends(page: Page) -> list[float]:
        found = page.get_by_test_id("stMain").locator(selector)
        expect(found.nth(count - 1)).to_be_visible()
        boxes = [found.nth(place).bounding_box() for place in range(count)]
        return [box["y"] + box["height"] for box in boxes if box is not None]

    return ends


PRIMARY = '[data-testid="stBaseButton-primary"]'
ON_TRAIN = '.st-key-live [data-testid="stImage"] img'
PLACES: dict[str, tuple[str, Callable[[Page], list[float]]]] = {
    "train": ("train?", ends_of(PRIMARY)),
    "train-at-work": ("train?run=BUSY", ends_of(ON_TRAIN, 2)),
    "train-finished": (f"train?{VAE}", ends_of(ON_TRAIN, 2)),
    "generate": (f"generate?{AE}", sheet_rows(2, 5)),
    "reconstruct": (f"reconstruct?{VAE}", ends_of(".st-key-cards > div", 3)),
    "anomalies": (f"reconstruct?{VAE}&view=anomalies", ends_of('[data-testid="stImage"] img', 8)),
    "draw": (f"draw?{VAE}", ends_of(".pad canvas")),
    "latent": (f"latent?{LARGE}", ends_of(".board")),
    "compare": ("compare?", ends_of(".st-key-verdict")),
    "experiments": ("experiments?recipe=oversample", ends_of(PRIMARY)),
}


@pytest.mark.parametrize("place", PLACES)
def test_it_is_above_the_fold(server: Server, laptop: Page, place: str) -> None:
    address, ends = PLACES[place]
    address = address.replace("BUSY", (server.runs / ".busy").read_text())
    laptop.goto(f"{server.address}/{address}&lang=en")
    found = {}
    for language, name in (("en", "English"), ("fr", "Français")):
        laptop.get_by_text(name, exact=True).click()
        expect(laptop.locator("html")).to_have_attribute("lang", language)
        if place != "train-at-work":  # which is looked at again and again
            settle(laptop)
        found[language] = ends(laptop)
    print(place, {language: [round(end) for end in numbers] for language, numbers in found.items()})
    assert all(numbers and max(numbers) <= LAPTOP["height"] for numbers in found.values()), found


def test_a_test_image_is_picked_by_sight_with_the_mouse_and_with_the_keyboard(server: Server, laptop: Page) -> None:
    laptop.goto(f"{server.address}/draw?{VAE}&picture=7&lang=en")
    settle(laptop)
    images = laptop.get_by_role("radiogroup", name="Test images").get_by_role("radio")
    number = laptop.get_by_role("textbox", name="Test image no.")
    expect(images.nth(7)).to_have_attribute("aria-checked", "true")
    images.nth(3).click()
    expect(number).to_have_value("3")
    expect(images.nth(3)).to_have_accessible_name("Image 3, class 3")
    images.nth(3).press("ArrowRight")
    expect(images.nth(4)).to_be_focused()
    images.nth(4).press("Enter")
    expect(number).to_have_value("4")
    expect(images.nth(4)).to_have_attribute("aria-checked", "true")
    assert "picture=4" in laptop.url
