"""The Latent page's map: every place of a plane, decoded under the cursor, and the place that a visitor keeps."""

import numpy as np
import streamlit as st

from pages.ui import cache, latent_views, state
from pages.ui.about import show_about
from pages.ui.boundary import guarded
from pages.ui.components.latent_map import latent_map
from pages.ui.image_choice import offer_images
from pages.ui.images import data_url
from pages.ui.number_box import number_box
from pages.ui.number_text import Span
from pages.ui.shown import shown_data
from pages.ui.text import N_, t
from vae_core import atlas, latent
from vae_core.datasets import ImageData
from vae_core.latent import LatentPoints, Plane
from vae_core.models import Model
from vae_core.runs import Run
from vae_core.sheets import sheet

NEIGHBOURS = 6
PRINCIPAL, NUMBERS = "principal", "numbers"
KINDS = {PRINCIPAL: N_("Where codes differ most"), NUMBERS: N_("Two latent dimensions")}


@st.fragment
@guarded()
def show(run: Run) -> None:
    """The map, what to do with it, and below it the kept place. Only for codes of two numbers and more."""
    model, shown = cache.model(run), shown_data(run)
    data, points = cache.images(*shown), cache.latent(run, *shown)
    place = st.container()  # the map comes first: it is as high as a laptop's window has room for
    kind, axes, held = _plane(model, points, data)
    data_of_map = cache.latent_map(run, *shown, axes, held)
    name = f"{kind}-{'-'.join(map(str, axes or ()))}-{held}"
    titles = _titles(axes)
    with place:
        kept = latent_map(
            data_of_map,
            key=f"latent_map_{run.id}_{run.weights_version()[1]}_{name}",
            axes=titles,
            names=[t(one) for one in data.class_names],
            kept=state.picked_place(run.id, name, data_of_map["extent"]),
        )
        st.markdown(
            t(
                "**Move the pointer or a finger over the map**: the image beside it is what the model decodes "
                "at that point. Click or tap to keep a point, which is then decoded exactly below; drag to "
                "trace a path, which is then played."
            )
        )
    st.caption(_words(model, points, data, axes, held))
    show_about("latent_map", "latent_map")
    if kept is None:
        kept = state.picked_place(run.id, name, data_of_map["extent"])
    else:
        state.pick_place(run.id, name, kept)
    if kept is not None:
        _kept(model, points, data, plane(points, axes, held), kept)


def plane(points: LatentPoints, axes: tuple[int, int] | None, held: int) -> Plane:
    """The plane that a map shows.

    Args:
        points: The codes of all test pictures.
        axes: Two numbers of the code; `None` for the plane on which the codes differ most.
        held: The test picture through whose code the plane goes.
    """
    if axes is not None:
        return atlas.plane_of_dimensions(points.mu[held], *axes)
    found = latent.project(points.mu, "pca").plane
    assert found is not None, "PCA always has the way back"
    return atlas.plane_through(points.mu[held], found.axes)


def _plane(model: Model, points: LatentPoints, data: ImageData) -> tuple[str, tuple[int, int] | None, int]:
    """Which plane: its kind, its two numbers where it has them, and the picture that it goes through."""
    if model.latent_dim == 2:
        return NUMBERS, (0, 1), 0
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.segmented_control(
            t("Plane"),
            list(KINDS),
            default=PRINCIPAL,
            required=True,
            format_func=lambda name: t(KINDS[name]),
            key="latent_map_kind",
            wrap=True,
            persist_state="session",
        )
        axes = None
        if kind == NUMBERS:
            order = [int(number) for number in latent_views.dimensions(points).order]
            first = st.selectbox(t("Across"), order, format_func=_number, key="latent_map_first", width=100)
            rest = [number for number in order if number != first]
            axes = (first, st.selectbox(t("Up"), rest, format_func=_number, key="latent_map_second", width=100))
        held = number_box(
            t("Through test image no."),
            Span(0, len(data) - 1),
            key="latent_map_picture",
            follows=state.picked_picture(len(data)),
            width=190,
            help=t("What the map doesn't show of a code stays as it is in this image's code."),
        )
        offer_images(data, held.number, key="latent_map_images", on_pick=state.pick_picture)
    state.pick_picture(held.get())
    return str(kind), axes, held.get()


def _number(number: int) -> str:
    return str(number + 1)


def _titles(axes: tuple[int, int] | None) -> tuple[str, str]:
    if axes is None:
        return t("Component {number}", number=1), t("Component {number}", number=2)
    return t("Latent dimension {number}", number=axes[0] + 1), t("Latent dimension {number}", number=axes[1] + 1)


def _words(model: Model, points: LatentPoints, data: ImageData, axes: tuple[int, int] | None, held: int) -> str:
    words = [t("Each point is a test image, placed by the model, coloured by its class.")]
    if len(data) > atlas.MOST_POINTS:
        words.append(t("{shown:,} of {count:,} are drawn, chosen at random.", shown=atlas.MOST_POINTS, count=len(data)))
    if model.latent_dim > 2:
        words.append(
            t(
                "The map is a flat piece of {count} dimensions, through the code of test image no. {number}; the "
                "points are seen from above, most lie off it.",
                count=model.latent_dim,
                number=held,
            )
        )
    if points.sigma is not None:
        words.append(t("An ellipse is one standard deviation of a posterior: the model's uncertainty about an image."))
    words.append(t("Between two tiles the image is interpolated; a kept point is decoded exactly."))
    return " ".join(words)


def _kept(model: Model, points: LatentPoints, data: ImageData, plane: Plane, place: tuple[float, float]) -> None:
    """What the model draws exactly at the kept place, and the test pictures whose codes lie nearest."""
    code = plane.to_codes(np.array([place]))[0]
    near = atlas.nearest(points.mu, code, NEIGHBOURS)
    left, right = st.columns([1, 3])
    with left:
        words = t("The kept point {x:.2f}; {y:.2f}, decoded", x=place[0], y=place[1])
        st.image(data_url(sheet(latent.decode(model, code[None]), 1, scale=5)), caption=words, alt=words)
    with right:
        names = ", ".join(t(data.class_names[label]) for label in data.labels[near])
        words = t("The test images whose codes lie nearest: {names}", names=names)
        st.image(data_url(sheet(data.images[near], NEIGHBOURS, scale=3)), caption=words, alt=words)
        distances = np.linalg.norm(points.mu[near] - code, axis=1)
        st.caption(
            t(
                "Between {low:.2f} and {high:.2f} away in the latent space.",
                low=float(distances[0]),
                high=float(distances[-1]),
            )
        )
