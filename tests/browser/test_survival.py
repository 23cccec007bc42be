"""What a visitor's training and pages live through: a switch, F5, a closed tab, a killed server, damage, nonsense."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from pages.ui.navigation import BY_NAME
from tests.browser.driving import Server, complaints, go_to, problems, screenshot, serving, settle
from tests.processes import nobody_left
from tests.tiny_runs import config_of, train
from vae_core import events, files
from vae_core.jobs import client
from vae_core.runs import EventLog, Run

EPOCHS = 30
# About 20 s on a quiet machine: longer than all that happens meanwhile.
LONG = {"name": "Survivor", "model__hidden": (64,), "training__batch_size": 8}
SLOW = 400_000  # ms


def epochs(run: Run) -> list[int]:
    return [event.epoch for event in EventLog(run).read() if isinstance(event, events.EpochEnd)]


def wait(condition: Callable[[], Any], what: str, seconds: float = 400) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for: {what}"
        time.sleep(0.02)


def trains_on(run: Run) -> None:
    """It gets further while nobody looks."""
    done = len(epochs(run))
    wait(lambda: len(epochs(run)) > done, "another epoch")


def follows(page: Page) -> None:
    """The page shows the run, and that it trains."""
    expect(page.get_by_role("heading", name="Survivor")).to_be_visible()
    expect(page.get_by_test_id("stMain").get_by_text("training", exact=True)).to_be_visible()


@pytest.mark.timeout(600)
def test_a_training_outlives_the_page_the_tab_and_the_server(
    tmp_path: Path, new_page: Callable[..., Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "runs"
    monkeypatch.setenv("DIABOLO_RUNS", str(root))
    with nobody_left(root):
        with serving(root, tmp_path / "server.log") as server:
            page = new_page()
            wrong = problems(page)
            page.goto(server.address)
            # The supervisor has to be the server's child, or its death would prove nothing.
            wait(client.supervisor_is_alive, "the server to start the supervisor")
            run = client.submit(config_of(EPOCHS, LONG))
            page.goto(f"{server.address}/train?run={run.id}")
            follows(page)
            go_to(page, "generate")
            trains_on(run)
            go_to(page, "train")
            follows(page)
            page.reload()
            follows(page)
            page.close()
            trains_on(run)
            page = new_page()
            page.goto(f"{server.address}/train?run={run.id}")
            follows(page)
            page.close()
            server.process.kill()
            server.process.wait()
            trains_on(run)
        with serving(root, tmp_path / "second.log") as server:
            page = new_page()
            wrong += problems(page)
            page.goto(server.address)
            mine = page.get_by_test_id("stVerticalBlock").filter(has_text="Survivor").last
            expect(mine.get_by_text("training", exact=True)).to_be_visible()
            mine.get_by_text("Follow", exact=True).click()
            follows(page)
            assert run.state() == "running", "make it longer: it has to outlive all this"
            expect(page.get_by_test_id("stMain").get_by_text("finished", exact=True)).to_be_visible(timeout=SLOW)
            expect(page.get_by_text(f"All {EPOCHS} epochs done.")).to_be_visible()
    assert epochs(run) == list(range(1, EPOCHS + 1)), "each epoch once"
    undisturbed = train(EPOCHS, **LONG)
    mine, other = (files.read_arrays(each.folder / "model.safetensors") for each in (run, undisturbed))
    assert mine.keys() == other.keys() and all(np.array_equal(mine[name], other[name]) for name in mine)
    assert wrong == []


def test_damage_is_said_in_words_and_hides_no_other_run(server: Server, page: Page) -> None:
    """Each kind of damage on each page: `test_nonsense.py`."""
    train(name="Good one")
    run = train(name="Broken one")
    weights = run.folder / "model.safetensors"
    os.truncate(weights, weights.stat().st_size // 2)
    wrong = problems(page)
    page.goto(f"{server.address}/generate?run={run.id}")
    settle(page)
    (said,) = complaints(page)
    assert f"{run.id}/model.safetensors' is damaged" in said
    screenshot(page, "damage")
    go_to(page, "home")
    expect(page.get_by_text("Good one")).to_be_visible()
    expect(page.get_by_text("damaged", exact=True)).to_be_visible()
    assert wrong == []


SCRIPT = "run=%00%3Cscript%3Ealert(1)%3C/script%3E&run=two"
NONSENSE = {
    "home": ("run=..%2F..%2Fetc",),
    "train": (SCRIPT, "run=" + "x" * 3000),
    "generate": (SCRIPT, "draw_seed=1e999&draw_count=-5&draw_temperature=nan"),
    "reconstruct": (SCRIPT, "view=nothing&recon_seed=1e999"),
    "latent": (SCRIPT,),
    "how": ("run=..%2F..%2Fetc",),
}
"""What a browser may make something of; more of it is in `test_nonsense.py`."""


@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_in_an_address_breaks_nothing(server: Server, page: Page, name: str) -> None:
    entry = BY_NAME[name]
    wrong = problems(page)
    for query in NONSENSE[name]:
        page.goto(f"{server.address}/{entry.address}?{query}")
        expect(page.get_by_role("heading", level=1)).to_have_text(entry.heading or entry.title)
        if query.startswith("run=") and name not in ("home", "how"):
            # Before the page settles: it may run again, and then it has said so already.
            expect(page.get_by_test_id("stAlertContentWarning").filter(has_text="There is no run")).to_have_count(1)
        settle(page)
        assert complaints(page) == [], query
    assert wrong == []
