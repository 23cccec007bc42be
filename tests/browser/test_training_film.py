"""The training film as a person uses it, on every page of a run and while it trains."""

import io
import re
from collections.abc import Callable

from PIL import Image
from playwright.sync_api import Page, WebSocket, expect

from tests.browser.driving import PHONE, Server, complaints, go_to, overflow, problems, saved, screenshot, settle

PIXELS = "canvas => canvas.toDataURL()"
PARTS = ("curve", "places", "recon", "samples")


def opened(page: Page, server: Server, address: str = "train?run=starter-vae-2d") -> None:
    page.goto(f"{server.address}/{address}")
    settle(page)
    unfold(page)
    settle(page)  # its buttons come after it


def unfold(page: Page) -> None:
    page.locator('[class*="st-key-film_"] summary').first.click()
    expect(page.locator(".film[data-ready]")).to_be_visible()


def frame(page: Page) -> list[str]:
    return [page.locator(f".film canvas.{part}").evaluate(PIXELS) for part in PARTS]


def told(page: Page) -> str:
    return page.locator(".film .told").inner_text()


def test_one_scrubber_moves_everything_and_is_kept(page: Page, server: Server) -> None:
    wrong = problems(page)
    sockets: list[WebSocket] = []
    page.on("websocket", lambda socket: sockets.append(socket))
    opened(page, server)
    assert re.fullmatch(r"After epoch 40: \d+\.\d nats on the validation images", told(page))
    end = frame(page)
    scrubber = page.get_by_role("slider", name="Epoch")
    scrubber.focus()
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    assert told(page).startswith("After epoch 23:")
    middle = frame(page)
    assert all(one != other for one, other in zip(end, middle, strict=True))
    page.keyboard.press("Home")
    assert told(page) == "Before the training"
    with sockets[-1].expect_event("framesent"):  # so Python hears of it
        page.keyboard.press("ArrowRight")
    settle(page)
    assert told(page).startswith("After epoch 6")
    go_to(page, "generate")
    settle(page)
    unfold(page)
    assert told(page).startswith("After epoch 6"), "on the other pages too"
    assert complaints(page) == [] and wrong == []


def test_its_legend_and_its_numbers_are_those_of_the_page(page: Page, server: Server) -> None:
    opened(page, server, "latent?run=starter-vae-2d&lang=fr")
    names = page.locator(".film .legend li")
    assert names.all_inner_texts() == [str(number) for number in range(10)]
    colour = """names => names.map((name) => getComputedStyle(name, "::before").backgroundColor)"""
    colours = names.evaluate_all(colour)
    assert len(set(colours)) == 10
    assert colours == page.locator(".map .legend li").evaluate_all(colour), "the same as on the map"
    expect(page.locator(".film .told")).to_have_text(re.compile(r"\d,\d\snats"))


def test_it_plays_without_a_word_to_the_server(page: Page, server: Server) -> None:
    sent: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    opened(page, server)
    page.get_by_label("Speed").select_option("4")
    settle(page)
    before = len(sent)
    page.locator(".film .play").click()
    expect(page.locator(".film .told")).to_have_text(re.compile("^After epoch 1[17]"))
    page.locator(".film .play").click()
    assert len(sent) == before
    stopped = told(page)
    page.wait_for_timeout(300)  # what must not happen: going on
    assert told(page) == stopped
    page.locator(".film .play").click()
    expect(page.locator(".film .told")).to_have_text(re.compile("^After epoch 40"))
    expect(page.locator(".film .play")).to_have_text("Play")


def test_it_is_taken_along_as_a_file_that_moves(page: Page, server: Server) -> None:
    opened(page, server, "latent?run=starter-vae-conv-16d")
    for kind in ("WEBP", "GIF"):
        page.get_by_role("button", name=f"Film as {kind}").click()
        button = page.get_by_test_id("stDownloadButton").get_by_role("button", name=f"Film as {kind}")
        expect(button).to_be_visible()
        settle(page)
        picture = Image.open(io.BytesIO(saved(page, button)[1]))
        assert picture.format == kind
        assert picture.n_frames == 8  # type: ignore[attr-defined]


def test_it_is_on_every_page_of_a_run(page: Page, server: Server) -> None:
    opened(page, server, "reconstruct?run=starter-ae-2d")
    assert complaints(page) == []
    go_to(page, "draw")
    settle(page)
    unfold(page)
    assert complaints(page) == []


def test_on_a_phone(new_page: Callable[..., Page], server: Server) -> None:
    page = new_page(PHONE, dark=True)
    opened(page, server)
    settle(page)
    assert overflow(page) == 0
    screenshot(page, "film-phone", whole=True)


def test_it_grows_while_a_run_trains(page: Page, server: Server) -> None:
    page.goto(f"{server.address}/train?training.epochs=5000&model.hidden=64")
    settle(page)
    page.get_by_role("button", name="Start", exact=True).click()
    unfold(page)
    first = told(page)
    expect(page.locator(".film .told")).not_to_have_text(first)
    screenshot(page, "film-live", whole=True)
    stop = page.get_by_test_id("stMain").get_by_role("button", name="Stop", exact=True)  # the header has one, too
    stop.click()
    expect(page.get_by_text("Stopped in epoch").first).to_be_visible()
    assert complaints(page) == []
