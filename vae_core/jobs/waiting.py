"""The queue as a job in it sees it: how many others have to make room before it starts, and about how long that takes.

It plays through what the supervisor will do: jobs start in the order in which they were asked for, as soon as their
threads fit beside those at work, and none overtakes another.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from vae_core.control import STATES
from vae_core.environment import available_threads, runs_root
from vae_core.errors import DiaboloError
from vae_core.jobs.tasks import BESIDE, Task, tasks


@dataclass(frozen=True)
class Place:
    """A job at work or in the queue.

    Attributes:
        threads: How many it computes on.
        seconds: How long it still takes; `None` where nobody knows.
    """

    threads: int
    seconds: float | None = None


class Wait(NamedTuple):
    """What comes before a job.

    Attributes:
        others: How many jobs must end before it starts; 0 where it starts at once.
        seconds: About how long that takes; `None` where nobody knows.
    """

    others: int
    seconds: float | None


def wait(working: Sequence[Place], before: Sequence[Place], threads: int, capacity: int) -> Wait:
    """What comes before a job of so many threads.

    Args:
        working: The jobs at work.
        before: Those that wait and were asked for before it, in their order.
        threads: Its own.
        capacity: Threads that all may use together.
    """
    # Nobody knows how long: after all of which it is known, in the order in which they began.
    ends = [(place.seconds is None, place.seconds or 0.0, place.threads) for place in working]
    queue = [*before, Place(threads)]
    others, now, is_known = 0, 0.0, True
    while True:
        while queue and not (ends and sum(end[-1] for end in ends) + queue[0].threads > capacity):
            place = queue.pop(0)
            ends.append((place.seconds is None or not is_known, now + (place.seconds or 0.0), place.threads))
        if not queue:
            return Wait(others, now if is_known else None)
        first = min(range(len(ends)), key=lambda number: ends[number][:2])
        is_unknown, end, _ = ends.pop(first)
        is_known, now, others = is_known and not is_unknown, max(now, end), others + 1


def wait_of(folder: Path, threads: int, seconds: Callable[[Task], float | None] = lambda task: None) -> Wait:
    """What comes before a job that waits.

    Args:
        folder: Its own.
        threads: Its own.
        seconds: How long another one still takes, if that is known.
    """
    found = _queued(folder.parent)
    asked = next((task.job.request().time for task in found if task.folder == folder), float("inf"))
    return _wait(found, (asked, folder), threads, seconds)


def wait_of_new(threads: int, seconds: Callable[[Task], float | None] = lambda task: None) -> Wait:
    """What would come before a job that is asked for now; `threads` and `seconds` as for `wait_of`."""
    root = runs_root()
    found = _queued(root) if root.is_dir() else []
    return _wait(found, (float("inf"), root), threads, seconds)


def _queued(root: Path) -> list[Task]:
    """The jobs that wait for each other; the measurement of the speed gives way to all."""
    return [task for task in tasks(root) if task.kind != "speed" and task.kind not in BESIDE]


def _wait(
    found: Sequence[Task], own: tuple[float, Path], threads: int, seconds: Callable[[Task], float | None]
) -> Wait:
    working: list[tuple[tuple[float, Path], Place]] = []
    before: list[tuple[tuple[float, Path], Place]] = []
    for task in found:
        try:
            asked = task.job.request().time, task.folder
            phase = STATES[task.job.state()].phase
            if task.folder == own[1] or phase == "resting":
                continue
            is_at_work = phase == "working"
            if is_at_work or asked < own:
                place = Place(task.threads(), _known(seconds, task))
                (working if is_at_work else before).append((asked, place))
        except (DiaboloError, OSError):
            continue  # damaged, or deleted between two looks
    in_order = [[place for _, place in sorted(rows, key=lambda row: row[0])] for rows in (working, before)]
    return wait(in_order[0], in_order[1], threads, available_threads())


def _known(seconds: Callable[[Task], float | None], task: Task) -> float | None:
    """How long a job still takes; `None` also where its settings can't be judged."""
    try:
        return seconds(task)
    except DiaboloError:
        return None
