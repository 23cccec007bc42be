"""What a run of some settings will cost: parameters and time, before it is started."""

import sys

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.ui import cache, settings
from pages.ui.boundary import guarded
from pages.ui.quantities import duration
from pages.ui.text import t
from vae_core import datasets
from vae_core.config import RunConfig

MEASURING_SECONDS = 1.0  # between two looks, while this machine's speed is being measured


def show_cost(config: RunConfig) -> None:
    """How large the model is and how long it will take; looks again while this machine's speed is being measured."""
    place = st.empty()
    if "torch" not in sys.modules:
        _lines(config, place, "…", "…")  # loading torch takes seconds: what stands below must not move afterwards
    with guarded():
        is_known = _seconds(config) is not None
        with place.container():
            st.fragment(guarded()(_cost), run_every=None if is_known else MEASURING_SECONDS)(config, is_known)


def _cost(config: RunConfig, is_known: bool) -> None:
    seconds = _seconds(config)
    if not is_known and seconds is not None:
        st.rerun()
    parameters = cache.size(config.model, datasets.source(config.data.name).image_shape).parameters
    time = t("not measured yet") if seconds is None else duration(seconds)
    _lines(config, st.container(), f"{parameters:,}", time)


def _lines(config: RunConfig, place: DeltaGenerator, parameters: str, time: str) -> None:
    place.markdown(
        t(
            "**{parameters}** parameters, the numbers that the training adjusts  \n"
            "About **{images:,}** pictures to learn from, each seen **{epochs:,}** times  \n"
            "Estimated time: **{time}**",
            parameters=parameters,
            images=settings.training_images(config),
            epochs=config.training.epochs,
            time=time,
        ),
        help=t("The time comes from a short measurement of this machine, with nothing else at work on it."),
    )


def _seconds(config: RunConfig) -> float | None:
    shape = datasets.source(config.data.name).image_shape
    return cache.training_seconds(config.replace(name=""), settings.training_images(config), shape)
