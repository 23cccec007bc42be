"""How a training looks in a terminal: one bar that moves, or, where nobody watches, a line an epoch."""

import sys
from collections.abc import Iterable
from typing import Any

import click

from vae_core import events as ev
from vae_core.commands.shell import say


def watch(events: Iterable[ev.Event], epochs: int) -> ev.Event | None:
    """Shows a training on standard error until it ends; returns its last event.

    Args:
        events: Of the run.
        epochs: How many it will have.
    """
    last: ev.Event | None = None
    bar = _Bar(epochs) if sys.stderr.isatty() else None
    try:
        for last in events:
            if bar is not None:
                bar.show(last)
            elif isinstance(last, ev.EpochEnd):
                say(describe(last, epochs))
    finally:
        if bar is not None:
            bar.close()
    return last


def describe(event: ev.EpochEnd, epochs: int) -> str:
    """An epoch in a line: losses in nats per image."""
    return (
        f"epoch {event.epoch}/{epochs}  train {event.train.loss:.2f}  validation {event.validation.loss:.2f} "
        f"(reconstruction {event.validation.recon:.2f}, KL {event.validation.kl:.2f})  "
        f"{event.images_per_s:,.0f} images/s  {event.seconds_left:.0f} s left"
    )


class _Bar:
    """A click progress bar over the batches of a training."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs
        self.bar: Any = None
        self.text = ""

    def show(self, event: ev.Event) -> None:
        if isinstance(event, ev.EpochEnd):
            self.text = f"epoch {event.epoch}/{self.epochs}, validation {event.validation.loss:.2f} nats"
        if not isinstance(event, ev.Progress | ev.EpochEnd):
            return
        if self.bar is None:
            self.bar = click.progressbar(
                length=event.steps,
                label="Training",
                file=sys.stderr,
                item_show_func=lambda _: self.text,
                width=24,
            )
            self.bar.__enter__()
        self.bar.update(event.step - self.bar.pos)

    def close(self) -> None:
        if self.bar is not None:
            self.bar.render_finish()
