"""The Latent page's points: the test pictures laid out in several ways, and the pictures behind those selected."""

import streamlit as st

from pages.ui import cache, latent_selection, latent_views, orders
from pages.ui.boundary import guarded
from pages.ui.chart_view import show_chart
from pages.ui.cost import study_queue_words
from pages.ui.latent_views import Kind, View
from pages.ui.primary import primary
from pages.ui.shown import shown_data
from pages.ui.state import STATE_TITLES
from pages.ui.text import t
from vae_core import latent
from vae_core.control import State, is_active
from vae_core.datasets import ImageData
from vae_core.errors import DiaboloError
from vae_core.jobs.studies import StudyOf, study_of
from vae_core.models import Model
from vae_core.runs import Run

_TOOLS = {
    # Always there: a lasso that only shows under the mouse would not be found. A click selects while dragging moves.
    "displayModeBar": True,
    "modeBarButtonsToRemove": ["autoScale2d", "zoom2d", "zoom3d", "tableRotation", "resetCameraLastSave3d"],
}


@st.fragment
@guarded()
def show(run: Run) -> None:
    """The map, and beside it what is selected on it."""
    model, shown = cache.model(run), shown_data(run)
    data = cache.images(*shown)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = _kind(model.latent_dim)
        view = _view(run, model, data, kind)
        prior = _prior(model, view)
    if view is None:
        _ask(run, kind, shown.name)
        return
    left, right = st.columns([5, 3], gap="medium")
    with left:
        key = f"latent_map_{run.id}_{kind}_{'_'.join(map(str, view.points.shape))}"
        figure = latent_views.chart(view, data.labels, data.class_names, prior=prior, revision=run.id)
        words = _words(view, len(data), prior)
        event = show_chart(figure, words, key=key, about="codes", selects=True, config=_TOOLS)
    with right:
        latent_selection.show(run, model, data, view, latent_views.selected(event, len(data)))


def _kind(latent_dim: int) -> Kind:
    choices = latent_views.kinds(latent_dim)
    if len(choices) == 1:
        return choices[0]
    titles = {name: t(row.title) for name, row in latent.PROJECTIONS.items()} | {"numbers": t("Latent dimensions")}
    return st.segmented_control(
        t("View"),
        choices,
        default=choices[0],
        required=True,
        format_func=titles.__getitem__,
        key="latent_kind",
        wrap=True,
    )


def _view(run: Run, model: Model, data: ImageData, kind: Kind) -> View | None:
    """The chosen view; `None` where a job has yet to find it."""
    shown = shown_data(run)
    if kind in latent_views.JOBS:
        study = _projection(run, kind, shown.name)
        arrays = study.arrays() if study else None
        return None if arrays is None else latent_views.job_view(kind, arrays)
    points = cache.latent(run, *shown)
    if kind == "line":
        return latent_views.line_view(points.mu, data.labels)
    if model.latent_dim == 2:
        return latent_views.numbers_view(points.mu, (0, 1))
    flat = st.segmented_control(
        t("Shown in"),
        [2, 3],
        default=2,
        required=True,
        format_func=lambda count: t("{count}-D", count=count),
        key="latent_components",
    )
    if kind == "pca":
        return latent_views.pca_view(points.mu, flat)
    order = [int(number) for number in latent_views.dimensions(points).order]
    chosen: list[int] = []
    for place, title in enumerate((t("Across"), t("Up"), t("Deep"))[:flat]):
        rest = [number for number in order if number not in chosen]
        box = st.selectbox(
            title, rest, format_func=lambda number: str(number + 1), key=f"latent_axis_{place}", width=100
        )
        chosen.append(box)
    return latent_views.numbers_view(points.mu, chosen)


def _prior(model: Model, view: View | None) -> bool:
    is_vae = model.config.kind != "autoencoder"
    if view is not None and not view.prior:
        help = t("This view bends space, so N(0, I) has no shape in it.")
    elif is_vae:
        help = t("Where N(0, I) lies: 1, 2 and 3 standard deviations from 0. A VAE's codes should fill it.")
    else:
        help = t("Nothing holds an autoencoder's codes near N(0, I), so it is off at first; turn it on to compare.")
    return st.toggle(
        t("Show N(0, I)"),
        is_vae,
        key=f"latent_prior_{model.config.kind}",
        disabled=view is None or not view.prior,
        help=help,
    )


def _words(view: View, count: int, prior: bool) -> str:
    words = [t("Each point is a test image, placed by the model, coloured by its class.")]
    if len(view.index) < count:
        words.append(t("{shown:,} of {count:,} are drawn, chosen at random.", shown=len(view.index), count=count))
    if view.kind == "line":
        words.append(t("Points of a class are spread up and down a little, so that they don't hide each other."))
    if view.kind in latent_views.JOBS:
        words.append(t(latent.PROJECTIONS[view.kind].help))
    if view.kind == "pca":
        words.append(t("The axes say in brackets which share of the codes' variance lies along them."))
    if prior and view.prior:
        words.append(t("Dotted: N(0, I) at 1, 2 and 3 standard deviations."))
    return " ".join(words)


def _projection(run: Run, kind: Kind, data: str) -> StudyOf | None:
    """The job that lays the codes out; `None` where the run is not finished."""
    try:
        return study_of(run, "projection", {"method": kind, "data": data})
    except DiaboloError:
        return None


def _ask(run: Run, kind: Kind, data: str) -> None:
    """Has a projection computed, and waits for it."""
    row = latent.PROJECTIONS[kind]
    study = _projection(run, kind, data)
    if study is not None and is_active(study.state()):
        orders.follow(study, t(row.title), row.seconds)
        return
    with st.container(border=True):
        st.markdown(t(row.help))
        if study is not None:
            orders.show_reason(study)
        asked = st.button(
            t("Compute {method} (about {seconds:.0f} s)", method=t(row.title), seconds=row.seconds),
            type=primary(f"latent_ask_{kind}"),
            key=f"latent_ask_{kind}",
            disabled=study is None,
            help=t("Up to {limit:,} test images. Computed once and kept with the run.", limit=row.limit or 0)
            if study
            else not_yet(run.state()),
        )
        if study is not None and (words := study_queue_words()):
            st.caption(words)
    if asked and study:
        study.ask()
        st.rerun()


def not_yet(state: State) -> str:
    """Why the codes of a run that has no finished model can't be laid out."""
    if is_active(state):
        return t("This run still trains. Its codes are laid out when it is finished; PCA works at once.")
    return t(
        "This run has no finished model (it is: {state}). Resume it, or stop it to keep what it has; PCA works at once.",
        state=t(STATE_TITLES[state]),
    )
