"""A record of a training that stays small however long the training is.

Everything is kept while there is room. Beyond that the points within an epoch are merged, neighbours into their mean, on
a grid of steps that doubles; and of the epochs' ends every second, every fourth ... stays, on a grid of epochs, so that
the curves keep their shape and their first and newest point. The grids follow from the newest step and epoch alone:
whoever reads a thinned record and goes on comes to the same one as whoever read it all.
"""

from collections.abc import Iterable
from dataclasses import replace

from vae_core.events import Checkpoint, EpochEnd, Event, Losses, Progress

MOST_POINTS = 2_000
MOST_EPOCHS = 2_000
MOST_CHECKPOINTS = 500  # only the newest one's file is there
MOST_OTHERS = 1_000


class ThinnedEvents:
    """The events of a training in their order, thinned where they are many. `len` is how many are kept.

    Args:
        events: The first ones.
    """

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self._added = 0
        # Each with its place in the order.
        self._points: list[tuple[int, Progress]] = []
        self._ends: list[tuple[int, EpochEnd]] = []
        self._checkpoints: list[tuple[int, Event]] = []
        self._others: list[tuple[int, Event]] = []
        self._stride = 1
        for event in events:
            self.add(event)

    def __len__(self) -> int:
        return len(self._points) + len(self._ends) + len(self._checkpoints) + len(self._others)

    def events(self) -> list[Event]:
        """Those that are kept, in their order."""
        kept: list[tuple[int, Event]] = [*self._points, *self._ends, *self._checkpoints, *self._others]
        kept.sort(key=lambda entry: entry[0])
        return [event for _, event in kept]

    def add(self, event: Event) -> None:
        """Takes the newest event."""
        self._added += 1
        match event:
            case Progress():
                self._points.append((self._added, event))
                width = _grid(event.step, MOST_POINTS // 2)
                while len(self._points) > MOST_POINTS:
                    self._points = _merged(self._points, width)
                    width *= 2  # needed only where the steps of a strange record go to and fro
            case EpochEnd():
                self._add_end(event)
            case Checkpoint():
                self._checkpoints.append((self._added, event))
                if len(self._checkpoints) > MOST_CHECKPOINTS:
                    del self._checkpoints[:-1]
            case _:
                self._others.append((self._added, event))
                del self._others[:-MOST_OTHERS]

    def _add_end(self, end: EpochEnd) -> None:
        while self._ends and self._ends[-1][1].epoch >= end.epoch:
            self._ends.pop()  # each epoch once, whatever the record says
        # The newest is there in any case, and gives way to the next one where it is not on the grid.
        before = [self._ends.pop()] if self._ends and not self._stays(self._ends[-1][1]) else []
        self._ends += self._chosen([*before, (self._added, end)])
        stride = _grid(end.epoch, MOST_EPOCHS)
        if stride > self._stride:
            self._stride = stride
            self._ends = self._chosen(self._ends)

    def _stays(self, end: EpochEnd) -> bool:
        return end.epoch == 1 or end.epoch % self._stride == 0

    def _chosen(self, ends: list[tuple[int, EpochEnd]]) -> list[tuple[int, EpochEnd]]:
        """Those on the grid and the last one. Each takes over the time of those left out before it."""
        chosen: list[tuple[int, EpochEnd]] = []
        seconds = 0.0
        for place, end in ends:
            if place != ends[-1][0] and not self._stays(end):
                seconds += end.seconds
                continue
            chosen.append((place, replace(end, seconds=end.seconds + seconds) if seconds else end))
            seconds = 0.0
        return chosen


def _grid(newest: int, most: int) -> int:
    """The smallest power of two of which no more than `most` multiples come up to `newest`."""
    width = 1
    while newest > most * width:
        width *= 2
    return width


def _merged(points: list[tuple[int, Progress]], width: int) -> list[tuple[int, Progress]]:
    """One point for each `width` steps, at the place of the last one there. The first of all is left as it is."""
    merged = points[:1]
    last, weight = points[0][1].step, 0
    for place, point in points[1:]:
        new = max(point.step - last, 0)
        before = merged[-1][1]
        if len(merged) > 1 and (before.step - 1) // width == (point.step - 1) // width:
            weight += new
            share = new / weight if weight else 0.0  # while it validates, no step is made
            merged[-1] = place, replace(point, train=_between(before.train, point.train, share))
        else:
            merged.append((place, point))
            weight = new
        last = point.step
    return merged


def _between(first: Losses, second: Losses, share: float) -> Losses:
    """Their mean, in which the second one has this share."""
    rest = 1 - share
    return Losses(
        first.loss * rest + second.loss * share,
        first.recon * rest + second.recon * share,
        first.kl * rest + second.kl * share,
    )
