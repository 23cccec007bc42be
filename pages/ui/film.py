"""The training film, on every page of a run: folded, and nothing is computed before it is opened."""

import streamlit as st

from pages.ui import cache, orders, standing, state
from pages.ui.about import show_about
from pages.ui.boundary import guarded
from pages.ui.charts import CLASS_COLOURS
from pages.ui.components.film import film_player
from pages.ui.text import t, tn
from vae_core import datasets
from vae_core.control import is_active
from vae_core.jobs.exports import ExportOf, export_of
from vae_core.runs import Run

LOOK_SECONDS = 3.0
KINDS = {"webp": "image/webp", "gif": "image/gif"}


def show_film(run: Run) -> None:
    """The film in an expander: one scrubber for curves, pictures and points. It grows while the run trains."""
    with guarded():
        pace = LOOK_SECONDS if is_active(run.state()) else None
        st.fragment(guarded()(_folded), run_every=pace)(run)


def _files(run: Run) -> dict[str, ExportOf]:
    """The film as files, by their endings, with the visitor's words above the frames."""
    settings = {"words": t("Epoch {epoch}"), "colours": CLASS_COLOURS}
    return {ending: export_of(run, f"film-{ending}", settings) for ending in KINDS}


def _folded(run: Run) -> None:
    orders.shown_first(f"film_{run.id}", *_files(run).values())
    opened = st.expander(t("Training film"), icon=":material/movie:", key=f"film_{run.id}", on_change="rerun")
    if not opened.open:
        return
    with opened, guarded():
        _film(run)


def _film(run: Run) -> None:
    film = cache.film(run)
    if film is None:
        st.info(
            t("No frame yet: the first one is saved before the first epoch, and one more after each."),
            icon=":material/hourglass_top:",
        )
        return
    curves = standing.curves(cache.log(run).read(), run.config.training.epochs)
    left = film_player(
        cache.film_payload(run),
        curves,
        key=f"film_player_{run.id}",
        names=[t(name) for name in datasets.source(run.config.data.name).class_names],
        epoch=state.film_epoch(run.id),
        wide=film.is_plane,
    )
    if left is not None:
        state.leave_film(run.id, left)
    for place, (ending, order) in zip(st.columns(len(KINDS)), _files(run).items(), strict=True):
        with place:
            orders.offer_file(order, t("Film as {kind}", kind=ending.upper()), KINDS[ending])
    st.caption(
        tn(
            "{count} frame, from before the training to epoch {epoch}. The images, the codes and the points are "
            "the same in every frame; only the model changes.",
            "{count} frames, from before the training to epoch {epoch}. The images, the codes and the points are the "
            "same in every frame; only the model changes.",
            "count",
            count=len(film.epochs),
            epoch=int(film.epochs[-1]),
        )
    )
    show_about("film", f"film_{run.id}")
