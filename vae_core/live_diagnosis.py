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
from vae_core.diagnosis import FEWEST_EPOCHS, Check, found
from vae_core.errors import N_
from vae_core.events import EpochEnd, Event, Progress

LASTING = 3
"""For so many epochs in a row a fault that comes and goes has to be there."""

FEWEST_STEPS = 200
"""Before so many corrections of the weights a slow fall says nothing of their size."""


def diagnose_so_far(config: RunConfig, events: Sequence[Event]) -> list[Check]:
    """The checks of a training that goes on; none before its first epoch is over.

    A chart that is drawn anew flickers, and nobody can read a number that is another one each time. So what is
    looked at grows in ever larger steps: of 100 epochs up to 7 are left out, of 1,000 up to 63.
    """
    if diagnosis.has_diverged(events):
        return diagnosis.diagnose_curves(config, events)
    events = _calm(events)
    if _warms_up(config, events):
        return []
    events = diagnosis.after_warmup(config, events)
    return diagnosis.explained(diagnosis.mendable(config, [check(config, events) for check in LIVE.values()]))


def _calm(events: Sequence[Event]) -> list[Event]:
    """As many epochs as a multiple of a power of two that grows with them, and the points up to there."""
    ends = [event for event in events if isinstance(event, EpochEnd)]
    step = 2 ** max(int(math.log2(max(len(ends), 1) / 8)), 0)
    kept = ends[: len(ends) - len(ends) % step]
    last = kept[-1].step if kept else 0
    return [event for event in events if isinstance(event, Progress | EpochEnd) and event.step <= last]


def _warms_up(config: RunConfig, events: Sequence[Event]) -> bool:
    """Whether the KL's weight still grows: what is trained for is then not yet what the curves show."""
    last = next((event for event in reversed(events) if isinstance(event, EpochEnd)), None)
    return last is None or last.step < config.loss.kl_warmup * last.steps


def _rate_low(config: RunConfig, events: Sequence[Event]) -> Check | None:
    """How much of the whole fall so far, from the first batch on, came in the second half of the epochs so far."""
    limit = 0.4  # a straight line: 0.5
    loss, before = diagnosis.curve(events, "validation"), diagnosis.start(events)
    steps = max((event.step for event in events if isinstance(event, EpochEnd)), default=0)
    if len(loss) < FEWEST_EPOCHS or steps < FEWEST_STEPS or before is None or loss[-1] >= before:
        return None
    # Of an odd number of epochs the smaller half.
    value = max(float((loss[(len(loss) + 1) // 2 - 1] - loss[-1]) / (before - loss[-1])), 0.0)
    return found(
        "rate_low",
        value,
        limit,
        N_(
            "The loss falls so slowly that {value:.0%} of all its fall so far came in the second half of these {epochs} "
            "epochs: a training of the right pace does most in the first. The steps are too small: the learning rate is "
            "{rate:g}."
        ),
        {"value": value, "epochs": len(loss), "rate": config.training.learning_rate},
        {"validation": loss},
        diagnosis.faster(config),
        unless=diagnosis.no_faster(config),
    )


def _overfitting(config: RunConfig, events: Sequence[Event]) -> Check | None:
    """Which share of all that it had fallen the validation loss has given back, at least, in the last epochs."""
    limit = 0.004
    train, validation = diagnosis.curve(events, "train"), diagnosis.curve(events, "validation")
    if len(validation) < FEWEST_EPOCHS or not diagnosis.comparable(config):
        return None
    best = int(validation.argmin())
    fall = diagnosis.fall(diagnosis.from_start(events, "validation"))
    value = diagnosis.share(float(validation[-LASTING:].min() - validation[best]), fall)
    learns_by_heart = train[-LASTING:].max() < train[best]
    return found(
        "overfitting",
        value,
        limit,
        N_(
            "It begins to memorise (overfit): on validation images the loss was lowest after epoch {best} and has given "
            "back {value:.1%} or more of what it had fallen, while on the images it learns from it goes on falling. More "
            "epochs make it worse."
        ),
        {"value": value, "best": diagnosis.epochs(events)[best]},
        {"train": train, "validation": validation},
        {"training.epochs": diagnosis.epochs(events)[best]},
        unless="" if learns_by_heart else diagnosis.JUMPS,
    )


STILL_FALLS = N_("Its loss still falls, so the code may still learn to say something.")


def settled(events: Sequence[Event], epochs: int) -> bool:
    """Whether the loss has all but stopped to fall: a slow training's code says nothing at first either.

    Args:
        epochs: The last so many are looked at.
    """
    loss = diagnosis.from_start(events, "validation")
    return len(loss) > epochs and bool(loss[-1 - epochs] - loss[-1] <= 0.05 * diagnosis.fall(loss))


def _collapse(config: RunConfig, events: Sequence[Event]) -> Check | None:
    """What the code said of a picture at most in the last epochs, once the loss has all but stopped to fall."""
    limit = diagnosis.LEAST_KL / 2  # of the model itself: 1; but what goes on may still grow
    ends = [event for event in events if isinstance(event, EpochEnd)]
    if config.model.kind == "autoencoder" or len(ends) < FEWEST_EPOCHS:
        return None
    kl: NDArray[np.float64] = np.array([event.validation.kl for event in ends], np.float64)
    value = float(kl[-FEWEST_EPOCHS:].max())
    return found(
        "collapse",
        value,
        limit,
        N_(
            "The code says next to nothing: {value:.2f} nats of an image at most, in each of the last {epochs} epochs. The "
            "decoder draws nearly the same image for all (posterior collapse): the KL weighs too much against the "
            "reconstruction."
        ),
        {"value": value, "epochs": FEWEST_EPOCHS},
        {"kl_so_far": kl},
        diagnosis.lighter_kl(config),
        unless="" if settled(events, FEWEST_EPOCHS - 1) else STILL_FALLS,
        below=True,
    )


LIVE: Mapping[str, Callable[[RunConfig, Sequence[Event]], Check | None]] = {
    "rate_high": diagnosis.rate_high,
    "collapse": _collapse,
    "rate_low": _rate_low,
    "overfitting": _overfitting,
}
"""What can be said before the end, by the names in `diagnosis.CHECKS`."""
