"""The latent map as a person uses it: with the mouse, the keyboard and a finger."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, WebSocket, expect

from tests.browser.driving import PHONE, WIDE, Server, complaints, finger, overflow, problems, screenshot, settle
from tests.browser.kept import KEPT, opening

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
SEEN = """part => {
    const box = part.getBoundingClientRect();
    const found = (x, y) => part.getRootNode().elementFromPoint(box.left + x * box.width, box.top + y * box.height) === part;
    return [[0.1, 0.1], [0.9, 0.1], [0.5, 0.5], [0.1, 0.9], [0.9, 0.9]].every(([x, y]) => found(x, y));
}"""
"""JavaScript: a part is within the window and nothing, such as a header, lies over it."""
SCROLL = """(part, share) => {
    const box = part.getBoundingClientRect();
    document.querySelector('[data-testid="stMain"]').scrollBy(0, box.top + share * box.height - innerHeight / 2);
}"""
"""JavaScript: brings a height of a part, a share of it from its top, to the middle of the window."""
WORDS = """() => {
    const draw = CanvasRenderingContext2D.prototype.fillText;
    window.words = [];
    CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
        const [size, font] = [this.measureText(text), parseFloat(this.font)];
        const shift = { left: 0, center: size.width / 2, right: size.width }[this.textAlign];
        const corners = [[x - shift, y - font / 2], [x - shift + size.width, y + font / 2]]
            .map(([x, y]) => this.getTransform().transformPoint({ x, y }));
        const [xs, ys] = [corners.map(({ x }) => x), corners.map(({ y }) => y)];
        const canvas = this.canvas;
        window.words = window.words.filter((word) => word.canvas !== canvas || word.width === canvas.width);
        window.words.push({ canvas, width: canvas.width, text,
            box: [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)] });
        draw.call(this, text, x, y);
    };
    window.forgetWords = () => { CanvasRenderingContext2D.prototype.fillText = draw; };
}"""
"""JavaScript: notes where each word is drawn, with its middle at y, since a canvas tells nobody; until `forgetWords`."""


Boards = Callable[[str, dict[str, int]], Locator]


@pytest.fixture(scope="module")
def boards(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Boards]:
    """A starter's map in a window: loaded once for all tests that need no untouched one, in sight when it is asked for."""
    server: Server = KEPT.server("server", tmp_path_factory)
    pages: dict[tuple[str, bool], Page] = {}
    with opening() as open_page:

        def board_of(run: str, size: dict[str, int]) -> Locator:
            kind = (run, size == PHONE)
            if kind not in pages:
                pages[kind] = open_page(size)
                opened(pages[kind], server, run)
            page = pages[kind]
            page.bring_to_front()  # one in the background draws a frame a second
            page.set_viewport_size({"width": size["width"], "height": size["height"]})
            settle(page)
            page.mouse.move(5, 5)
            page.locator("canvas.over").scroll_into_view_if_needed()
            return page.locator("canvas.over")

        yield board_of


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


def kept(page: Page) -> str:
    return page.locator(".map .kept").inner_text()


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
    exact = page.get_by_text(re.compile(r"^The kept point -?\d+\.\d\d; -?\d+\.\d\d, decoded$"))
    expect(exact).to_be_visible()
    settle(page)
    assert box.is_checked(), "a kept place leaves the layers as they are"
    page.mouse.move(5, 5)
    assert kept(page).removeprefix("Kept: ") in exact.inner_text()
    assert told(page).removeprefix("At ") in exact.inner_text()
    assert "place=" in page.url
    words = exact.inner_text()
    page.reload()
    settle(page)
    expect(page.get_by_text(words)).to_be_visible()
    expect(page.locator(".map .kept")).to_have_text(re.compile("^Kept: "))
    screenshot(page, "latent-map-kept", whole=True)
    assert complaints(page) == []


def test_a_kept_place_is_seen_at_once_where_one_looks(page: Page, server: Server) -> None:
    board = opened(page, server)
    sample, preview = page.locator(".map .kept canvas"), page.locator("canvas.preview")
    assert kept(page) == "Click or tap to keep a point."
    marks, height = board.evaluate(PIXELS), page.locator(".map").bounding_box()
    page.mouse.click(*at(board, 0.3, 0.4))
    words = kept(page)
    assert re.fullmatch(r"Kept: -?\d+\.\d\d; -?\d+\.\d\d", words)
    picture = preview.evaluate(PIXELS)
    page.mouse.move(*at(board, 0.8, 0.2))
    assert sample.evaluate(PIXELS) == picture != preview.evaluate(PIXELS)
    assert kept(page) == words, "while the cursor is elsewhere"
    assert sample.evaluate(SEEN)
    page.mouse.move(5, 5)
    assert board.evaluate(PIXELS) != marks, "and a ring on the map"
    assert page.locator(".map").bounding_box() == height, "nothing moved"
    # Within one task of the browser no server can answer.
    at_once = board.evaluate(
        """board => {
            for (const key of ["ArrowLeft", "Enter"]) board.dispatchEvent(new KeyboardEvent("keydown", { key }));
            return board.getRootNode().querySelector(".kept").innerText;
        }"""
    )
    assert at_once.startswith("Kept: ") and at_once != words


@pytest.mark.parametrize("height", [560, 800, 1080])
def test_a_window_shows_the_whole_map_and_the_picture_beside_it(boards: Boards, height: int) -> None:
    board = boards("starter-vae-conv-16d", {"width": 1280, "height": height})
    preview = board.page.locator("canvas.preview")
    board.evaluate(SCROLL, 0.5)
    assert board.evaluate(SEEN) and preview.evaluate(SEEN)
    board.evaluate(SCROLL, 0.9)
    assert preview.evaluate(SEEN), "at its end too"


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("run", ["starter-vae-2d", "starter-ae-2d", "starter-vae-conv-16d"])
def test_no_word_on_the_map_lies_over_another(boards: Boards, run: str, size: dict[str, int]) -> None:
    page = boards(run, size).page
    page.evaluate(WORDS)
    layer = page.get_by_role("checkbox", name="Test images")
    layer.uncheck()  # draws it all again
    words = page.evaluate("window.words.map(({ text, box }) => [text, box])")
    page.evaluate("window.forgetWords()")
    layer.check()
    assert len([text for text, _ in words if re.match("Latent dimension|Component", text)]) == 2 and len(words) >= 6
    gap = 5  # pixels: each word has a dark rim of two, and needs air
    over = [
        (one, other)
        for number, (one, (left, top, right, bottom)) in enumerate(words)
        for other, box in words[:number]
        if left < box[2] + gap and box[0] < right + gap and top < box[3] + gap and box[1] < bottom + gap
    ]
    assert over == []


def test_numbers_are_written_in_the_page_s_language(page: Page, server: Server) -> None:
    board = opened(page, server, "starter-vae-2d", "&lang=fr")
    page.mouse.click(*at(board, 0.3, 0.4))
    number = r"-?\d+,\d\d"
    for words in (told(page), kept(page)):
        assert re.search(rf"{number}\s;\s{number}$", words), words
    expect(page.get_by_text(re.compile(rf"^Entre {number} et {number} "))).to_be_visible()
    page.get_by_test_id("stButtonGroup").get_by_text("English").click()
    expect(page.locator(".map .kept")).to_have_text(re.compile(r"^Kept: -?\d+\.\d\d; -?\d+\.\d\d$"))
    expect(page.locator(".map figcaption")).to_have_text(re.compile(r"^At -?\d+\.\d\d; -?\d+\.\d\d$"))


def test_a_path_is_drawn_and_plays(boards: Boards) -> None:
    board = boards("starter-vae-2d", WIDE)
    page = board.page
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


def test_layers_are_switched_in_the_browser(boards: Boards) -> None:
    page = boards("starter-vae-2d", WIDE).page
    base = page.locator("canvas.base")
    seen = {base.evaluate(PIXELS)}
    layers = ("Decoded images", "Test images", "Density of the data", "N(0, I)", "Sigma ellipses")
    for name in layers:
        page.get_by_role("checkbox", name=name).click()
        seen.add(base.evaluate(PIXELS))
    assert len(seen) == 6
    for name in layers:
        page.get_by_role("checkbox", name=name).click()


def test_the_keyboard_does_all_of_it(boards: Boards) -> None:
    board = boards("starter-vae-2d", WIDE)
    page = board.page
    board.focus()
    before = told(page)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowUp")
    after = told(page)
    assert after != before
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile("^The kept point"))).to_be_visible()
    assert kept(page).removeprefix("Kept: ") == told(page).removeprefix("At ")


def test_an_autoencoder_has_no_prior_and_no_ellipses(boards: Boards) -> None:
    page = boards("starter-ae-2d", WIDE).page
    for name in ("N(0, I)", "Sigma ellipses"):
        expect(page.get_by_role("checkbox", name=name)).to_be_disabled()


def test_a_finger_on_a_phone(boards: Boards) -> None:
    board = boards("starter-vae-conv-16d", PHONE)
    page = board.page
    page.emulate_media(color_scheme="dark")
    place = at(board, 0.4, 0.4)
    page.touchscreen.tap(*place)
    expect(page.get_by_text(re.compile("^The kept point"))).to_be_visible()
    settle(page)
    assert overflow(page) == 0
    screenshot(page, "latent-map-phone", whole=True)


@pytest.mark.parametrize("share", [0.25, 0.5, 1.0], ids=["its beginning", "its middle", "its end"])
def test_the_picture_is_seen_while_a_finger_is_on_the_map(boards: Boards, share: float) -> None:
    board = boards("starter-vae-2d", PHONE)
    page = board.page
    preview = page.locator("canvas.preview")
    board.evaluate(SCROLL, share)
    before = preview.evaluate(PIXELS)
    touch = finger(page)
    touch("touchStart", *at(board, 0.3, share - 0.1))
    touched = preview.evaluate(PIXELS)
    assert preview.evaluate(SEEN)
    touch("touchMove", *at(board, 0.7, share - 0.2))
    assert preview.evaluate(SEEN)
    assert len({before, touched, preview.evaluate(PIXELS)}) == 3
    touch("touchEnd")


def test_the_path_s_buttons_on_a_phone_are_a_row_as_high_as_a_button(boards: Boards) -> None:
    board = boards("starter-vae-conv-16d", PHONE)
    page = board.page
    touch = finger(page)
    touch("touchStart", *at(board, 0.3, 0.6))
    for step in range(1, 6):
        touch("touchMove", *at(board, 0.3 + 0.08 * step, 0.6 - 0.05 * step))
    touch("touchEnd")
    boxes = [page.locator(f".map .{name}").bounding_box() for name in ("play", "clear")]
    assert all(box is not None and box["height"] < 48 for box in boxes), boxes
    assert boxes[0]["y"] == boxes[1]["y"]  # type: ignore[index]
    for label in page.locator(".map .layers label").all():
        box = label.bounding_box()
        assert box is not None and box["height"] < 36, f"{label.inner_text()} in one line"
    screenshot(page, "latent-map-phone-path", whole=True)
