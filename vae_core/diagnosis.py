"""The coach: what is wrong with a training, from its own numbers, and which settings would mend it.

Each check gives a number, the limit beyond which it is called a fault, what the number was read from, and a sentence
for somebody who doesn't program. Some need the curves alone, so that they work for a training that diverged and left no
model (and load without torch); the others look at the model on validation images. What can be said before a training is
over is in `live_diagnosis`, and which of the checks a run is fit for in `verdict`.

A loss has no natural zero: a Gaussian likelihood is a density, whose unit shifts it, below zero too. So the curves are
measured against their own fall, from the loss of the first batch to the lowest: neither a shift nor a scale counts. The
limits were chosen on real trainings, and tried on others: `docs/coach.md`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vae_core.config import RunConfig
from vae_core.config import field as setting
from vae_core.errors import N_
from vae_core.events import Diverged, EpochEnd, Event, Finished, Progress
from vae_core.settings import bounds

if TYPE_CHECKING:
    from torch import Tensor, nn

    from vae_core.datasets import ImageData
    from vae_core.models import Model

FEWEST_EPOCHS = 4
"""With fewer there is no shape of a curve to speak of."""

GOOD_RATE = 2e-3
"""The learning rate of the form: healthy trainings of every kind in `docs/coach.md` were made at it or near it."""

BRISK_RATE = 5e-3
"""What is slow at this rate is not slow for its rate; healthy trainings there were made up to 6e-3."""

FAST_RATE = 1e-2
"""Above it, no training is advised to anything without the advice to slow down: what else is mended would diverge."""

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
        why_not: Of a check beyond its limit that is no fault: why, a message id with `values`.
    """

    kind: str
    value: float
    limit: float
    is_fault: bool
    message: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    series: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    changes: Mapping[str, Any] = field(default_factory=dict)
    why_not: str = ""


def found(
    kind: str,
    value: float,
    limit: float,
    message: str,
    values: Mapping[str, Any],
    series: Mapping[str, NDArray[np.float64]],
    changes: Mapping[str, Any],
    *,
    unless: str = "",
    below: bool = False,
) -> Check:
    """A check beyond its limit is a fault, or says why not: every check is made here.

    Args:
        unless: Why it would be no fault, empty where it would be one.
        below: It is less than the limit that is a fault.
    """
    beyond = value < limit if below else value > limit
    return Check(kind, value, limit, beyond and not unless, message, values, series, changes, unless if beyond else "")


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
    """The checks that need no model, for a training that is over; of one that diverged that is all there is to find."""
    if has_diverged(events):
        return mendable(config, [_diverged(config, events)])
    events = after_warmup(config, events)
    checks = [kind.of_curves(config, events) for kind in CHECKS.values() if kind.of_curves]
    return explained(mendable(config, checks))


def diagnose_model(config: RunConfig, model: Model, train: ImageData, validation: ImageData) -> list[Check]:
    """The checks that look at the model.

    Args:
        train: What it learned from.
        validation: What it didn't.
    """
    some = validation.subset(slice(PICTURES))
    checks = [kind.of_model(config, model, train, some) for kind in CHECKS.values() if kind.of_model]
    return explained(mendable(config, checks))


def mendable(config: RunConfig, checks: Sequence[Check | None]) -> list[Check]:
    """Those that say something, with only such changes as change something: at the end of a range none is left.

    Whatever is to be changed in a training with large steps, they are made smaller with it.
    """
    slow = {"training.learning_rate": GOOD_RATE} if config.training.learning_rate > FAST_RATE else {}
    return [
        replace(check, changes=_changes(config, {**slow, **check.changes} if check.changes else {}))
        for check in checks
        if check is not None
    ]


CAUSES: Mapping[str, tuple[str, ...]] = {
    "collapse": ("rate_high", "rate_low"),
    "holes": ("rate_high", "rate_low", "collapse"),
    "rate_low": ("rate_high",),
    "overfitting": ("rate_high",),
    "too_short": ("rate_high", "rate_low", "overfitting"),
}
"""What each fault may come from: it is then no fault of its own, and mended with the other."""

BECAUSE: Mapping[str, str] = {
    "rate_high": N_("It may come from too high a learning rate. Change that first."),
    "rate_low": N_("It may come from too low a learning rate. Change that first."),
    "collapse": N_("It comes from the posterior collapse. Change that first."),
    "overfitting": N_("It memorises (overfits), and more epochs would make that worse."),
    "too_short": N_("It may come from too short a training. Change that first."),
}


def explained(checks: Sequence[Check]) -> list[Check]:
    """The same checks, where one fault explains another the other said to be none."""
    faults = {check.kind for check in checks if check.is_fault}
    return [_explained(check, faults) for check in checks]


def _explained(check: Check, faults: Set[str]) -> Check:
    if not check.is_fault and check.why_not not in BECAUSE.values():
        return check
    causes = CAUSES.get(check.kind, ())
    if check.kind == "holes" and not check.changes:  # its settings are as they are meant to be
        causes = (*causes, "too_short")
    cause = next((cause for cause in causes if cause in faults), "")
    return replace(check, is_fault=False, why_not=BECAUSE[cause]) if cause else check


def told(check: Check) -> str:
    """A fault's sentence in English, its values filled in; of a check that is none, why it isn't, where that is asked."""
    return (check.message if check.is_fault else check.why_not).format(**check.values)


def ordered(checks: Sequence[Check]) -> list[Check]:
    """Faults first, the gravest of them first."""
    places = list(CHECKS)
    return sorted(checks, key=lambda check: (not check.is_fault, places.index(check.kind)))


# From the curves


def has_diverged(events: Sequence[Event]) -> bool:
    return any(isinstance(event, Diverged) for event in events)


def _diverged(config: RunConfig, events: Sequence[Event]) -> Check:
    """The one finding of a training whose loss became infinite: what else its numbers show came of that."""
    rate = config.training.learning_rate
    last = next(event for event in events if isinstance(event, Diverged))
    return found(
        "rate_high",
        math.inf,
        RATE_HIGH,
        N_(
            "The training diverged: in epoch {epoch} its loss was no finite number any more. Its steps were too large: the "
            "learning rate is {rate:g}."
        ),
        {"rate": rate, "epoch": last.epoch},
        {"loss": curve(events, "train")},
        slower(config),
    )


RATE_HIGH = 0.15  # healthy trainings here: below 0.05


def slower(config: RunConfig) -> dict[str, Any]:
    """Smaller steps: of a rate that is known to work, and where even that is too fast, a fifth of it, time and again."""
    rate = min(config.training.learning_rate / 5, GOOD_RATE)
    return {
        "training.learning_rate": within("training.learning_rate", rate),
        "training.warmup": max(config.training.warmup, 0.05),
    }


def rate_high(config: RunConfig, events: Sequence[Event]) -> Check | None:
    """How much of what a training had gained, from the first batch on, it gave back at once."""
    rate = config.training.learning_rate
    loss, before = curve(events, "train"), start(events)
    if not len(loss):
        return None
    whole = loss if before is None else np.array([before, *loss])
    rises = whole[1:] - np.minimum.accumulate(whole)[:-1]
    worst = float(max(rises.max(initial=0.0), 0.0))
    value = share(worst, fall(whole))
    if before is not None and epochs(events)[0] == 1 and worst and worst == rises[0]:
        if value <= RATE_HIGH and len(loss) < FEWEST_EPOCHS:
            return None
        return found(
            "rate_high",
            value,
            RATE_HIGH,
            N_(
                "In the first epoch the loss rose instead of falling: from {before:,.0f} nats per image, "
                "before it had learnt anything, to {first:,.0f} on average. The steps are too large: the "
                "learning rate is {rate:g}."
            ),
            {"before": before, "first": float(loss[0]), "rate": rate},
            {"loss": loss, "before": np.full(len(loss), before)},
            slower(config),
        )
    if len(loss) < FEWEST_EPOCHS:
        return None
    return found(
        "rate_high",
        value,
        RATE_HIGH,
        N_(
            "The loss jumps instead of falling: at worst it gave back {value:.0%} of all that it had gained. The steps are "
            "too large: the learning rate is {rate:g}."
        )
        if math.isfinite(value)
        else N_(
            "The loss never fell below where it began, and rose instead. The steps are too large: the learning rate is "
            "{rate:g}."
        ),
        {"value": value, "rate": rate},
        {"loss": loss},
        slower(config),
    )


def fall(loss: NDArray[np.float64]) -> float:
    """From where a curve began to its lowest point: the measure of all else that it does."""
    return float(loss[0] - loss.min())


def share(part: float, whole: float) -> float:
    """`inf` where there is a part of nothing."""
    if part <= 0:
        return 0.0
    return part / whole if whole > 0 else math.inf


def from_start(events: Sequence[Event], which: str) -> NDArray[np.float64]:
    """The curve with the loss of the first batch before it.

    Where that was not recorded, the mean over the first epoch stands for it. Most of the fall is over by then, so that
    shares of what is left are larger, and so are the limits for them.

    Returns:
        With shape (n + 1,); empty where no epoch is over.
    """
    loss, before = curve(events, which), start(events)
    if not len(loss):
        return loss
    first = before if before is not None else max(loss[0], curve(events, "train")[0])
    return np.array([first, *loss])


def _rate_low(config: RunConfig, events: Sequence[Event]) -> Check | None:
    """How much of the whole fall was left for the second half. A curve that bends has done most of it before."""
    loss, before = curve(events, "validation"), start(events)
    # A straight line: 0.5. Where only the epochs' ends are known, the first of them has done most of a healthy fall.
    limit = 0.6 if before is None else 0.3
    whole = loss if before is None else np.array([before, *loss])
    if len(loss) < FEWEST_EPOCHS or whole[-1] >= whole[0]:
        return None
    half = (len(whole) - (before is None)) // 2  # of an odd number of epochs the smaller half
    value = max(float((whole[half] - whole[-1]) / (whole[0] - whole[-1])), 0.0)
    return found(
        "rate_low",
        value,
        limit,
        N_(
            "The loss falls nearly in a straight line: {value:.0%} of its fall came in the second half, where a training "
            "of the right pace only refines. The steps are too small: the learning rate is {rate:g}."
        ),
        {"value": value, "rate": config.training.learning_rate},
        {"validation": loss},
        faster(config),
        unless=no_faster(config),
    )


def faster(config: RunConfig) -> dict[str, Any]:
    """Larger steps, of a rate that is known to work: a guess beyond it may diverge."""
    is_slow = config.training.learning_rate < GOOD_RATE / 2
    return {"training.learning_rate": GOOD_RATE if is_slow else BRISK_RATE}


def no_faster(config: RunConfig) -> str:
    """Why a slow training is not slow for its rate; empty where it may be."""
    if config.training.learning_rate < BRISK_RATE:
        return ""
    return N_("Its learning rate of {rate:g} is no small one: it needs more epochs, or smaller batches.")


def _too_short(config: RunConfig, events: Sequence[Event]) -> Check | None:
    """Which share of all that the validation loss fell came in the last fifth of the epochs."""
    # Healthy trainings here: up to 0.0071; those of 4 to 6 epochs: from 0.0127 on.
    limit = 0.01 if start(events) is not None else 0.02
    loss = curve(events, "validation")
    if len(loss) < FEWEST_EPOCHS or any(isinstance(event, Finished) and event.stopped for event in events):
        return None  # whoever stopped it knows that it was not over
    before = len(loss) - max(1, round(len(loss) / 5))
    value = share(float(loss[:before].min() - loss.min()), fall(from_start(events, "validation")))
    longer = within("training.epochs", 2 * config.training.epochs)
    return found(
        "too_short",
        value,
        limit,
        N_(
            "It stopped while it was still getting better: {value:.1%} of all that the loss fell came in its last fifth. "
            "Twice as many epochs would show how far it gets."
        ),
        {"value": value},
        {"validation": loss},
        {"training.epochs": longer},
    )


JUMPS = N_("The training loss rose as well: it jumps, and doesn't memorise.")


def _overfitting(config: RunConfig, events: Sequence[Event]) -> Check | None:
    """Which share of all that it had fallen the validation loss has given back at the end."""
    limit = 0.006 if start(events) is not None else 0.02
    train, validation = curve(events, "train"), curve(events, "validation")
    if len(validation) < FEWEST_EPOCHS or not comparable(config):
        return None
    best = int(validation.argmin())
    value = share(float(validation[-1] - validation[best]), fall(from_start(events, "validation")))
    learns_by_heart = train[best:].min() < train[best]
    return found(
        "overfitting",
        value,
        limit,
        N_(
            "It memorises (overfits): on validation images the loss was lowest after epoch {best}, and at the end it had "
            "given back {value:.1%} of what it had fallen, while on the images it learns from it went on falling. Stop "
            "there, or learn from more images."
        ),
        {"value": value, "best": epochs(events)[best]},
        {"train": train, "validation": validation},
        {"training.epochs": epochs(events)[best]},
        unless="" if learns_by_heart else JUMPS,
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
    return found(
        "collapse",
        value,
        LEAST_KL,
        N_(
            "The code says next to nothing: {value:.2f} nats of an image, with {active} of {count} "
            "dimensions active. The decoder draws nearly the same image for all (posterior collapse): the "
            "KL weighs too much against the reconstruction."
        ),
        {"value": value, "active": active, "count": model.latent_dim},
        {"kl": np.sort(kl)[::-1]},
        lighter_kl(config),
        below=True,
    )


def lighter_kl(config: RunConfig) -> dict[str, Any]:
    """The settings that mend a collapse."""
    changes: dict[str, Any] = {"loss.beta": min(config.loss.beta, 1.0), "loss.reconstruction": 1.0}
    if config.model.likelihood == "gaussian":  # the wider a pixel's spread, the less its error counts
        changes["model.sigma"] = min(config.model.sigma, SIGMA)
    if config.loss.samples == 1:  # the importance weighted bound has no warm-up
        changes["loss.kl_warmup"] = max(config.loss.kl_warmup, 0.3)
    return changes


SIGMA = 0.25
"""The form's own standard deviation of a pixel."""


def heavier_kl(config: RunConfig) -> dict[str, Any]:
    """The settings that mend a VAE's holes: nothing held its codes near N(0, I), or too little."""
    changes: dict[str, Any] = {"loss.beta": max(config.loss.beta, 1.0)}
    if config.model.likelihood == "gaussian":
        changes["model.sigma"] = max(config.model.sigma, SIGMA)
    return changes


def _may_be_collapsed(config: RunConfig, events: Sequence[Event]) -> bool:
    """Whether the KL on all validation pictures is near the limit, which the model is judged by on some of them."""
    ends = [event for event in events if isinstance(event, EpochEnd)]
    return config.model.kind != "autoencoder" and (not ends or ends[-1].validation.kl < 1.2 * LEAST_KL)


def _may_have_holes(config: RunConfig, events: Sequence[Event]) -> bool:
    """Whether anything may have kept its codes from N(0, I): of a VAE as it is meant to be, nothing has."""
    return config.model.kind == "autoencoder" or bool(_changes(config, heavier_kl(config)))


def _dead_units(config: RunConfig, model: Model, train: ImageData, validation: ImageData) -> Check | None:
    """The largest share of a layer's units that are 0 for every picture."""
    limit = 0.8  # of healthy trainings here: up to 0.75, since a network has more units than a digit needs
    if config.model.activation != "relu":
        return None
    shares = _never_positive(model, validation)
    if not len(shares):
        return None
    value = float(shares.max())
    mended = {
        "model.activation": "silu",
        "training.learning_rate": within("training.learning_rate", min(config.training.learning_rate / 3, GOOD_RATE)),
    }
    return found(
        "dead_units",
        value,
        limit,
        N_(
            "In layer {layer} of its {layers} hidden ones, {value:.0%} of the units answer no image at all: they are dead, "
            "and the network is smaller than it looks. Large steps do that to ReLU; SiLU doesn't die."
        ),
        {"value": value, "layer": int(shares.argmax()) + 1, "layers": len(shares)},
        {"dead": shares},
        mended,
    )


def _holes(config: RunConfig, model: Model, train: ImageData, validation: ImageData) -> Check | None:
    """Which share of images drawn from N(0, I) lies farther from every real image than real ones do."""
    limit = 0.2  # of real images it is 0.05 by definition
    from vae_core import latent

    real = train.images[np.random.default_rng(0).permutation(len(train))[:REAL]]
    labels = np.resize(validation.labels, DRAWS) if model.is_conditional else None
    drawn = latent.decode(model, latent.sample_prior(model.latent_dim, DRAWS, seed=0), labels)
    usual, made = _nearest(real, validation.images[:DRAWS]), _nearest(real, drawn)
    far = float(np.quantile(usual, 0.95))
    value = float((made > far).mean())
    is_vae = config.model.kind != "autoencoder"
    return found(
        "holes",
        value,
        limit,
        N_(
            "Its latent space has holes: {value:.0%} of the images drawn from N(0, I) look like no real "
            "one, where 5 % of real ones do. Its KL weighs too little against the reconstruction to keep "
            "the codes near N(0, I)."
        )
        if is_vae
        else N_(
            "Its latent space has holes: {value:.0%} of the images drawn from N(0, I) look like no real "
            "one, where 5 % of real ones do. Nothing told an autoencoder where codes have to lie. A VAE of "
            "the same size is told."
        ),
        {"value": value},
        {"real": np.sort(usual), "drawn": np.sort(made)},
        heavier_kl(config) if is_vae else {"model.kind": "vae"},
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
    from vae_core.models import without_numbers

    # A model of its own around the same weights: hooks on the one that all visitors share would hear them all.
    own = without_numbers(model.config, model.image_shape, model.classes)
    own.load_state_dict(model.state_dict(), assign=True)
    seen: dict[int, Tensor] = {}
    order: list[int] = []

    def watch(module: nn.Module, inputs: Any, output: Tensor) -> None:
        # A channel of a convolution is one unit, wherever it looks.
        units = output.flatten(2).amax(2) if output.ndim > 2 else output
        alive = (units > 0).any(0)
        if id(module) not in seen:
            order.append(id(module))
        seen[id(module)] = seen.get(id(module), torch.zeros_like(alive)) | alive

    for module in own.modules():
        if isinstance(module, nn.ReLU):
            module.register_forward_hook(watch)
    with torch.inference_mode():
        for x, y in metrics.batches(own, data):
            own.decode(own.encode(x, y).mu, y)
    return np.array([1 - float(seen[number].float().mean()) for number in order])


def start(events: Sequence[Event]) -> float | None:
    """The loss of the first batch, in nats: before anything was learnt. `None` where the record begins later.

    A first batch that was easier than others, by no more than batches differ, is taken to be as the first epoch: of a
    training that hardly moves, its luck would be all that is seen.
    """
    first = next((event for event in events if isinstance(event, Progress | EpochEnd)), None)
    if not isinstance(first, Progress) or first.epoch != 1:
        return None
    before, ends = first.train.loss, [event for event in events if isinstance(event, EpochEnd)]
    if not ends or ends[0].epoch != 1:
        return before
    rise = ends[0].train.loss - before
    noise = _noise([event for event in events if isinstance(event, Progress)][-POINTS:])
    if noise is not None:
        is_luck = rise < NOISE * noise and not _shot_up(events, ends[0], rise)
    else:  # one epoch with few points: luck, if it goes on as it was
        is_luck = len(ends) == 1 and abs(ends[0].train.loss - ends[0].validation.loss) < rise / 2
    return ends[0].train.loss if rise > 0 and is_luck else before


def _shot_up(events: Sequence[Event], end: EpochEnd, rise: float) -> bool:
    """Whether the first epoch's mean lies so high for a peak within it, which was over at its end: that is no luck, and
    few points that tell of little but the peak and the way down from it show no calm batches to compare with."""
    points = [event.train.loss for event in events if isinstance(event, Progress) and event.epoch == 1]
    return end.train.loss - end.validation.loss > rise / 2 and max(points) - points[0] > 2 * rise


NOISE = 8.0
"""A first batch may be easier by luck by so many times what calm batches differ."""

POINTS = 13
"""So many of the last points of a curve tell how batches differ."""


def _noise(points: Sequence[Progress]) -> float | None:
    """By how many nats batches differ where the curve is calm; `None` where there are too few points to tell.

    A point is a mean over the batches since the last one, so the more of them, the less it varies.
    """
    if len(points) < 4:
        return None
    batches = np.maximum(np.diff([point.step for point in points]), 1)
    steps = np.abs(np.diff([point.train.loss for point in points])[1:]) / np.sqrt(1 / batches[1:] + 1 / batches[:-1])
    return float(np.quantile(steps, 0.35, method="lower"))


def epochs(events: Sequence[Event]) -> list[int]:
    """The numbers of the epochs that are over."""
    return [event.epoch for event in events if isinstance(event, EpochEnd)]


def after_warmup(config: RunConfig, events: Sequence[Event]) -> list[Event]:
    """Without the epochs in which the KL's weight still grew: what was trained for was not yet what their loss shows."""
    return [
        event
        for event in events
        if not isinstance(event, EpochEnd) or event.step >= config.loss.kl_warmup * event.steps
    ]


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
        N_("Nats that the code says of an image"),
        of_model=_collapse,
        may_be=_may_be_collapsed,
    ),
    "dead_units": Kind(
        N_("Dead units"), N_("Largest share of a layer's units that never answer"), of_model=_dead_units
    ),
    "rate_low": Kind(N_("Learning rate too low"), N_("Share of the fall that was left for the second half"), _rate_low),
    "overfitting": Kind(
        N_("Memorising (overfitting)"), N_("Share of its fall that the validation loss gave back"), _overfitting
    ),
    "holes": Kind(
        N_("Holes in the map of codes"),
        N_("Share of draws that look like no real image"),
        of_model=_holes,
        may_be=_may_have_holes,
    ),
    "too_short": Kind(N_("Too short a training"), N_("Share of its fall that came in the last fifth"), _too_short),
}
"""The checks by name, the gravest fault first: one may hide those that follow."""
