"""The lessons of How it works, told with one picture's way through a VAE."""

from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.ui import architecture, cache
from pages.ui.about import show_code, show_formulas
from pages.ui.boundary import guarded
from pages.ui.chart_view import show_chart
from pages.ui.images import sheet
from pages.ui.lessons import LESSONS
from pages.ui.primary import primary
from pages.ui.read_aloud import read_aloud
from pages.ui.reconstruction import number_in_class
from pages.ui.shown import shown_data
from pages.ui.text import t, tn, written
from pages.ui.walkthrough import MOST_DIMENSIONS, Walk, cloud, invent, walk
from vae_core.events import share_done
from vae_core.runs import Run

DIGIT, PLACE, DRAW, PRIOR = "how_digit", "how_place", "how_draw", "how_prior"
SCALE = 4


@st.fragment
@guarded()
def show_story(run: Run) -> None:
    """All lessons with live numbers and pictures.

    Args:
        run: A finished VAE.
    """
    data = cache.images(*shown_data(run))
    digits = np.unique(data.labels).tolist()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        digit = st.pills(
            t("Which image goes in?"),
            digits,
            default=digits[len(digits) // 3],
            required=True,
            format_func=lambda number: t(data.class_names[number]),
            key=DIGIT,
            wrap=True,
            on_change=_first_of_class,
        )
        st.button(
            t("Another one"),
            icon=":material/refresh:",
            type=primary("another"),
            key="another",
            on_click=_count_up,
            args=(PLACE,),
        )
    place = st.session_state.get(PLACE, 0) % int((data.labels == digit).sum())
    image = data.images[number_in_class(data, digit, place)]
    from vae_core import losses

    weight, beta = losses.weights(run.config.loss, share_done(cache.log(run).read()))
    seed = 100 * st.session_state.get(DRAW, 0)
    found = walk(cache.model(run), image, beta=beta, weight=weight, seed=seed)
    _show_hourglass(run, found)
    _show_code(found)
    _show_sampling(found)
    _show_loss(found, run.config.loss.beta)
    _show_new(run)


def show_details(name: str) -> None:
    """What a lesson says last, its code, and its formulas."""
    behind = LESSONS[name].behind
    for paragraph in behind.text:
        st.markdown(t(paragraph))
    with st.expander(t("The formula"), icon=":material/function:"):
        show_formulas(behind)
    with st.expander(t("Show the code"), icon=":material/code:"):
        show_code(behind)


def begin_lesson(name: str) -> None:
    """A lesson's heading and what it says first."""
    st.header(t(LESSONS[name].title), divider="gray")
    for paragraph in LESSONS[name].text:
        st.markdown(t(paragraph))


def _count_up(key: str) -> None:
    st.session_state[key] = st.session_state.get(key, 0) + 1


def _first_of_class() -> None:
    st.session_state[PLACE] = 0


def _show_picture(picture: NDArray[Any], words: str) -> None:
    with st.container(width=112, gap="xxsmall"):
        st.image(sheet(picture[None], scale=SCALE, padding=0), width=112, alt=words)
        st.caption(words)


def _show_numbers(rows: dict[str, NDArray[Any]]) -> None:
    """A little table: a row for each name, a column for each number of the code."""
    count = len(next(iter(rows.values())))
    shown = min(count, MOST_DIMENSIONS)
    head = "| |" + "".join(f" z{j + 1} |" for j in range(shown)) + "\n|:--|" + "--:|" * shown
    lines = (
        f"| {name} |" + "".join(f" {written(float(value), '.3f')} |" for value in values[:shown])
        for name, values in rows.items()
    )
    st.markdown("\n".join([head, *lines]).replace("-0.000 ", "0.000 ").replace(" -", " −"))
    if count > shown:
        st.caption(tn("And {count} more value.", "And {count} more values.", "count", count=count - shown))


def _show_hourglass(run: Run, found: Walk) -> None:
    begin_lesson("hourglass")
    with st.container(horizontal=True, vertical_alignment="center"):
        _show_picture(found.x, t("{count:,} pixels in", count=found.x.size))
        st.markdown(t("→ encoder →"), width="content")
        with st.container(border=True, width="content"):
            st.markdown(
                tn(
                    "the code: **{count} latent dimension**",
                    "the code: **{count} latent dimensions**",
                    "count",
                    count=len(found.mu),
                )
            )
            st.markdown(
                "$("
                + r";\; ".join(written(float(value), ".2f").replace(",", "{,}") for value in found.mu[:4])
                + (r", \dots" if len(found.mu) > 4 else "")
                + ")$"
            )
        st.markdown(t("→ decoder →"), width="content")
        _show_picture(found.mean_picture, t("{count:,} pixels out", count=found.x.size))
    show_details("hourglass")
    architecture.show_folded(run)


def _show_code(found: Walk) -> None:
    begin_lesson("code")
    _show_numbers({"μ": found.mu, "σ": found.sigma})
    words = t(
        "The cloud of this very image. The grey band is the prior N(0, 1) from −2 to 2. Its narrowest σ is "
        "1/{times:.0f} of the prior's, which is 1.",
        times=1 / max(float(found.sigma.min()), 1e-9),
    )
    show_chart(cloud(found), words, key="cloud")
    show_details("code")


def _show_sampling(found: Walk) -> None:
    begin_lesson("sampling")
    st.button(t("Draw again"), icon=":material/casino:", key="draw", on_click=_count_up, args=(DRAW,))
    _show_numbers({"ε": found.eps, "z = μ + σ · ε": found.z})
    with st.container(horizontal=True):
        _show_picture(found.picture, t("from this z"))
        with st.container(width="content", gap="xxsmall"):
            st.image(sheet(found.others, 3, scale=2, padding=2), width=172, alt=t("Decoded from six other draws"))
            st.caption(t("from six other draws of the same cloud"))
    show_details("sampling")


def _show_loss(found: Walk, last_beta: float) -> None:
    begin_lesson("loss")
    kl = float(found.kl.sum())
    with st.container(horizontal=True):
        _show_picture(found.x, t("the image"))
        _show_picture(found.picture, t("drawn from z"))
        st.metric(t("Reconstruction"), t("{nats:.1f} nats", nats=found.recon), width="content")
        st.metric(t("KL"), t("{nats:.1f} nats", nats=kl), width="content")
        st.metric(t("Loss"), t("{nats:.1f} nats", nats=found.loss), width="content")
    values = {"weight": found.weight, "recon": found.recon, "kl": kl, "loss": found.loss, "beta": found.beta}
    words = (
        t("{recon:.1f} + β · {kl:.1f} = **{loss:.1f} nats**, with β = {beta:g}.", **values)
        if found.weight == 1
        else t(
            "{weight:g} · {recon:.1f} + β · {kl:.1f} = **{loss:.1f} nats**, with β = {beta:g}: in this run the "
            "reconstruction counts {weight:g} times.",
            **values,
        )
    )
    if found.beta != last_beta:
        words += " " + t("It stopped during its KL warm-up, in which β grows to {beta:g}.", beta=last_beta)
    st.markdown(words + " " + t("The code tells the decoder about {bits:.0f} bits about this image.", bits=found.bits))
    show_details("loss")


def _show_new(run: Run) -> None:
    begin_lesson("new")
    st.button(t("Draw others"), icon=":material/casino:", key="others", on_click=_count_up, args=(PRIOR,))
    pictures = invent(cache.model(run), st.session_state.get(PRIOR, 0))
    words = f"{t('Eight images decoded from N(0, I).')} {read_aloud(pictures, run.config.data.name)}"
    st.image(sheet(pictures, 4, scale=3, padding=2), width=344, alt=words)
    show_details("new")
