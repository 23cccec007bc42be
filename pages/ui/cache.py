"""The only `@st.cache_data` and `@st.cache_resource` wrappers. Keyed by run id and checkpoint, never by language.

What comes out is shared by all visitors: look at it, never change it. torch is imported only by what needs a model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from vae_core import datasets, runs
from vae_core.datasets import ImageData, Split
from vae_core.jobs.client import ensure_supervisor
from vae_core.runs import EventLog, Run

if TYPE_CHECKING:
    from vae_core.latent import LatentPoints

    from vae_core.config import ModelConfig
    from vae_core.models import ImageShape, Model, Size


@st.cache_resource(ttl=5, show_spinner=False)
def supervisor() -> None:
    """Make sure that the jobs' supervisor runs. It leaves after ten idle minutes, so ask again every few seconds."""
    ensure_supervisor()


@st.cache_resource(max_entries=6, show_spinner=False)
def images(name: str, split: Split, leave_out_digits_test: bool = False) -> ImageData:
    """A split of a data set, all classes. Raises as `datasets.load`."""
    return datasets.load(name, split, leave_out_digits_test=leave_out_digits_test)


@st.cache_resource(max_entries=64, show_spinner=False)
def _log(run_id: str) -> EventLog:
    return EventLog(runs.find(run_id))


def log(run: Run) -> EventLog:
    """The follower of a run's events: each line is read once, however many visitors look."""
    return _log(run.id)


@st.cache_resource(max_entries=8, show_spinner=False)
def _model(run_id: str, version: tuple[str, int]) -> Model:
    import torch

    from vae_core.models import load

    torch.set_num_threads(1)  # the other cores belong to the training
    run = runs.find(run_id)
    config = run.config
    return load(config.model, run.weights(), datasets.source(config.data.name).image_shape)


def model(run: Run) -> Model:
    """The run's model with its newest weights, for looking at.

    Raises:
        InputError: It has none yet.
        WorkError: Its files are damaged.
    """
    return _model(run.id, run.weights_version())


@st.cache_resource(max_entries=8, show_spinner=False)
def _latent(run_id: str, version: tuple[str, int], name: str, split: Split) -> LatentPoints:
    from vae_core.latent import encode

    return encode(_model(run_id, version), images(name, split))


def latent(run: Run, name: str, split: Split = "test") -> LatentPoints:
    """Where the run's model places each image of a split: posterior means and spreads."""
    return _latent(run.id, run.weights_version(), name, split)


@st.cache_resource(max_entries=256, show_spinner=False)
def size(config: ModelConfig, image_shape: ImageShape) -> Size:
    """Parameters and operations of a model that is not made yet. Raises InputError where it does not fit."""
    from vae_core.models import size as count

    return count(config, image_shape)
