"""Home: what this is, three ways on, and the runs. Opens without torch."""

import numpy as np
import streamlit as st

from pages.ui import images, state
from pages.ui.navigation import BY_NAME, begin
from pages.ui.text import describe, plain, t
from vae_core import datasets, runs
from vae_core.errors import DiaboloError
from vae_core.runs import Summary

COLUMNS = 12
SHOWN = 8


def show_picture(summaries: list[Summary]) -> None:
    """Real digits, what the first starter that can makes of them, and what it invents; without one, the digits alone."""
    for summary in summaries:
        if not summary.starter or summary.config is None or summary.config.model.kind != "vae":
            continue
        try:
            run = runs.find(summary.id)
            epochs = run.snapshot_epochs()
            real, last = run.snapshot(epochs[0]), run.snapshot(epochs[-1])
            rows = [real["images"][:COLUMNS], last["recon"][:COLUMNS], last["samples"][:COLUMNS]]
        except (DiaboloError, LookupError):
            continue
        st.image(images.sheet(np.concatenate(rows), COLUMNS, scale=3, padding=2), width="stretch")
        st.caption(
            t(
                "Top: real handwritten digits. Middle: the same, drawn again from {size} numbers each. Bottom: digits "
                "that nobody wrote. The model is “{name}”.",
                name=plain(summary.name),
                size=summary.config.model.latent_dim,
            )
        )
        return
    digits = datasets.load("digits", "test").images[: 2 * COLUMNS]
    st.image(images.sheet(digits, COLUMNS, scale=3, padding=2), width="stretch")
    st.caption(t("Some of the bundled digits, written by people and taken from MNIST."))


def show_choice(name: str, label: str, line: str) -> None:
    with st.container(border=True, height="stretch"):
        st.page_link(BY_NAME[name].script, label=f"**{label}**", icon=BY_NAME[name].icon)
        st.markdown(line)


def show_run(summary: Summary) -> None:
    look = "train" if summary.state in ("queued", "starting", "running", "paused", "stopping") else "reconstruct"
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{plain(summary.name)}**  \n{plain(figures(summary))}", width="stretch")
        if summary.error is None:
            st.page_link(
                BY_NAME[look].script,
                label=t(BY_NAME[look].title) if look == "train" else t("Look"),
                icon=BY_NAME[look].icon,
                query_params={"run": summary.id},
            )


def figures(summary: Summary) -> str:
    """What is worth knowing about a run, in a line."""
    if summary.error is not None:
        return describe(summary.error)
    assert summary.config is not None
    metrics = summary.metrics or {}
    parts = [
        t("starter") if summary.starter else t(state.STATE_TITLES[summary.state]),
        summary.config.data.name,
        t("{done} of {epochs} epochs", done=summary.epoch, epochs=summary.config.training.epochs),
    ]
    if isinstance(metrics.get("elbo"), float):
        parts.append(t("ELBO {elbo:.1f} nats per image", elbo=metrics["elbo"]))
    elif isinstance(metrics.get("mse"), float):
        parts.append(t("squared error {mse:.4f} per pixel", mse=metrics["mse"]))
    return " · ".join(parts)


begin("home")
st.markdown(
    t(
        "An autoencoder is a network that learns to squeeze a picture into a few numbers and to draw it again from them. "
        "Here you train one on handwritten digits within a minute, and then see what it has understood, what it can draw "
        "by itself, and what looks strange to it."
    )
)
summaries = runs.list_runs()
show_picture(summaries)

first, second, third = st.columns(3)
with first:
    show_choice("latent", t("Look at a trained model"), t("Models come with Diabolo: nothing to wait for."))
with second:
    show_choice("train", t("Train one yourself"), t("Choose, press Start, and watch it learn."))
with third:
    show_choice("how", t("Read how it works"), t("Ten minutes, with pictures and the mathematics."))

st.subheader(t("Runs"))
if not summaries:
    st.caption(t("None yet: what you train appears here."))
for summary in summaries[:SHOWN]:
    show_run(summary)
if len(summaries) > SHOWN:
    with st.expander(t("{count} more", count=len(summaries) - SHOWN)):
        for summary in summaries[SHOWN:]:
            show_run(summary)
