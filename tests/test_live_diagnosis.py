"""The coach while a training runs: each fault is told before the end, and healthy trainings hear nothing at any epoch."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest

from tests import test_diagnosis
from tests.test_diagnosis import HEALTHY, trained
from vae_core import datasets, diagnosis, runs
from vae_core.config import RunConfig
from vae_core.diagnosis import CHECKS, Check
from vae_core.events import EpochEnd, Event, Losses, Progress
from vae_core.live_diagnosis import LIVE, diagnose_so_far
from vae_core.runs import EventLog
from vae_core.training import train


def config_of(**changes: Any) -> RunConfig:
    return RunConfig().replace(**{"training__threads": 1, "training__epochs": 100, **changes})


@cache
def begun(epochs: int, **changes: Any) -> list[Event]:
    """The record of the first epochs of a long real training on the bundled digits."""
    config = config_of(**changes)
    events: list[Event] = []
    to_the_end = changes == test_diagnosis.FAULTS["overfitting"]  # where it takes long: trained once for both files
    for event in trained(**changes)[0] if to_the_end else train(config, datasets.splits(config.data)):
        if isinstance(event, Progress | EpochEnd):
            events.append(event)
        if isinstance(event, EpochEnd) and event.epoch == epochs:
            break
    return events


def faults(config: RunConfig, events: Sequence[Event]) -> dict[str, Check]:
    return {check.kind: check for check in diagnose_so_far(config, events) if check.is_fault}


def prefixes(events: Sequence[Event]) -> list[Sequence[Event]]:
    """The record as it was at the end of each epoch."""
    return [events[: n + 1] for n, event in enumerate(events) if isinstance(event, EpochEnd)]


FAULTS: dict[str, tuple[int, dict[str, Any]]] = {
    "rate_high": (1, {"training__learning_rate": 0.02}),
    "collapse": (4, {"loss__beta": 50.0}),
    "rate_low": (5, {"training__learning_rate": 1e-5}),
    "overfitting": (64, test_diagnosis.FAULTS["overfitting"]),
}


def test_every_live_check_has_its_fault_here_and_a_row_in_the_table() -> None:
    assert set(FAULTS) == set(LIVE) < set(CHECKS)


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_made_on_purpose_is_told_before_the_end(kind: str) -> None:
    epochs, changes = FAULTS[kind]
    config = config_of(**changes)
    found = faults(config, begun(epochs, **changes))
    assert set(found) == {kind}
    check = found[kind]
    sentence = diagnosis.told(check)
    assert len(sentence) > 60 and "{" not in sentence
    assert config.with_values(check.changes) != config
    assert check.series and all(np.isfinite(values).all() for values in check.series.values())


LEFT_ALONE: dict[str, dict[str, Any]] = {
    "as the form has it": {},
    "more numbers": {"model__latent_dim": 16},
    "autoencoder": {"model__kind": "autoencoder", "model__latent_dim": 16},
    "KL warm-up": {"loss__kl_warmup": 0.05, "model__latent_dim": 16},
    "faster": {"training__learning_rate": 1e-2},
    "noise": {"training__noise": 0.4},
}


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_a_healthy_training_hears_nothing_at_any_epoch(name: str) -> None:
    changes = LEFT_ALONE[name]
    events = begun(9, **changes)
    assert [faults(config_of(**changes), some) for some in prefixes(events)] == [{}] * 9
    assert diagnose_so_far(config_of(**changes), events)


@pytest.mark.parametrize("name", HEALTHY)
def test_the_starters_would_have_heard_nothing(name: str) -> None:
    run = runs.find(name)
    assert not any(faults(run.config, some) for some in prefixes(EventLog(run).read()))


def test_a_mended_training_is_told_nothing() -> None:
    for kind in ("rate_high", "collapse", "rate_low"):
        epochs, changes = FAULTS[kind]
        wanted = faults(config_of(**changes), begun(epochs, **changes))[kind].changes
        again = {**changes, **{path.replace(".", "__"): value for path, value in wanted.items()}}
        assert kind not in faults(config_of(**again), begun(5, **again))


def test_a_slow_start_is_no_collapse() -> None:
    epochs, changes = FAULTS["rate_low"]
    events = begun(epochs, **changes)
    said = [event.validation.kl for event in events if isinstance(event, EpochEnd)][:4]
    assert max(said) < 0.5, "this is what a collapse looks like, but for the loss"
    found = {check.kind: check for check in diagnose_so_far(config_of(**changes), prefixes(events)[3])}
    assert not found["collapse"].is_fault


def test_too_short_is_not_said_before_the_end() -> None:
    events = begun(4, model__latent_dim=16)
    last = {check.kind for check in diagnosis.diagnose_curves(config_of(), events) if check.is_fault}
    assert "too_short" in last
    assert "too_short" not in {check.kind for check in diagnose_so_far(config_of(), events)}


def record(train: Sequence[float], validation: Sequence[float], *, start: float, steps: int = 100) -> list[Event]:
    whole = steps * 1000
    events: list[Event] = [Progress(1, 1, whole, Losses(start, start, 0.0), 1.0, 0.0)]
    for n, (a, b) in enumerate(zip(train, validation, strict=True), start=1):
        events.append(EpochEnd(n, n * steps, whole, Losses(a, a, 5.0), Losses(b, b, 5.0), 1.0, 1.0, 0.0))
    return events


def test_a_rise_has_to_last() -> None:
    falling = [300.0 - n for n in range(8)]
    passing = record(falling, [200, 180, 160, 150, 156, 157, 151, 158], start=500)
    lasting = record(falling, [200, 180, 160, 150, 156, 157, 154, 158], start=500)
    assert faults(RunConfig(), passing) == {}
    assert faults(RunConfig(), lasting)["overfitting"].value == pytest.approx(4 / (500 - 150))
    assert faults(RunConfig(), lasting)["overfitting"].changes == {"training.epochs": 4}


def test_a_jump_of_both_curves_is_not_learning_by_heart() -> None:
    both = [200.0, 180, 160, 150, 156, 157, 154, 158]
    assert "overfitting" not in faults(RunConfig(), record(both, both, start=500))


def test_a_few_steps_have_no_pace() -> None:
    straight = [490.0, 480, 470, 460]
    assert "rate_low" in faults(RunConfig(), record(straight, straight, start=500))
    assert faults(RunConfig(), record(straight, straight, start=500, steps=5)) == {}


def test_nothing_is_said_while_the_weight_of_the_kl_still_grows() -> None:
    straight = [490.0, 480, 470, 460]
    events = record(straight, straight, start=500)
    assert diagnose_so_far(RunConfig().replace(loss__kl_warmup=0.5), events) == []
    assert diagnose_so_far(RunConfig(), []) == []


def test_what_is_looked_at_grows_in_ever_larger_steps() -> None:
    """A chart that is drawn anew each epoch flickers."""
    curve = list(100 + 400 / np.arange(2, 1002))
    events = record(curve, curve, start=600)
    lengths = []
    for n in range(1, 1001):
        found = {check.kind: check for check in diagnose_so_far(RunConfig(), events[: n + 1])}
        lengths.append(len(found["rate_high"].series["loss"]) if found else 0)
        assert n - lengths[-1] <= n / 8 or n < 4
    assert lengths == sorted(lengths)
    assert len(set(lengths)) < 80
    assert lengths[3:15] == list(range(4, 16))
