"""How it works: one digit's way through a VAE, first in pictures, then in numbers, at last in formulas."""

import streamlit as st

from pages.ui import state
from pages.ui.lesson_views import begin_lesson, show_details, show_story
from pages.ui.lessons import LESSONS
from pages.ui.navigation import BY_NAME, begin
from pages.ui.shown import shown_note
from pages.ui.standing import name_of
from pages.ui.text import plain, t
from pages.ui.walkthrough import is_teacher, teacher
from vae_core import runs
from vae_core.runs import Summary


def choose_teacher(summaries: list[Summary]) -> Summary | None:
    """The VAE that the lesson is told with: the starter, or the visitor's own that the other pages show."""
    first = teacher(summaries)
    own = next((s for s in summaries if s.id == state.chosen_run() and is_teacher(s)), None)
    if first is None or own is None or own.id == first.id:
        return first
    names = {summary.id: plain(name_of(summary)) for summary in (first, own)}
    with_own = st.segmented_control(
        t("Encoded in"), list(names), default=own.id, required=True, format_func=names.__getitem__, key="how_teacher"
    )
    return own if with_own == own.id else first


begin("how")
st.markdown(
    t(
        "An autoencoder squeezes an image through a narrow bottleneck of a few numbers, its latent "
        "dimensions, and draws it again on the other side. A VAE does the same with a pinch of chance, and "
        "so learns a map of all its images, on which you can also find some that nobody ever made. Below, "
        "one real image takes that way, and every value is computed while you look."
    )
)
summary = choose_teacher(runs.list_runs())
if summary is None:
    st.info(
        t("The live images need a trained VAE, and there is none yet. Train one first: it takes less than a minute.")
    )
    st.page_link(BY_NAME["train"].script, label=t("Train a model"), icon=BY_NAME["train"].icon)
    for name in LESSONS:
        begin_lesson(name)
        show_details(name)
else:
    run = runs.find(summary.id)
    state.show_runs({run.id: name_of(summary)})
    st.caption(t("The model is “{name}”.", name=plain(name_of(summary))) + " " + plain(shown_note(run)))
    show_story(run)
st.header(t("Now try it"), divider="gray")
for name in ("latent", "generate", "train"):
    entry = BY_NAME[name]
    with st.container(gap="xxsmall"):
        st.page_link(entry.script, label=f"**{t(entry.title)}**", icon=entry.icon)
        st.caption(t(entry.line))
