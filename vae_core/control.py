"""How a job stands and what is wanted of it: three small files in its folder, understood by pages, worker and supervisor.

`request.json` is what somebody wants (`run`, `pause`, `stop`), with a number that grows. `state.json` is what became of
the job and the number of the last request that was honoured; only the holder of `lock` writes it. What is not honoured
yet is pending. So a request can be made at any time, by anyone, and outlives every process.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

from vae_core import files, locks
from vae_core.environment import silence_limit
from vae_core.errors import N_, DiaboloError, WorkError

State = Literal["queued", "starting", "running", "paused", "stopping", "finished", "failed", "interrupted"]
Recorded = Literal["queued", "starting", "running", "paused", "finished", "failed"]
Wish = Literal["run", "pause", "stop"]
Phase = Literal["waiting", "working", "resting"]


class StateRow(NamedTuple):
    """What a state means for a job.

    Attributes:
        phase: It waits for a process, a process works at it, or it rests until somebody wants something of it.
        allows: The wishes that make sense. Of a finished job, `run` does only where it was stopped before its end.
    """

    phase: Phase
    allows: tuple[Wish, ...] = ()

    @property
    def is_active(self) -> bool:
        """Whether it changes by itself."""
        return self.phase != "resting"


STATES: Mapping[State, StateRow] = {
    "queued": StateRow("waiting", ("pause", "stop")),
    "starting": StateRow("working", ("pause", "stop")),
    "running": StateRow("working", ("pause", "stop")),
    "stopping": StateRow("working"),
    "paused": StateRow("resting", ("run", "stop")),
    "failed": StateRow("resting", ("run",)),
    "interrupted": StateRow("waiting", ("run", "stop")),
    "finished": StateRow("resting", ("run",)),
}
"""All states, and the only place that says what they mean. What a person reads of them: `pages/ui/state.py`."""


def is_active(state: State | None) -> bool:
    """Whether a job in this state changes by itself; `None` is one that was never asked for."""
    return state is not None and STATES[state].is_active


def allowed(wish: Wish) -> tuple[State, ...]:
    """The states in which a wish makes sense."""
    return tuple(state for state, row in STATES.items() if wish in row.allows)


LEAST_SILENCE = 3.0  # seconds; signs of life come every second
SILENT = N_("No sign of life for {seconds} s. After {limit} s its process is ended and started again.")
UNEXPECTED = N_(
    "Something unexpected went wrong ({reason}); the details are in the run's worker.log. Try again, or change the "
    "settings."
)


@dataclass(frozen=True)
class Status:
    """What `state.json` holds.

    Attributes:
        recorded: The state that the last holder of the lock wrote.
        answered: The number of the last request that was honoured.
        restarts: How often it was started again without getting further.
        epoch: The last finished epoch when it was last started.
        message: Why it failed (or something to know), a message id, filled with `values`.
        values: The message's values.
        ended: What ended the last process that could not say so itself, a message id, filled with `ended_values`.
        ended_values: The message's values.
    """

    recorded: Recorded = "queued"
    answered: int = 0
    restarts: int = 0
    epoch: int = 0
    message: str = ""
    values: dict[str, Any] | None = None
    ended: str = ""
    ended_values: dict[str, Any] | None = None

    @property
    def error(self) -> DiaboloError | None:
        return WorkError(self.message, **(self.values or {})) if self.message else None

    @property
    def end(self) -> DiaboloError | None:
        """What ended the last process, if that was not its work's end."""
        return WorkError(self.ended, **(self.ended_values or {})) if self.ended else None


@dataclass(frozen=True)
class Request:
    """What `request.json` holds: the wish, its number, and when it was made (seconds since 1970)."""

    wish: Wish = "run"
    number: int = 0
    time: float = 0.0

    def after(self, answered: int) -> Wish | None:
        """What is wanted, if it was not honoured yet."""
        return self.wish if self.number > answered else None


class Job:
    """A job by its folder.

    Args:
        folder: Where it lies.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lock = folder / "lock"
        self.heartbeat = folder / "heartbeat"

    def status(self) -> Status:
        """Raises WorkError where `state.json` is damaged."""
        path = self.folder / "state.json"
        if not path.exists():
            return Status()
        values = files.read_json(path)
        if values.get("recorded") not in get_args(Recorded):
            raise files.damaged(path, N_("unknown state {state}"), state=repr(values.get("recorded"))[:60])
        try:
            status = Status(**values)
            numbers = (status.answered, status.restarts, status.epoch)
            if not all(isinstance(number, int) for number in numbers) or not (
                isinstance(status.message, str) and isinstance(status.ended, str)
            ):
                raise TypeError("wrong types")
            for told in (status.error, status.end):
                str(told)  # a message whose values don't fit is damage too
        except (TypeError, KeyError, ValueError, IndexError, AttributeError) as error:
            raise files.damaged(path, error) from error
        return status

    def write_status(self, status: Status) -> None:
        """Only for the holder of the lock."""
        files.write_json(self.folder / "state.json", {k: v for k, v in vars(status).items() if v is not None})

    def request(self) -> Request:
        """Raises WorkError where `request.json` is damaged."""
        path = self.folder / "request.json"
        if not path.exists():
            return Request()
        try:
            request = Request(**files.read_json(path))
            if request.wish not in get_args(Wish) or not isinstance(request.number, int):
                raise TypeError("unknown wish")
            if not isinstance(request.time, int | float):
                raise TypeError("wrong types")
        except TypeError as error:
            raise files.damaged(path, error) from error
        return request

    def ask(self, wish: Wish) -> int:
        """Writes down what is wanted, and returns the request's number; somebody else does it."""
        with locks.turn(self.folder / "request.lock"):  # two askers, two numbers
            try:
                last = self.request().number
            except WorkError:
                last = 0  # a damaged request is replaced: a run at work must be stoppable
            number = max(last, self.status().answered) + 1
            files.write_json(self.folder / "request.json", {"wish": wish, "number": number, "time": time.time()})
        return number

    def was_asked(self) -> bool:
        """Whether there are files of a request or of what became of one; without, nobody has ever wanted anything."""
        return any((self.folder / name).is_file() for name in ("request.json", "state.json"))

    def pending(self) -> Wish | None:
        """What is wanted and was not honoured yet."""
        return self.request().after(self.status().answered)

    def is_alive(self) -> bool:
        """Whether a process works at it."""
        return locks.is_held(self.lock)

    def silence(self) -> float:
        """Seconds since the process that works at it gave a sign of life; 0 where none does, or gives any."""
        try:
            silence = max(0.0, time.time() - self.heartbeat.stat().st_mtime)
        except OSError:
            return 0.0
        return silence if self.is_alive() else 0.0

    def note(self) -> DiaboloError | None:
        """What a person should know of its process: that it gives no sign of life, or what ended the last one.

        Raises:
            WorkError: `state.json` is damaged.
        """
        silence = self.silence()
        if silence >= LEAST_SILENCE and silence >= told_after(limit := silence_limit()):
            return WorkError(SILENT, seconds=int(silence), limit=int(limit))
        return self.status().end

    def state(self) -> State:
        """How it stands, for a person.

        Raises:
            WorkError: One of the files is damaged.
        """
        # Alive first: a job that ends between the two looks is then seen as it ended.
        alive = self.is_alive()
        status, pending = self.status(), self.pending()
        if alive and status.recorded in ("starting", "running"):
            return "stopping" if pending == "stop" else status.recorded
        if pending == "run":
            return "queued"
        if status.recorded in ("starting", "running"):
            return "interrupted"
        return status.recorded


def told_after(limit: float) -> float:
    """After how many seconds of silence a person is told; a process is ended after `limit`."""
    return max(limit / 10, LEAST_SILENCE)
