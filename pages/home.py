"""Home: what this is, three ways on, and the runs. Opens without torch."""

from pathlib import Path

import streamlit as st

from pages.ui.boundary import guarded
from pages.ui.navigation import BY_NAME, begin
from pages.ui.runs_list import show_runs
from pages.ui.text import t

PICTURE = Path(__file__).parent / "ui" / "pictures" / "plane.png"  # made by scripts/make_pictures.py
EXAMPLE = "starter-vae-2d"  # the model that drew it


def show_choice(page: str, label: str, line: str, run: str | None = None) -> None:
    entry = BY_NAME[page]
    with st.container(border=True, height="stretch"):
        params = {"run": run} if run else None
        st.page_link(entry.script, label=f"**{label}**", icon=entry.icon, query_params=params)
        st.markdown(line)


begin("home")
st.markdown(
    t(
        "An autoencoder is a network that learns to squeeze a picture into a few numbers and to draw it again from them. "
        "Here you train one on handwritten digits within a minute, and then see what it has understood, what it can draw "
        "by itself, and what looks strange to it."
    )
)
with guarded():
    st.image(PICTURE, width="stretch", alt=t("Hundreds of handwritten digits that change gradually into one another"))
    st.caption(
        t(
            "Nobody wrote these digits. A model that came with Diabolo drew each of them from two numbers: one grows to "
            "the right, the other upwards."
        )
    )

first, second, third = st.columns(3)
with first:
    show_choice("latent", t("Look at a trained model"), t("Some come with Diabolo: nothing to wait for."), EXAMPLE)
with second:
    show_choice("train", t("Train one yourself"), t("Choose, press Start, and watch it learn."))
with third:
    show_choice("how", t("Read how it works"), t("Ten minutes, with pictures and the mathematics."))

st.subheader(t("Runs"))
with guarded():
    show_runs()
