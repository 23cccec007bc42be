"""Where a new training begins: with a recipe's settings, which the form then holds, or with one's own."""

import streamlit as st

from pages.ui import forms
from pages.ui.experiments import EXPERIMENTS
from pages.ui.navigation import BY_NAME
from pages.ui.text import t, tn
from vae_core.config import RunConfig, field
from vae_core.recipes import RECIPES
from vae_core.settings import fields

_KEY = forms.key("recipe")
_FREE = ("name", "recipe", "data.name", "training.seed", "training.threads")
"""What anybody may change: it is still the recipe then."""


def choose_recipe() -> None:
    """A box of recipes, above the form. Choosing one fills the form; what it asks stands below."""
    known = {"": t("No recipe: my own settings")} | {name: t(row.title) for name, row in RECIPES.items()}
    if st.session_state.setdefault(_KEY, "") not in known:  # a companion of one, or of another version
        st.session_state[_KEY] = ""
    chosen = st.selectbox(
        t("Start from a recipe"),
        list(known),
        format_func=known.__getitem__,
        key=_KEY,
        persist_state="session",
        on_change=_fill,
        help=t("A recipe is a set of settings that answers a classic question. It fills the form below."),
    )
    if chosen not in RECIPES:
        return
    row = RECIPES[chosen]
    st.markdown(t(row.question))
    if chosen in EXPERIMENTS:
        entry, count = BY_NAME["experiments"], 1 + len(row.companions)
        label = (
            tn(
                "The whole experiment: {count} training, and what it shows",
                "The whole experiment: {count} trainings, and what they show",
                "count",
                count=count,
            )
            if count > 1
            else t("The whole experiment, and what it shows")
        )
        st.page_link(entry.script, label=label, icon=entry.icon, query_params={"recipe": chosen})


def show_changes(config: RunConfig) -> None:
    """What the form has changed in the recipe that it began with, and the way back; nothing where nothing is."""
    if config.recipe not in RECIPES:
        return
    changed = differences(config, RECIPES[config.recipe].config)
    if not changed:
        return
    titles = ", ".join(t(field(path).title or path) for path in changed)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(t("Changed in the recipe, so its figures don't hold: {settings}.", settings=titles), width="stretch")
        st.button(t("Back to the recipe"), icon=":material/undo:", on_click=_fill, key="form.back_to_recipe")


def differences(config: RunConfig, recipe: RunConfig) -> list[str]:
    """The settings in which a run's model or training is not the recipe's."""
    return [
        path for path in fields(RunConfig) if path not in (*_FREE, "version") and config.get(path) != recipe.get(path)
    ]


def _fill() -> None:
    # Where the language was switched, the browser may still tell the words of the other one.
    if (chosen := st.session_state[_KEY]) in RECIPES:
        forms.fill(RECIPES[chosen].config)
