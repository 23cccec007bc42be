"""A watch on the live part of the page Train: what is missing in any frame that the browser draws, and what jumps.

Used by a test, which says that neither happens, and by a benchmark, which says by how much.
"""

from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.driving import Server, settle

SLOW = 120_000  # ms; for what takes seconds on a quiet machine
_CURVES_AND_PICTURES = """() => [...document.querySelectorAll('[data-testid="stVegaLiteChart"]')].every((chart) =>
        [...chart.querySelectorAll(".mark-line path")].some((path) => (path.getAttribute("d") || "").split(/[ML]/).length > 2))
    && document.querySelector('[data-testid="stVegaLiteChart"]')
    && [...document.querySelectorAll('[data-testid="stImage"] img')].filter(image => image.naturalWidth).length >= 2"""

# The state is looked at before each frame is drawn: what comes and goes between two frames, nobody sees. A picture that
# gets a new address shows the old one until the new one is there (so does Chromium, where `complete` is false by then),
# so only one that was never complete is a hole. What is faded is grey, as Streamlit shows what a page run may replace.
_WATCH = """() => {
    const watch = (window.diaboloWatch = { shifts: [], missing: {}, frames: 0, updates: 0, begun: performance.now() });
    const curves = () => [...document.querySelectorAll('[data-testid="stVegaLiteChart"]')];
    const pictures = () => [...document.querySelectorAll('[data-testid="stImage"] img')];
    const [curveCount, pictureCount] = [curves().length, pictures().length];
    const loaded = new WeakSet();
    let last = "";
    const tell = (what) => (watch.missing[what] ??= { frame: watch.frames, ms: Math.round(performance.now() - watch.begun) });
    const faded = (part) => part && (Number(getComputedStyle(part).opacity) < 1 || faded(part.parentElement));
    const look = () => {
        watch.frames += 1;
        const [charts, images] = [curves(), pictures()];
        if (charts.length < curveCount) tell("a curve is gone");
        if (images.length < pictureCount) tell("a picture is gone");
        for (const chart of charts) {
            const lines = [...chart.querySelectorAll(".mark-line path")].map((path) => path.getAttribute("d") || "");
            if (!lines.some((line) => line.split(/[ML]/).length > 2)) tell("a chart without its curve");
            if (chart.getBoundingClientRect().height < 100) tell("a chart without its height");
            if (faded(chart)) tell("a faded chart");
        }
        for (const image of images) {
            if (image.complete && image.naturalWidth) loaded.add(image);
            if (!loaded.has(image)) tell("a picture that is not loaded");
            if (image.getBoundingClientRect().height < 20) tell("a picture without its height");
            if (faded(image)) tell("a faded picture");
        }
        const now = charts.map((chart) => chart.innerHTML.length).join() + images.map((image) => image.src.length).join();
        if (now !== last) watch.updates += 1;
        last = now;
        requestAnimationFrame(look);
    };
    look();
    const where = ({ node, previousRect: was, currentRect: is }) => {
        const part = (node?.nodeType === 1 ? node : node?.parentElement)?.closest("[data-testid]");
        return `${part?.dataset.testid}: ${Math.round(was.y)} -> ${Math.round(is.y)}`;
    };
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries())
            if (entry.startTime >= watch.begun && !entry.hadRecentInput)
                watch.shifts.push({ value: entry.value, ms: Math.round(entry.startTime - watch.begun), moved: entry.sources.map(where) });
    }).observe({ type: "layout-shift", buffered: true });
}"""


def watch_training(page: Page, server: Server, epochs: int, *, at_pictures: bool = False) -> dict[str, Any]:
    """Starts a training as a person does and watches it, from its first curve and pictures until all of it is there.

    Args:
        epochs: How many, of the bundled digits.
        at_pictures: The window is scrolled down to the pictures; else up to the page's heading.

    Returns:
        `missing`: what was not to be seen in some frame, and in which one first; `shifts`: the browser's layout shifts
        without a visitor's input, each `{value, ms, moved}`; `frames` and `updates`: how many there were.
    """
    page.goto(f"{server.address}/train?training.epochs={epochs}")
    settle(page)
    page.get_by_role("button", name="Start", exact=True).click()
    pictures = page.get_by_role("img", name="Test images and their reconstructions")
    expect(pictures).to_be_attached()
    (pictures if at_pictures else page.get_by_role("heading", level=1)).scroll_into_view_if_needed()
    page.wait_for_function(_CURVES_AND_PICTURES)
    page.evaluate(_WATCH)
    expect(page.get_by_text(f"All {epochs} epochs done.")).to_be_attached(timeout=SLOW)
    expect(page.get_by_text("Measured on 1,000 test images")).to_be_attached(timeout=SLOW)
    expect(page.get_by_role("heading", name="The coach")).to_be_attached(timeout=SLOW)
    settle(page)
    found: dict[str, Any] = page.evaluate("window.diaboloWatch")
    return found
