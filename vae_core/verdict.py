"""What the coach says of a run as it stands: the checks that it is fit for, or why it isn't judged.

Only what ran to its end is judged as a whole. A training that was stopped on its way may have been about to mend by
itself, so of that one only such faults are told as are told of a training under way; and the code of one that hardly began
says nothing whatever its settings are.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from vae_core import diagnosis, live_diagnosis
from vae_core.config import RunConfig
from vae_core.diagnosis import FEWEST_EPOCHS, Check
from vae_core.errors import N_
from vae_core.events import EpochEnd, Event

FEWEST_STEPS = 100
"""Corrections of the weights, before which a training has hardly begun, however many epochs they make."""


@dataclass(frozen=True)
class Verdict:
    """What is said of a run.

    Attributes:
        checks: Faults first; those that were made.
        unjudged: Why the run isn't judged as a whole, a message id; empty where it is.
        values: What fills its fields.
    """

    checks: tuple[Check, ...]
    unjudged: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def faults(self) -> list[Check]:
        return [check for check in self.checks if check.is_fault]


def judge(
    config: RunConfig, events: Sequence[Event], look: Callable[[], Sequence[Check]] = tuple, *, live: bool = False
) -> Verdict:
    """The verdict on a run.

    Args:
        config: Its settings.
        events: What its log holds.
        look: Gives the checks of its model; called only where the run is fit for them.
        live: It may still go on.
    """
    if diagnosis.has_diverged(events):  # all that there is to find, and the weights are of no use
        return Verdict(tuple(diagnosis.diagnose_curves(config, events)))
    if live:
        return Verdict(_ordered(live_diagnosis.diagnose_so_far(config, events)))
    reason, values = unjudged(config, events)
    if reason:
        enough = values["done"] >= FEWEST_EPOCHS and values["steps"] >= FEWEST_STEPS
        return Verdict(_ordered(live_diagnosis.diagnose_so_far(config, events)) if enough else (), reason, values)
    checks = diagnosis.explained([*diagnosis.diagnose_curves(config, events), *look()])
    if not live_diagnosis.settled(diagnosis.after_warmup(config, events), 1):
        checks = [_unhurried(check) for check in checks]
    return Verdict(_ordered(checks))


def unjudged(config: RunConfig, events: Sequence[Event]) -> tuple[str, dict[str, Any]]:
    """Why a run that is over isn't judged as a whole, a message id and its values; an empty one where it is."""
    last = next((event for event in reversed(events) if isinstance(event, EpochEnd)), None)
    done, steps = (last.epoch, last.step) if last else (0, 0)
    values = {"done": done, "steps": steps, "epochs": config.training.epochs, "least": FEWEST_EPOCHS}
    if not events:
        return N_("Not judged: there is no record of its training."), values
    if not done:
        return N_("Not judged: it ended in epoch 1 of {epochs}, before that was over."), values
    if done < config.training.epochs:
        return N_("Not judged: stopped after epoch {done} of {epochs}."), values
    if done < FEWEST_EPOCHS:
        return N_("Not judged: fewer than {least} epochs tell nothing yet. It had {done}."), values
    if steps < FEWEST_STEPS:
        return (
            N_(
                "Not judged: it has corrected its weights only {steps} times, and {least} are the fewest. Choose more epochs "
                "or a smaller batch size."
            ),
            {**values, "least": FEWEST_STEPS},
        )
    return "", values


def _unhurried(check: Check) -> Check:
    """Where the loss still falls, no collapse is a fault, nor what comes from one: the code may still learn to say something."""
    is_collapse = check.kind == "collapse" and check.is_fault
    if is_collapse or check.why_not == diagnosis.BECAUSE["collapse"]:
        return replace(check, is_fault=False, why_not=live_diagnosis.STILL_FALLS)
    return check


def _ordered(checks: Sequence[Check]) -> tuple[Check, ...]:
    return tuple(diagnosis.ordered(checks))
