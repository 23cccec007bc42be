"""What something costs the browser's main thread, from Chromium's own trace.

While a task runs there, the page answers nobody. A task holds all that the page does: scripts, styles, layout, the
drawing of canvases, and handing the frame on. Times are as on the clock, so other work on the machine is in them.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from playwright.sync_api import Browser, Page

CATEGORIES = ["devtools.timeline", "disabled-by-default-devtools.timeline"]


@dataclass
class Trace:
    """Chromium's events: `ts` and `dur` in microseconds. They come when the block of `traced` ends."""

    events: list[dict[str, Any]] = field(default_factory=list)

    def times(self, name: str, chosen: Callable[[dict[str, Any]], bool] = lambda event: True) -> list[float]:
        """When the events of a name happened, in order."""
        return sorted(event["ts"] for event in self.events if event["name"] == name and chosen(event))

    def busy(self, begins: Sequence[float]) -> list[tuple[float, float]]:
        """For each of these times but the last: main-thread ms until the next one, and of those the longest task."""
        main = {
            (event["pid"], event["tid"])
            for event in self.events
            if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
        }
        tasks = sorted(
            (event["ts"], event["dur"])
            for event in self.events
            # The trace ends in the middle of a task, which has no duration.
            if event["name"] == "RunTask" and "dur" in event and (event["pid"], event["tid"]) in main
        )
        found = []
        for begin, end in pairwise(begins):
            # A task belongs to what it was at work on when it ended: an event lies within its task.
            own = [dur / 1000 for start, dur in tasks if begin < start + dur and start + dur <= end]
            found.append((sum(own), max(own, default=0.0)))
        return found


@contextmanager
def traced(browser: Browser, page: Page) -> Iterator[Trace]:
    """Traces the page; nothing else may be open in the browser."""
    trace = Trace()
    browser.start_tracing(page=page, categories=CATEGORIES)
    yield trace
    trace.events = json.loads(browser.stop_tracing())["traceEvents"]
