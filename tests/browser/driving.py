"""How a test drives the app: a Streamlit server, and what to wait for in the browser."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import pytest
from playwright.sync_api import Locator, Page, WebSocket, expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from pages.ui.navigation import BY_NAME

REPOSITORY = Path(__file__).resolve().parents[2]
WIDE = {"width": 1280, "height": 900}
PHONE = {"width": 375, "height": 812}
# Streamlit tells a phone by this, not by its width: there, the menu closes once a page was chosen.
PHONE_AGENT = "Mozilla/5.0 (Linux; Android 14; Pixel 7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36"
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
]
SEVEN = ((0.25, 0.2), (0.75, 0.2), (0.45, 0.85))
"""A stroke for `drag`."""
CURVE_POINTS = """() => {
    const lines = [...document.querySelectorAll('[data-testid="stVegaLiteChart"] .mark-line path')];
    return Math.max(0, ...lines.map(line => (line.getAttribute("d") || "").split(/[ML]/).length - 1));
}"""
"""JavaScript: how many points the longest curve on the page has."""


def find_chromium() -> str | None:
    """The browser: the one that `CHROMIUM` names, else what is installed."""
    names = (os.environ.get("CHROMIUM"), "chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if name and (path := shutil.which(name))), None)


def device(size: dict[str, int]) -> dict[str, Any]:
    """Options of a browser context: a window of this size, a phone's where it is as wide as one."""
    phone = {"user_agent": PHONE_AGENT, "is_mobile": True, "has_touch": True}
    return {"viewport": {"width": size["width"], "height": size["height"]}, **(phone if size == PHONE else {})}


@dataclass(frozen=True)
class Server:
    """A running Streamlit server.

    Attributes:
        address: `http://127.0.0.1:port`.
        runs: Its run root.
        log: What it prints.
        process: Kill it, and what it started lives on, as in real life.
    """

    address: str
    runs: Path
    log: Path
    process: subprocess.Popen[bytes]


@contextmanager
def serving(runs: Path, log: Path, environment: dict[str, str] | None = None) -> Iterator[Server]:
    """A fresh server on a free port. Ends it, but not the supervisor that it started: see `nobody_left`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py"]
    command += ["--server.address", "127.0.0.1", "--server.port", str(port)]
    env = os.environ | {"DIABOLO_RUNS": str(runs)} | (environment or {})
    with log.open("ab") as output:
        process = subprocess.Popen(command, cwd=REPOSITORY, env=env, stdout=output, stderr=output)
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(address, process, log)
            yield Server(address, runs, log, process)
        finally:
            process.kill()
            process.wait()


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=5):
                return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"The server did not start:\n{log.read_text()}")
            time.sleep(0.05)  # between two looks; there is no event to wait for


_NEXT_FRAME = "() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))"
_AT_REST = """async () => {
    await document.fonts.ready;
    const height = () => document.querySelector('[data-testid="stMain"]').scrollHeight;
    const end = performance.now() + 5000;
    for (let [last, since] = [height(), performance.now()]; performance.now() < Math.min(since + 100, end); ) {
        await new Promise(requestAnimationFrame);
        if (height() !== last) [last, since] = [height(), performance.now()];
    }
}"""
"""JavaScript: waits until the page is as high as it was for 0.1 s. An expander glides open, a formula grows when its font
is there, and a click between whose press and release its target moves is none.
"""


class _Talk:
    """What a page asks of its server and which runs of the script answer, read off its WebSocket."""

    def __init__(self, page: Page) -> None:
        self.is_busy = False
        self._asked: BackMsg | None = None
        page.on("websocket", self._open)

    def _open(self, socket: WebSocket) -> None:
        self.is_busy, self._asked = False, None
        socket.on("framesent", self._sent)
        socket.on("framereceived", self._received)

    def _sent(self, frame: bytes | str) -> None:
        if isinstance(frame, str):
            return
        asked = BackMsg.FromString(frame)
        if asked.WhichOneof("type") == "rerun_script" and not asked.rerun_script.is_auto_rerun:
            self.is_busy, self._asked = True, asked

    def _received(self, frame: bytes | str) -> None:
        if isinstance(frame, str):
            return
        told = ForwardMsg.FromString(frame)
        kind = told.WhichOneof("type")
        if kind == "new_session" and self._asked is not None:
            fragments = told.metadata.run.fragment_ids
            if not fragments or self._asked.rerun_script.fragment_id in fragments:
                self._asked = None
        elif kind == "script_finished" and self._asked is None:
            self.is_busy = told.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN


_TALKS: WeakKeyDictionary[Page, _Talk] = WeakKeyDictionary()


def listen(page: Page) -> Page:
    """Let `settle` know what this page asks; before it opens an address."""
    _TALKS[page] = _Talk(page)
    return page


def settle(page: Page) -> None:
    """Waits until Streamlit has answered what the page asked and has nothing left to do.

    Under a fragment that repeats, wait for content instead.
    """
    page.wait_for_selector('[data-testid="stApp"][data-test-connection-state="CONNECTED"]')
    # The page's own state says "running" only when the first answer is there, which may take its time.
    deadline = time.monotonic() + 60
    page.evaluate(_NEXT_FRAME)  # what a click sends
    while (talk := _TALKS.get(page)) is not None and talk.is_busy:
        assert time.monotonic() < deadline, "The server did not answer."
        page.wait_for_timeout(20)  # lets the frames come in
    page.evaluate(_NEXT_FRAME)  # what came in is shown
    page.wait_for_selector('[data-test-script-state="notRunning"]')
    page.wait_for_function(
        """() => !document.querySelector('[data-stale="true"], [data-testid="stSkeleton"], [data-testid="stSpinner"]')
            && [...document.images].every(image => image.complete)"""
    )
    page.evaluate(_AT_REST)


def problems(page: Page) -> list[str]:
    """A list that fills with what goes wrong on the page from now on: errors, and requests to anywhere but the server."""
    found: list[str] = []
    # Streamlit looks for itself below the page's path first, and then at the root.
    probe = re.compile(r"/[a-z]+/_stcore/(health|host-config)$")
    page.on("pageerror", lambda error: found.append(f"error: {error}"))
    page.on(
        "console",
        lambda message: (
            found.append(f"console: {message.text} ({message.location.get('url')})")
            if message.type == "error" and not probe.search(message.location.get("url", ""))
            else None
        ),
    )
    page.on(
        "request",
        lambda request: (
            None
            if re.match(r"(http|ws)://127\.0\.0\.1[:/]|data:|blob:", request.url)
            else found.append(f"request to another host: {request.url}")
        ),
    )
    return found


def complaints(page: Page) -> list[str]:
    """What the page itself says went wrong: exceptions and error boxes."""
    return page.locator('[data-testid="stException"], [data-testid="stAlertContentError"]').all_inner_texts()


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than its window; 0 where nobody has to scroll sideways."""
    return int(
        page.evaluate(
            """() => Math.max(...[document.documentElement, document.querySelector('[data-testid="stMain"]')]
                .map(part => part.scrollWidth - part.clientWidth))"""
        )
    )


def drag(page: Page, canvas: Locator, places: Sequence[tuple[float, float]]) -> None:
    """A stroke of the mouse over a canvas; places as shares of its width and height."""
    box = canvas.bounding_box()
    assert box is not None
    on_page = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in places]
    page.mouse.move(*on_page[0])
    page.mouse.down()
    for place in on_page[1:]:
        page.mouse.move(*place, steps=6)
    page.mouse.up()


def finger(page: Page) -> Callable[..., None]:
    """One finger: `touchStart` and `touchMove` at a place in pixels, `touchEnd` without one."""
    session = page.context.new_cdp_session(page)

    def touch(kind: str, *place: float) -> None:
        points = [{"x": place[0], "y": place[1]}] if place else []
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    return touch


def go_to(page: Page, name: str) -> None:
    """To another page by the menu, which a phone's width keeps behind a button."""
    entry = BY_NAME[name]
    if page.get_by_test_id("stExpandSidebarButton").is_visible():
        page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_test_id("stSidebarNavLink").get_by_text(entry.title, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(entry.heading or entry.title)


def saved(page: Page, button: Locator) -> tuple[str, bytes]:
    """What a click on a button saves: its name and its content."""
    with page.expect_download() as download:
        button.click()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def screenshot(page: Page, name: str, *, whole: bool = False) -> None:
    """The page in out/screenshots/, for people to look at: where they ask for it by the variable SCREENSHOTS.

    Args:
        whole: Also what one has to scroll down to; the window grows for a moment, since only a part of it scrolls.
    """
    if not os.environ.get("SCREENSHOTS"):
        return
    path = REPOSITORY / "out" / "screenshots" / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    size = page.viewport_size
    assert size is not None
    if whole:
        height = page.evaluate("""document.querySelector('[data-testid="stMain"]').scrollHeight""")
        page.set_viewport_size({"width": size["width"], "height": height})
        settle(page)
    page.screenshot(path=path)
    page.set_viewport_size(size)
