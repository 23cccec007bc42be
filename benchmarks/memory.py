"""How much memory the server holds after each page, measured on a real server that a real Chromium visits.

    python benchmarks/memory.py --json out/benchmarks/memory.json

A fresh server on an empty run root, so with the three starters alone; one visitor opens the pages in the order of the menu,
and on each what it hides behind tabs, pills and switches. Resident memory (RSS) is read once the page is at rest; of it,
`own` is what the process shares with nobody (USS). The supervisor and its workers are other processes: `supervisor` is the
former's, at the end.

`loaded` says at which page each of the heavy packages came in, and `torch` which build was measured.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

import psutil
from playwright.sync_api import Page, expect, sync_playwright

from benchmarks.command import main
from benchmarks.visitor import PATIENCE, visitor
from pages.ui.experiments import EXPERIMENTS
from pages.ui.navigation import PAGES
from tests.browser.driving import CHROMIUM_FLAGS, SEVEN, Server, drag, find_chromium, listen, serving, settle
from tests.processes import nobody_left

HEAVY = (
    "torch",
    "torchvision",
    "plotly",
    "pandas",
    "scipy",
    "sklearn",
    "imblearn",
    "umap",
    "numba",
    "onnx",
    "onnxruntime",
)
expect.set_options(timeout=1000 * PATIENCE)

Visit = tuple[str, str, Callable[[Page], None]]
"""What it is called, the address, and what is done there once it is at rest."""


def rest(page: Page) -> None:
    """Waits as long as a page takes."""
    for _ in range(5):
        try:
            return settle(page)
        except AssertionError:  # it waits for a minute
            continue
    raise TimeoutError(page.url)


def nothing(page: Page) -> None:
    pass


def tabs(page: Page) -> None:
    """Opens each tab."""
    for tab in page.get_by_role("tab").all():
        tab.click()
        rest(page)


def pills(page: Page) -> None:
    """Takes each choice of the page's first row of pills or segments."""
    choices = (
        page.get_by_test_id("stMain")
        .get_by_test_id("stButtonGroup")
        .first.locator('button, label:not([data-testid="stWidgetLabel"])')
    )
    assert choices.count() > 1, page.url
    for number in range(choices.count()):
        choices.nth(number).click()
        rest(page)


def stroke(page: Page) -> None:
    """Writes a seven."""
    pad = page.locator("canvas").first
    pad.scroll_into_view_if_needed()
    drag(page, pad, SEVEN)
    rest(page)


def visits() -> Iterator[Visit]:
    """All pages in the order of the menu, and what they hide."""
    inside = {"generate": tabs, "reconstruct": pills, "draw": stroke, "latent": tabs}
    for entry in PAGES:
        if entry.name == "experiments":
            for name in EXPERIMENTS:
                yield f"experiments, {name}", f"experiments?recipe={name}", nothing
        else:
            yield entry.name, entry.address, inside.get(entry.name, nothing)
    for starter in ("starter-vae-conv-16d", "starter-ae-2d"):
        for name in ("train", *inside):
            yield f"{name}, {starter}", f"{name}?run={starter}", inside.get(name, nothing)
    yield "home again", "", nothing


def supervisor(server: Server) -> psutil.Process | None:
    for process in psutil.process_iter():
        try:
            if process.environ().get("DIABOLO_RUNS") == str(server.runs) and "vae_core.jobs" in process.cmdline():
                return process
        except psutil.Error:
            continue
    return None


def megabytes(size: int) -> float:
    return round(size / 1e6, 1)


def loaded(process: psutil.Process) -> set[str]:
    """Which heavy packages the process has mapped: each has at least one compiled file of its own but plotly."""
    paths = {Path(region.path) for region in process.memory_maps()}
    return {name for name in HEAVY for path in paths if name in path.parts}


def measure(folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    runs = folder / "runs"
    runs.mkdir()
    pages: list[dict[str, Any]] = []
    with nobody_left(runs), serving(runs, folder / "server.log") as server, sync_playwright() as playwright:
        process = psutil.Process(server.process.pid)
        pages.append({"page": "started", "resident_mb": megabytes(process.memory_info().rss)})
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_FLAGS)
        before: set[str] = set()
        with visitor(browser) as page:
            listen(page)
            for name, address, act in visits():
                page.goto(f"{server.address}/{address}")
                expect(page.get_by_role("heading", level=1)).to_be_visible()
                rest(page)
                act(page)
                memory, now = process.memory_full_info(), loaded(process)
                pages.append(
                    {
                        "page": name,
                        "resident_mb": megabytes(memory.rss),
                        "own_mb": megabytes(memory.uss),
                        "threads": process.num_threads(),
                        "loaded": sorted(now - before),
                    }
                )
                print(pages[-1], file=sys.stderr)
                before |= now
        browser.close()
        other = supervisor(server)
        return {
            "torch": torch_build(),
            "cores": os.cpu_count(),
            "python": sys.version.split()[0],
            "pages": pages,
            "most_mb": max(row["resident_mb"] for row in pages),
            "supervisor_mb": megabytes(other.memory_info().rss) if other else None,
        }


def torch_build() -> str:
    from importlib.metadata import version

    return version("torch")


if __name__ == "__main__":
    main(__doc__, measure)
