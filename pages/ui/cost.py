"""What a run of some settings will cost: parameters and time, before it is started."""

from collections.abc import Sequence

import streamlit as st

from pages.ui import cache, settings, standing
from pages.ui.boundary import guarded
from pages.ui.quantities import duration
from pages.ui.text import t, tn, written
from vae_core import datasets, files, runs
from vae_core.config import RunConfig
from vae_core.environment import default_threads
from vae_core.errors import DiaboloError
from vae_core.jobs.orders import Progress as OrderProgress
from vae_core.jobs.tasks import Task
from vae_core.jobs.waiting import Wait, wait_of_new

FIXED_SECONDS = 0.5  # of each training: its process begins, at its end the model is measured (0.4 to 0.6 s, 2026-11-25)
FEW_SECONDS = 5.0  # below, a number would promise more than a busy machine keeps
LOOK_SECONDS = 0.5  # while torch is being loaded or this machine's speed is being measured


def show_cost(config: RunConfig) -> None:
    """How large the model is and how long it will take; looks again while that can't be told yet."""
    with guarded():
        pace = _pace(config)
        st.fragment(guarded()(_cost), run_every=pace)(config, pace)


def show_time(configs: Sequence[RunConfig]) -> None:
    """How long several trainings will take, one after the other."""
    with guarded():
        pace = _pace(*configs)
        st.fragment(guarded()(_time), run_every=pace)(configs, pace)


def _time(configs: Sequence[RunConfig], pace: float | None) -> None:
    if _pace(*configs) != pace:
        st.rerun()
    seconds = [_seconds(config) for config in configs] if cache.can_count() else [None]
    known = [number for number in seconds if number is not None]
    words = _about(sum(known)) if len(known) == len(seconds) else "…"
    st.caption(
        "  \n".join(filter(None, [t("Estimated time: {time}", time=words), queue_words(_wait(configs[0]))])),
        help=t("The time comes from a short measurement of this machine, with nothing else at work on it."),
    )


def _pace(*configs: RunConfig) -> float | None:
    known = cache.can_count() and all(_seconds(config) is not None for config in configs)
    return None if known else LOOK_SECONDS


def _cost(config: RunConfig, pace: float | None) -> None:
    if _pace(config) != pace:
        st.rerun()
    parameters = time = "…"
    if cache.can_count():
        seconds = _seconds(config)
        source = datasets.source(config.data.name)
        found = cache.size(config.model, source.image_shape, len(source.class_names))
        parameters = written(found.parameters, ",")
        time = t("not measured yet") if seconds is None else _about(seconds)
    cost = (
        tn(
            "**{parameters}** parameters, the numbers that the training adjusts  \nAbout **{images:,}** images to "
            "learn from, each seen once  \nEstimated time: **{time}**",
            "**{parameters}** parameters, the numbers that the training adjusts  \n"
            "About **{images:,}** images to learn from, each seen **{epochs:,}** times  \n"
            "Estimated time: **{time}**",
            "epochs",
            parameters=parameters,
            images=settings.training_images(config),
            epochs=config.training.epochs,
            time=time,
        ),
        queue_words(_wait(config)),
    )
    st.markdown(
        "  \n".join(filter(None, cost)),
        help=t("The time comes from a short measurement of this machine, with nothing else at work on it."),
    )


def _seconds(config: RunConfig) -> float | None:
    shape = datasets.source(config.data.name).image_shape
    found = cache.training_seconds(config.replace(name=""), settings.training_images(config), shape)
    return None if found is None else FIXED_SECONDS + found


def queue_words(wait: Wait) -> str:
    """What a job that is asked for now has to wait for first; empty where it starts at once."""
    if not wait.others:
        return ""
    if wait.seconds is None:
        return tn(
            "Before that it waits until one other job makes room; nobody knows yet how long that takes.",
            "Before that it waits until {others} other jobs make room; nobody knows yet how long that takes.",
            "others",
            others=wait.others,
        )
    return tn(
        "Before that it waits until one other job makes room: about {time}.",
        "Before that it waits until {others} other jobs make room: about {time}.",
        "others",
        others=wait.others,
        time=_about(wait.seconds),
    )


def study_queue_words() -> str:
    """The same of a study, which takes a single thread."""
    return queue_words(wait_of_new(1, _seconds_left))


def _wait(config: RunConfig) -> Wait:
    return wait_of_new(config.training.threads or default_threads(), _seconds_left)


def _seconds_left(task: Task) -> float | None:
    """How long a job at work or in the queue still takes; `None` where that is not known."""
    if task.kind == "study":
        try:
            return OrderProgress(**files.read_json(task.folder / "progress.json")).seconds_left
        except (DiaboloError, TypeError):
            return None
    run = runs.find(task.folder.name)
    point = standing.latest(cache.log(run).read())
    if point is not None:
        return point.seconds_left
    return _seconds(run.config) if cache.can_count() else None


def _about(seconds: float) -> str:
    return t("a few seconds") if seconds < FEW_SECONDS else duration(seconds)
