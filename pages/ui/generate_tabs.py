"""What the Generate page shows: a function a tab, each a fragment, so that only it runs again when one of its controls moves."""

from typing import NamedTuple

import streamlit as st

from pages.ui import cache, csv_files, generation, mixtures
from pages.ui.about import show_about
from pages.ui.boundary import guarded
from pages.ui.controls import download, seed_box
from pages.ui.generation import MOST
from pages.ui.images import data_url
from pages.ui.longer_code import offer_longer_code
from pages.ui.read_aloud import read_aloud
from pages.ui.shown import shown_data
from pages.ui.text import N_, t, tn
from vae_core import datasets, export, latent
from vae_core.drawing import Drawing, draw
from vae_core.latent import Codes, Plane
from vae_core.models import Model
from vae_core.priors import Prior, PriorName
from vae_core.runs import Run
from vae_core.sheets import sheet

COMPONENTS = 10
PRIORS: dict[PriorName, str] = {
    "normal": N_("N(0, I)"),
    "fitted": N_("the fitted Gaussian"),
    "mixture": N_("the fitted mixture"),
}
"""What codes are drawn from."""


@st.fragment
@guarded()
def drawing(run: Run) -> None:
    """Draws new pictures, from N(0, I) and, for an autoencoder, from the Gaussian fitted to its codes beside it."""
    model = cache.model(run)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        count = st.slider(
            t("How many"), 1, MOST, 25, key="draw_count", bind="query-params", width=225, help=t("1 to 100 images.")
        )
        temperature = st.slider(
            t("Temperature"),
            0.0,
            2.0,
            1.0,
            0.05,
            key="draw_temperature",
            bind="query-params",
            width=225,
            help=t(
                "How far from the middle the codes are drawn. 1 is the distribution itself; less gives "
                "more ordinary images, more gives more unusual ones; 0 gives the middle every time."
            ),
        )
        typed = seed_box("draw_seed", t("The same seed with the same settings gives exactly the same images."))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        label = _choose_class(run, model)
        name = _choose_prior(model)
    draws = _Draws(run, model, count, typed.get(), temperature, label)
    if model.config.kind != "autoencoder":
        _show_fitted(draws, name)
        return
    found = cache.code_fit(run, shown_data(run).name)
    left, right = st.columns(2)
    with left:
        st.subheader(t("From N(0, I)"))
        st.caption(t("Not the distribution of its codes."))
        _show_drawing(draws, None, width=440)
    with right:
        if name == "mixture":
            st.subheader(t("From the fitted mixture"))
            st.caption(
                t("{count} Gaussians, each with mean and covariance, fitted to its own codes.", count=COMPONENTS)
            )
        else:
            st.subheader(t("From the fitted Gaussian"))
            st.caption(t("Mean and covariance of its own codes."))
        _show_fitted(draws, name, width=440)
    st.info(
        t(
            "**This is an autoencoder: nothing ever told it to put its codes where N(0, I) draws them.** The codes of "
            "{pictures:,} training images lie {distance:.1f} from 0 on average; draws from N(0, I) lie {prior:.1f}. "
            "So most draws from N(0, I) land where it learnt little. The Gaussian fitted to its codes at least draws "
            "in the right region, and a mixture of them follows its shape; a VAE is trained so that N(0, I) itself "
            "works.",
            pictures=found.pictures,
            distance=found.distance,
            prior=generation.prior_distance(model.latent_dim),
        ),
        icon=":material/info:",
    )


class _Draws(NamedTuple):
    """What is drawn, whatever the codes are drawn from."""

    run: Run
    model: Model
    pictures: int
    seed: int
    temperature: float
    label: int | None


def _choose_prior(model: Model) -> PriorName:
    """An autoencoder's draws from N(0, I) are always shown; the choice is what stands beside them."""
    names: list[PriorName] = ["fitted", "mixture"] if model.config.kind == "autoencoder" else list(PRIORS)
    titles = {
        "normal": t("N(0, I)"),
        "fitted": t("A Gaussian"),
        "mixture": t("A mixture of {count}", count=COMPONENTS),
    }
    chosen = st.segmented_control(
        t("Sample codes from"),
        names,
        default=names[0],
        required=True,
        format_func=titles.__getitem__,
        key=f"draw_prior_{model.config.kind}",
        help=t(
            "N(0, I) is what a VAE is trained for. A Gaussian, or a mixture of several, is fitted afterwards to the "
            "codes of training images: its draws lie where codes do lie, so that images get better, most of all an "
            "autoencoder's (Ghosh et al. 2020)."
        ),
    )
    return chosen or names[0]


def _choose_class(run: Run, model: Model) -> int | None:
    """The class that a conditional model is asked for."""
    if not model.is_conditional:
        return None
    names = datasets.source(run.config.data.name).class_names
    chosen: int | None = st.selectbox(
        t("Class"),
        [None, *(run.config.data.classes or range(len(names)))],
        index=1,  # a class that is asked for: without one, its pictures are the worst
        format_func=lambda number: t("not told") if number is None else t(names[number]),
        key="draw_class",
        width=150,
        help=t("This model is told the class of each image, so you can ask for one."),
    )
    return chosen


def _show_fitted(draws: _Draws, name: PriorName, width: int = 640) -> None:
    """Draws from what was chosen, as soon as it is there."""
    data = shown_data(draws.run).name
    if name == "normal":
        _show_drawing(draws, None, width)
    elif name == "fitted":
        with st.spinner(t("Fitting to the codes of training images ...")):
            fitted = cache.code_fit(draws.run, data).gaussian
        _show_drawing(draws, fitted, width)
    elif (mixture := mixtures.fitted(draws.run, data, COMPONENTS)) is not None:
        _show_drawing(draws, mixture, width)


def _show_drawing(draws: _Draws, prior: Prior | None, width: int = 640) -> None:
    run, model, count, seed, temperature, label = draws
    made = draw(model, count, seed, temperature, prior, label)
    words = tn(
        "{count} new image from {what}, seed {seed}, temperature {temperature:.2f}",
        "{count} new images from {what}, seed {seed}, temperature {temperature:.2f}",
        "count",
        count=count,
        what=t(PRIORS[made.prior]),
        seed=seed,
        temperature=temperature,
    )
    if label is not None:
        words += " · " + t("class {name}", name=t(datasets.source(run.config.data.name).class_names[label]))
    st.image(
        data_url(made.png(generation.sheet_scale(count, model.image_shape[2], width))),
        caption=words,
        alt=tn(
            "A sheet of {count} image that the model made up.",
            "A sheet of {count} images that the model made up.",
            "count",
            count=count,
        )
        + " "
        + read_aloud(made.images, run.config.data.name),
    )
    show_about("samples", f"samples_{made.prior}", N_("Why are they blurry?"))
    if made.prior == "normal":
        offer_longer_code(run.config)
    _downloads(run, made)


def _downloads(run: Run, made: Drawing) -> None:
    what = "digits" if made.prior == "normal" else f"digits-{made.prior}"
    parts = [f"seed{made.seed}", *([] if made.y is None else [f"class{made.y}"])]
    stem = generation.file_stem(run.id, what, *parts)
    with st.container(horizontal=True):
        download(t("Sheet (PNG)"), made.png(scale=4), f"{stem}.png", "image/png")
        download(
            t("Arrays (NPZ)"),
            made.npz(),
            f"{stem}.npz",
            "application/octet-stream",
            help=t("For numpy: images, their codes z, seed and temperature. No pickle inside."),
        )
        download(
            t("Single images (ZIP)"),
            export.drawing_to_folders(made, datasets.source(run.config.data.name).class_names, csv_files.chosen_form()),
            f"{stem}.zip",
            "application/zip",
            help=t("A PNG for each image, in a folder as torchvision's ImageFolder reads it, and a list."),
        )


@st.fragment
@guarded()
def manifold(run: Run) -> None:
    """Decodes a grid of places: all of a small latent space, or a plane through a larger one."""
    model = cache.model(run)
    points = cache.latent(run, *shown_data(run)).mu
    by_prior = model.config.kind != "autoencoder"
    if model.latent_dim == 1:
        _line(run, model, points, by_prior)
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        side = st.slider(t("Images a side"), 5, 30, 15, key="manifold_side", width=225)
        axes = _plane(model, points)
    if isinstance(axes, Plane):
        by_prior = False
    grid = generation.plane_grid(points, side, axes, by_prior=by_prior)
    images = latent.decode(model, generation.plane_codes(grid, model.latent_dim, axes))
    with st.container(width=640):
        st.image(
            data_url(sheet(images, side, padding=0)),
            width="stretch",
            alt=f"{t('A square of {count} images, each decoded at its place.', count=len(images))} "
            + read_aloud(images, run.config.data.name),
        )
        st.caption(generation.plane_words(model, grid, axes, by_prior=by_prior))
    show_about("manifold", "manifold")
    stem = generation.file_stem(run.id, "map", f"{side}x{side}")
    download(t("Map (PNG)"), sheet(images, side, padding=0), f"{stem}.png", "image/png")


def _line(run: Run, model: Model, points: Codes, by_prior: bool) -> None:
    count = st.slider(t("Images"), 10, MOST, 50, 10, key="line_count", width=225)
    z = generation.line_codes(points, count, by_prior=by_prior)
    images = latent.decode(model, z)
    words = t(
        "The code's only dimension, from {low:.2f} (top left) to {high:.2f} (bottom right).",
        low=float(z[0, 0]),
        high=float(z[-1, 0]),
    )
    st.image(
        data_url(sheet(images, 10)),
        caption=f"{words} {generation.step_words(model, by_prior=by_prior)}",
        alt=tn(
            "{count} image along the only dimension of the code.",
            "{count} images along the only dimension of the code.",
            "count",
            count=count,
        )
        + " "
        + read_aloud(images, run.config.data.name),
    )
    stem = generation.file_stem(run.id, "line", count)
    download(t("Sheet (PNG)"), sheet(images, 10, scale=4), f"{stem}.png", "image/png")


def _plane(model: Model, points: Codes) -> tuple[int, int] | Plane:
    """Which plane of a latent space is shown; one of two dimensions is its own."""
    if model.latent_dim == 2:
        return 0, 1
    kind = st.segmented_control(
        t("Plane"),
        ["pca", "two"],
        default="pca",
        required=True,
        format_func=lambda kind: t("Widest (PCA)") if kind == "pca" else t("Two dimensions"),
        key="manifold_plane",
    )
    if kind == "pca":
        return generation.widest_plane(points)
    first, second = generation.widest_dimensions(points)
    numbers = range(model.latent_dim)
    across = st.selectbox(
        t("Across"), numbers, first, format_func=lambda i: str(i + 1), key="manifold_across", width=100
    )
    rest = [number for number in numbers if number != across]
    start = rest.index(second) if second in rest else 0
    up = st.selectbox(t("Up"), rest, start, format_func=lambda i: str(i + 1), key="manifold_up", width=100)
    return across, up
