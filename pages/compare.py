"""Compare: two to six models and PCA on the same pictures, and what their figures say."""

from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import cache
from pages.ui.about import show_about
from pages.ui.boundary import guarded
from pages.ui.chart_view import show_chart
from pages.ui.charts import Part
from pages.ui.comparing import curves
from pages.ui.comparing.choice import Chosen, choose, note, shown_together, told_name
from pages.ui.controls import seed_box
from pages.ui.experiments.ae_or_vae_charts import MOST_POINTS
from pages.ui.experiments.blocks import what_you_see
from pages.ui.model_kinds import posterior_means
from pages.ui.navigation import begin
from pages.ui.shown import Shown
from pages.ui.text import N_, plain, t

if TYPE_CHECKING:
    from pages.ui.comparing.figures import Compared


@guarded()
def show(chosen: Chosen) -> None:
    """The verdict and the pictures first, then figures and what they come from."""
    shown = shown_together(list(chosen.runs.values()))
    st.caption(plain(note(chosen.runs, chosen.names, shown)))
    from pages.ui.comparing import figures, words  # they import torch

    with st.spinner(t("Measuring each model on the same test images ..."), show_time=True):
        compared = figures.compare(chosen, shown)
    with st.container(key="verdict"):
        what_you_see(
            *words.verdict(compared, {run_id: run.config.model.latent_dim for run_id, run in chosen.runs.items()})
        )
    _pictures(chosen, compared, shown)
    _figures(chosen, compared)
    _settings(chosen)
    _curves(chosen)
    _maps(chosen, compared, shown)


def _figures(chosen: Chosen, compared: "Compared") -> None:
    from pages.ui.comparing import figures

    st.subheader(t("Figures"))
    st.table(figures.table(compared, chosen).rename(columns=plain))
    st.caption(figures.legend(compared))
    with st.container(gap="xxsmall"):
        show_about("comparison", "compare_figures", N_("How sure are these figures?"))
        show_about("frechet", "compare_frechet", N_("What is the Fréchet distance?"))


def _settings(chosen: Chosen) -> None:
    from pages.ui.comparing.figures import settings_table

    st.subheader(t("Settings that differ"))
    differences = settings_table(chosen)
    if differences.empty:
        st.caption(t("None: only the name and the moment are different."))
    else:
        st.table(differences.rename(columns=plain))
        st.caption(t("All other settings are the same."))


@st.fragment
@guarded()
def _curves(chosen: Chosen) -> None:
    st.subheader(t("Curves"))
    with st.container(horizontal=True):
        parts: dict[Part, str] = {"loss": t("Loss"), "recon": t("Reconstruction"), "kl": t("KL divergence")}
        part = st.segmented_control(
            t("Part"), list(parts), default="recon", required=True, format_func=parts.__getitem__, key="compare_part"
        )
        ways: dict[curves.Against, str] = {"epochs": t("Epochs"), "seconds": t("Training time")}
        against = st.segmented_control(
            t("Against"),
            list(ways),
            default="epochs",
            required=True,
            format_func=ways.__getitem__,
            key="compare_against",
        )
    events = {told_name(chosen.names[run_id], run.config): cache.log(run).read() for run_id, run in chosen.runs.items()}
    show_chart(
        curves.overlaid(events, part, against),
        t(
            "On the validation images, at the end of each epoch. Compare the reconstruction: a loss with another beta, "
            "other pixels or another likelihood is another quantity."
        ),
        key="compare_curves",
        about="curves",
    )


@st.fragment
@guarded()
def _pictures(chosen: Chosen, compared: "Compared", shown: Shown) -> None:
    from pages.ui.comparing import pictures

    st.subheader(t("The same images, the same draws"))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        typed = seed_box("compare_seed", t("Chooses the test images and the codes that are drawn."))
    seed = typed.get()
    st.markdown(f"**{t('Reconstructions')}**")
    pictures.show_reconstructions(chosen, compared, shown, seed)
    st.markdown(f"**{t('New images from N(0, I)')}**")
    pictures.show_samples(chosen, compared, shown, seed)
    st.caption(
        t("Codes of the same dimension are the same for each model; each decoder makes of them what it has learnt.")
    )


def _maps(chosen: Chosen, compared: "Compared", shown: Shown) -> None:
    from pages.ui.comparing import pictures

    st.subheader(t("Where the codes lie"))
    pictures.show_maps(chosen, compared, shown)
    st.caption(
        t(
            "The codes{of_vaes} of {count:,} test images, coloured by class, each model in a frame of its own; of larger "
            "codes the plane in which they differ most (PCA). The dotted circles are N(0, I) at 1, 2 and 3 σ: what is drawn anew comes "
            "from within them.",
            of_vaes=posterior_means(run.config.model.kind for run in chosen.runs.values()),
            count=min(compared.pictures, MOST_POINTS),
        )
    )


begin("compare")
with guarded():
    found = choose()
    if found is not None:
        show(found)
