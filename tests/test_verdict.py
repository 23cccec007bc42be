"""What the coach says of a run as a whole: only what ran to its end is judged, and what it advises ends well."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from vae_core import datasets, diagnosis, metrics
from vae_core.config import RunConfig
from vae_core.datasets import ImageData
from vae_core.diagnosis import CHECKS, GOOD_RATE, Check, diagnose_curves, diagnose_model
from vae_core.events import Checkpoint, Diverged, EpochEnd, Event, Finished, Losses, Paused, Progress
from vae_core.live_diagnosis import diagnose_so_far
from vae_core.models import build, load
from vae_core.training import train
from vae_core.verdict import FEWEST_STEPS, Verdict, judge


def never() -> Sequence[Check]:
    raise AssertionError("the model was looked at")


def log(
    losses: Sequence[float],
    validation: Sequence[float] | None = None,
    *,
    epochs: int = 0,
    steps: int = 100,
    start: float | None = 550.0,
    kl: float = 5.0,
) -> list[Event]:
    """The record of so many epochs of a training."""
    whole = steps * (epochs or len(losses))
    events: list[Event] = []
    if start is not None:
        events.append(Progress(1, 1, whole, Losses(start, start, 0.0), 1.0, 0.0))
    for n, (a, b) in enumerate(zip(losses, validation or losses, strict=True), start=1):
        events.append(EpochEnd(n, n * steps, whole, Losses(a, a, kl), Losses(b, b, kl), 1.0, 1.0, 0.0))
    return events


BENT = [200.0, 170, 162, 160, 159.5, 159.2, 159.1, 159.05]
SHORT = [200.0, 180, 170]
STRAIGHT = [500.0, 450, 400, 350, 300, 250, 200, 150]


def of(epochs: int) -> RunConfig:
    return RunConfig().replace(training__epochs=epochs)


UNJUDGED: dict[str, tuple[RunConfig, list[Event], str]] = {
    "stopped early": (of(40), [*log(SHORT, epochs=40), Finished(4, 310, True)], "stopped after epoch 3 of 40"),
    "stopped late": (of(40), [*log(BENT, epochs=40), Finished(9, 810, True)], "stopped after epoch 8 of 40"),
    "failed on its way": (of(40), log(SHORT, epochs=40), "stopped after epoch 3 of 40"),
    "stopped after one step": (of(40), [*log([], epochs=40), Finished(1, 1, True)], "ended in epoch 1 of 40"),
    "one step is all": (of(1), [*log([540.0], steps=1), Finished(1, 1, False)], "It had 1."),
    "three epochs": (of(3), [*log(SHORT), Finished(3, 300, False)], "It had 3."),
    "many epochs of a step": (of(8), [*log(BENT, steps=1), Finished(8, 8, False)], "weights only 8 times"),
    "imported without its record": (of(40), [], "no record of its training"),
}


@pytest.mark.parametrize("kind", UNJUDGED)
def test_what_did_not_run_long_enough_is_not_judged_and_that_is_said(kind: str) -> None:
    config, events, words = UNJUDGED[kind]
    found = judge(config, events, never)
    assert words in found.unjudged.format(**found.values)
    assert found.unjudged.startswith("Not judged: ")
    assert found.faults == []


def test_what_was_stopped_late_is_told_what_was_told_while_it_trained() -> None:
    collapsed = [210.0, 207, 206.5, 206.4, 206.4, 206.4, 206.4, 206.4]
    found = judge(of(40), [*log(collapsed, epochs=40, kl=0.1), Finished(9, 810, True)], never)
    assert [check.kind for check in found.faults] == ["collapse"] and found.unjudged
    short = judge(of(40), [*log(collapsed[:3], epochs=40, kl=0.1), Finished(4, 310, True)], never)
    assert short.checks == ()


@pytest.mark.parametrize("pause", [Paused(4, 310), None])
def test_what_may_go_on_is_judged_by_its_curves_alone(pause: Event | None) -> None:
    events = [*log(BENT, epochs=40), *([pause] if pause else [])]
    found = judge(of(40), events, never, live=True)
    assert found.unjudged == "" and found.faults == [] and len(found.checks) == 4


def test_what_ran_to_its_end_is_judged_also_after_it_was_stopped_and_resumed() -> None:
    model = Check("collapse", 0.1, 1.0, True)
    events = [*log(BENT[:3], epochs=8), Paused(4, 310), *log(BENT)[4:], Finished(8, 800, False)]
    found = judge(of(8), events, lambda: [model])
    assert not found.unjudged and found.faults == [model]


@pytest.mark.parametrize("done", range(9))
@pytest.mark.parametrize("live", [True, False])
def test_a_divergence_is_the_only_finding(done: int, live: bool) -> None:
    """Its model, of the last good epoch, isn't looked at: it collapsed, died and got holes on the way."""
    events = [*log(STRAIGHT[:done], epochs=40), Diverged(done + 1, 100 * done + 50)]
    found = judge(of(40), events, never, live=live)
    (check,) = found.checks
    assert check.kind == "rate_high" and check.is_fault and not found.unjudged
    assert f"diverged: in epoch {done + 1}" in diagnosis.told(check)


@pytest.mark.parametrize("rate", [1.0, 0.5, 0.1, 0.02, 2e-3, 1e-4, 5e-6])
def test_a_divergence_is_mended_by_a_rate_that_is_known_to_work(rate: float) -> None:
    config, clicks = RunConfig().replace(training__learning_rate=rate), 0
    while changes := judge(config, [Diverged(1, 3)]).faults[0].changes:
        config = config.with_values(changes)
        assert config.training.learning_rate <= GOOD_RATE
        clicks += 1
    assert clicks <= 7, "where even the slowest diverges, no button is left"


def test_nothing_is_advised_to_large_steps_but_smaller_ones_as_well() -> None:
    """A KL warm-up at rate 0.1 diverges, whatever it mends."""
    for rate in (0.02, 0.1, 0.5):
        config = RunConfig().replace(training__learning_rate=rate, model__activation="relu")
        for events in (log(STRAIGHT), log(BENT), log(BENT, [*BENT[:4], 170, 175, 180, 185]), log([900, 950, 300, 800])):
            for check in [*diagnose_curves(config, events), *diagnose_so_far(config, events)]:
                if check.is_fault:
                    assert config.with_values(check.changes).training.learning_rate <= GOOD_RATE
    splits = datasets.splits(RunConfig().data)
    for kind in ("vae", "autoencoder"):
        config = config.replace(model__kind=kind, model__hidden=(16,))
        model = build(config.model, (1, 28, 28)).eval().requires_grad_(False)
        checks = diagnose_model(config, model, splits.train, splits.validation)
        assert all(config.with_values(check.changes).training.learning_rate <= GOOD_RATE for check in checks)


def judged(config: RunConfig) -> Verdict:
    """The verdict on a real training on the bundled digits."""
    splits = datasets.splits(config.data)
    events: list[Event] = []
    weights: dict[str, Any] = {}
    for event in train(config, splits):
        events.append(event)
        if isinstance(event, Checkpoint):
            weights = {name.removeprefix("model."): array for name, array in event.arrays.items() if "model." in name}

    def look() -> Sequence[Check]:
        return diagnose_model(config, load(config.model, weights, (1, 28, 28)), splits.train, splits.validation)

    return judge(config, events, look)


@pytest.mark.parametrize("kind", ["vae", "autoencoder"])
def test_the_buttons_lead_from_a_divergence_to_a_training_that_works(kind: str) -> None:
    config = RunConfig().replace(
        training__threads=1, training__epochs=4, training__learning_rate=0.5, model__kind=kind, model__hidden=(64, 32)
    )
    told = []
    for _ in range(3):
        found = judged(config)
        assert not found.unjudged
        told.append([check.kind for check in found.faults])
        if not found.faults or found.faults[0].kind == "too_short":
            break
        config = config.with_values(found.faults[0].changes)
    assert told[0] == ["rate_high"] and set(told[-1]) <= {"too_short"}, told


# The same curve, shifted and scaled

CURVES: dict[str, list[Event]] = {
    "healthy": log(BENT),
    "straight": log(STRAIGHT),
    "jumps": log([200, 180, 170, 290, 165, 160, 159, 158]),
    "rises first": log([900, 300, 250, 220, 210, 205, 203, 202]),
    "rises for ever": log([600, 700, 800, 900, 900, 900, 900, 900]),
    "memorises": log([200, 180, 160, 150, 140, 130, 120, 110], [200, 180, 170, 168, 172, 176, 180, 184]),
    "jumps in both": log([200, 180, 160, 150, 140, 160, 170, 180], [200, 180, 170, 160, 150, 165, 172, 184]),
    "falls to the end": log([300, 250, 220, 205, 195, 188, 182, 170]),
    "without its start": log(BENT, start=None),
    "hardly moves": [
        *log([549.9, 549.8, 549.7, 549.6], start=549.5),
        *(Progress(4, 300 + n, 400, Losses(549.6 + n % 2, 1.0, 1.0), 1.0, 0.0) for n in range(8)),
    ],
}
# What a training at a rate of 0.05 wrote down: within its first epoch its loss shot up.
_PEAK = [544.0, 4657.1, 16955.3, 858.5]
CURVES["shot up"] = [
    *(
        Progress(1, step, 228, Losses(loss, loss, 0.0), 1.0, 0.0)
        for step, loss in zip((1, 6, 23, 57), _PEAK, strict=True)
    ),
    *log([6055.3, 535.6, 405.5, 273.7], [599.2, 473.8, 335.3, 203.7])[1:],
    Progress(2, 96, 228, Losses(551.9, 551.9, 0.0), 1.0, 0.0),
    Progress(3, 166, 228, Losses(410.6, 410.6, 0.0), 1.0, 0.0),
]
SHIFTS = [-1e6, -550.0, -160.0, -1.0, 0.0, 37.5, 1e6]
SCALES = [1e-3, 0.5, 1.0, 1e4]


def moved(events: Sequence[Event], scale: float, shift: float) -> list[Event]:
    def of(losses: Losses) -> Losses:
        return replace(losses, loss=scale * losses.loss + shift)

    return [
        replace(event, train=of(event.train), validation=of(event.validation))
        if isinstance(event, EpochEnd)
        else replace(event, train=of(event.train))
        if isinstance(event, Progress)
        else event
        for event in events
    ]


@pytest.mark.parametrize("asked", [diagnose_curves, diagnose_so_far])
@pytest.mark.parametrize("name", CURVES)
def test_a_curve_is_judged_the_same_wherever_its_zero_is_and_in_whatever_unit(
    name: str, asked: Callable[[RunConfig, Sequence[Event]], list[Check]]
) -> None:
    """A Gaussian likelihood is a density: its loss can be negative, and has no natural zero."""

    def numbers(events: Sequence[Event]) -> list[tuple[str, bool, str, Any]]:
        return [
            (c.kind, c.is_fault, c.why_not, pytest.approx(c.value, rel=1e-3, abs=1e-5)) for c in asked(of(8), events)
        ]

    expected = numbers(CURVES[name])
    assert expected
    for scale in SCALES:
        for shift in SHIFTS:
            assert numbers(moved(CURVES[name], scale, shift)) == expected, (scale, shift)


def test_these_curves_are_judged_as_they_are_called() -> None:
    def faults(name: str) -> set[str]:
        return {check.kind for check in diagnose_curves(of(8), CURVES[name]) if check.is_fault}

    assert faults("healthy") == faults("without its start") == set()
    assert faults("jumps") == faults("rises first") == faults("rises for ever") == faults("shot up") == {"rate_high"}
    assert faults("memorises") == {"overfitting"} and faults("falls to the end") == {"too_short"}
    assert faults("straight") == {"rate_low"}
    assert "rate_high" not in faults("hardly moves"), "its first batch was but an easy one"


# Beyond the limit and no fault: then it says why


def random_curves() -> Iterator[list[Event]]:
    chance = np.random.default_rng(0)
    for number in range(300):
        count = int(chance.integers(4, 30))
        falling = np.sort(chance.normal(200, 10 ** chance.uniform(-1, 2), count))[::-1]
        train, validation = (falling + chance.normal(0, 10 ** chance.uniform(-2, 2), count) for _ in range(2))
        start = None if number % 5 == 0 else float(chance.normal(400, 150))
        yield log(list(train), list(validation), start=start, kl=float(chance.uniform(0, 2)))


def beyond(check: Check) -> bool:
    return check.value < check.limit if check.kind == "collapse" else check.value > check.limit


@pytest.mark.parametrize("asked", [diagnose_curves, diagnose_so_far])
def test_a_check_beyond_its_limit_is_a_fault_or_says_why_not(
    asked: Callable[[RunConfig, Sequence[Event]], list[Check]],
) -> None:
    excused: set[str] = set()
    for events in random_curves():
        for rate in (2e-3, 2e-2):
            for check in asked(RunConfig().replace(training__learning_rate=rate), events):
                assert beyond(check) == (check.is_fault or bool(check.why_not)), check
                assert not (check.is_fault and check.why_not)
                if check.why_not:
                    excused.add(check.kind)
                    assert len(diagnosis.told(check)) > 30 and "{" not in diagnosis.told(check)
    assert "overfitting" in excused


@pytest.mark.parametrize("beta", [0.0, 1.0])
@pytest.mark.parametrize("kind", ["vae", "conditional-vae", "autoencoder"])
def test_holes_are_a_fault_of_any_model_that_has_them(kind: str, beta: float) -> None:
    """'Holes: 1, limit 0.2, fault: no' was said of a VAE."""
    config = RunConfig().replace(model__kind=kind, model__hidden=(16,), loss__beta=beta)
    splits = datasets.splits(config.data)
    untrained = build(config.model, (1, 28, 28)).eval().requires_grad_(False)
    checks = {check.kind: check for check in diagnose_model(config, untrained, splits.train, splits.validation)}
    holes = checks["holes"]
    assert holes.value == 1.0 and beyond(holes)
    collapse = checks.get("collapse")
    if collapse is not None and collapse.is_fault:
        assert "posterior collapse" in diagnosis.told(holes)
    else:
        assert holes.is_fault and "N(0, I)" in diagnosis.told(holes)


def test_a_vae_with_too_light_a_kl_is_told_to_weigh_it() -> None:
    config = RunConfig().replace(loss__beta=0.0, model__likelihood="gaussian", model__sigma=0.05)
    assert diagnosis.heavier_kl(config) == {"loss.beta": 1.0, "model.sigma": 0.25}
    assert CHECKS["holes"].may_be(config, []) and not CHECKS["holes"].may_be(RunConfig(), [])


def test_a_slow_training_is_slow_and_nothing_else() -> None:
    """Its code says nothing yet and its draws look like nothing: that comes of the rate."""
    model = diagnosis.explained([Check("collapse", 0.01, 1.0, True), Check("holes", 1.0, 0.2, True)])
    found = judge(RunConfig().replace(training__epochs=8, training__learning_rate=1e-5), log(STRAIGHT), lambda: model)
    assert [check.kind for check in found.faults] == ["rate_low"]
    assert {check.why_not for check in found.checks if beyond(check) and not check.is_fault} == {
        diagnosis.BECAUSE["rate_low"]
    }
    assert found.faults[0].changes == {"training.learning_rate": GOOD_RATE}


def test_a_loss_that_still_falls_is_no_collapse() -> None:
    falling = [300.0, 260, 230, 205]
    collapse = Check("collapse", 0.01, 1.0, True)
    (check,) = (c for c in judge(of(4), log(falling), lambda: [collapse]).checks if c.kind == "collapse")
    assert not check.is_fault and "still falls" in diagnosis.told(check)


def test_fewest_steps_are_fewer_than_any_run_of_the_form_has() -> None:
    config = RunConfig()
    images = len(datasets.splits(config.data).train)
    assert diagnosis.FEWEST_EPOCHS * images / config.training.batch_size > FEWEST_STEPS


# The model that all visitors share


def test_two_looks_at_one_model_at_once_do_not_see_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hooks on a shared model heard what other visitors had it do: units then seemed alive that were dead."""
    config = RunConfig().replace(model__activation="relu", model__hidden=(64, 32))
    model = build(config.model, (1, 28, 28)).eval().requires_grad_(False)
    digits = datasets.load("digits", "validation")
    black = replace(digits, images=np.zeros_like(digits.images))
    alone = [check_dead(config, model, data) for data in (digits, black)]
    assert not np.array_equal(*alone)
    both, hooked = threading.Barrier(2, timeout=60), []
    real = metrics.batches

    def met(*arguments: Any, **options: Any) -> Iterator[Any]:
        for batch in real(*arguments, **options):
            both.wait()  # both are in the middle of it
            hooked.append(any(module._forward_hooks for module in model.modules()))
            yield batch
            both.wait()

    monkeypatch.setattr(metrics, "batches", met)
    found: dict[int, Any] = {}
    threads = [
        threading.Thread(target=lambda n=n, data=data: found.update({n: check_dead(config, model, data)}))
        for n, data in enumerate((digits, black))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert hooked and not any(hooked)
    assert all(np.array_equal(found[n], alone[n]) for n in (0, 1))


def check_dead(config: RunConfig, model: Any, data: ImageData) -> Any:
    check = CHECKS["dead_units"].of_model
    assert check is not None
    seen = check(config, model, data, data)
    assert seen is not None
    return seen.series["dead"]
