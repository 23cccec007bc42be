"""The Latent page's sliders: every number of a code by hand, with the picture that the model decodes."""

import numpy as np
import streamlit as st

from pages.ui import cache, generation, latent_views
from pages.ui.about import show_about
from pages.ui.boundary import guarded
from pages.ui.image_choice import offer_images
from pages.ui.images import data_url
from pages.ui.latent_views import Dimensions
from pages.ui.number_box import number_box
from pages.ui.number_text import Span
from pages.ui.primary import primary
from pages.ui.shown import shown_data
from pages.ui.state import pick_picture, picked_picture
from pages.ui.text import t, tn
from vae_core import latent
from vae_core.datasets import ImageData
from vae_core.latent import Codes
from vae_core.models import Model
from vae_core.runs import Run
from vae_core.sheets import sheet

FIRST = 8
STEPS = 11
A_PAGE = 16
_CODE, _RUN, _START, _PICTURE = "latent_code", "latent_code_of", "latent_start", "latent_picture"


@st.fragment
@guarded()
def show(run: Run) -> None:
    """The decoded picture, and a slider for each number of its code."""
    model, shown = cache.model(run), shown_data(run)
    data, points = cache.images(*shown), cache.latent(run, *shown)
    found = latent_views.dimensions(points)
    start = _begin(run, points.mu, data)
    _starts(points.mu, data, start)
    left, right = st.columns([2, 3], gap="large")
    with left, st.container(key="in_sight"):
        picture = st.empty()  # filled last, when every slider was read
    with right:
        st.caption(
            t("The dimension that says most about an image comes first.")
            if model.latent_dim > 1
            else t("The code's only dimension.")
        )
        _sliders(found, [int(number) for number in found.order[:FIRST]])
        if model.latent_dim > FIRST:
            with st.expander(
                tn("The other dimension", "The other {count} dimensions", "count", count=model.latent_dim - FIRST)
            ):
                _others(found)
    code = np.array(st.session_state[_CODE], np.float32)
    made = latent.decode(model, code[None])
    pair = made if start is None else np.concatenate([data.images[start][None], made])
    with picture.container():
        words = t("What the model decodes from this code")
        if start is not None:
            words = t("Left test image no. {number}, right what the model decodes from this code", number=start)
        st.image(data_url(sheet(pair, len(pair), scale=8 if start is None else 6)), caption=words, alt=words)
        st.caption(
            t(
                "This code lies {distance:.2f} from 0; draws from N(0, I) lie {prior:.2f} from it on average.",
                distance=float(np.linalg.norm(code)),
                prior=generation.prior_distance(model.latent_dim),
            )
        )
    rows = st.expander(t("What each dimension does from here"), key="latent_traversals", on_change="rerun")
    if rows.open:
        with rows:
            _traversals(model, found, code)
            show_about("traversal", "traversal")


def _traversals(model: Model, found: Dimensions, code: Codes) -> None:
    """A row a number, the one that carries most first: what it does to this very picture, from its low to its high end."""
    count = min(FIRST, model.latent_dim)
    images = latent_views.traversals(model, found, code, count, STEPS)
    for row, number in enumerate(int(number) for number in found.order[:count]):
        label, strip = st.columns([1, 4], vertical_alignment="center")
        with label:
            words = t("Dimension {number}", number=number + 1)
            if found.kl is not None:
                words = t("Dimension {number} · KL {kl:.2f}", number=number + 1, kl=float(found.kl[number]))
            if not found.active[number]:
                words += " · " + t("inactive")
            st.markdown(words)
        with strip:
            st.image(
                data_url(sheet(images[row * STEPS : (row + 1) * STEPS], STEPS, scale=2)),
                width="stretch",
                alt=t(
                    "Dimension {number} from {low:.1f} to {high:.1f}",
                    number=number + 1,
                    low=float(found.low[number]),
                    high=float(found.high[number]),
                ),
            )
    st.caption(
        t(
            "In each row one latent dimension goes from its lowest (left) to its highest value (right) "
            "over the test images, and the others stay where the sliders are. In a beta-VAE (beta above 1) "
            "active dimensions tend to change one thing each, and the others nothing at all."
        )
        + (
            " "
            + tn(
                "Only the {count} dimension that carries most is shown.",
                "Only the {count} dimensions that carry most are shown.",
                "count",
                count=count,
            )
            if count < model.latent_dim
            else ""
        )
    )


def _begin(run: Run, mu: Codes, data: ImageData) -> int | None:
    """The picture from whose code the sliders start, `None` for 0; the code itself is in the session then."""
    state = st.session_state
    start = state.get(_START, picked_picture(len(data)))
    start = start if isinstance(start, int) and 0 <= start < len(data) else None
    # By the run alone: new weights, while it trains, must not take a visitor's sliders away.
    if state.get(_RUN) != (run.id, start) or len(state.get(_CODE, ())) != mu.shape[1]:
        state[_START], state[_RUN] = start, (run.id, start)
        state[_CODE] = [0.0] * mu.shape[1] if start is None else [float(value) for value in mu[start]]
    return start


def _starts(mu: Codes, data: ImageData, start: int | None) -> None:
    """Where the sliders start: at a picture's code or at 0."""
    last = len(data) - 1
    with st.container(horizontal=True, vertical_alignment="bottom"):
        typed = number_box(
            t("Test image"),
            Span(0, last),
            key=_PICTURE,
            default=start or 0,
            width=130,
            help=t("By its number, 0 to {last}.", last=last),
        )
        offer_images(data, typed.number, key="latent_sliders_images", on_pick=_restart)
        st.button(
            t("Start from its code"),
            key="latent_from_picture",
            type=primary("latent_from_picture"),
            on_click=_restart,
            args=(typed.number,),
            disabled=typed.problem is not None,
            help=typed.reason,
        )
        st.button(t("Start from 0"), key="latent_from_zero", on_click=_restart, args=(None,))
        begun = [0.0] * mu.shape[1] if start is None else [float(value) for value in mu[start]]
        moved = begun != st.session_state[_CODE]
        st.button(
            t("Reset"),
            icon=":material/restart_alt:",
            key="latent_reset",
            on_click=_restart,
            args=(start,),
            disabled=not moved,
            help=t("Back to where the sliders started.") if moved else t("No slider was moved yet."),
        )


def _restart(start: int | None) -> None:
    st.session_state[_START] = start
    st.session_state.pop(_RUN, None)
    if start is not None:
        pick_picture(start)
        st.session_state[_PICTURE] = start


def _sliders(found: Dimensions, numbers: list[int]) -> None:
    code: list[float] = st.session_state[_CODE]
    columns = st.columns(2) if len(numbers) > 2 else [st.container()]
    for place, number in enumerate(numbers):
        key = f"latent_z_{number}"
        low, high = float(found.low[number]), float(found.high[number])
        # The code is the truth: numbers whose slider is not shown keep theirs.
        st.session_state[key] = min(max(code[number], low), high)
        title = t("Dimension {number}", number=number + 1)
        if found.kl is not None:
            title = t("Dimension {number} · KL {kl:.2f}", number=number + 1, kl=float(found.kl[number]))
        with columns[place * len(columns) // len(numbers)]:
            st.slider(
                title, low, high, step=(high - low) / 200, key=key, on_change=_moved, args=(number,), format="%.2f"
            )


def _moved(number: int) -> None:
    st.session_state[_CODE][number] = st.session_state[f"latent_z_{number}"]


def _others(found: Dimensions) -> None:
    rest = [int(number) for number in found.order[FIRST:]]
    pages = -(-len(rest) // A_PAGE)
    page = 0
    if pages > 1:
        page = st.selectbox(
            t("Show"),
            range(pages),
            format_func=lambda page: t(
                "places {first} to {last}",
                first=FIRST + page * A_PAGE + 1,
                last=FIRST + min((page + 1) * A_PAGE, len(rest)),
            ),
            key="latent_slider_page",
        )
    _sliders(found, rest[page * A_PAGE : (page + 1) * A_PAGE])
