"""What one browser test after the other uses: servers and a Chromium, each started once, and left as they were found."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser.driving import CHROMIUM_FLAGS, PHONE, WIDE, Server, device, find_chromium, listen, serving
from tests.processes import nobody_left
from vae_core import runs
from vae_core.control import Job, is_active
from vae_core.jobs import client, exports, studies
from vae_core.locks import Lock


class Kept:
    """What one test after the other uses, made when one asks for it, until the last test here is over."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._made: dict[object, Any] = {}

    def _once(self, name: object, make: Callable[[], Any]) -> Any:
        if name not in self._made:
            self._made[name] = make()
        return self._made[name]

    def server(self, name: str, factory: pytest.TempPathFactory) -> Server:
        """A server that has nothing but the bundled digits, as at a stranger's first visit."""

        def start() -> Server:
            folder = factory.mktemp(name)
            self._stack.enter_context(nobody_left(folder / "runs"))
            no_data = {"DIABOLO_DATA": str(folder / "data")}
            return self._stack.enter_context(serving(folder / "runs", folder / "server.log", no_data))

        return self._once(name, start)

    def browser(self) -> Browser:
        """One Chromium for all tests; skips or fails where there is none."""
        found = find_chromium()
        if found is None:
            reason = "no Chromium: install it (Debian: apt-get install chromium), or name it in CHROMIUM"
            if os.environ.get("CI") == "true":
                pytest.fail(reason)
            pytest.skip(reason)

        def launch() -> Browser:
            with pytest.MonkeyPatch.context() as patch:
                patch.delenv("DIABOLO_RUNS", raising=False)  # of the first test: what works for its runs ends with it
                playwright = self._stack.enter_context(sync_playwright())
            browser = playwright.chromium.launch(executable_path=found, args=CHROMIUM_FLAGS)
            self._stack.callback(browser.close)
            return browser

        return self._once("browser", launch)

    def context(self, size: dict[str, int]) -> BrowserContext:
        """A profile that has Streamlit's files already: a laptop's, or a phone's for that size."""

        def make() -> BrowserContext:
            context = self.browser().new_context(accept_downloads=True, **device(size))
            context.set_default_timeout(30_000)
            return context

        return self._once(("context", size == PHONE), make)

    def close(self) -> None:
        self._made.clear()
        self._stack.close()


KEPT = Kept()
SHOWN: list[Page] = []
"""The open pages."""


@contextmanager
def opening() -> Iterator[Callable[..., Page]]:
    """Makes pages, closed and forgotten at the end: `open_page(PHONE, dark=True)`."""
    with ExitStack() as stack:

        def open_page(size: dict[str, int] = WIDE, *, dark: bool = False, stranger: bool = False) -> Page:
            if stranger:
                context = KEPT.browser().new_context(accept_downloads=True, **device(size))
                context.set_default_timeout(30_000)
                stack.callback(context.close)
            else:
                context = KEPT.context(size)
            page = context.new_page()
            page.set_viewport_size({"width": size["width"], "height": size["height"]})
            page.emulate_media(color_scheme="dark" if dark else "light")
            SHOWN.append(page)
            stack.callback(_forget, page)
            return listen(page)

        yield open_page


def _forget(page: Page) -> None:
    """Closes a page with all that a browser remembers of it but Streamlit's files."""
    SHOWN.remove(page)
    if not page.is_closed():
        session = page.context.new_cdp_session(page)
        if page.url.startswith("http"):
            kinds = "cookies,local_storage,indexeddb,cache_storage"
            session.send("Storage.clearDataForOrigin", {"origin": page.url, "storageTypes": kinds})
        page.close()
    page.context.clear_cookies()
    page.context.clear_permissions()


@contextmanager
def clean(server: Server) -> Iterator[Server]:
    """What visitors have left on a server in the block goes with it, and no exception was printed."""
    before = server.log.stat().st_size
    yield server
    emptied(server.runs)
    assert not (told := logged_traceback(server.log, before)), told


def emptied(root: Path) -> None:
    """Deletes what visitors have left in a run root; its supervisor stays."""
    if not root.is_dir():
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIABOLO_RUNS", str(root))
        for run in runs.all_runs():
            if not run.is_starter:
                client.delete(run)
    for folder in (*studies.folders(root), *exports.folders(root)):  # of the models that came with Diabolo
        job = Job(folder)
        if is_active(job.state()):
            job.ask("stop")
            client.ring(root)
        lock = Lock(job.lock)
        assert lock.acquire(30), f"{folder} is still at work"
        shutil.rmtree(folder)
        lock.close()


def logged_traceback(log: Path, since: int = 0) -> str:
    """What a server has printed from that byte on, if an exception is in it; else nothing."""
    with log.open("rb") as file:
        file.seek(since)
        told = file.read().decode(errors="replace")
    return told if "Traceback" in told or "most recent call last" in told else ""
