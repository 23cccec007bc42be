"""What the models make of the same pictures and the same codes, row below row, and where their codes lie. Imports torch."""

from collections.abc import Iterator

import numpy as np
import streamlit as st
import torch
from numpy.typing import NDArray

from pages.ui import cache, generation
from pages.ui.chart_view import show_chart
from pages.ui.comparing.choice import Chosen, told_name
from pages.ui.comparing.figures import PCA, Compared
from pages.ui.experiments.ae_or_vae_charts import cloud, edge
from pages.ui.images import data_url, sheet
from pages.ui.shown import Shown
from pages.ui.text import plain, t
from vae_core import comparison, latent
from vae_core.datasets import ImageData
from vae_core.models import Model
from vae_core.pixels import to_bytes

COLUMNS = 12  # pictures in a row
MAPS = 3  # in a row


def show_reconstructions(chosen: Chosen, compared: Compared, shown: Shown, seed: int) -> None:
    """The same test pictures, and below them what comes back from each model."""
    data = cache.images(*shown)
    some = data.subset(np.sort(np.random.default_rng(seed).permutation(len(data))[:COLUMNS]))
    _row(some.images, t("Test images"))
    for run_id, run in chosen.runs.items():
        model = cache.model(run)
        recon = latent.decode(model, latent.encode(model, some).mu, some.labels)
        _row(recon, _with_error(told_name(compared.names[run_id], run.config), some, recon))
    if chosen.pca is not None:
        pca, _ = cache.pca(shown.name, chosen.pca)
        recon = to_bytes(torch.from_numpy(pca.decode(pca.encode(some))))
        _row(recon, _with_error(compared.names[PCA], some, recon))


def show_samples(chosen: Chosen, compared: Compared, shown: Shown, seed: int) -> None:
    """New pictures from the same draws of N(0, I); PCA's from a Gaussian as wide as its codes."""
    data = cache.images(*shown)
    for run_id, run in chosen.runs.items():
        model = cache.model(run)
        z = latent.sample_prior(model.latent_dim, COLUMNS, seed)
        _row(latent.decode(model, z, _asked_for(model, data)), told_name(compared.names[run_id], run.config))
    if chosen.pca is not None:
        drawn = comparison.draw_pca(*cache.pca(shown.name, chosen.pca), COLUMNS, seed)
        _row(drawn, compared.names[PCA])


def show_maps(chosen: Chosen, compared: Compared, shown: Shown) -> None:
    """Where each puts the test pictures, each in a frame of its own: one model's codes may lie far wider than another's."""
    data = cache.images(*shown)
    places = {
        run_id: generation.places_around_origin(cache.latent(run, *shown).mu) for run_id, run in chosen.runs.items()
    }
    for (run_id, points), column in zip(places.items(), _columns(len(places)), strict=True):
        latent_dim = chosen.runs[run_id].config.model.latent_dim
        figure = cloud(points, data.labels, data.class_names, edge([points]), pca=latent_dim > 2)
        if latent_dim == 1:  # all on a line: there is no second number
            figure.update_yaxes(title_text="", showticklabels=False)
        with column:
            st.markdown(f"**{plain(compared.names[run_id])}**")
            words = t("The codes of test images of {name}, coloured by class.", name=compared.names[run_id])
            show_chart(figure, words, key=f"compare_map_{run_id}", about="codes", caption=False)


def _columns(count: int) -> Iterator[st.delta_generator.DeltaGenerator]:
    for start in range(0, count, MAPS):
        yield from st.columns(MAPS)[: min(MAPS, count - start)]


def _asked_for(model: Model, data: ImageData) -> NDArray[np.int64] | None:
    """Of a conditional model, each class in turn."""
    return np.arange(COLUMNS) % len(data.class_names) if model.is_conditional else None


def _with_error(name: str, original: ImageData, recon: NDArray[np.uint8]) -> str:
    mse = float(np.square((recon.astype(np.float64) - original.images) / 255).mean())
    return t("{name}: MSE {mse:.4f} on these", name=name, mse=mse)


def _row(images: NDArray[np.uint8], words: str) -> None:
    st.image(data_url(sheet(images, COLUMNS, scale=2)), caption=plain(words), alt=words, width="stretch")
