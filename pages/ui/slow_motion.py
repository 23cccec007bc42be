"""Slow motion: one training step of the visitor's own model, with the picture that was picked, in six frames."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages.ui import cache, slow_motion_charts, state
from pages.ui.boundary import guarded
from pages.ui.chart_view import show_chart
from pages.ui.images import data_url, error_map
from pages.ui.primary import primary
from pages.ui.shown import shown_data
from pages.ui.text import N_, t, tn
from vae_core.config import RunConfig
from vae_core.control import is_active
from vae_core.runs import Run
from vae_core.sheets import sheet

if TYPE_CHECKING:
    from vae_core.slow_motion import Step

BATCH = 16
FRAME = "slow_motion_frame"
TITLES = (
    N_("1 · A batch goes in"),
    N_("2 · Encode"),
    N_("3 · Sample"),
    N_("4 · Decode"),
    N_("5 · Compute the loss"),
    N_("6 · Learn"),
)


@st.fragment
@guarded()
def show_slow_motion(run: Run) -> None:
    """Folded, below a run that has a model."""
    if not run.weights_version()[0] or is_active(run.state()):
        return
    opened = st.expander(
        t("Slow motion: one training step"),
        icon=":material/slow_motion_video:",
        key=f"slow_{run.id}",
        on_change="rerun",
    )
    if not opened.open:
        return
    with opened, guarded():
        _story(run)


def _story(run: Run) -> None:
    shown = shown_data(run)
    data = cache.images(*shown)
    first = state.picked_picture(len(data))
    step = cache.slow_motion(run, shown.name, first, BATCH)
    numbers = list(range(len(TITLES)))
    st.session_state.setdefault(FRAME, 0)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        frame = st.segmented_control(
            t("Frame"),
            numbers,
            key=FRAME,
            required=True,
            format_func=lambda number: t(TITLES[number]),
            label_visibility="collapsed",
            wrap=True,
        )
    here = int(frame or 0)
    with st.container(horizontal=True):
        st.button(
            t("Back"), icon=":material/arrow_back:", disabled=here == 0, on_click=_go, args=(here - 1,), key="slow_back"
        )
        st.button(
            t("Next"),
            icon=":material/arrow_forward:",
            disabled=here == numbers[-1],
            on_click=_go,
            args=(here + 1,),
            key="slow_next",
            type=primary("slow_next"),
        )
    _FRAMES[here](step, run.config, first)


def _go(number: int) -> None:
    st.session_state[FRAME] = number


def _batch(step: "Step", config: RunConfig, first: int) -> None:
    words = t(
        "{count} images. The first one is test image no. {number} (pick another on the page Reconstruct); the others "
        "are there because the gradient of one image alone would point anywhere.",
        count=len(step.x),
        number=first,
    )
    st.image(data_url(sheet(step.shown, 8, scale=3)), caption=words, alt=words)
    if config.training.noise:
        st.caption(t("Noise was added to them, as this run's settings say; what must come out is without it."))
    if config.data.pixels == "binarised":
        st.caption(t("Each pixel was drawn black or white, white with the probability of its grey."))
    st.caption(
        tn(
            "This run learnt with {size} image at once.",
            "This run learnt with {size} images at once.",
            "size",
            size=config.training.batch_size,
        )
    )


def _encode(step: "Step", config: RunConfig, first: int) -> None:
    figure = slow_motion_charts.code(step.mu[0], None if step.sigma is None else step.sigma[0])
    if step.sigma is None:
        words = tn(
            "The encoder turns the first image into its code: {count} value, as it has one latent dimension.",
            "The encoder turns the first image into its code: {count} values, one per latent dimension.",
            "count",
            count=step.mu.shape[1],
        )
    else:
        words = tn(
            "For the first image the encoder gives {count} mean μ and as many spreads σ (the bar's whiskers): not "
            "a point, but a small cloud of codes.",
            "For the first image the encoder gives {count} means μ and as many spreads σ (the bars' whiskers): not a "
            "point, but a small cloud of codes.",
            "count",
            count=step.mu.shape[1],
        )
    show_chart(figure, words, key="slow_code", about="posterior")
    st.latex(r"q(z|x) = \mathcal{N}(\mu, \sigma^2)" if step.sigma is not None else r"z = f(x)")


def _chance(step: "Step", config: RunConfig, first: int) -> None:
    if step.eps is None or step.sigma is None:
        st.info(t("An autoencoder samples nothing: its code goes to the decoder as it is."), icon=":material/block:")
        return
    figure = slow_motion_charts.drawn(step.mu[0], step.sigma[0], step.eps[0], step.z[0])
    words = t(
        "One code is drawn from the cloud: ε comes from N(0, 1), and z = μ + σ ε. The first dimension: "
        "{mu:.2f} + {sigma:.2f} × {eps:.2f} = {z:.2f}.",
        mu=float(step.mu[0, 0]),
        sigma=float(step.sigma[0, 0]),
        eps=float(step.eps[0, 0]),
        z=float(step.z[0, 0]),
    )
    show_chart(figure, words, key="slow_drawn", about="posterior")
    st.latex(r"z = \mu + \sigma\,\varepsilon, \qquad \varepsilon \sim \mathcal{N}(0, I)")


def _decode(step: "Step", config: RunConfig, first: int) -> None:
    maps = error_map(step.x[:1], step.recon[:1]) / 255
    pictures = [np.broadcast_to(one, (1, 3, *one.shape[2:])) for one in (step.x[:1], step.recon[:1])]
    words = t("Left what had to come out, in the middle what came out, right where they differ (brighter is more).")
    st.image(data_url(sheet(np.concatenate([*pictures, maps]), 3, scale=6)), caption=words, alt=words)
    st.caption(
        t("Mean squared error of this image: {mse:.4f}.", mse=float(np.square(step.x[0] - step.recon[0]).mean()))
    )
    st.latex(r"p(x|z)")


def _loss(step: "Step", config: RunConfig, first: int) -> None:
    is_point, (weight, beta) = step.sigma is None, step.weights
    values = {"recon": float(step.nll[0]), "kl": float(step.kl[0]), "loss": step.loss, "weight": weight, "beta": beta}
    figure = slow_motion_charts.terms(values["recon"], None if is_point else values["kl"], step.weights)
    words = (
        t("The first image: {recon:.1f} nats for what the reconstruction got wrong; a point costs no KL.", **values)
        if is_point
        else t(
            "The first image: {recon:.1f} nats for what the reconstruction got wrong, and {kl:.1f} nats of KL for what "
            "the code said.",
            **values,
        )
    )
    if weight != 1:
        words += " " + t("In this run the reconstruction counts {weight:g} times.", **values)
    if not is_point and beta != config.loss.beta:
        words += " " + t(
            "It stopped during its KL warm-up: β was {beta:g}, and would have grown to {last:g}.",
            last=config.loss.beta,
            **values,
        )
    words += " " + t("The whole batch, with the weights of this moment: {loss:.1f} nats per image.", **values)
    show_chart(figure, words, key="slow_terms", about="curves")
    st.latex(_loss_formula(weight, is_point=is_point))


def _loss_formula(weight: float, *, is_point: bool) -> str:
    first = r"-\log p(x|z)" if weight == 1 else rf"{weight:g} \cdot \big(-\log p(x|z)\big)"
    second = "" if is_point else r" + \beta\,\mathrm{KL}(q(z|x)\,\|\,\mathcal{N}(0, I))"
    return rf"\mathcal{{L}} = {first}{second}"


def _learn(step: "Step", config: RunConfig, first: int) -> None:
    figure = slow_motion_charts.gradients(step.gradients)
    words = t(
        "How strongly the loss asks each layer to change (the length of its gradient). One step of size {rate:g} later, the "
        "loss of the same batch is {after:.2f} instead of {before:.2f} nats.",
        rate=config.training.learning_rate,
        after=step.loss_after,
        before=step.loss,
    )
    show_chart(figure, words, key="slow_gradients", about="step")
    if step.loss_after > step.loss:
        st.caption(
            t(
                "It went up: the optimizer starts anew here, without the memory that it had, and a trained model is close "
                "to a place where every step of that size goes a little too far."
            )
        )
    st.latex(r"\theta \leftarrow \theta - \eta\,\mathrm{Adam}(\nabla_\theta \mathcal{L})")


_FRAMES: tuple[Callable[..., None], ...] = (_batch, _encode, _chance, _decode, _loss, _learn)
