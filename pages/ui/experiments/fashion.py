"""The sampling layer, and its loss: one VAE, three balances of its two terms, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import streamlit as st

from pages.ui import cache
from pages.ui.chart_view import show_chart
from pages.ui.experiments import blocks, fashion_charts
from pages.ui.experiments.fashion_charts import Balance
from pages.ui.images import data_url
from pages.ui.model_kinds import told_classes
from pages.ui.navigation import BY_NAME
from pages.ui.shown import shown_data, shown_note
from pages.ui.state import picked_picture
from pages.ui.text import N_, t
from vae_core import datasets
from vae_core.recipes import Recipe
from vae_core.recipes.fashion import FASHION
from vae_core.runs import Run
from vae_core.sheets import sheet

PICTURES, DRAWS = 8, 16
RIGHT = N_("sum over pixels + KL")


SETTINGS: tuple[str, ...] = ()
"""What `settings` changes."""


def settings(recipe: Recipe) -> Mapping[str, Any]:
    """Nothing more than data and length; the layers are changed on the page Train."""
    entry = BY_NAME["train"]
    st.page_link(
        entry.script,
        label=t("Change its layers, and train it alone"),
        icon=":material/account_tree:",
        query_params={"recipe": recipe.name},
    )
    return {}


def show(run: Run, together: Mapping[str, Run]) -> None:
    """The three models side by side: figures, pictures, where the codes lie, and what that says."""
    models = {RIGHT: run} | {name: together[name] for name in FASHION.companions if name in together}
    measured = {name: _measured(name, one) for name, one in models.items()}
    balances = [balance for balance in measured.values() if balance is not None]
    if len(balances) < len(models):
        st.info(t("This model has no sampling layer: it is an autoencoder. Start the recipe as it is, with a VAE."))
        return
    st.subheader(t("The figures"))
    st.dataframe(fashion_charts.table(balances), hide_index=True, key=f"fashion_table_{run.id}")
    st.caption(
        t(
            "Means over the {count:,} test images of {data}, grey pixels, one training each. −ELBO is the same quantity "
            "for all: the right loss of each model, whatever it was trained with. The mean image is the best answer of a "
            "decoder that is told nothing.",
            count=balances[0].images,
            data=t(datasets.source(run.config.data.name).title),
        )
        + " "
        + told_classes({t(name): one.config for name, one in models.items()})
    )
    blocks.what_you_see(*fashion_charts.sentences(balances))
    st.subheader(t("What each of them draws"))
    st.caption(shown_note(run))
    for name, one in _side_by_side(models):
        st.markdown(f"**{t(name)}**")
        _pictures(one)
    if run.config.model.latent_dim == 2:
        st.subheader(t("Where the codes lie"))
        _clouds(models)


def _side_by_side(models: Mapping[str, Run]) -> Iterator[tuple[str, Run]]:
    """Each model with a column to write into."""
    for (name, run), column in zip(models.items(), st.columns(len(models)), strict=True):
        with column:
            yield name, run


def _clouds(models: Mapping[str, Run]) -> None:
    codes = {run.id: cache.latent(run, *shown_data(run)).mu for run in models.values()}
    edge = fashion_charts.frame(list(codes.values()))
    count = 0
    for name, run in _side_by_side(models):
        data = cache.images(*shown_data(run))
        count = min(len(data), fashion_charts.MOST_POINTS)
        st.markdown(f"**{t(name)}**")
        show_chart(
            fashion_charts.cloud(codes[run.id], data.labels, data.class_names, edge),
            t("The codes of test images, coloured by class, around the circles of N(0, I)."),
            key=f"fashion_cloud_{run.id}",
            about="codes",
            caption=False,
        )
    st.caption(
        t(
            "The codes (posterior means) of {count:,} test images, coloured by class, in the same frame for all. The "
            "dotted circles are the prior N(0, I) at 1, 2 and 3 σ: what is drawn anew is drawn from within them.",
            count=count,
        )
    )


def _measured(name: str, run: Run) -> Balance | None:
    """A run's figures; `None` for one that has no KL."""
    metrics = run.metrics() or {}
    if metrics.get("kl") is None:
        return None
    shown = shown_data(run)
    points = cache.latent(run, *shown)
    assert points.sigma is not None
    each = cache.per_image(run, *shown)
    baseline = cache.baseline(*shown, None)
    return Balance(
        name=name,
        beta=run.config.loss.beta / run.config.loss.reconstruction,
        latent_dim=run.config.model.latent_dim,
        images=metrics["images"],
        recon=metrics["recon"],
        kl=metrics["kl"],
        mse=metrics["mse"],
        active=metrics["active_units"],
        mse_mean_image=metrics["mse_mean_image"],
        nats_mean_image=_mean_image_nats(run, metrics["mse_mean_image"]),
        sigma=float(points.sigma.mean()),
        outside=float((np.linalg.norm(points.mu, axis=1) > fashion_charts.reach(run.config.model.latent_dim)).mean()),
        elbos=each["recon"] + each["kl"],
        gains=baseline.squared_error / baseline.picture.size - each["mse"],
    )


def _mean_image_nats(run: Run, mse: float) -> float:
    picture = cache.baseline(*shown_data(run), None).picture
    model = run.config.model
    if model.likelihood == "gaussian":
        return fashion_charts.gaussian_nats(mse, picture.size, model.sigma)
    return fashion_charts.mean_image_nats(picture)


def _pictures(run: Run) -> None:
    """What comes back for test pictures, what one picture's cloud of codes gives, and what N(0, I) gives."""
    from vae_core import latent

    model, shown = cache.model(run), shown_data(run)
    data, points = cache.images(*shown), cache.latent(run, *shown)
    chosen = np.arange(PICTURES)
    recon = latent.decode(model, points.mu[chosen])
    _sheet(np.concatenate([data.images[chosen], recon]), t("Test images, and their reconstructions below"))
    number = picked_picture(len(data))
    assert points.sigma is not None
    eps = np.random.default_rng(0).standard_normal((PICTURES, model.latent_dim)).astype(np.float32)
    codes = points.mu[number] + points.sigma[number] * eps
    _sheet(
        latent.decode(model, codes),
        t("The sampling layer: eight draws of z = μ + σ · ε for test image no. {number}", number=number),
    )
    drawn = latent.decode(model, latent.sample_prior(model.latent_dim, DRAWS, seed=0))
    _sheet(drawn, t("New images, from N(0, I)"))


def _sheet(images: Any, words: str) -> None:
    st.image(data_url(sheet(images, PICTURES, scale=2)), caption=words, alt=words, width="stretch")
