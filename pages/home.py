"""Home: what this is, three ways on, the recipes, and the runs. Opens without torch."""

from pathlib import Path

import streamlit as st

from pages.ui.boundary import guarded
from pages.ui.experiments import EXPERIMENTS
from pages.ui.navigation import BY_NAME, begin
from pages.ui.runs_list import show_runs
from pages.ui.text import t
from vae_core.recipes import RECIPES, Recipe
from vae_core.runs import list_runs

STRIPS = Path(__file__).parent / "ui" / "pictures"
PICTURE = STRIPS / "plane.png"  # made by scripts/make_pictures.py
EXAMPLE = "starter-vae-2d"  # the model that drew it


def show_choice(page: str, label: str, line: str, run: str | None = None) -> None:
    entry = BY_NAME[page]
    with st.container(border=True, height="stretch", key=f"card_{page}"):
        params = {"run": run} if run else None
        st.page_link(entry.script, label=f"**{label}**", icon=entry.icon, query_params=params)
        st.markdown(line)


def show_recipe(recipe: Recipe) -> None:
    is_experiment = recipe.name in EXPERIMENTS
    entry = BY_NAME["experiments" if is_experiment else "train"]
    words = t("Open the experiment") if is_experiment else t("Use these settings")
    with st.container(border=True, height="stretch", vertical_alignment="distribute", key=f"card_{recipe.name}"):
        st.image(STRIPS / f"recipe-{recipe.name}.webp", width="stretch", alt=t("Images of this recipe"))
        # The title apart from the link, which would be cut off where there is no room for it.
        st.markdown(f"**{t(recipe.title)}**  \n{t(recipe.question)}")
        st.page_link(entry.script, label=words, icon=entry.icon, query_params={"recipe": recipe.name})


def show_all_runs() -> None:
    st.subheader(t("Runs"))
    with guarded():
        show_runs()


begin("home")
st.markdown(
    t(
        "An autoencoder is a network that learns to squeeze an image into a few numbers, the dimensions of "
        "its latent space, and to draw it again from them. Here you train one on handwritten digits within "
        "a minute, and then see what it has understood, what it can draw by itself, and what is anomalous "
        "to it. A **VAE** (variational autoencoder) is one that has also learnt to invent images that "
        "nobody has ever drawn."
    )
)
with guarded():
    st.image(PICTURE, width="stretch", alt=t("Hundreds of handwritten digits that change gradually into one another"))
    st.caption(
        t(
            "Nobody wrote these digits. A model that came with Diabolo drew each of them from a point of "
            "its two-dimensional latent space: one dimension grows to the right, the other upwards."
        )
    )

first, second, third = st.columns(3)
with first:
    show_choice("latent", t("Look at a trained model"), t("Three are included, no waiting."), EXAMPLE)
with second:
    show_choice("train", t("Train one yourself"), t("Choose, press Start, and watch it learn."))
with third:
    show_choice("how", t("Read how it works"), t("Ten minutes, with images and the mathematics."))

has_own = any(not summary.starter for summary in list_runs())
if has_own:
    show_all_runs()
st.subheader(t("Recipes"))
st.caption(t("Classic questions with ready-made settings."))
with st.container(horizontal=True, key="cards"):
    for recipe in RECIPES.values():
        show_recipe(recipe)

if not has_own:
    show_all_runs()
