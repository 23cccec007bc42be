"""What a visitor feels, measured in a real Chromium against a real server.

    python benchmarks/browser.py --json out/benchmarks/browser.json

first_paint_ms, a page a figure: from asking for the page's address, in a browser profile that has seen nothing yet,
    until the page's own heading is on the screen. The server has shown the page once before.
settled_ms, a page a figure: the same, until nothing on the page is left to do and its height has rested for 0.1 s.
start_to_first_point_ms: from the click on Start, with the form as it stands at first, until the chart in the browser
    shows the training's curve (which takes two points: one alone draws no line). warm: the supervisor has trained
    before; cold: no supervisor lives at the moment of the click.
rerun_ms: from the click on Generate's Resample until the browser has loaded the new picture. p50 and p95 with nothing
    at work, p95_training while a run trains beside it.
training_slowdown: by which share a training is slower while a page follows it than while nobody looks, from stretches
    that alternate within one run.
stroke_to_reconstruction_ms: from the end of a stroke on the page Draw, by the pointer's own time, until the browser has
    loaded the picture of what the model makes of it. Sevens of two strokes, so half of them begin on an empty pad.
map_move_ms: main-thread time of a move of the mouse over the latent map of two numbers, from its event to the next one's,
    a move in each frame: the picture decoded, both canvases drawn, the frame handed on. map_move_large_code_ms: the same
    on the map of sixteen numbers. map_move_messages: how many messages the moves caused, on all maps together.
atlas_bytes, a starter a figure: the message that carries its map, with tiles, points and texts.
live_update_ms: main-thread time of one live update of the page Train, from its first message to the next update's, on a
    run whose curves have hundreds of points. longest_task: the median of each update's longest task, during which the page
    answers nobody. Measured with Chromium's trace, whose own cost is in it.
live_layout_shift: the sum of the browser's layout-shift scores while a training is watched from the page's top, from its
    first curve and pictures until its result is there. web.dev calls a page good below 0.1.

Figures are medians unless they say otherwise. Run it on a machine that does nothing else: `machine` says how busy it was.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import time
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

import psutil
from playwright.sync_api import Browser, expect, sync_playwright

from benchmarks.command import main
from benchmarks.live import layout_shift, updates
from benchmarks.touches import touches
from benchmarks.visitor import PATIENCE, STARTER, percentile, rounded, visitor, wait
from pages.ui.navigation import PAGES
from tests.browser.driving import (
    CHROMIUM_FLAGS,
    CURVE_POINTS,
    Server,
    find_chromium,
    serving,
    settle,
)
from tests.processes import nobody_left
from vae_core import runs
from vae_core.config import RunConfig
from vae_core.jobs import client
from vae_core.runs import EventLog, Run

LARGE_CODE = "starter-vae-conv-16d"
expect.set_options(timeout=1000 * PATIENCE)

# The clock runs in the browser, so that no message to this script is counted; it is read at each frame drawn.
CLOCK = """({button, done}) => new Promise(resolve => {
    const target = [...document.querySelectorAll("button")].find(each => each.innerText.trim().endsWith(button));
    const isDone = new Function("return " + done)();
    const begun = performance.now();
    const look = () => isDone() ? resolve(performance.now() - begun) : requestAnimationFrame(look);
    target.click();
    look();
})"""


def first_paint(browser: Browser, server: Server, count: int) -> tuple[dict[str, float], dict[str, float]]:
    """First paint and settled, in ms, for each page; the first visit to each is not counted."""
    painted: dict[str, list[float]] = {entry.name: [] for entry in PAGES}
    settled: dict[str, list[float]] = {entry.name: [] for entry in PAGES}
    for repetition in range(count + 1):
        for entry in PAGES:
            with visitor(browser) as page:
                begun = time.perf_counter()
                page.goto(f"{server.address}/{entry.address}", wait_until="commit")
                expect(page.get_by_role("heading", level=1)).to_have_text(entry.heading or entry.title)
                seen = time.perf_counter()
                settle(page)
                if repetition:
                    painted[entry.name].append(1000 * (seen - begun))
                    settled[entry.name].append(1000 * (time.perf_counter() - begun))
    return medians(painted), medians(settled)


def medians(rows: dict[str, list[float]]) -> dict[str, float]:
    return {name: statistics.median(values) for name, values in rows.items()}


def kill_supervisor(root: Path) -> None:
    """Ends the supervisor of this run root, by its process id; no worker lives at that moment."""
    for process in psutil.process_iter():
        try:
            is_it = process.environ().get("DIABOLO_RUNS") == str(root) and "vae_core.jobs" in process.cmdline()
        except psutil.Error:
            continue
        if is_it:
            process.kill()
            process.wait(PATIENCE)
    wait(lambda: not client.supervisor_is_alive(), "the supervisor to die")


def start_to_first_point(browser: Browser, server: Server, *, cold: bool) -> float:
    """Milliseconds from the click on Start until the curve shows."""
    with visitor(browser) as page:
        page.goto(f"{server.address}/train")
        start = page.get_by_role("button", name="Start", exact=True)
        expect(start).to_be_enabled()
        expect(page.get_by_text("Estimated time")).not_to_contain_text("…")  # by then all is counted and measured
        settle(page)
        if cold:
            kill_supervisor(server.runs)
        before = {run.id for run in runs.all_runs()}
        assert client.supervisor_is_alive() != cold
        taken = float(page.evaluate(CLOCK, {"button": "Start", "done": f"() => ({CURVE_POINTS})() >= 2"}))
        (run,) = (run for run in runs.all_runs() if run.id not in before)
    if run.state() != "finished":
        client.ask(run, "stop")
        wait(lambda: run.state() == "finished", "a run to stop")
    return taken


def reruns(browser: Browser, server: Server, count: int) -> list[float]:
    """Milliseconds from each of some clicks on Resample until its picture is there; the first clicks are not counted."""
    picture = "document.querySelector('img[alt^=\"A sheet of\"]')"
    with visitor(browser) as page:
        page.goto(f"{server.address}/generate?run={STARTER}")
        expect(page.get_by_role("img", name="A sheet of").first).to_be_visible()
        settle(page)
        found = []
        for _ in range(count + 3):
            before = page.evaluate(f"{picture}.src")
            done = f"() => {picture} && {picture}.complete && {picture}.src !== {json.dumps(before)}"
            found.append(float(page.evaluate(CLOCK, {"button": "Resample", "done": done})))
            settle(page)
    return found[3:]


def speed(run: Run, seconds: float) -> float:
    """Optimizer steps a second over a stretch that begins and ends with an event of the training."""
    log = EventLog(run)

    def step() -> int:
        return max((event.step for event in log.read()), default=0)

    def next_step() -> tuple[float, int]:
        seen = step()
        new = int(wait(lambda: found if (found := step()) > seen else 0, "the training to go on"))
        return time.perf_counter(), new

    begun, first = next_step()
    time.sleep(seconds)  # the stretch itself
    ended, last = next_step()
    return (last - first) / (ended - begun)


def slowdown(browser: Browser, server: Server, run: Run, pairs: int, seconds: float) -> float:
    """By which share the run is slower while a page follows it."""
    alone, followed = [speed(run, seconds)], []
    for _ in range(pairs):
        with visitor(browser) as page:
            page.goto(f"{server.address}/train?run={run.id}")
            page.wait_for_function(f"({CURVE_POINTS})() >= 2")
            followed.append(speed(run, seconds))
        alone.append(speed(run, seconds))
    # Each beside the stretches before and after it, so that a drift of the machine cancels.
    return statistics.median(1 - each / ((alone[i] + alone[i + 1]) / 2) for i, each in enumerate(followed))


def measure(folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    chromium = find_chromium()
    if chromium is None:
        sys.exit("no Chromium: install it (Debian: apt-get install chromium), or name it in CHROMIUM")
    root = folder / "runs"
    os.environ["DIABOLO_RUNS"] = str(root)
    busy = os.getloadavg()[0]
    with nobody_left(root), serving(root, folder / "server.log") as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        try:
            painted, settled = first_paint(browser, server, arguments.repeat)
            # Each cold start leaves a supervisor that has trained: the next one is warm.
            starts: dict[str, list[float]] = {"warm": [], "cold": []}
            for _ in range(arguments.repeat):
                for name in ("cold", "warm"):
                    starts[name].append(start_to_first_point(browser, server, cold=name == "cold"))
            quiet = reruns(browser, server, arguments.clicks)
            others = [run for run in runs.STARTER_NAMES if run not in (STARTER, LARGE_CODE)]
            by_hand = touches(browser, server, LARGE_CODE, others, arguments.clicks)
            run = client.submit(RunConfig().replace(training__epochs=10_000))
            wait(lambda: run.state() == "running", "a training to begin")
            training = reruns(browser, server, arguments.clicks)
            slower = slowdown(browser, server, run, arguments.repeat, arguments.seconds)
            live = updates(browser, server, run, 2 * arguments.seconds)
            client.delete(run)
            shifted = layout_shift(browser, server)
        finally:
            browser.close()
    return {
        "first_paint_ms": rounded(painted),
        "settled_ms": rounded(settled),
        "start_to_first_point_ms": rounded(medians(starts)),
        "rerun_ms": rounded(
            {"p50": percentile(quiet, 50), "p95": percentile(quiet, 95), "p95_training": percentile(training, 95)}
        ),
        "training_slowdown": round(slower, 3),
        **by_hand,
        "live_update_ms": live,
        "live_layout_shift": shifted,
        "repeat": arguments.repeat,
        "clicks": arguments.clicks,
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "load_at_start": round(busy, 2)},
    }


if __name__ == "__main__":
    main(
        __doc__,
        measure,
        repeat=(int, 5, "how often each is measured"),
        clicks=(int, 40, "how many reruns"),
        seconds=(float, 10, "length of a stretch of training"),
    )
