"""The sampling layer, and its loss: one VAE, three balances of its two terms, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import streamlit as st

from pages.ui import cache
from pages.ui.experiments import blocks, fashion_charts
from pages.ui.experiments.fashion_charts import Balance
from pages.ui.images import data_url
from pages.ui.navigation import BY_NAME
from pages.ui.shown import shown_data, shown_note
from pages.ui.state import picked_picture
from pages.ui.text import N_, t
from vae_core import datasets
from vae_core.recipes import Recipe
from vae_core.runs import Run
from vae_core.sheets import sheet

PICTURES, DRAWS = 8, 16
RIGHT = N_("sum over pixels + KL")


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
    found = {name: _measured(name, one) for name, one in {RIGHT: run, **together}.items()}
    balances = {name: balance for name, balance in found.items() if balance is not None}
    if RIGHT not in balances:
        st.info(t("This model has no sampling layer: it is an autoencoder. Start the recipe as it is, with a VAE."))
        return
    source = datasets.source(run.config.data.name)
    st.subheader(t("The figures"))
    st.dataframe(fashion_charts.table(list(balances.values())), hide_index=True, key=f"fashion_table_{run.id}")
    st.caption(
        t(
            "Means over the {count:,} test pictures of {data} ({split}), grey pixels, one seed. −ELBO is the same "
            "quantity for all: the right loss of each model, whatever it was trained with. The mean image is the best "
            "answer of a decoder that is told nothing.",
            count=balances[RIGHT].images,
            data=t(source.title),
            split=t("its own test split"),
        )
    )
    blocks.what_you_see(*fashion_charts.sentences(list(balances.values())))
    st.subheader(t("What each of them draws"))
    st.caption(shown_note(run))
    names = list(balances)
    for name, column in zip(names, st.columns(len(names)), strict=True):
        with column:
            st.markdown(f"**{t(name)}**")
            _pictures({RIGHT: run, **together}[name])
    if run.config.model.latent_dim == 2:
        st.subheader(t("Where the codes lie"))
        for name, column in zip(names, st.columns(len(names)), strict=True):
            with column:
                one = {RIGHT: run, **together}[name]
                data = cache.images(*shown_data(one))
                points = cache.latent(one, *shown_data(one))
                st.markdown(f"**{t(name)}**")
                st.plotly_chart(
                    fashion_charts.cloud(points.mu, data.labels, data.class_names),
                    key=f"fashion_cloud_{one.id}",
                    config={"displayModeBar": False},
                    alt=t("The codes of test pictures, coloured by class, around the circles of N(0, I)"),
                )
        st.caption(
            t(
                "The codes (posterior means) of {count:,} test pictures, coloured by class, in the same frame for all. "
                "The dotted circles are the prior N(0, I) at 1, 2 and 3 σ: what is drawn anew is drawn from within them.",
                count=fashion_charts.MOST_POINTS,
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
        nats_mean_image=fashion_charts.mean_image_nats(cache.baseline(*shown, None).picture),
        sigma=float(points.sigma.mean()),
        outside=float((np.linalg.norm(points.mu, axis=1) > fashion_charts.reach(run.config.model.latent_dim)).mean()),
    )


def _pictures(run: Run) -> None:
    """What comes back for test pictures, what one picture's cloud of codes gives, and what N(0, I) gives."""
    from vae_core import latent

    model, shown = cache.model(run), shown_data(run)
    data, points = cache.images(*shown), cache.latent(run, *shown)
    chosen = np.arange(PICTURES)
    recon = latent.decode(model, points.mu[chosen])
    _sheet(np.concatenate([data.images[chosen], recon]), t("Test pictures, and below what comes back for each"))
    number = picked_picture(len(data))
    assert points.sigma is not None
    eps = np.random.default_rng(0).standard_normal((PICTURES, model.latent_dim)).astype(np.float32)
    codes = points.mu[number] + points.sigma[number] * eps
    _sheet(
        latent.decode(model, codes),
        t("The sampling layer: eight draws of z = μ + σ · ε for test picture no. {number}", number=number),
    )
    drawn = latent.decode(model, latent.sample_prior(model.latent_dim, DRAWS, seed=0))
    _sheet(drawn, t("New pictures, from N(0, I)"))


def _sheet(images: Any, words: str) -> None:
    st.image(data_url(sheet(images, PICTURES, scale=2)), caption=words, alt=words, width="stretch")
