"""What a visitor does with the mouse: strokes on the page Draw, and moves over the latent map."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, expect

from benchmarks.main_thread import traced
from benchmarks.visitor import STARTER, percentile, rounded, visitor
from tests.browser.driving import SEVEN, Server, drag, settle

STROKES = (SEVEN, ((0.35, 0.5), (0.7, 0.5)))
MOVES = 200

# Armed before a stroke. It starts with the pointer's own time, and is read at each frame drawn.
_STROKE_CLOCK = """() => {
    const find = () => [...document.images].find(image => image.alt.startsWith("What the model sees"));
    const before = find()?.src;
    window.diaboloStroke = new Promise(resolve => window.addEventListener("pointerup", event => {
        const look = () => {
            const image = find();
            const isNew = image && image.src !== before && image.complete && image.naturalWidth;
            return isNew ? resolve(performance.now() - event.timeStamp) : requestAnimationFrame(look);
        };
        look();
    }, { once: true, capture: true }));
}"""


def strokes(browser: Browser, server: Server, count: int) -> list[float]:
    """Milliseconds from the end of each stroke until its reconstruction is there; the first two are not counted."""
    found: list[float] = []
    with visitor(browser) as page:
        page.goto(f"{server.address}/draw?run={STARTER}")
        settle(page)
        pad = page.locator(".pad[data-ready] canvas")
        expect(pad).to_be_visible()
        while len(found) < count + 2:
            for stroke in STROKES:
                page.evaluate(_STROKE_CLOCK)
                drag(page, pad, stroke)
                found.append(float(page.evaluate("window.diaboloStroke")))
                settle(page)
            page.get_by_role("button", name="Clear").click()
            expect(page.get_by_text("appears here")).to_be_visible()
            settle(page)
    return found[2 : count + 2]


@dataclass
class MapVisit:
    """One visit to the latent map of a run.

    Attributes:
        atlas: Bytes of the message that carried the map.
        moves: Main-thread ms of each move.
        messages: How many messages went to the server, or came from it, while the pointer moved.
    """

    atlas: int
    moves: list[float] = field(default_factory=list)
    messages: int = 0


def visit_map(browser: Browser, server: Server, run: str) -> MapVisit:
    """Opens a run's map and moves the pointer over it, a move in each frame."""
    sent: list[bytes | str] = []
    received: list[bytes | str] = []
    with visitor(browser) as page:

        def listen(socket: Any) -> None:
            socket.on("framesent", lambda frame: sent.append(frame))
            socket.on("framereceived", lambda frame: received.append(frame))

        page.on("websocket", listen)
        page.goto(f"{server.address}/latent?run={run}")
        settle(page)
        expect(page.locator(".map[data-ready]")).to_be_visible()
        settle(page)
        visit = MapVisit(max(len(message) for message in received if b'"atlas"' in _bytes(message)))
        board = page.locator("canvas.over")
        board.scroll_into_view_if_needed()
        box = board.bounding_box()
        assert box is not None
        before = len(sent) + len(received)
        with traced(browser, page) as trace:
            for k in range(MOVES):
                across, up = 0.1 + 0.8 * k / MOVES, 0.2 + 0.5 * ((k * 7) % 10) / 10
                page.mouse.move(box["x"] + across * box["width"], box["y"] + up * box["height"])
            page.wait_for_timeout(300)  # what must not happen: a message
        visit.messages = len(sent) + len(received) - before
    moves = trace.times("EventDispatch", lambda event: event["args"]["data"]["type"] == "pointermove")
    visit.moves = [busy for busy, _ in trace.busy(moves)]
    return visit


def _bytes(message: bytes | str) -> bytes:
    return message if isinstance(message, bytes) else message.encode()


def touches(browser: Browser, server: Server, large_code: str, others: Sequence[str], count: int) -> dict[str, Any]:
    """The figures of this file, by their names in the benchmark's JSON."""
    drawn = strokes(browser, server, count)
    visits = {run: visit_map(browser, server, run) for run in (STARTER, large_code, *others)}
    return {
        "stroke_to_reconstruction_ms": rounded({"p50": percentile(drawn, 50), "p95": percentile(drawn, 95)}),
        "map_move_ms": move_figures(visits[STARTER].moves),
        "map_move_large_code_ms": move_figures(visits[large_code].moves),
        "map_move_messages": sum(visit.messages for visit in visits.values()),
        "atlas_bytes": {run: visit.atlas for run, visit in visits.items()},
    }


def move_figures(moves: Sequence[float]) -> dict[str, float]:
    return rounded({"p50": percentile(moves, 50), "p95": percentile(moves, 95), "most": max(moves)})
