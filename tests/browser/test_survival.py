"""What a visitor's training and pages live through: a switch, F5, a closed tab, a killed server, damage, nonsense."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from pages.ui.navigation import BY_NAME
from tests.browser.driving import Server, complaints, problems, screenshot, serving, settle
from tests.processes import nobody_left
from tests.tiny_runs import train
from vae_core import events, files, runs
from vae_core.config import RunConfig
from vae_core.jobs import client
from vae_core.runs import EventLog, Run

EPOCHS = 60
# About 15 s on a quiet machine: long enough for all that happens meanwhile.
LONG = RunConfig().replace(
    name="Survivor",
    model__hidden=(64,),
    training__epochs=EPOCHS,
    training__batch_size=8,
    training__threads=1,
)
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


def menu(page: Page, name: str) -> None:
    page.get_by_test_id("stSidebarNavLink").get_by_text(BY_NAME[name].title, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(BY_NAME[name].title)


@pytest.mark.timeout(600)
def test_a_training_outlives_the_page_the_tab_and_the_server(
    tmp_path: Path, new_page: Callable[..., Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "runs"
    monkeypatch.setenv("DIABOLO_RUNS", str(root))
    monkeypatch.setenv("DIABOLO_THREADS", "2")  # room for both runs, whatever the machine has
    with nobody_left(root):
        with serving(root, tmp_path / "server.log") as server:
            page = new_page()
            wrong = problems(page)
            page.goto(f"{server.address}/train")
            # The supervisor has to be the server's child, or its death would prove nothing.
            wait(client.supervisor_is_alive, "the server to start the supervisor")
            run, undisturbed = client.submit(LONG), client.submit(LONG.replace(name="Undisturbed"))
            page.goto(f"{server.address}/train?run={run.id}")
            follows(page)
            menu(page, "generate")
            trains_on(run)
            menu(page, "train")
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
            wait(lambda: undisturbed.state() == "finished", "the undisturbed run")
    assert epochs(run) == list(range(1, EPOCHS + 1)), "each epoch once"
    mine, other = (files.read_arrays(each.folder / "model.safetensors") for each in (run, undisturbed))
    assert mine.keys() == other.keys() and all(np.array_equal(mine[name], other[name]) for name in mine)
    assert wrong == []


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with one good run."""
    folder = tmp_path_factory.mktemp("survival")
    with pytest.MonkeyPatch.context() as patch, nobody_left(folder / "runs"):
        patch.setenv("DIABOLO_RUNS", str(folder / "runs"))
        train(name="Good one")
        with serving(folder / "runs", folder / "server.log") as running:
            yield running
    assert "Traceback" not in (folder / "server.log").read_text()


def truncate(run: Run) -> None:
    path = run.folder / "model.safetensors"
    os.truncate(path, path.stat().st_size // 2)


def flip(run: Run) -> None:
    path = run.folder / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[-100] ^= 1
    path.write_bytes(data)


def break_settings(run: Run) -> None:
    (run.folder / "config.json").write_text('{"schema": 1, "model": {')


@pytest.mark.parametrize(
    ("damage", "file"),
    [
        (truncate, "model.safetensors"),
        (flip, "model.safetensors"),
        (break_settings, "config.json"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_damage_is_said_once_on_each_page_and_hides_no_other_run(
    server: Server, page: Page, damage: Callable[[Run], None], file: str
) -> None:
    run = train(name="Broken one")
    damage(run)
    wrong = problems(page)
    for name in ("generate", "reconstruct", "latent", "train"):
        page.goto(f"{server.address}/{name}?run={run.id}")
        expect(page.get_by_role("heading", level=1)).to_have_text(BY_NAME[name].title)
        settle(page)
        screenshot(page, f"damage-{damage.__name__}-{name}")
        # Train shows the curves of a run whose weights alone are of no use.
        expected = 0 if damage is flip and name == "train" else 1
        said = [text for text in complaints(page) if f"{run.id}/{file}' is damaged" in text]
        assert len(said) == len(complaints(page)) == expected, complaints(page)
        assert "Traceback" not in page.get_by_test_id("stMain").inner_text()
    page.goto(server.address)
    settle(page)
    expect(page.get_by_text("Good one")).to_be_visible()
    if damage is not flip:  # which the list, that reads no whole file, can't know
        expect(page.get_by_text("damaged", exact=True)).to_be_visible()
    assert wrong == []
    runs.delete(run)


RUNS = ("run=..%2F..%2Fetc", "run=gone", "run=%00%3Cscript%3Ealert(1)%3C/script%3E&run=two", "run=" + "x" * 3000)
NONSENSE = {
    "home": RUNS[:1],
    "train": RUNS,
    "generate": (
        *RUNS,
        "draw_seed=1e999&draw_count=1e999&draw_temperature=nan",
        "draw_seed=-5&draw_count=-5&draw_temperature=1e999",
        "draw_seed=0x10&draw_count=abc&draw_temperature=",
    ),
    "reconstruct": (*RUNS, "view=nothing&recon_seed=1e999"),
    "latent": RUNS,
    "how": RUNS[:1],
}


@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_in_an_address_breaks_nothing(server: Server, page: Page, name: str) -> None:
    entry = BY_NAME[name]
    wrong = problems(page)
    for query in NONSENSE[name]:
        page.goto(f"{server.address}/{entry.address}?{query}")
        expect(page.get_by_role("heading", level=1)).to_have_text(entry.heading or entry.title)
        if query in RUNS and name not in ("home", "how"):
            # Before the page settles: it may run again, and then it has said so already.
            expect(page.get_by_test_id("stAlertContentWarning").filter(has_text="There is no run")).to_have_count(1)
        settle(page)
        assert complaints(page) == [], query
    assert wrong == []
