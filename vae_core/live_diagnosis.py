"""The coach while a training runs: what its curves alone can tell before it is over, at any epoch.

What is not over may still get better by itself, so these checks wait until a fault has lasted. Four of the coach's
checks are here. Whether a training is too short can't be said before it ends; dead units and holes need the model.
"""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from vae_core import diagnosis
from vae_core.config import RunConfig
from vae_core.diagnosis import FEWEST_EPOCHS, Check
from vae_core.errors import N_
from vae_core.events import Diverged, EpochEnd, Event, Progress

LASTING = 3
"""For so many epochs in a row a fault that comes and goes has to be there."""

FEWEST_STEPS = 200
"""Before so many corrections of the weights a slow fall says nothing of their size."""


def diagnose_so_far(config: RunConfig, events: Sequence[Event]) -> list[Check]:
    """The checks of a training that goes on; none before its first epoch is over.

    A chart that is drawn anew flickers, and nobody can read a number that is another one each time. So what is
    looked at grows in ever larger steps: of 100 epochs up to 7 are left out, of 1,000 up to 63.
    """
    events = _calm(events)
    if _warms_up(config, events):
        return []
    return diagnosis.mendable(config, [check(config, events) for check in LIVE.values()])


def _calm(events: Sequence[Event]) -> list[Event]:
    """The first point, and as many epochs as a multiple of a power of two that grows with them."""
    ends = [event for event in events if isinstance(event, EpochEnd)]
    step = 2 ** max(int(math.log2(max(len(ends), 1) / 8)), 0)
    first = next((event for event in events if isinstance(event, Progress | EpochEnd)), None)
    kept: list[Event] = [first] if isinstance(first, Progress) else []
    return kept + ends[: len(ends) - len(ends) % step] + [event for event in events if isinstance(event, Diverged)]


def _warms_up(config: RunConfig, events: Sequence[Event]) -> bool:
    """Whether the KL's weight still grows: what is trained for is then not yet what the curves show."""
    last = next((event for event in reversed(events) if isinstance(event, EpochEnd)), None)
    return last is None or last.step < config.loss.kl_warmup * last.steps


def _rate_low(config: RunConfig, events: Sequence[Event]) -> Check | None:
    """How much of the whole fall so far, from the first batch on, came in the second half of the epochs so far."""
    limit = 0.4  # a straight line: 0.5; healthy trainings here, from the fourth epoch on: below 0.2
    loss, before = diagnosis.curve(events, "validation"), diagnosis.start(events)
    steps = max((event.step for event in events if isinstance(event, EpochEnd)), default=0)
    if len(loss) < FEWEST_EPOCHS or steps < FEWEST_STEPS or before is None or loss[-1] >= before:
        return None
    # Of an odd number of epochs the smaller half.
    value = float((loss[(len(loss) + 1) // 2 - 1] - loss[-1]) / (before - loss[-1]))
    faster = diagnosis.within("training.learning_rate", config.training.learning_rate * 10)
    return Check(
        "rate_low",
        value,
        limit,
        value > limit,
        N_(
            "The loss falls so slowly that {value:.0%} of all its fall so far came in the second half of these {epochs} "
            "epochs: a training of the right pace does most in the first. The steps are too small: the learning rate is "
            "{rate:g}."
        ),
        {"value": value, "epochs": len(loss), "rate": config.training.learning_rate},
        {"validation": loss},
        {"training.learning_rate": faster},
    )


def _overfitting(config: RunConfig, events: Sequence[Event]) -> Check | None:
    """By which share of itself the validation loss has been above its lowest, at least, in the last epochs."""
    limit = 0.01
    train, validation = diagnosis.curve(events, "train"), diagnosis.curve(events, "validation")
    if len(validation) < FEWEST_EPOCHS or not diagnosis.comparable(config):
        return None
    best = int(validation.argmin())
    value = float((validation[-LASTING:].min() - validation[best]) / max(abs(validation[best]), 1e-9))
    learns_by_heart = train[-LASTING:].max() < train[best]
    return Check(
        "overfitting",
        value,
        limit,
        value > limit and bool(learns_by_heart),
        N_(
            "It has begun to learn by heart: on pictures kept aside the loss was lowest after epoch {best} and is now "
            "{value:.1%} higher or more, while on the pictures it learns from it goes on falling. More epochs make it worse."
        ),
        {"value": value, "best": best + 1},
        {"train": train, "validation": validation},
        {"training.epochs": best + 1},
    )


def _collapse(config: RunConfig, events: Sequence[Event]) -> Check | None:
    """What the code said of a picture at most in the last epochs, once the loss has all but stopped to fall."""
    limit = diagnosis.LEAST_KL / 2  # of the model itself: 1; but what goes on may still grow
    before = diagnosis.start(events)
    ends = [event for event in events if isinstance(event, EpochEnd)]
    if config.model.kind == "autoencoder" or len(ends) < FEWEST_EPOCHS or before is None:
        return None
    kl: NDArray[np.float64] = np.array([event.validation.kl for event in ends], np.float64)
    value = float(kl[-FEWEST_EPOCHS:].max())
    # A slow training says nothing at first either, but its loss still falls.
    loss = diagnosis.curve(events, "validation")
    settled = bool(loss[-FEWEST_EPOCHS] - loss[-1] < 0.05 * (before - loss[-1]))
    return Check(
        "collapse",
        value,
        limit,
        value < limit and settled,
        N_(
            "The code says next to nothing: {value:.2f} nats of a picture at most, in each of the last {epochs} epochs. The "
            "decoder draws nearly the same picture for all (posterior collapse): the KL weighs too much against the "
            "reconstruction."
        ),
        {"value": value, "epochs": FEWEST_EPOCHS},
        {"kl_so_far": kl},
        diagnosis.lighter_kl(config),
    )


LIVE: Mapping[str, Callable[[RunConfig, Sequence[Event]], Check | None]] = {
    "rate_high": diagnosis.rate_high,
    "collapse": _collapse,
    "rate_low": _rate_low,
    "overfitting": _overfitting,
}
"""What can be said before the end, by the names in `diagnosis.CHECKS`."""
