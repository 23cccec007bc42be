"""The coach: what is wrong with a training, from its own numbers, and which settings would mend it.

Each check gives a number, the limit beyond which it is called a fault, what the number was read from, and a sentence
for somebody who doesn't program. Some need the curves alone, so that they work for a training that went astray and
left no model (and load without torch); the others look at the model on validation pictures. What can be said before a
training is over is in `live_diagnosis`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vae_core.config import RunConfig
from vae_core.config import field as setting
from vae_core.errors import N_
from vae_core.events import Diverged, EpochEnd, Event, Progress
from vae_core.settings import bounds

if TYPE_CHECKING:
    from torch import Tensor, nn

    from vae_core.datasets import ImageData
    from vae_core.models import Model

FEWEST_EPOCHS = 4
"""With fewer there is no shape of a curve to speak of."""

LEAST_KL = 1.0
"""Nats: less than tells two pictures apart (log 2 = 0.69) with certainty."""

DRAWS = 256
REAL = 2_000
PICTURES = 1_000
"""Pictures that a check of the model looks at: enough for a figure, few enough for a page."""


@dataclass(frozen=True)
class Check:
    """What one check found.

    Attributes:
        kind: A name in `CHECKS`.
        value: The number.
        limit: Beyond it, it is a fault.
        is_fault: Whether it is.
        message: What that means, a message id with `values`; of a fault only.
        values: What fills its fields.
        series: What a chart shows: the number's parts, by name, each with shape (n,).
        changes: Settings by dotted names with which to train again; empty where no setting helps.
    """

    kind: str
    value: float
    limit: float
    is_fault: bool
    message: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    series: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    changes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Kind:
    """A row of `CHECKS`.

    Attributes:
        title: The fault's name, marked for translation.
        number: What `Check.value` is, in words and with its unit.
        of_curves: (config, epochs) to a check; `None` where the curves don't tell.
        of_model: (config, model, train, validation) to a check; `None` where the model has no such thing.
        may_be: Whether the curves leave it possible that the model has the fault, so that nobody looks in vain.
    """

    title: str
    number: str
    of_curves: Callable[[RunConfig, Sequence[Event]], Check | None] | None = None
    of_model: Callable[[RunConfig, Model, ImageData, ImageData], Check | None] | None = None
    may_be: Callable[[RunConfig, Sequence[Event]], bool] = lambda config, events: True


def diagnose_curves(config: RunConfig, events: Sequence[Event]) -> list[Check]:
    """The checks that need no model, for a training that is over or went astray."""
    return mendable(config, [kind.of_curves(config, events) for kind in CHECKS.values() if kind.of_curves])


def diagnose_model(config: RunConfig, model: Model, train: ImageData, validation: ImageData) -> list[Check]:
    """The checks that look at the model.

    Args:
        train: What it learned from.
        validation: What it didn't.
    """
    some = validation.subset(slice(PICTURES))
    return mendable(config, [kind.of_model(config, model, train, some) for kind in CHECKS.values() if kind.of_model])


def mendable(config: RunConfig, checks: Sequence[Check | None]) -> list[Check]:
    """Those that say something, with only such changes as change something: at the end of a range none is left."""
    return [replace(check, changes=_changes(config, check.changes)) for check in checks if check is not None]


def told(check: Check) -> str:
    """A fault's sentence in English, its values filled in."""
    return check.message.format(**check.values)


def ordered(checks: Sequence[Check]) -> list[Check]:
    """Faults first, the gravest of them first."""
    places = list(CHECKS)
    return sorted(checks, key=lambda check: (not check.is_fault, places.index(check.kind)))


# From the curves


def rate_high(config: RunConfig, events: Sequence[Event]) -> Check | None:
    """How much of what a training had gained it gave back at once."""
    limit = 0.15  # healthy trainings here: below 0.05
    slower = {
        "training.learning_rate": within("training.learning_rate", config.training.learning_rate / 5),
        "training.warmup": max(config.training.warmup, 0.05),
    }
    rate = config.training.learning_rate
    loss = curve(events, "train")
    if any(isinstance(event, Diverged) for event in events):
        return Check(
            "rate_high",
            math.inf,
            limit,
            True,
            N_(
                "The training went astray: its loss became infinite. Its steps were too large: the learning rate is "
                "{rate:g}. With smaller steps it would have found its way."
            ),
            {"rate": rate},
            {"loss": loss},
            slower,
        )
    before = start(events)
    # The first batch alone may be off by a few percent.
    if before is not None and len(loss) and loss[0] > before + max(0.1 * abs(before), 1.0):
        return Check(
            "rate_high",
            float((loss[0] - before) / (before - loss.min())) if loss.min() < before else math.inf,
            limit,
            True,
            N_(
                "In the first epoch the loss rose instead of falling: from {before:,.0f} nats a picture, before it had "
                "learnt anything, to {first:,.0f} on average. The steps are too large: the learning rate is {rate:g}."
            ),
            {"before": before, "first": float(loss[0]), "rate": rate},
            {"loss": loss, "before": np.full(len(loss), before)},
            slower,
        )
    if len(loss) < FEWEST_EPOCHS:
        return None
    lowest = np.minimum.accumulate(loss)
    rise = (loss[1:] - lowest[:-1]).max()
    value = float(max(rise, 0) / max(loss[0] - loss.min(), 1e-9))
    if loss.min() >= loss[0]:
        value = 1.0
    return Check(
        "rate_high",
        value,
        limit,
        value > limit,
        N_(
            "The loss jumps instead of falling: at worst it gave back {value:.0%} of all that it had gained. The steps are "
            "too large: the learning rate is {rate:g}."
        ),
        {"value": value, "rate": rate},
        {"loss": loss},
        slower,
    )


def _rate_low(config: RunConfig, events: Sequence[Event]) -> Check | None:
    """How much of the whole fall was left for the second half. A curve that bends has done most of it before."""
    limit = 0.6  # a straight line: 0.5; healthy trainings here, however short: below 0.46
    loss = curve(events, "validation")
    if len(loss) < FEWEST_EPOCHS or loss[-1] >= loss[0]:
        return None
    value = float((loss[(len(loss) - 1) // 2] - loss[-1]) / (loss[0] - loss[-1]))
    faster = within("training.learning_rate", config.training.learning_rate * 10)
    return Check(
        "rate_low",
        value,
        limit,
        value > limit,
        N_(
            "The loss falls nearly in a straight line: {value:.0%} of its fall came in the second half, where a training "
            "of the right pace only refines. The steps are too small: the learning rate is {rate:g}."
        ),
        {"value": value, "rate": config.training.learning_rate},
        {"validation": loss},
        {"training.learning_rate": faster},
    )


def _too_short(config: RunConfig, events: Sequence[Event]) -> Check | None:
    """By which share of itself the lowest validation loss still fell in the last fifth of the epochs."""
    # The form's own settings give 0.005 to 0.0113; VAEs with 16 numbers after as many epochs 0.02, and they do get better.
    limit = 0.012
    loss = curve(events, "validation")
    if len(loss) < FEWEST_EPOCHS:
        return None
    if any(isinstance(event, Diverged) for event in events):
        return None  # it did not stop too early, but went astray
    learnt_by_heart = _overfitting(config, events)
    before = len(loss) - max(1, round(len(loss) / 5))
    value = float((loss[:before].min() - loss.min()) / max(abs(loss.min()), 1e-9))
    longer = within("training.epochs", 2 * config.training.epochs)
    return Check(
        "too_short",
        value,
        limit,
        value > limit and not (learnt_by_heart and learnt_by_heart.is_fault),
        N_(
            "It stopped while it was still getting better: its last fifth alone made the loss {value:.1%} smaller. Twice "
            "as many epochs would show how far it gets."
        ),
        {"value": value},
        {"validation": loss},
        {"training.epochs": longer},
    )


def _overfitting(config: RunConfig, events: Sequence[Event]) -> Check | None:
    """By which share of itself the validation loss lies above its lowest, at the end."""
    limit = 0.01  # a hundred epochs of the form's own settings, which begin to learn by heart, give 0.01 to 0.014
    train, validation = curve(events, "train"), curve(events, "validation")
    if len(validation) < FEWEST_EPOCHS or not comparable(config):
        return None
    best = int(validation.argmin())
    value = float((validation[-1] - validation[best]) / max(abs(validation[best]), 1e-9))
    learns_by_heart = train[best:].min() < train[best]
    return Check(
        "overfitting",
        value,
        limit,
        value > limit and bool(learns_by_heart),
        N_(
            "It learns by heart: on pictures kept aside the loss was lowest after epoch {best} and is {value:.1%} higher "
            "at the end, while on the pictures it learns from it went on falling. Stop there, or learn from more pictures."
        ),
        {"value": value, "best": best + 1},
        {"train": train, "validation": validation},
        {"training.epochs": max(best + 1, 1)},
    )


def comparable(config: RunConfig) -> bool:
    """Whether the two curves are of like pictures: those kept aside get no noise, so what learns from noisy ones differs."""
    return not config.training.noise


# From the model


def _collapse(config: RunConfig, model: Model, train: ImageData, validation: ImageData) -> Check | None:
    """What the code says of a picture, in nats."""
    import torch

    from vae_core import latent, metrics

    kl = metrics.kl_per_dimension(model, validation)
    if kl is None:
        return None
    value = float(kl.sum())
    active = metrics.active_units(torch.from_numpy(latent.encode(model, validation).mu))
    return Check(
        "collapse",
        value,
        LEAST_KL,
        value < LEAST_KL,
        N_(
            "The code says next to nothing: {value:.2f} nats of a picture, and {active} of its {count} numbers are in use. "
            "The decoder draws nearly the same picture for all (posterior collapse): the KL weighs too much against the "
            "reconstruction."
        ),
        {"value": value, "active": active, "count": model.latent_dim},
        {"kl": np.sort(kl)[::-1]},
        lighter_kl(config),
    )


def lighter_kl(config: RunConfig) -> dict[str, Any]:
    """The settings that mend a collapse."""
    return {
        "loss.beta": min(config.loss.beta, 1.0),
        "loss.reconstruction": 1.0,
        "loss.kl_warmup": max(config.loss.kl_warmup, 0.3),
    }


def _may_be_collapsed(config: RunConfig, events: Sequence[Event]) -> bool:
    """Whether the KL on all validation pictures is near the limit, which the model is judged by on some of them."""
    ends = [event for event in events if isinstance(event, EpochEnd)]
    return config.model.kind != "autoencoder" and (not ends or ends[-1].validation.kl < 1.2 * LEAST_KL)


def _may_have_holes(config: RunConfig, events: Sequence[Event]) -> bool:
    return config.model.kind == "autoencoder"


def _dead_units(config: RunConfig, model: Model, train: ImageData, validation: ImageData) -> Check | None:
    """The largest share of a layer's units that are 0 for every picture."""
    limit = 0.8  # of healthy trainings here: up to 0.65, since a network has more units than a digit needs
    if config.model.activation != "relu":
        return None
    shares = _never_positive(model, validation)
    if not len(shares):
        return None
    value = float(shares.max())
    mended = {
        "model.activation": "silu",
        "training.learning_rate": within("training.learning_rate", config.training.learning_rate / 3),
    }
    return Check(
        "dead_units",
        value,
        limit,
        value > limit,
        N_(
            "In layer {layer} of its {layers} hidden ones, {value:.0%} of the units answer no picture at all: they are dead, "
            "and the network is smaller than it looks. Large steps do that to ReLU; SiLU doesn't die."
        ),
        {"value": value, "layer": int(shares.argmax()) + 1, "layers": len(shares)},
        {"dead": shares},
        mended,
    )


def _holes(config: RunConfig, model: Model, train: ImageData, validation: ImageData) -> Check | None:
    """Which share of pictures drawn from N(0, I) lies farther from every real picture than real ones do."""
    limit = 0.2  # of real pictures it is 0.05 by definition, of VAEs' draws here at most 0.04
    from vae_core import latent

    real = train.images[np.random.default_rng(0).permutation(len(train))[:REAL]]
    drawn = latent.decode(model, latent.sample_prior(model.latent_dim, DRAWS, seed=0))
    usual, made = _nearest(real, validation.images[:DRAWS]), _nearest(real, drawn)
    far = float(np.quantile(usual, 0.95))
    value = float((made > far).mean())
    return Check(
        "holes",
        value,
        limit,
        value > limit and config.model.kind == "autoencoder",
        N_(
            "Its map of codes has holes: {value:.0%} of the pictures drawn from N(0, I) look like no real one, where 5% of "
            "real ones do. Nothing told an autoencoder where codes have to lie. A VAE of the same size is told."
        ),
        {"value": value},
        {"real": np.sort(usual), "drawn": np.sort(made)},
        {"model.kind": "vae"},
    )


def _nearest(real: NDArray[np.uint8], images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The Euclidean distance from each image to the nearest real one, pixels in [0, 1], with shape (N,)."""
    import torch  # it is loaded already; scikit-learn, which does the same, takes seconds to load

    a, b = (torch.from_numpy(some.reshape(len(some), -1) / 255.0) for some in (images, real))
    return np.asarray(torch.cdist(a, b).amin(1).numpy(), np.float64)


def _never_positive(model: Model, data: ImageData) -> NDArray[np.float64]:
    """The share of units that are 0 for every picture, for each layer of ReLUs, encoder first."""
    import torch
    from torch import nn

    from vae_core import metrics

    seen: dict[int, Tensor] = {}
    order: list[int] = []

    def watch(module: nn.Module, inputs: Any, output: Tensor) -> None:
        # A channel of a convolution is one unit, wherever it looks.
        units = output.flatten(2).amax(2) if output.ndim > 2 else output
        alive = (units > 0).any(0)
        if id(module) not in seen:
            order.append(id(module))
        seen[id(module)] = seen.get(id(module), torch.zeros_like(alive)) | alive

    handles = [module.register_forward_hook(watch) for module in model.modules() if isinstance(module, nn.ReLU)]
    try:
        with torch.inference_mode():
            for x, y in metrics.batches(model, data):
                model.decode(model.encode(x, y).mu, y)
    finally:
        for handle in handles:
            handle.remove()
    return np.array([1 - float(seen[number].float().mean()) for number in order])


def start(events: Sequence[Event]) -> float | None:
    """The loss of the first batch, in nats: before anything was learnt. `None` where the record begins later."""
    first = next((event for event in events if isinstance(event, Progress | EpochEnd)), None)
    return first.train.loss if isinstance(first, Progress) and first.epoch == 1 else None


def curve(events: Sequence[Event], which: str) -> NDArray[np.float64]:
    """The loss at the end of each epoch, in nats."""
    return np.array([getattr(event, which).loss for event in events if isinstance(event, EpochEnd)], np.float64)


def within(path: str, value: float) -> Any:
    low, high = bounds(setting(path))
    near = min(max(value, low), high)
    return round(near) if isinstance(low, int) else near


def _changes(config: RunConfig, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Of the wanted settings those that the run did not have."""
    return {path: value for path, value in wanted.items() if config.get(path) != value}


CHECKS: Mapping[str, Kind] = {
    "rate_high": Kind(N_("Learning rate too high"), N_("Share of its gain that the loss gave back at once"), rate_high),
    "collapse": Kind(
        N_("Posterior collapse"),
        N_("Nats that the code says of a picture"),
        of_model=_collapse,
        may_be=_may_be_collapsed,
    ),
    "dead_units": Kind(
        N_("Dead units"), N_("Largest share of a layer's units that never answer"), of_model=_dead_units
    ),
    "rate_low": Kind(N_("Learning rate too low"), N_("Share of the fall that was left for the second half"), _rate_low),
    "overfitting": Kind(N_("Learning by heart"), N_("Rise of the validation loss above its lowest"), _overfitting),
    "holes": Kind(
        N_("Holes in the map of codes"),
        N_("Share of draws that look like no real picture"),
        of_model=_holes,
        may_be=_may_have_holes,
    ),
    "too_short": Kind(N_("Too short a training"), N_("Fall of the loss in the last fifth"), _too_short),
}
"""The checks by name, the gravest fault first: one may hide those that follow."""
