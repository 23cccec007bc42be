"""What it costs to watch a training, and what jumps meanwhile."""

from itertools import pairwise

from playwright.sync_api import Browser

from benchmarks.main_thread import traced
from benchmarks.visitor import percentile, rounded, visitor
from tests.browser.driving import CURVE_POINTS, PHONE, WIDE, Server
from tests.browser.live_watch import watch_training
from vae_core.runs import Run

PAUSE = 250_000  # microseconds: the messages of one update come closer together, two updates lie half a second apart
EPOCHS = 24
ENOUGH_POINTS = 200  # of a curve, before its updates are measured: one of a few points is drawn faster


def updates(browser: Browser, server: Server, run: Run, seconds: float) -> dict[str, float]:
    """Main-thread ms of the updates of a page that follows a run for some seconds."""
    with visitor(browser) as page:
        page.goto(f"{server.address}/train?run={run.id}")
        page.wait_for_function(f"({CURVE_POINTS})() >= {ENOUGH_POINTS}")
        with traced(browser, page) as trace:
            page.wait_for_timeout(1000 * seconds)  # the stretch itself
    messages = trace.times("WebSocketReceive")
    begins = [messages[0], *(after for before, after in pairwise(messages) if after - before > PAUSE)]
    # The first may have begun before the trace did.
    costs = trace.busy(begins)[1:]
    busy = [cost for cost, _ in costs]
    longest = [task for _, task in costs]
    return rounded({"p50": percentile(busy, 50), "p95": percentile(busy, 95), "longest_task": percentile(longest, 50)})


def layout_shift(browser: Browser, server: Server) -> dict[str, float]:
    """The sum of the layout shifts of a whole training, on a wide window and on a phone."""
    found = {}
    for name, size in (("wide", WIDE), ("phone", PHONE)):
        with visitor(browser, size) as page:
            seen = watch_training(page, server, EPOCHS)
        found[name] = round(sum(shift["value"] for shift in seen["shifts"]), 4)
    return found
