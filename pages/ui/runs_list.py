"""The list of runs: how each stands, what it is, how good it is, and where it can be looked at."""

from contextlib import suppress

import streamlit as st

from pages.ui import cache, standing
from pages.ui.boundary import guarded
from pages.ui.model_kinds import is_told
from pages.ui.navigation import BY_NAME
from pages.ui.quantities import file_size
from pages.ui.run_names import differences
from pages.ui.state import STATE_COLOURS, state_title
from pages.ui.text import describe, plain, t, tn
from vae_core import datasets, runs
from vae_core.config import RunConfig
from vae_core.errors import DiaboloError
from vae_core.jobs import client
from vae_core.runs import Summary

SHOWN = 8
LOOK_SECONDS = 2.0
THUMBNAIL = 112  # pixels wide: four images of 28


def show_runs() -> None:
    """All runs, one's own first. Looks again by itself while one of them is at work."""
    is_busy = any(map(standing.is_active, runs.list_runs()))
    st.fragment(guarded()(_all_runs), run_every=LOOK_SECONDS if is_busy else None)()


def show_active() -> None:
    """The runs that are at work or wait, in the order in which they started; nothing where there are none."""
    is_busy = any(map(standing.is_active, runs.list_runs()))
    if is_busy:
        st.fragment(guarded()(_active_runs), run_every=LOOK_SECONDS)()


def _all_runs() -> None:
    summaries = runs.list_runs()
    if not any(not summary.starter for summary in summaries):
        st.caption(t("None of your own yet: what you train appears here."))
    names = differences(summaries)
    for summary in summaries[:SHOWN]:
        _line(summary, names[summary.id])
    if len(summaries) > SHOWN:
        with st.expander(t("{count} more", count=len(summaries) - SHOWN)):
            for summary in summaries[SHOWN:]:
                _line(summary, names[summary.id])


def _active_runs() -> None:
    active = [summary for summary in runs.list_runs() if standing.is_active(summary)]
    if not active:
        st.rerun()
    st.markdown(t("**Running and waiting**"))
    names = differences(active)
    for summary in reversed(active):
        with st.container(horizontal=True, vertical_alignment="center"):
            _badge(summary)
            st.markdown(plain(names[summary.id]), width="stretch")
            _link("train", t("Follow"), summary)


@guarded()
def _line(summary: Summary, name: str) -> None:
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            _badge(summary)
            st.markdown(f"**{plain(name)}**", width="stretch")
            with st.container(width=THUMBNAIL):
                _thumbnail(summary)
        st.caption(plain(" · ".join(details(summary))))
        with st.container(horizontal=True):
            if summary.config is None:
                _link("train", t("Delete"), summary)
                return
            is_done = summary.starter or summary.state == "finished"
            _link("train", t("Curves") if is_done else t("Follow"), summary)
            if is_done or summary.epoch:
                for name in ("generate", "reconstruct", "latent"):
                    _link(name, t(BY_NAME[name].title), summary)


def _thumbnail(summary: Summary) -> None:
    """What its model draws, as the newest snapshot has it; nothing before the first one, or of a damaged run."""
    if summary.config is None:
        return
    with suppress(DiaboloError):
        if (drawn := cache.thumbnail(runs.find(summary.id))) is not None:
            st.image(drawn, width=THUMBNAIL, alt=t("What this model draws"))


def _badge(summary: Summary) -> None:
    if summary.error is not None and summary.config is None:
        st.badge(t("damaged"), color="red")
    elif summary.starter:
        st.badge(t("starter"), color="violet")
    else:
        st.badge(state_title(summary.state, stopped=summary.stopped), color=STATE_COLOURS[summary.state])


def _link(page: str, label: str, summary: Summary) -> None:
    entry = BY_NAME[page]
    st.page_link(entry.script, label=label, icon=entry.icon, query_params={"run": summary.id})


def details(summary: Summary) -> list[str]:
    """What is worth knowing about a run, in a few words each; of a damaged one, what is wrong with it."""
    parts = [describe(told) for told in (summary.error, summary.note) if told is not None]
    if summary.config is None:
        return parts
    if summary.state == "interrupted" and client.disk_is_full():
        parts.append(t("the disk is full"))
    epochs = summary.config.training.epochs
    parts.append(describe_settings(summary.config))
    parts.append(t("epoch {done} of {epochs}", done=summary.epoch, epochs=epochs))
    if figure := standing.key_figure(summary.metrics):
        parts.append(figure)
        if is_told(summary.config):
            parts.append(t("told the class"))
    parts.append(file_size(cache.run_size(summary.id)))
    return parts


def describe_settings(config: RunConfig) -> str:
    """Model and data in a few words."""
    kind = {"vae": t("VAE"), "autoencoder": t("autoencoder"), "conditional-vae": t("conditional VAE")}[
        config.model.kind
    ]
    network = {"dense": t("dense"), "conv": t("convolutional")}[config.model.network]
    known = datasets.DATASETS.get(config.data.name)
    data = config.data.name if known is None else t(known.title)
    if config.data.classes is not None:
        names = known.class_names if known else ()
        shown = [t(names[c]) if c < len(names) else str(c) for c in config.data.classes]
        data = t("{data}, only {classes}", data=data, classes=", ".join(shown))
    return " · ".join(
        [
            kind,
            network,
            tn("{size} latent dimension", "{size} latent dimensions", "size", size=config.model.latent_dim),
            data,
        ]
    )
