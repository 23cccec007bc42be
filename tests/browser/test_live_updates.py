"""A whole training as a person watches it: nothing flickers and nothing jumps, from the first curve to the end."""

from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page

from tests.browser.driving import PHONE, REPOSITORY, WIDE, Server, complaints, problems, screenshot
from tests.browser.live_watch import watch_training

SCRIPT = REPOSITORY / "pages" / "ui" / "components" / "live_codes" / "live_codes.js"
EPOCHS = 12  # some seconds, and an update or more in each
# web.dev calls a page good below 0.1. Further down, what follows moves on at the end: the result comes between. At the
# top nothing may: one line of text more or less would be 0.02. On a phone the links that take the buttons' place at the
# end stand in two rows, of which the second is counted as moved.
MOST_SHIFT = {("top", "wide"): 0.01, ("top", "phone"): 0.018, ("pictures", "wide"): 0.1, ("pictures", "phone"): 0.1}


@pytest.mark.parametrize("width", ["wide", "phone"])
@pytest.mark.parametrize("place", ["top", "pictures"])
def test_nothing_flickers_and_nothing_jumps(
    server: Server, new_page: Callable[..., Page], width: str, place: str
) -> None:
    page = new_page({"wide": WIDE, "phone": PHONE}[width])
    wrong = problems(page)
    seen = watch_training(page, server, EPOCHS, at_pictures=place == "pictures")
    screenshot(page, f"live-{width}-{place}")
    assert seen["updates"] >= 4, "it was a training that one could watch"
    assert seen["missing"] == {}
    codes = page.locator(".codes canvas")
    assert codes.get_attribute("data-epoch") == str(EPOCHS), "the map of the codes went with the images"
    assert f"After epoch {EPOCHS}." in (codes.get_attribute("aria-label") or "")
    assert sum(shift["value"] for shift in seen["shifts"]) < MOST_SHIFT[place, width], seen["shifts"]
    assert complaints(page) == [] and wrong == []


def test_a_turned_or_mirrored_plane_does_not_move_the_codes(new_page: Callable[..., Page]) -> None:
    """The axes of a PCA may change places and signs from one snapshot to the next."""
    rng = np.random.default_rng(0)
    before = rng.normal(0.5, [0.2, 0.1], (50, 2))
    angles, mirrors = (0.0, 0.5, 2.0, np.pi, -1.2), (1, -1)
    turned = [
        0.5 + (before - 0.5) * [1, mirror] @ [[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]
        for angle in angles
        for mirror in mirrors
    ]
    found = new_page().evaluate(
        """async ([source, before, all]) => {
            const { turned } = await import("data:text/javascript," + encodeURIComponent(source));
            return all.map((points) => {
                const turn = turned(before, points);
                return points.flatMap((_, k) => (k % 2 ? [] : turn(points.slice(k, k + 2))));
            });
        }""",
        [SCRIPT.read_text(encoding="utf-8"), before.ravel().tolist(), [points.ravel().tolist() for points in turned]],
    )
    middle = before.mean(axis=0)  # what moved as a whole, did: only turns are taken back
    for points in np.array(found).reshape(len(turned), -1, 2):
        np.testing.assert_allclose(points - points.mean(axis=0), before - middle, atol=1e-9)
