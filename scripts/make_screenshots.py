"""The README's pictures, taken from the real app: `python scripts/make_screenshots.py`. Needs Chromium (`make test` gets it)."""

import io
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.driving import CHROMIUM_FLAGS, SEVEN, Server, drag, find_chromium, serving, settle
from tests.processes import nobody_left

DOCS = REPOSITORY / "docs"
GALLERY = DOCS / "gallery"
PHONE = {"width": 375, "height": 812}
SIZE = {"width": 1280, "height": 1180}
ADDRESSES = {
    "home": "",
    "train": "train?run=starter-vae-2d",
    "generate": "generate?run=starter-vae-2d",
    "reconstruct": "reconstruct?run=starter-vae-conv-16d",
    "draw": "draw?run=starter-vae-2d",
    "latent": "latent?run=starter-vae-2d",
    "compare": "compare",
    "experiments": "experiments",
    "how": "how",
}
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": SIZE},
    "dark": {"viewport": SIZE, "color_scheme": "dark"},
    "phone": {"viewport": PHONE},
    "french": {"viewport": SIZE, "locale": "fr-FR"},
}


def shoot(page: Page, path: Path) -> None:
    """What the window shows, as WebP: a tenth of a PNG."""
    page.wait_for_timeout(2_000)  # charts draw themselves after the page has settled
    Image.open(io.BytesIO(page.screenshot())).convert("RGB").save(path, "WEBP", quality=82, method=6)


def draw(page: Page) -> None:
    """A seven on the pad."""
    drag(page, page.locator(".pad canvas"), SEVEN)
    page.locator(".js-plotly-plot").nth(1).wait_for()
    settle(page)


def gallery(browser: Browser, server: Server) -> None:
    """Every page in every look."""
    for look, options in LOOKS.items():
        context = browser.new_context(**{"locale": "en-GB", **options})
        page = context.new_page()
        page.set_default_timeout(60_000)
        for name, address in ADDRESSES.items():
            page.goto(f"{server.address}/{address}")
            settle(page)
            if name == "draw":
                draw(page)
            shoot(page, GALLERY / f"{name}-{look}.webp")
        context.close()


def training(page: Page, server: Server) -> None:
    """A training in the middle, and below it the film of one that is over."""
    page.goto(f"{server.address}/train")
    settle(page)
    page.get_by_role("textbox", name="Latent dimensions").fill("16")
    page.get_by_role("textbox", name="Epochs").fill("40")
    page.keyboard.press("Enter")
    settle(page)
    page.get_by_role("button", name="Start", exact=True).click()
    page.get_by_text(re.compile("Epoch (2.|3.) of 40")).first.wait_for(timeout=120_000)
    shoot(page, DOCS / "train.webp")
    page.goto(f"{server.address}/generate?run=starter-vae-2d")
    settle(page)
    page.get_by_text("Training film", exact=True).click()
    page.locator(".film[data-ready]").wait_for()
    page.locator(".film").scroll_into_view_if_needed()
    page.get_by_role("slider", name="Epoch").focus()
    for _ in range(4):
        page.keyboard.press("ArrowLeft")
    page.wait_for_timeout(1_000)
    box = page.locator(".film").bounding_box()
    assert box is not None
    page.mouse.wheel(0, box["y"] - 150)
    shoot(page, DOCS / "film.webp")


def main() -> None:
    GALLERY.mkdir(parents=True, exist_ok=True)
    chromium = find_chromium()
    if chromium is None:
        raise SystemExit("There is no Chromium: 'make chromium' installs it, or name it in CHROMIUM.")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        runs = Path(folder) / "runs"
        os.environ["DIABOLO_RUNS"] = str(runs)
        with nobody_left(runs), serving(runs, Path(folder) / "server.log") as server:
            browser = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM_FLAGS))
            gallery(browser, server)
            page = browser.new_page(viewport={"width": SIZE["width"], "height": SIZE["height"]}, locale="en-GB")
            page.set_default_timeout(60_000)
            training(page, server)
            browser.close()
    (DOCS / "gallery.md").write_text(listing())


def listing() -> str:
    """A table of all pictures."""
    lines = ["# Every page, in every look", "", "Made by `python scripts/make_screenshots.py`.", ""]
    lines += [f"| | {' | '.join(LOOKS)} |", "|---" * (1 + len(LOOKS)) + "|"]
    for name in ADDRESSES:
        cells = [f"![{name}, {look}](gallery/{name}-{look}.webp)" for look in LOOKS]
        lines.append(f"| **{name}** | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
