"""The latent map as a person uses it: with the mouse, the keyboard and a finger."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, WebSocket, expect

from tests.browser.driving import PHONE, Server, complaints, problems, screenshot, serving, settle
from tests.processes import nobody_left

PIXELS = "canvas => canvas.toDataURL()"
MOVES = """(canvas, count) => {
    const box = canvas.getBoundingClientRect();
    const times = [];
    for (let k = 0; k < count; k++) {
        const [x, y] = [box.left + box.width * (0.1 + (0.8 * k) / count), box.top + box.height * (0.2 + 0.5 * ((k * 7) % 10) / 10)];
        const began = performance.now();
        canvas.dispatchEvent(new PointerEvent("pointermove", { clientX: x, clientY: y, bubbles: true }));
        times.push(performance.now() - began);
    }
    return times.sort((a, b) => a - b);
}"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = tmp_path_factory.mktemp("map")
    with nobody_left(root / "runs"), serving(root / "runs", root / "server.log") as running:
        yield running


def opened(page: Page, server: Server, run: str = "starter-vae-2d", more: str = "") -> Locator:
    page.goto(f"{server.address}/latent?run={run}{more}")
    settle(page)
    expect(page.locator(".map[data-ready]")).to_be_visible()
    page.locator("canvas.over").scroll_into_view_if_needed()
    return page.locator("canvas.over")


def at(board: Locator, x: float, y: float) -> tuple[float, float]:
    box = board.bounding_box()
    assert box is not None
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def told(page: Page) -> str:
    return page.locator(".map figcaption").inner_text()


def test_the_picture_follows_the_cursor_without_a_word_to_the_server(page: Page, server: Server) -> None:
    wrong, sent = problems(page), []
    page.on("websocket", lambda socket: _listen(socket, sent))
    board = opened(page, server)
    preview = page.locator("canvas.preview")
    at_rest, words = preview.evaluate(PIXELS), told(page)
    before = len(sent)
    page.mouse.move(*at(board, 0.3, 0.3))
    there = preview.evaluate(PIXELS)
    page.mouse.move(*at(board, 0.7, 0.8))
    assert len({at_rest, there, preview.evaluate(PIXELS)}) == 3
    assert told(page) != words
    times = board.evaluate(MOVES, 200)
    assert times[len(times) * 95 // 100] < 16, "milliseconds a move, 95 of 100"
    page.mouse.move(*at(board, 0.5, -0.2))
    page.wait_for_timeout(300)  # what must not happen: a message
    assert preview.evaluate(PIXELS) == at_rest, "restored"
    assert told(page) == words
    assert len(sent) == before
    assert wrong == []


def _listen(socket: WebSocket, sent: list[object]) -> None:
    socket.on("framesent", lambda frame: sent.append(frame))


def test_a_click_keeps_a_place_and_its_picture_is_decoded_exactly(page: Page, server: Server) -> None:
    board = opened(page, server)
    box = page.get_by_role("checkbox", name="Sigma ellipses")
    box.check()
    page.mouse.click(*at(board, 0.25, 0.5))
    exact = page.get_by_text(re.compile(r"^The kept place -?\d+\.\d\d; -?\d+\.\d\d, decoded$"))
    expect(exact).to_be_visible()
    settle(page)
    assert box.is_checked(), "a kept place leaves the layers as they are"
    page.mouse.move(5, 5)
    assert told(page).removeprefix("Kept: ") in exact.inner_text()
    assert "place=" in page.url
    kept = exact.inner_text()
    page.reload()
    settle(page)
    expect(page.get_by_text(kept)).to_be_visible()
    screenshot(page, "latent-map-kept", whole=True)
    assert complaints(page) == []


def test_a_path_is_drawn_and_plays(page: Page, server: Server) -> None:
    board = opened(page, server)
    page.mouse.move(*at(board, 0.2, 0.3))
    page.mouse.down()
    for step in range(1, 11):
        page.mouse.move(*at(board, 0.2 + 0.06 * step, 0.3 + 0.02 * step))
    page.mouse.up()
    play = page.get_by_role("button", name="Pause")
    expect(play).to_be_visible()
    first = told(page)
    expect(page.locator(".map figcaption")).not_to_have_text(first)
    play.click()
    again = page.get_by_role("button", name="Play the path")
    expect(again).to_be_visible()
    stopped = told(page)
    page.wait_for_timeout(200)  # what must not happen: going on
    assert told(page) == stopped
    page.get_by_role("button", name="Clear the path").click()
    expect(again).to_be_hidden()


def test_layers_are_switched_in_the_browser(page: Page, server: Server) -> None:
    opened(page, server)
    base = page.locator("canvas.base")
    seen = {base.evaluate(PIXELS)}
    for name in ("Decoded pictures", "Test pictures", "Density of the data", "N(0, I)", "Sigma ellipses"):
        page.get_by_role("checkbox", name=name).click()
        seen.add(base.evaluate(PIXELS))
    assert len(seen) == 6


def test_the_keyboard_does_all_of_it(page: Page, server: Server) -> None:
    board = opened(page, server)
    board.focus()
    before = told(page)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowUp")
    after = told(page)
    assert after != before
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile("^The kept place"))).to_be_visible()
    assert told(page).startswith("Kept: ")


def test_an_autoencoder_has_no_prior_and_no_ellipses(page: Page, server: Server) -> None:
    opened(page, server, "starter-ae-2d")
    for name in ("N(0, I)", "Sigma ellipses"):
        expect(page.get_by_role("checkbox", name=name)).to_be_disabled()


def test_a_finger_on_a_phone(new_page: Callable[..., Page], server: Server) -> None:
    page = new_page(PHONE, dark=True)
    board = opened(page, server, "starter-vae-conv-16d")
    place = at(board, 0.4, 0.4)
    page.touchscreen.tap(*place)
    expect(page.get_by_text(re.compile("^The kept place"))).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    screenshot(page, "latent-map-phone", whole=True)
