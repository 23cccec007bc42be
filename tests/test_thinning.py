"""A long training's record: small on disk and in memory, and its curves are the same."""

import math
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from pages.ui import standing
from vae_core import events as ev
from vae_core import files, live_diagnosis, runs
from vae_core.config import RunConfig
from vae_core.events import Checkpoint, EpochEnd, Event, Finished, Losses, Progress
from vae_core.runs import EventLog, Run
from vae_core.thinning import MOST_EPOCHS, MOST_POINTS, ThinnedEvents

DAY = 24 * 3600.0
MOST_BYTES = 5_000_000


def loss_at(share: float) -> float:
    return 100 + 400 * math.exp(-8 * share)


def losses(share: float) -> Losses:
    return Losses(loss_at(share), loss_at(share) - 10, 10.0)


def training(epochs: int, steps_an_epoch: int, points_an_epoch: int) -> Iterator[Event]:
    """The events of a day as `training.train` yields them: points within the epochs, then the epoch's end."""
    steps, seconds = epochs * steps_an_epoch, DAY / epochs
    for epoch in range(1, epochs + 1):
        for point in range(1, points_an_epoch + 1):
            step = (epoch - 1) * steps_an_epoch + max(steps_an_epoch * point // points_an_epoch, 1)
            share = step / steps
            yield Progress(epoch, step, steps, losses(share), 12_345.678901234567, DAY * (1 - share))
        share = epoch / epochs
        end = losses(share)
        yield EpochEnd(epoch, epoch * steps_an_epoch, steps, end, end, 12_345.678901234567, seconds, DAY * (1 - share))
    yield Finished(epochs, steps, stopped=False)


DAYS = {
    "a day of short epochs": (100_000, 58, 1),
    "long epochs": (12, 9_000, 1_000),
    "few steps, and long looks at the images kept aside": (100, 10, 100),
}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    made, _ = runs.create(RunConfig().replace(training__threads=1), root=tmp_path)
    files.write_arrays(made.folder / "resume.safetensors", {"model.a": np.zeros(1)}, {"epoch": "1", "step": "1"})
    return made


@pytest.mark.slow
@pytest.mark.parametrize("day", DAYS.values(), ids=DAYS)
def test_the_record_of_a_day_stays_small_and_keeps_its_curves(run: Run, day: tuple[int, int, int]) -> None:
    epochs, steps_an_epoch, _ = day
    steps, count, largest = epochs * steps_an_epoch, 0, 0
    path, page = run.folder / "events.jsonl", EventLog(run)
    for count, event in enumerate(runs.record(run, training(*day)), 1):
        if count % 997 == 0:
            largest = max(largest, path.stat().st_size)
        if count % 9_999 == 0:  # a page looks now and then
            newest = page.read()[-1]
            assert (newest.epoch, newest.step) == (event.epoch, event.step), "the newest is always there"
    assert count > 10_000 and largest < MOST_BYTES
    tracemalloc.start()
    fresh = EventLog(run)
    found = fresh.read()
    del found
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < MOST_BYTES and fresh.damaged == 0
    found = fresh.read()
    assert page.read() == found, "who followed it and who comes late see the same"
    first, last = found[0], found[-1]
    assert isinstance(first, Progress) and first.train == losses(first.step / steps), "where it began"
    assert isinstance(last, Finished) and (last.epoch, last.step) == (epochs, steps)
    ends = [event for event in found if isinstance(event, EpochEnd)]
    assert min(epochs, MOST_EPOCHS // 2) <= len(ends) <= MOST_EPOCHS + 2 and ends[-1].epoch == epochs
    gaps = np.diff([end.epoch for end in ends])[1:-1]
    assert len(set(gaps)) <= 1, "as far apart everywhere, or shares of the curve would be wrong"
    assert math.isclose(sum(end.seconds for end in ends), DAY, rel_tol=1e-6), "no time is lost"
    assert sum(isinstance(event, Progress) for event in found) <= MOST_POINTS
    for curve in standing.curves(found, epochs):
        truth = [loss_at(epoch / epochs) for epoch in curve["epoch"]]
        assert np.allclose(curve["loss"], truth, rtol=0.02 if steps > 1000 else 0.1)
        assert np.all(np.diff(curve["epoch"]) >= 0) and curve["epoch"][-1] > 0.99 * epochs


def test_what_is_short_is_kept_whole() -> None:
    whole = list(training(300, 100, 5))
    whole[7:7] = [Checkpoint(1, 2, "resume.safetensors"), ev.Snapshot(1, 2, "snapshots/000001.safetensors")]
    assert ThinnedEvents(whole).events() == whole


def test_merged_points_keep_the_mean_over_all_steps() -> None:
    """Points of unequal length: each counts as many times as it has steps."""
    steps = np.cumsum(np.random.default_rng(0).integers(0, 9, 30_000)) + 1
    points = [Progress(1, int(step), 200_000, Losses(math.sin(step), 0, 0), 1, 1) for step in steps]
    kept = [event for event in ThinnedEvents(points).events() if isinstance(event, Progress)]
    assert len(kept) <= MOST_POINTS and kept[0] == points[0] and kept[-1].step == points[-1].step
    lengths, kept_lengths = np.diff(steps), np.diff([event.step for event in kept])
    whole = sum(length * point.train.loss for length, point in zip(lengths, points[1:], strict=True))
    left = sum(length * point.train.loss for length, point in zip(kept_lengths, kept[1:], strict=True))
    assert math.isclose(whole, left, rel_tol=1e-9)


def test_a_record_that_goes_to_and_fro_stays_small_too() -> None:
    """An import may hold anything."""
    some = list(training(3, 100, 1_000))
    kept = ThinnedEvents(some * 4).events()
    assert len(kept) < MOST_POINTS + 20 and kept[-1] == some[-1]


def test_a_long_record_of_an_earlier_version_is_read_and_made_short_when_it_goes_on(run: Run) -> None:
    path = run.folder / "events.jsonl"
    path.write_text("".join(ev.to_json(event) + "\n" for event in training(9_000, 5, 1)))
    found = EventLog(run).read()
    assert len(found) < MOST_POINTS + MOST_EPOCHS + 3 and found[-1].epoch == 9_000
    files.write_arrays(run.folder / "resume.safetensors", {"model.a": np.zeros(1)}, {"epoch": "8999", "step": "44995"})
    before = path.stat().st_size
    runs.resume_arrays(run)
    assert path.stat().st_size < before / 3
    kept = EventLog(run).read()
    assert max(event.step for event in kept) <= 44_995 and not isinstance(kept[-1], Finished)


def test_a_file_that_took_the_place_and_the_number_of_another_is_read_anew(run: Run) -> None:
    """A rewritten log may get the inode of the one before the last."""
    events = list(training(4, 100, 2))
    path, log = run.folder / "events.jsonl", EventLog(run)
    path.write_text("".join(ev.to_json(event) + "\n" for event in events[:5]))
    assert log.read() == events[:5]
    path.write_text("".join(ev.to_json(event) + "\n" for event in events[2:]))  # in place: the same inode, and longer
    assert log.read() == events[2:]


def test_the_coach_says_the_same_of_a_thinned_record() -> None:
    """Learns by heart after a fifth of 9,000 epochs."""
    whole: list[Event] = [Progress(1, 1, 90_000, Losses(500, 490, 10), 1, 1)]
    for epoch in range(1, 9_001):
        share = epoch / 9_000
        validation = loss_at(min(share, 0.2)) + 60 * max(share - 0.2, 0)
        ends = losses(share), Losses(validation, validation - 10, 10.0)
        whole.append(EpochEnd(epoch, 10 * epoch, 90_000, *ends, 1.0, 1.0, 1.0))
    config = RunConfig().replace(training__epochs=9_000)
    thinned = ThinnedEvents(whole).events()
    assert len(thinned) < MOST_EPOCHS + 3
    for said in (live_diagnosis.diagnose_so_far(config, events) for events in (whole, thinned)):
        (fault,) = [check for check in said if check.is_fault]
        assert fault.kind == "overfitting" and fault.changes["training.epochs"] == pytest.approx(1_800, rel=0.01)
