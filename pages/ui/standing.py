"""How a run stands, for a person: in words, as curves, and which buttons make sense. Imports no Streamlit, no torch."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pages.ui.quantities import duration
from pages.ui.text import N_, describe, t, tn
from vae_core import control
from vae_core.control import STATES, State, Wish
from vae_core.environment import default_threads
from vae_core.errors import DiaboloError
from vae_core.events import EpochEnd, Event, FewerThreads, Progress
from vae_core.jobs.client import disk_is_full, was_stopped
from vae_core.jobs.waiting import wait_of
from vae_core.runs import STARTER_NAMES, Run, Summary

FIRST_LOOK, NEXT_LOOK = 0.25, 0.5  # seconds
HARDLY = 0.01  # of the mean picture's error: a gain that is no more says nothing of a picture
MOST_POINTS = 1000  # of a curve: more than a screen has room for

Points = dict[str, NDArray[np.float64]]

REFUSALS: Mapping[Wish, Mapping[str, str]] = {
    "pause": {
        "paused": N_("It is paused already."),
        "stopping": N_("It is stopping."),
        "interrupted": N_("It is about to go on; pause it then."),
        "finished": N_("It has finished."),
        "failed": N_("It has failed: there is nothing to pause."),
    },
    "run": {
        "queued": N_("It waits for its turn and starts by itself."),
        "starting": N_("It is starting."),
        "running": N_("It is training."),
        "stopping": N_("It is stopping. Once it has stopped, it can go on."),
        "finished": N_("It has done all its epochs. To train longer, use its settings again with more epochs."),
    },
    "stop": {
        "stopping": N_("It is stopping already."),
        "finished": N_("It has finished."),
        "failed": N_("It has failed: there is nothing to stop."),
    },
}


def name_of(summary: Summary) -> str:
    """A run's name: what a person called it, and a starter's in the visitor's language."""
    return t(STARTER_NAMES[summary.id]) if summary.starter and summary.id in STARTER_NAMES else summary.name


@dataclass(frozen=True)
class Look:
    """One look at a run. What follows decides on this alone, so that it can't contradict itself.

    Attributes:
        state: How it stands.
        pending: What somebody asked for and was not done yet.
        waited: Seconds since that was asked.
        stopped: It ended before its last epoch, because somebody stopped it.
        error: Why it failed.
        begun: It has a checkpoint to go on from.
        starter: It came with Diabolo.
        disk_full: It was interrupted, and the disk has no room to go on, or even to say why.
        note: What ended its last process, or that it gives no sign of life.
    """

    state: State
    pending: Wish | None = None
    waited: float = 0.0
    stopped: bool = False
    error: DiaboloError | None = None
    begun: bool = True
    starter: bool = False
    disk_full: bool = False
    note: DiaboloError | None = None


def look(run: Run) -> Look:
    """Raises WorkError where the run's files are damaged."""
    state = run.state()
    if run.is_starter:
        return Look(state, starter=True)
    return Look(
        state,
        run.job.pending(),
        max(0.0, time.time() - run.job.request().time),
        state == "finished" and was_stopped(run),
        run.job.status().error if state == "failed" else None,
        (run.folder / "resume.safetensors").exists(),
        disk_full=state == "interrupted" and disk_is_full(),
        note=run.job.note(),
    )


def pace(seen: Look, events: Sequence[Event]) -> float | None:
    """Seconds until the next look; `None` where nothing changes by itself any more."""
    if not control.is_active(seen.state):
        return None
    return NEXT_LOOK if latest(events) else FIRST_LOOK


def latest(events: Sequence[Event]) -> Progress | EpochEnd | None:
    """The newest point of the curves."""
    return next((event for event in reversed(events) if isinstance(event, Progress | EpochEnd)), None)


def refusal(wish: Wish, seen: Look) -> str:
    """Why a wish makes no sense now; empty where it does."""
    if seen.starter:
        return t("It came with Diabolo, as a finished model.")
    if seen.pending == "pause" and wish == "pause" and control.is_active(seen.state):
        return t("It is pausing.")
    if wish == "stop" and seen.state == "paused" and not seen.begun:
        return t("It has not begun yet. Delete it, if it is not wanted any more.")
    if wish == "run" and seen.state == "finished" and seen.stopped:
        lost = N_("It came here without the place at which it stopped. Use its settings again to train anew.")
        return "" if seen.begun else t(lost)
    if wish in STATES[seen.state].allows and not (wish == "run" and seen.state == "finished"):
        return ""
    if seen.state == "finished" and seen.stopped:
        return t("It was stopped already.")
    return t(REFUSALS[wish][seen.state])


def sentence(seen: Look, point: Progress | EpochEnd | None, others: int = 0) -> str:
    """What goes on, what happens or helps next, and what its process met.

    Args:
        point: The newest point of the curves.
        others: How many jobs must make room before this one starts, while it waits.
    """
    words = _standing(seen, point, others)
    return words if seen.note is None else f"{words} {describe(seen.note)}"


def _standing(seen: Look, point: Progress | EpochEnd | None, others: int) -> str:
    epoch = point.epoch if point else 0
    if seen.pending == "pause" and seen.state in ("starting", "running"):
        return t("Pausing. It saves its place first.")
    match seen.state:
        case "queued" if others:
            return tn(
                "Waiting until 1 other job makes room. It starts by itself.",
                "Waiting until {others} other jobs make room. It starts by itself.",
                "others",
                others=others,
            )
        case "queued":
            return t("Starts in a moment.")
        case "starting":
            return t("Getting ready: reads the images and builds the network.")
        case "running":
            return t("Training. It goes on if you leave this page or close the tab.")
        case "stopping":
            return t("Stopping. It keeps its model, and measures it on the test images.")
        case "paused" if epoch:
            return t("Paused in epoch {epoch}. Resume goes on from exactly this place.", epoch=epoch)
        case "paused":
            return t("Paused before it began. Resume puts it back into the queue.")
        case "interrupted" if seen.disk_full:
            return t("The disk is full. Make room, by deleting runs, say: then it goes on from the last saved epoch.")
        case "interrupted":
            return t("Its process ended unexpectedly. It goes on by itself from the last saved epoch, in a moment.")
        case "failed":
            reason = describe(seen.error) if seen.error else t("It failed without saying why.")
            return t("{reason} You can change its settings and train anew, or try again as it was.", reason=reason)
        case "finished" if seen.stopped and not seen.begun:
            return t("Stopped in epoch {epoch}, with the model of that moment.", epoch=epoch)
        case "finished" if seen.stopped:
            return t("Stopped in epoch {epoch}, with the model of that moment. Resume goes on from there.", epoch=epoch)
        case _:
            return t("Finished. Your model is ready.")


def others_first(run: Run) -> int:
    """How many jobs must make room before this one starts: no more than are in its way."""
    return wait_of(run.folder, run.config.training.threads or default_threads()).others


def progress_text(point: Progress | EpochEnd, epochs: int) -> str:
    """What stands on the progress bar."""
    return t(
        "Epoch {epoch} of {epochs} · {speed:,.0f} images/s · {left} left",
        epoch=point.epoch,
        epochs=epochs,
        speed=point.images_per_s,
        left=duration(point.seconds_left),
    )


def curves(events: Sequence[Event], epochs: int) -> tuple[Points, Points]:
    """The points of a training: while it learns, and on validation pictures at the end of each epoch.

    Returns:
        Both by name: `epoch` (with fractions) and `loss`, `recon`, `kl` in nats per image, each (N,). Long curves are
        thinned to the means of neighbouring points.
    """
    ends = [event for event in events if isinstance(event, EpochEnd)]
    train = [event for event in events if isinstance(event, Progress)] or ends
    # Thousands of events are looked at each half second, by every visitor: first leave most of them out.
    train = train[:: 1 + len(train) // (8 * MOST_POINTS)]
    ends = ends[:: 1 + len(ends) // (8 * MOST_POINTS)]
    return (
        _thinned(np.array([(e.step / e.steps * epochs, e.train.loss, e.train.recon, e.train.kl) for e in train])),
        _thinned(
            np.array([(e.epoch, e.validation.loss, e.validation.recon, e.validation.kl) for e in ends], dtype=float)
        ),
    )


def _thinned(rows: NDArray[np.float64]) -> Points:
    rows = rows.reshape(-1, 4)
    group = -(-len(rows) // MOST_POINTS)
    if group > 1:
        rows = np.add.reduceat(rows, starts := np.arange(0, len(rows), group)) / np.diff([*starts, len(rows)])[:, None]
    return dict(zip(("epoch", "loss", "recon", "kl"), rows.T, strict=True))


def key_figure(metrics: Mapping[str, Any] | None) -> str:
    """The one figure by which a finished run is known, with its name and unit; empty where there is none."""
    figures = metrics or {}
    if isinstance(figures.get("elbo"), int | float):
        return t("test ELBO {elbo:.1f} nats per image", elbo=figures["elbo"])
    if isinstance(figures.get("mse"), int | float):
        return t("test MSE {mse:.4f} per pixel", mse=figures["mse"])
    return ""


def verdict(metrics: Mapping[str, Any]) -> list[str]:
    """The figures of a finished model in words, a sentence each; those that its file lacks are left out."""
    lines = []
    has = {name for name, value in metrics.items() if isinstance(value, int | float)}
    if {"mse", "mse_mean_image"} <= has and metrics["mse_mean_image"] > 0:
        lines.append(
            t(
                "Mean squared error per pixel: {mse:.4f}, no lower than the mean image's {mean:.4f}: of a "
                "single image it tells nothing.",
                mse=metrics["mse"],
                mean=metrics["mse_mean_image"],
            )
            if metrics["mse"] >= metrics["mse_mean_image"]
            else t(
                "Mean squared error per pixel: {mse:.4f}, hardly lower than the mean image's {mean:.4f}: "
                "of a single image it tells next to nothing.",
                mse=metrics["mse"],
                mean=metrics["mse_mean_image"],
            )
            if metrics["mse"] > (1 - HARDLY) * metrics["mse_mean_image"]
            else t(
                "Mean squared error per pixel: {mse:.4f} (mean image: {mean:.4f}), {share:.0%} lower.",
                mse=metrics["mse"],
                mean=metrics["mse_mean_image"],
                share=1 - metrics["mse"] / metrics["mse_mean_image"],
            )
        )
    if {"elbo", "recon", "kl"} <= has:
        lines.append(
            t(
                "ELBO: {elbo:.1f} nats per image (higher is better). That is {recon:.1f} nats for the reconstruction "
                "and {kl:.1f} nats of KL: what the code may say about an image.",
                elbo=metrics["elbo"],
                recon=metrics["recon"],
                kl=metrics["kl"],
            )
        )
    if "active_units" in has:
        lines.append(t("Latent dimensions that say something about the image: {n}.", n=int(metrics["active_units"])))
    return lines


def threads_used(events: Sequence[Event]) -> str:
    """That a run had fewer threads than its settings ask for; empty where it had enough."""
    fewer = next((event for event in reversed(events) if isinstance(event, FewerThreads)), None)
    if fewer is None:
        return ""
    return tn(
        "Trained on {used} of the {asked} thread that its settings asked for, as its machine had no more: the "
        "last bits of its weights may differ from those of a larger machine.",
        "Trained on {used} of the {asked} threads that its settings asked for, as its machine had no more: the last bits of "
        "its weights may differ from those of a larger machine.",
        "asked",
        used=fewer.used,
        asked=fewer.asked,
    )


def tested_on(metrics: Mapping[str, Any]) -> str:
    """On which pictures the figures were measured."""
    if not isinstance(metrics.get("images"), int):
        return ""
    return tn(
        "Measured on {images:,} test image of '{dataset}', which it has not seen.",
        "Measured on {images:,} test images of '{dataset}', which it has not seen.",
        "images",
        images=metrics["images"],
        dataset=metrics.get("dataset", ""),
    )


def is_active(summary: Summary) -> bool:
    """Whether a line of the list of runs will change by itself."""
    return summary.error is None and control.is_active(summary.state)
