"""The README's pictures, taken from the real app: `python scripts/make_screenshots.py`. Needs Chromium (`make test` gets it)."""

import os
import re
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from playwright.sync_api import Page, sync_playwright

from tests.browser.driving import CHROMIUM_FLAGS, Server, find_chromium, serving, settle
from tests.processes import nobody_left

DOCS = REPOSITORY / "docs"
SIZE = {"width": 1280, "height": 1180}
PAGES = {
    "home": "",
    "generate": "generate?run=starter-vae-2d",
    "reconstruct": "reconstruct?run=starter-vae-conv-16d",
    "latent": "latent?run=starter-vae-2d",
}


def take(page: Page, server: Server) -> None:
    """A picture a page, and one of a training in the middle."""
    for name, address in PAGES.items():
        page.goto(f"{server.address}/{address}")
        settle(page)
        page.wait_for_timeout(2_000)  # charts draw themselves after the page has settled
        page.screenshot(path=DOCS / f"{name}.png")
    page.goto(f"{server.address}/train")
    settle(page)
    page.get_by_role("spinbutton", name="Latent size").fill("16")
    page.get_by_role("spinbutton", name="Epochs").fill("40")
    page.keyboard.press("Enter")
    settle(page)
    page.get_by_role("button", name="Start", exact=True).click()
    page.get_by_text(re.compile("Epoch (2.|3.) of 40")).first.wait_for(timeout=120_000)
    page.screenshot(path=DOCS / "train.png")


def main() -> None:
    DOCS.mkdir(exist_ok=True)
    chromium = find_chromium()
    if chromium is None:
        raise SystemExit("There is no Chromium: 'make chromium' installs it, or name it in CHROMIUM.")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        runs = Path(folder) / "runs"
        os.environ["DIABOLO_RUNS"] = str(runs)
        with nobody_left(runs), serving(runs, Path(folder) / "server.log") as server:
            browser = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM_FLAGS))
            page = browser.new_page(viewport={"width": SIZE["width"], "height": SIZE["height"]})
            page.set_default_timeout(60_000)
            take(page, server)
            browser.close()


if __name__ == "__main__":
    main()
