"""The fragment that follows a run: state, buttons, curves and pictures, for as long as something changes by itself."""

from collections.abc import Sequence
from contextlib import suppress

import numpy as np
import streamlit as st

from pages.ui import address, cache, live_curves, standing
from pages.ui.about import show_about
from pages.ui.boundary import guarded
from pages.ui.chart_view import show_details
from pages.ui.charts import Part
from pages.ui.components.live_codes import live_codes
from pages.ui.images import data_url, sheet
from pages.ui.model_kinds import told_class
from pages.ui.navigation import BY_NAME
from pages.ui.primary import primary
from pages.ui.standing import Look
from pages.ui.state import STATE_COLOURS, state_title
from pages.ui.text import N_, describe, plain, t, tn
from vae_core import datasets, runs
from vae_core.config import RunConfig
from vae_core.control import Wish
from vae_core.errors import DiaboloError
from vae_core.events import Event
from vae_core.jobs import client
from vae_core.runs import Run

QUEUE_SECONDS = 1.0  # a run that waits longer is told why; before that it is most likely starting
CHART_HEIGHT = 260
NEXT_STEPS = ("generate", "draw", "latent", "reconstruct", "compare")


def follow(run: Run) -> None:
    """Show how a run gets on: every 0.25 s until its first point, then every 0.5 s, and no more once it has settled.

    Raises:
        WorkError: The run's files are damaged.
    """
    pace = standing.pace(standing.look(run), cache.log(run).read())
    # The pace of a fragment is fixed where it is made: when it has to change, `_panel` runs the whole page again.
    st.fragment(guarded()(_panel), run_every=pace)(run.id, pace)


def show_result(run: Run) -> None:
    """What a run that has ended reached on the test pictures.

    Below all that one watches while it trains: above, it would push curves and pictures away at the moment when it
    comes, and the browser would draw them anew.

    Raises:
        WorkError: The file is damaged.
    """
    # Also without a result: a fragment is known by its place, and a click in one that has moved meanwhile is lost.
    place = st.container()
    if run.state() not in ("finished", "failed") or not (metrics := run.metrics()):
        return
    with place.container(border=True):
        st.markdown("  \n".join(plain(line) for line in standing.verdict(metrics)))
        st.caption(plain(" ".join(filter(None, [standing.tested_on(metrics), told_class(run.config)]))))
        show_about("results", "results", N_("What do these numbers mean?"))


def _panel(run_id: str, pace: float | None) -> None:
    run = runs.find(run_id)
    seen, events = standing.look(run), cache.log(run).read()
    if standing.pace(seen, events) != pace:
        st.rerun()
    if pace is not None:
        cache.supervisor()  # it may have died while nobody opened a page
    with st.container(key="live"):  # see style.css
        _state(run, seen, events)
        with st.container(horizontal=True, key="run_actions"):
            if seen.state == "finished":
                _next_steps(run)
            _buttons(run, seen)
        with st.container(key="run_progress"):
            _progress(run, seen, events)
        # Pictures first: curves alone say little to who has never trained a network.
        _pictures(run, is_coming=pace is not None)
        _curves(events, run.config)
        if damaged := cache.log(run).damaged:
            st.caption(
                tn(
                    "{count} line of this run's record can't be read and is left out.",
                    "{count} lines of this run's record can't be read and are left out.",
                    "count",
                    count=damaged,
                )
            )


def _state(run: Run, seen: Look, events: Sequence[Event]) -> None:
    waits = seen.state == "queued" and seen.waited > QUEUE_SECONDS
    text = standing.sentence(seen, standing.latest(events), standing.others_first(run) if waits else 0)
    with st.container(horizontal=True, vertical_alignment="center", key="run_state"):
        st.badge(state_title(seen.state, stopped=seen.stopped), color=STATE_COLOURS[seen.state])
        st.markdown(plain(text), width="stretch")


def _buttons(run: Run, seen: Look) -> None:
    wishes: tuple[tuple[Wish, str, str, str], ...] = (
        ("pause", t("Pause"), ":material/pause:", t("Save the exact place and free the processor.")),
        (
            "run",
            t("Try again") if seen.state == "failed" else t("Resume"),
            ":material/play_arrow:",
            t("Go on where it was."),
        ),
        ("stop", t("Stop"), ":material/stop:", t("End it here, and keep the model as it is now.")),
    )
    for wish, label, icon, help in wishes:
        reason = standing.refusal(wish, seen)
        if reason and seen.state == "finished":
            continue  # there is something better to press
        key = f"ask.{wish}"
        kind = "secondary" if reason or wish == "stop" else primary(key)
        if st.button(label, key=key, type=kind, icon=icon, disabled=bool(reason), help=reason or help):
            client.ask(run, wish)
            st.rerun()


def _next_steps(run: Run) -> None:
    """What to do with a model that is ready, where the buttons were that have no use any more."""
    if st.button(t("Play with it"), key="play", type=primary("play"), icon=BY_NAME["latent"].icon):
        address.go(BY_NAME["latent"].script, {"run": run.id})
    for name in NEXT_STEPS:
        entry = BY_NAME[name]
        with st.container(key=f"next_{name}", width="content"):
            st.page_link(entry.script, label=t(entry.title), icon=entry.icon, query_params={"run": run.id})


def _progress(run: Run, seen: Look, events: Sequence[Event]) -> None:
    config, point = run.config, standing.latest(events)
    if point is None:
        done = 1.0 if seen.state == "finished" else 0.0
        st.progress(done, text=t("Nothing to plot yet.") if not done else t("All epochs done."))
    elif seen.state == "finished" and not seen.stopped:
        figure = ""
        with suppress(DiaboloError):  # damaged: `show_result` says so
            figure = standing.key_figure(run.metrics())
        text = tn("Its epoch is done.", "All {epochs} epochs done.", "epochs", epochs=config.training.epochs)
        st.progress(1.0, text=f"{text} {figure[:1].upper()}{figure[1:]}")
    elif seen.state == "running":
        st.progress(min(point.step / point.steps, 1.0), text=standing.progress_text(point, config.training.epochs))
    else:
        text = t("Epoch {epoch} of {epochs}", epoch=point.epoch, epochs=config.training.epochs)
        st.progress(min(point.step / point.steps, 1.0), text=text)


def _curves(events: Sequence[Event], config: RunConfig) -> None:
    train, validation = standing.curves(events, config.training.epochs)
    # An autoencoder has no KL, so its loss is its reconstruction.
    parts: tuple[Part, ...] = ("loss", "recon", "kl") if config.model.kind != "autoencoder" else ("recon",)
    log = st.toggle(t("Logarithmic scale"), key="curves.log", persist_state="session")
    for column, part in zip(st.columns(len(parts)), parts, strict=True):
        with column:
            points = live_curves.rows(train, validation, part, log=log)
            spec = live_curves.specification(part, log=log, height=CHART_HEIGHT)
            st.vega_lite_chart(
                points,
                spec,
                key=f"curve.{part}",
                on_select="rerun",
                selection_mode=[live_curves.ZOOM],
                alt=live_curves.in_words(points, part),
            )
    with st.container(gap="xxsmall"):
        st.caption(
            t(
                "A lower loss is better. Solid: training, as the epoch goes on. Dotted: validation, at the "
                "end of each epoch; if it rises while the other falls, the model memorises (overfits). The "
                "first epoch lies far above the following ones; it is only shown on the logarithmic scale. "
                "Zoom with Ctrl and the wheel."
            )
        )
        show_details("curves", "curves", lambda: live_curves.table(train, validation, parts))


def _pictures(run: Run, *, is_coming: bool) -> None:
    """What the model makes of fixed inputs, and where it puts test images in its latent space.

    Black sheets and a map as large while those are to come, or all below would jump.
    """
    try:
        shown, codes = cache.progress_pictures(run), cache.live_codes(run)
    except DiaboloError as error:
        st.warning(plain(describe(error)))
        return
    if shown is None and not is_coming:
        return
    config, source = run.config, datasets.source(run.config.data.name)
    left, right = st.columns([3, 2])
    with left:
        if shown is None:
            blank = data_url(sheet(np.zeros((16, *source.image_shape), np.uint8), 8, scale=3))
            for _ in range(2):
                st.image(blank, width="stretch", alt=t("A sheet without images yet"))
                st.caption(t("The first images come when the training begins."))
        else:
            _sheets(shown)
    with right:
        live_codes(
            codes,
            key=f"live_codes_{run.id}",
            names=[t(name) for name in source.class_names],
            rings=config.model.kind != "autoencoder",
            dimensions=config.model.latent_dim,
        )


def _sheets(shown: cache.ProgressPictures) -> None:
    words = t("Test images and their reconstructions")
    if shown.mse is not None:
        words += " " + t("(mean squared error: {mse:.4f} per pixel)", mse=shown.mse)
    st.image(shown.recon, width="stretch", alt=words)
    st.caption(t("After epoch {epoch}. Upper row: test images. Lower row: their reconstructions.", epoch=shown.epoch))
    st.image(shown.samples, width="stretch", alt=t("Images drawn from fixed codes"))
    st.caption(t("After epoch {epoch}. The same 16 random codes, drawn anew each time.", epoch=shown.epoch))
    show_about("samples", "samples", N_("Why are they blurry?"))
