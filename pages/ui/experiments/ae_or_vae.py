"""AE or VAE: new pictures, the ways between codes, three losses, taking noise away, and what the variance says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.ui import cache, generation, mixtures
from pages.ui.boundary import guarded
from pages.ui.certainty import one_training_each
from pages.ui.chart_view import show_chart
from pages.ui.experiments import ae_or_vae_charts, ae_or_vae_words, blocks
from pages.ui.images import data_url
from pages.ui.model_kinds import posterior_means, told_classes
from pages.ui.shown import Shown, shown_data, shown_note
from pages.ui.text import N_, t, tn, written
from vae_core import datasets
from vae_core.recipes import Recipe
from vae_core.recipes.ae_or_vae import AUTOENCODER, BOTH, DENOISING, KL_ONLY, RECONSTRUCTION_ONLY
from vae_core.runs import Run
from vae_core.sheets import sheet

VARIATIONAL = N_("VAE")
LOSSES = {
    BOTH: N_("both terms"),
    RECONSTRUCTION_ONLY: N_("the reconstruction only (beta = 0)"),
    KL_ONLY: N_("the KL only"),
}
DRAWS, COLUMNS = 16, 8
COMPONENTS = 10
SECONDS, SECONDS_A_PICTURE = 8.0, 1.2e-3  # of the study: most of it fits 50 components to all training pictures
NOISY_PICTURES = 500


SETTINGS: tuple[str, ...] = ()
"""What `settings` changes."""


def settings(recipe: Recipe) -> Mapping[str, Any]:
    """Nothing more than data and length: all six trainings share them."""
    return {}


def show(run: Run, together: Mapping[str, Run]) -> None:
    """Each part of the answer, as far as the runs for it are there."""
    if run.config.model.kind == "autoencoder":
        st.info(t("This run is an autoencoder, so there is no VAE to compare with. Start the recipe as it is."))
        return
    models = {VARIATIONAL: run} | ({AUTOENCODER: together[AUTOENCODER]} if AUTOENCODER in together else {})
    _figures(models | ({DENOISING: together[DENOISING]} if DENOISING in together else {}))
    _new_pictures(models)
    _quality(models)
    _clouds(models)
    if AUTOENCODER in models:
        _between(models)
    _three_trainings({key: together[key] for key in (RECONSTRUCTION_ONLY, KL_ONLY, BOTH) if key in together})
    if DENOISING in together:
        _denoising(together[DENOISING], together.get(AUTOENCODER))
    _variance(run)


def _figures(models: Mapping[str, Run]) -> None:
    """What comes back, and what the code keeps: same data, size and time."""
    rows = []
    for name, run in models.items():
        found = run.metrics() or {}
        is_vae = found.get("kl") is not None
        rows.append(
            {
                t("Model"): _title(name),
                t("MSE"): written(found["mse"], ".4f") if "mse" in found else "",
                t("SSIM"): written(found["ssim"], ".3f") if "ssim" in found else "",
                t("−ELBO (nats)"): written(-found["elbo"], ".1f") if is_vae else t("has none"),
                t("KL (nats)"): written(found["kl"], ".1f") if is_vae else t("has none"),
                t("Active dimensions"): f"{found['active_units']}" if is_vae else "",
            }
        )
    st.dataframe(rows, hide_index=True, key="ae_or_vae_figures")
    first = next(iter(models.values()))
    st.caption(
        " ".join(
            [
                t("Test images of the run's own data set, grey pixels."),
                *([t("No noise, also for the denoising autoencoder.")] if DENOISING in models else []),
                shown_note(first),
                told_classes({_title(name): run.config for name, run in models.items()}),
                one_training_each(),
            ]
        )
    )


def _side_by_side(models: Mapping[str, Run]) -> Iterator[tuple[str, Run]]:
    """Each model with a column to write into."""
    for (name, run), column in zip(models.items(), st.columns(len(models)), strict=True):
        with column:
            st.markdown(f"**{_title(name)}**")
            yield name, run


def _title(name: str) -> str:
    title = t(name)
    return title[:1].upper() + title[1:]


def _sheet(images: NDArray[np.uint8], words: str, columns: int = COLUMNS) -> None:
    st.image(data_url(sheet(images, columns, scale=2)), caption=words, alt=words, width="stretch")


def _new_pictures(models: Mapping[str, Run]) -> None:
    from vae_core.drawing import draw

    st.subheader(t("New images"))
    for _, run in _side_by_side(models):
        model, data = cache.model(run), shown_data(run).name
        _sheet(draw(model, DRAWS, 0).images, t("From N(0, I)"))
        gaussian = cache.code_fit(run, data).gaussian
        _sheet(draw(model, DRAWS, 0, prior=gaussian).images, t("From a Gaussian fitted to its codes"))
        mixture = mixtures.fitted(run, data, COMPONENTS)
        if mixture is not None:
            words = t("From a mixture of {count} fitted to its codes", count=COMPONENTS)
            _sheet(draw(model, DRAWS, 0, prior=mixture).images, words)
    st.caption(
        t("Seed 0 for all. The Gaussian and the mixture are fitted after the training, to codes of training images.")
    )


def _quality(models: Mapping[str, Run]) -> None:
    from vae_core import classifier
    from vae_core.studies import quality

    first = next(iter(models.values()))
    data = shown_data(first).name
    if not classifier.judges(data):
        st.info(t("How real they look is measured by a classifier of digits, and these are none."))
        return
    found = {}
    for name, run in models.items():
        result = blocks.study(
            run,
            "quality",
            {"data": data},
            label=t("Measure the {model}'s images", model=t(name)),
            seconds=SECONDS + SECONDS_A_PICTURE * datasets.source(data).sizes["train"],
            what=t(
                "How far are the {model}'s new images from real ones? As many as there are test images, drawn {times} "
                "times from each of up to {count} densities.",
                model=t(name),
                times=quality.SEEDS,
                count=len(ae_or_vae_charts.SOURCES),
            ),
        )
        if result is not None:
            found[name] = result
    if not found:
        return
    figures = {name: result.figures for name, result in found.items()}
    one = next(iter(figures.values()))
    show_chart(
        ae_or_vae_charts.distances({_title(name): f["distances"] for name, f in figures.items()}, one["floor"]),
        t(
            "Fréchet distance between {count:,} drawn images and {count:,} test images, in the 64 features of the "
            "digit classifier that comes with Diabolo; lower is better. Bars are means of {draws} draws, with their 95 % "
            "interval. The dashed line is the distance of as many real training images, {floor:.3g}: what is left when everything is right. The mean image, again and "
            "again, is at {mean:.4g}. Compare only figures of the same number of images and of this classifier.",
            count=one["images"],
            draws=len(one["floor"]),
            floor=float(np.mean(one["floor"])),
            mean=one["mean_image"],
        ),
        key=f"quality_{first.id}",
        about="frechet",
    )
    if VARIATIONAL in figures:
        other = figures[AUTOENCODER]["distances"] if AUTOENCODER in figures else None
        blocks.what_you_see(*ae_or_vae_words.drawn(figures[VARIATIONAL]["distances"], other, one["floor"]))


def _clouds(models: Mapping[str, Run]) -> None:
    st.subheader(t("Where the codes lie"))
    points = {name: cache.latent(run, *shown_data(run)) for name, run in models.items()}
    places = {name: generation.places_around_origin(p.mu) for name, p in points.items()}
    side = ae_or_vae_charts.edge(list(places.values()))
    for name, run in _side_by_side(models):
        _cloud(run, places[name], side, pca=points[name].mu.shape[1] > 2)
    latent_dim = next(iter(points.values())).mu.shape[1]
    st.caption(
        t(
            "The codes{of_vaes} of test images, coloured by class, in the same frame. The dotted circles are N(0, I) at "
            "1, 2 and 3 σ.",
            of_vaes=posterior_means(run.config.model.kind for run in models.values()),
        )
        + (
            " "
            + tn(
                "The code has {count} dimension; shown is the plane in which codes differ most (PCA).",
                "The code has {count} dimensions; shown is the plane in which codes differ most (PCA).",
                "count",
                count=latent_dim,
            )
        )
        * (latent_dim > 2)
    )
    if AUTOENCODER in points:
        ae, vae = points[AUTOENCODER], points[VARIATIONAL]
        assert vae.sigma is not None
        blocks.what_you_see(
            ae_or_vae_words.reach(_root_mean_square(ae.mu), float(np.sqrt((vae.mu**2 + vae.sigma**2).mean())), 1.0)
        )


def _root_mean_square(mu: NDArray[np.float32]) -> float:
    return float(np.sqrt((mu.astype(np.float64) ** 2).mean()))


def _cloud(run: Run, places: NDArray[np.float32], side: float, *, pca: bool) -> None:
    data = cache.images(*shown_data(run))
    show_chart(
        ae_or_vae_charts.cloud(places, data.labels, data.class_names, side, pca=pca),
        t("The codes of test images, coloured by class, around the circles of N(0, I)."),
        key=f"cloud_{run.id}",
        about="codes",
        caption=False,
    )


def _between(models: Mapping[str, Run]) -> None:
    from vae_core import classifier, paths

    shown = shown_data(models[VARIATIONAL])
    if not classifier.judges(shown.name):
        return
    st.subheader(t("Interpolation between digits"))
    with st.spinner(t("Interpolating between digits ..."), show_time=True):
        found = {name: cache.ways(run, *shown) for name, run in models.items()}
    for name, _ in _side_by_side(models):
        images = found[name].images
        _sheet(images.reshape(-1, *images.shape[2:]), t("Straight lines between two codes each"), images.shape[1])
    values = {name: (ways.confidences, ways.distances) for name, ways in found.items()}
    show_chart(
        ae_or_vae_charts.ways({_title(name): (ways.confidence, ways.distance) for name, ways in found.items()}),
        tn(
            "Means over {count} pair of test images of different classes, the same for both models. Confidence: "
            "the classifier's highest probability. Distance: Euclidean, pixels from 0 to 1, to the nearest of "
            "{real:,} training images.",
            "Means over {count} pairs of test images of different classes, the same for both models. Confidence: the "
            "classifier's highest probability. Distance: Euclidean, pixels from 0 to 1, to the nearest of {real:,} training "
            "images.",
            "count",
            count=len(found[VARIATIONAL].confidences),
            real=min(paths.REAL, len(cache.images(shown.name, "train"))),
        ),
        key=f"ways_{models[VARIATIONAL].id}",
        about="ways",
    )
    blocks.what_you_see(*ae_or_vae_words.between(values[VARIATIONAL], values[AUTOENCODER]))


def _three_trainings(models: Mapping[str, Run]) -> None:
    if not models:
        return
    st.subheader(t("One small model, three losses"))
    codes = {name: cache.latent(run, *shown_data(run)).mu for name, run in models.items()}
    side = ae_or_vae_charts.edge(list(codes.values()))
    for name, run in _side_by_side(models):
        _cloud(run, codes[name], side, pca=False)
    st.caption(
        tn(
            "The same network with {count} latent dimension, trained with {losses}; the same frame for all.",
            "The same network with {count} latent dimensions, trained with {losses}; the same frame for all.",
            "count",
            count=next(iter(models.values())).config.model.latent_dim,
            losses=", ".join(t(LOSSES[name]) for name in models),
        )
    )
    figures = {}
    for name, run in models.items():
        metrics = run.metrics() or {}
        if metrics.get("kl") is not None:
            spread = float(codes[name].std(0).mean())
            figures[name] = {key: float(metrics[key]) for key in ("kl", "mse", "mse_mean_image")} | {"spread": spread}
    if figures:
        blocks.what_you_see(*ae_or_vae_words.trainings(figures, _errors(models)))


def _errors(models: Mapping[str, Run]) -> dict[str, NDArray[np.float64]]:
    """The mean squared error of each of the same test pictures: of each model, and of the mean image."""
    shown = [shown_data(run) for run in models.values()]
    if len(set(shown)) > 1:
        return {}
    name, split = shown[0]
    pixels = float(np.prod(cache.images(name, split).image_shape))
    found = {key: cache.scores(run, name, split)["squared_error"] / pixels for key, run in models.items()}
    return found | {ae_or_vae_words.MEAN_IMAGE: cache.baseline(name, split, None).squared_error / pixels}


@st.fragment
@guarded()
def _denoising(run: Run, plain: Run | None) -> None:
    st.subheader(t("Removing noise"))
    noise = st.slider(
        t("Noise"),
        0.0,
        1.0,
        float(run.config.training.noise),
        0.05,
        key=f"noise_{run.id}",
        width=300,
        help=t("The standard deviation of what is added to each pixel, of 0 to 1; then cut off at 0 and 1."),
    )
    found = _taken_away(run, plain, shown_data(run), noise)
    chosen = slice(COLUMNS)
    _sheet(found["clean"][chosen], t("Test images"))
    _sheet(found["noisy"][chosen], t("Input"))
    _sheet(found["trained"][chosen], t("Output of the denoising autoencoder"))
    errors = {name: _errors_of_each(images, found["clean"]) for name, images in found.items()}
    if plain is not None:
        _sheet(found["plain"][chosen], t("Output of the plain autoencoder"))
    st.caption(
        tn(
            "It learnt with noise of {trained:.2f}. Errors below are means over {count} test image.",
            "It learnt with noise of {trained:.2f}. Errors below are means over {count} test images.",
            "count",
            trained=run.config.training.noise,
            count=len(found["clean"]),
        )
    )
    if plain is not None:
        blocks.what_you_see(*ae_or_vae_words.denoised(noise, errors["noisy"], errors["plain"], errors["trained"]))


def _taken_away(run: Run, plain: Run | None, shown: Shown, noise: float) -> dict[str, NDArray[np.uint8]]:
    """Clean pictures, noisy ones, and what the models make of those."""
    import torch

    from vae_core import latent, pixels
    from vae_core.datasets import ImageData

    data = cache.images(*shown).subset(slice(NOISY_PICTURES))
    chance = torch.Generator().manual_seed(0)
    noisy = pixels.to_bytes(pixels.noisy(pixels.to_unit(pixels.to_tensor(data.images)), noise, chance))
    found = {"clean": data.images, "noisy": noisy}
    seen = ImageData(data.name, data.split, noisy, data.labels, data.class_names, data.source, data.licence)
    for name, one in {"trained": run, "plain": plain}.items():
        if one is not None:
            model = cache.model(one)
            found[name] = latent.decode(model, latent.encode(model, seen).mu)
    return found


def _errors_of_each(images: NDArray[np.uint8], clean: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The mean squared error of each picture, with shape (N,)."""
    return np.asarray((((images.astype(np.float64) - clean) / 255) ** 2).mean((1, 2, 3)))


def _variance(run: Run) -> None:
    from vae_core.uncertainty import STRANGERS

    st.subheader(t("Is the VAE less sure of anomalous images?"))
    found = cache.uncertainty(run, *shown_data(run))
    names = {kind: t(STRANGERS[kind]) for kind in found.auroc}
    show_chart(
        ae_or_vae_charts.variances(found.normal, {names[kind]: values for kind, values in found.strange.items()}),
        t(
            "How wide the encoder makes the cloud q(z|x): for {count:,} test images, and for as many of "
            "each anomalous kind, quartiles and the range of 96 %. AUROC is the chance that an anomalous "
            "image's cloud is wider than a normal one's; 0.5 is guessing.",
            count=len(found.normal),
        ),
        key=f"variance_{run.id}",
        about="variance",
    )
    blocks.what_you_see(*ae_or_vae_words.variance({names[kind]: one for kind, one in found.above.items()}))
