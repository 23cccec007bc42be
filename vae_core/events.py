"""What a training says while it runs, as plain values: printed, tested, recorded in `events.jsonl`, followed by a page.

Losses are in nats per image: `recon` summed over the pixels, `kl` over the latent dimensions, both averaged over the
images, and `loss = recon + beta * kl`. Snapshots and checkpoints carry arrays in memory; `runs.py` writes those to a
file and logs the file's name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from vae_core.errors import N_, WorkError

_plain = ConfigDict(extra="forbid", allow_inf_nan=False)
Arrays = Mapping[str, Any]
"""Arrays by name (numpy)."""


@dataclass(frozen=True, slots=True, config=_plain)
class Losses:
    """Nats per image. An autoencoder's `kl` is 0."""

    loss: float
    recon: float
    kl: float


@dataclass(frozen=True, slots=True, config=_plain)
class Progress:
    """A point on the curve, at least twice a second: the mean over the training images seen since the last one."""

    epoch: int
    step: int
    steps: Annotated[int, Field(gt=0)]
    train: Losses
    images_per_s: float
    seconds_left: float
    event: Literal["progress"] = "progress"


@dataclass(frozen=True, slots=True, config=_plain)
class EpochEnd:
    """An epoch is over: its mean over all training images, and the validation images seen by the weights at its end."""

    epoch: int
    step: int
    steps: Annotated[int, Field(gt=0)]
    train: Losses
    validation: Losses
    images_per_s: float
    seconds: float
    seconds_left: float
    event: Literal["epoch_end"] = "epoch_end"


@dataclass(frozen=True, slots=True, config=_plain)
class Snapshot:
    """What the model makes of fixed inputs at the end of an epoch (0: before training).

    `arrays`: `recon` (16, C, H, W) and `samples` (16, C, H, W), uint8, the decoder's means for fixed test images and
    for fixed draws from N(0, I); `mu` (1000, latent_dim), float16, the posterior means of fixed test images. The first
    one also holds `images` (16, C, H, W) and `labels` (1000,).
    """

    epoch: int
    step: int
    file: str = ""
    arrays: Annotated[Arrays, Field(exclude=True)] = field(default_factory=dict, repr=False)
    event: Literal["snapshot"] = "snapshot"


@dataclass(frozen=True, slots=True, config=_plain)
class Checkpoint:
    """All that is needed to go on bit for bit: weights, optimizer, generator, place in the epoch."""

    epoch: int
    step: int
    file: str = ""
    arrays: Annotated[Arrays, Field(exclude=True)] = field(default_factory=dict, repr=False)
    event: Literal["checkpoint"] = "checkpoint"


@dataclass(frozen=True, slots=True, config=_plain)
class Finished:
    """The last epoch is over, or somebody stopped the run (`stopped`) and it keeps the weights of that moment."""

    epoch: int
    step: int
    stopped: bool
    event: Literal["finished"] = "finished"


@dataclass(frozen=True, slots=True, config=_plain)
class Paused:
    """Somebody paused the run; the checkpoint before this event holds the place."""

    epoch: int
    step: int
    event: Literal["paused"] = "paused"


@dataclass(frozen=True, slots=True, config=_plain)
class Diverged:
    """The loss is no longer a finite number. The last checkpoint holds the last good weights."""

    epoch: int
    step: int
    event: Literal["diverged"] = "diverged"


@dataclass(frozen=True, slots=True, config=_plain)
class FewerThreads:
    """From here on it computes on fewer threads than its settings ask for, because its machine has no more: the last bits
    of its weights may be others than on a larger one."""

    epoch: int
    step: int
    asked: Annotated[int, Field(gt=0, le=1000)]
    used: Annotated[int, Field(gt=0, le=1000)]
    event: Literal["fewer_threads"] = "fewer_threads"


Event = Progress | EpochEnd | Snapshot | Checkpoint | Finished | Paused | Diverged | FewerThreads
_adapter: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="event")])


def share_done(events: Sequence[Event]) -> float:
    """How much of the training the newest weights have behind them, from 0 to 1; 1 where nothing says."""
    steps = next((event.steps for event in reversed(events) if isinstance(event, Progress | EpochEnd)), 0)
    kept = (event.step for event in reversed(events) if isinstance(event, EpochEnd | Checkpoint | Finished | Paused))
    return min(1.0, next(kept, 0) / steps) if steps else 1.0


def last_epoch(events: Sequence[Event]) -> int:
    """The last epoch that was finished; 0 where there is none."""
    return max((event.epoch for event in events if isinstance(event, EpochEnd)), default=0)


def to_json(event: Event) -> str:
    """One line, without the line's end."""
    return _adapter.dump_json(event).decode()


def from_json(line: str | bytes) -> Event:
    """The event of one line.

    Raises:
        WorkError: The line is damaged.
    """
    try:
        return _adapter.validate_json(line)
    except ValidationError as error:
        raise WorkError(
            N_("An event can't be read ({reason})."), reason=WorkError(N_("its entries are not those of such a file"))
        ) from error
