"""The coach: each fault is made on purpose, by training, and found; healthy trainings are left alone."""

import json
import math
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from tests.tiny_runs import stopped
from tests.tiny_runs import train as train_run
from vae_core import datasets, diagnosis, runs
from vae_core.commands import cli
from vae_core.config import RunConfig
from vae_core.diagnosis import CHECKS, Check
from vae_core.events import Checkpoint, Diverged, EpochEnd, Event, Losses, Progress
from vae_core.models import load
from vae_core.runs import EventLog
from vae_core.training import train

SHAPE = (1, 28, 28)


def config_of(**changes: Any) -> RunConfig:
    return RunConfig().replace(**{"training__threads": 1, **changes})


@cache
def trained(**changes: Any) -> tuple[list[Event], dict[str, Any]]:
    """The record of a real training on the bundled digits, and its last good weights."""
    config = config_of(**changes)
    events: list[Event] = []
    weights: dict[str, Any] = {}
    for event in train(config, datasets.splits(config.data)):
        if isinstance(event, Progress | EpochEnd | Diverged):
            events.append(event)
        if isinstance(event, Checkpoint):
            weights = {name.removeprefix("model."): array for name, array in event.arrays.items() if "model." in name}
    return events, weights


@cache
def checked(**changes: Any) -> dict[str, Check]:
    """All checks of such a training."""
    config = config_of(**changes)
    splits = datasets.splits(config.data)
    events, weights = trained(**changes)
    checks = diagnosis.diagnose_curves(config, events)
    if not any(isinstance(event, Diverged) for event in events):
        model = load(config.model, weights, SHAPE, 10)
        checks += diagnosis.diagnose_model(config, model, splits.train, splits.validation)
    assert list({check.kind: check for check in checks}) == [check.kind for check in checks]
    return {check.kind: check for check in checks}


def faults(checks: dict[str, Check]) -> set[str]:
    return {kind for kind, check in checks.items() if check.is_fault}


FAULTS = {
    "rate_high": {"training__learning_rate": 0.1, "training__epochs": 4},
    "rate_low": {"training__learning_rate": 1e-5, "training__epochs": 8},
    "collapse": {"loss__beta": 50.0, "training__epochs": 6},
    "dead_units": {"training__learning_rate": 0.05, "training__epochs": 5, "model__activation": "relu"},
    "holes": {"model__kind": "autoencoder", "model__latent_dim": 32, "training__epochs": 6},
    "too_short": {"training__epochs": 4},
    "overfitting": {
        "data__classes": (7,),
        "data__validation": 0.5,
        "training__epochs": 100,
        "training__learning_rate": 4e-3,
        "model__kind": "autoencoder",
        "model__latent_dim": 16,
        "model__hidden": (512, 512),
        "model__residual": True,
    },
}


def test_every_check_has_its_fault_here() -> None:
    assert set(FAULTS) == set(CHECKS)


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_made_on_purpose_is_found(kind: str) -> None:
    check = checked(**FAULTS[kind])[kind]
    assert check.is_fault, check
    sentence = diagnosis.told(check)
    assert len(sentence) > 60 and "{" not in sentence
    config = RunConfig().replace(**FAULTS[kind])
    mended = config.with_values(check.changes)
    assert mended != config
    assert check.series and all(np.isfinite(values).all() for values in check.series.values())


HEALTHY = ("starter-vae-2d", "starter-vae-conv-16d", "starter-ae-2d")


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_run_is_left_alone(name: str) -> None:
    run = runs.find(name)
    splits = datasets.splits(RunConfig().data)
    model = load(run.config.model, run.weights(), SHAPE, 10)
    checks = diagnosis.diagnose_curves(run.config, EventLog(run).read())
    checks += diagnosis.diagnose_model(run.config, model, splits.train, splits.validation)
    assert [check for check in checks if check.is_fault] == []
    assert len(checks) >= 5


def test_a_healthy_network_of_relus_is_left_alone() -> None:
    check = checked(training__learning_rate=1e-3, training__epochs=15, model__activation="relu")["dead_units"]
    assert 0 < check.value < 0.6 and not check.is_fault


@pytest.mark.parametrize(("kind", "epochs"), [("collapse", 6), ("dead_units", 5), ("rate_high", 4)])
def test_the_mended_run_has_the_fault_no_more(kind: str, epochs: int) -> None:
    changes = {path.replace(".", "__"): value for path, value in checked(**FAULTS[kind])[kind].changes.items()}
    again = checked(**{**FAULTS[kind], **changes, "training__epochs": epochs})
    assert kind not in faults(again)


def curve(train: Sequence[float], validation: Sequence[float] | None = None) -> list[Event]:
    pairs = zip(train, validation or train, strict=True)
    return [
        EpochEnd(n, n, len(train), Losses(a, a, 0.0), Losses(b, b, 0.0), 1.0, 1.0, 0.0)
        for n, (a, b) in enumerate(pairs, start=1)
    ]


def of_curves(events: list[Event]) -> dict[str, Check]:
    return {check.kind: check for check in diagnosis.diagnose_curves(RunConfig(), events)}


def test_the_numbers_are_what_they_say() -> None:
    found = of_curves(curve([200, 150, 120, 160, 110, 100]))
    assert found["rate_high"].value == pytest.approx((160 - 120) / (200 - 100))
    found = of_curves(curve([100] * 5, [200, 180, 150, 120, 100]))
    assert found["rate_low"].value == pytest.approx((150 - 100) / (200 - 100))
    assert found["too_short"].value == pytest.approx((120 - 100) / (200 - 100))
    found = of_curves(curve([200, 150, 120, 90, 70], [200, 150, 140, 150, 154]))
    assert found["overfitting"].value == pytest.approx((154 - 140) / (200 - 140)) and found["overfitting"].is_fault
    assert found["overfitting"].changes == {"training.epochs": 3}
    assert not found["too_short"].is_fault


def test_a_jump_of_both_curves_is_not_learning_by_heart() -> None:
    found = of_curves(curve([200, 150, 120, 140, 150], [200, 150, 120, 140, 150]))
    assert not found["overfitting"].is_fault and found["rate_high"].is_fault


def test_a_first_epoch_that_rises_is_a_rate_too_high() -> None:
    def begun(start: float) -> Check | None:
        first = Progress(1, 1, 400, Losses(start, start, 0.0), 1.0, 0.0)
        return of_curves([first, *curve([900, 190, 180, 170])]).get("rate_high")

    rises, falls = begun(500), begun(1000)
    assert rises and rises.is_fault and rises.value == pytest.approx((900 - 500) / (500 - 170))
    assert "from 500 nats" in diagnosis.told(rises) and "to 900" in diagnosis.told(rises)
    assert falls and not falls.is_fault


def test_pictures_with_noise_and_without_are_not_compared() -> None:
    """Only those that it learns from get noise."""
    events = curve([200, 150, 120, 90, 70], [200, 150, 140, 150, 154])
    noisy = RunConfig().replace(training__noise=0.4)
    assert "overfitting" not in {check.kind for check in diagnosis.diagnose_curves(noisy, events)}


def test_what_went_astray_is_not_too_short() -> None:
    assert "too_short" not in of_curves([*curve([200, 180, 150, 120, 100]), Diverged(6, 6)])


def test_the_curves_tell_where_a_model_need_not_be_looked_at() -> None:
    vae, autoencoder = RunConfig(), RunConfig().replace(model__kind="autoencoder")
    says = Losses(100.0, 90.0, 10.0)
    nothing = Losses(100.0, 99.5, 0.5)
    for config, validation, suspected in (
        (vae, says, set()),
        (vae, nothing, {"collapse"}),
        (autoencoder, nothing, {"holes"}),
    ):
        events = [EpochEnd(1, 1, 1, says, validation, 1.0, 1.0, 0.0)]
        may_be = {kind for kind in ("collapse", "holes") if CHECKS[kind].may_be(config, events)}
        assert may_be == suspected


def test_a_few_epochs_have_no_shape() -> None:
    assert of_curves(curve([200, 100])) == {}
    assert of_curves([]) == {}


def test_a_training_that_went_astray_is_told_by_its_events() -> None:
    check = of_curves([*curve([200, 150]), Diverged(3, 5)])["rate_high"]
    assert check.is_fault and math.isinf(check.value)
    assert check.changes["training.learning_rate"] == pytest.approx(RunConfig().training.learning_rate / 5)


def test_changes_stay_in_their_range() -> None:
    config = RunConfig().replace(training__epochs=10_000, training__learning_rate=1e-6)
    for events in (curve([200, 180, 150, 120, 100]), [Diverged(1, 1)]):
        for check in diagnosis.diagnose_curves(config, events):
            config.with_values(check.changes)
            assert all(config.get(path) != value for path, value in check.changes.items())


def test_where_nothing_can_be_changed_nothing_is_offered() -> None:
    config = RunConfig().replace(training__epochs=10_000)
    (check,) = (c for c in diagnosis.diagnose_curves(config, curve([200, 180, 150, 120, 100])) if c.kind == "too_short")
    assert check.is_fault and check.changes == {}


def test_the_gravest_fault_comes_first() -> None:
    checks = [Check(kind, 0.0, 1.0, kind in ("too_short", "collapse")) for kind in reversed(list(CHECKS))]
    order = [check.kind for check in diagnosis.ordered(checks)]
    assert order[:2] == ["collapse", "too_short"]
    assert order[2:] == [kind for kind in CHECKS if kind not in ("too_short", "collapse")]


def test_the_command_says_what_is_not_judged_and_looks_at_no_model_of_a_divergence() -> None:
    early = stopped(0, epochs=40)
    done = CliRunner().invoke(cli, ["diagnose", early.id, "--json"])
    found = json.loads(done.stdout.splitlines()[-1])
    assert done.exit_code == 0 and found["faults"] == 0 and found["checks"] == []
    assert found["not_judged"] == "Not judged: it ended in epoch 1 of 40, before that was over."
    assert found["not_judged"] in CliRunner().invoke(cli, ["diagnose", early.id]).stdout
    diverged = train_run(epochs=4, training__learning_rate=1.0, model__hidden=[256, 128])
    found = json.loads(CliRunner().invoke(cli, ["diagnose", diverged.id, "--json"]).stdout.splitlines()[-1])
    (check,) = found["checks"]
    assert check["kind"] == "rate_high" and "diverged" in check["message"] and found["not_judged"] is None


def test_the_command_prints_checks_as_json() -> None:
    run = train_run(epochs=4)
    done = CliRunner().invoke(cli, ["diagnose", run.id, "--json"])
    assert done.exit_code == 0
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["run"] == run.id
    assert {"kind", "value", "limit", "is_fault", "message", "changes"} == set(found["checks"][0])
    assert found["faults"] == sum(check["is_fault"] for check in found["checks"])
    plain = CliRunner().invoke(cli, ["diagnose", run.id])
    assert plain.exit_code == 0 and "too_short" in plain.stdout
