"""Experiments: a question, its settings, the runs that answer it, and what they show."""

import streamlit as st

from pages.ui import address, cache, state
from pages.ui.boundary import guarded
from pages.ui.experiments import EXPERIMENTS, asking, experiment, groups
from pages.ui.navigation import BY_NAME, begin
from pages.ui.progress import follow
from pages.ui.run_names import labels
from pages.ui.standing import is_active
from pages.ui.text import plain, t
from vae_core import runs
from vae_core.events import last_epoch
from vae_core.recipes import RECIPES, Recipe
from vae_core.runs import Run


def choose_experiment() -> Recipe:
    """Which experiment to show; it stands in the address, for F5 and for links."""
    given = asking.class_settings()
    named = address.get("recipe")
    # Not the widget's own binding to the address: st.switch_page fails on a page that has one.
    if named in EXPERIMENTS and named != st.session_state.get("recipe_in_address"):
        st.session_state["experiment"] = named
    elif st.session_state.get("experiment") not in EXPERIMENTS:
        last = (given or {}).get("recipe")
        st.session_state["experiment"] = last if last in EXPERIMENTS else next(iter(EXPERIMENTS))
    if given is not None:  # a class sees the one that its link names
        name = st.session_state["experiment"]
        st.session_state["recipe_in_address"] = given["recipe"] = name
        address.write({"recipe": name})
        return RECIPES[name]
    chosen = st.pills(
        t("Experiment"),
        list(EXPERIMENTS),
        format_func=lambda name: t(RECIPES[name].title),
        required=True,
        key="experiment",
        persist_state="session",
        label_visibility="collapsed",
    )
    name = chosen or next(iter(EXPERIMENTS))
    st.session_state["recipe_in_address"] = name
    address.write({"recipe": name})
    return RECIPES[name]


@st.fragment(run_every=1.0)
@guarded()
def wait(recipe: Recipe, run: Run, missing: list[str]) -> None:
    """Says which trainings are still to come, and shows the page anew when one is there."""
    together = groups.together(recipe, run)
    left = [key for key in recipe.companions if key not in together]
    if left != missing or not groups.still_coming(recipe, run):
        st.rerun()
    st.info(
        t("Not finished yet: {names}. What there is stands below.", names=", ".join(t(key) for key in left)),
        icon=":material/hourglass_top:",
    )


@guarded()
def answer(recipe: Recipe) -> None:
    """The chosen run of this experiment: how far it is, then what it shows."""
    found = {summary.id: summary for summary in groups.of(recipe)}
    if not found:
        st.info(t("No run of this experiment yet. Start it above."), icon=":material/science:")
        return
    chosen = state.chosen_run()
    start = list(found).index(chosen) if chosen in found else 0
    names = labels(list(found.values()))
    run_id = st.selectbox(
        t("Result of"),
        list(found),
        start,
        format_func=names.__getitem__,
        key=f"run_{recipe.name}",
    )
    run = runs.find(run_id)
    summary = found[run_id]
    state.show_runs({run_id: names[run_id]})
    if is_active(summary) or summary.state != "finished":
        follow(run)
        return
    together = groups.together(recipe, run)
    state.show_runs({run_id: names[run_id]} | {one.id: one.title for one in together.values()})
    missing = [key for key in recipe.companions if key not in together]
    with st.container():  # what may come and go; a fragment below is known by its place
        if words := groups.stopped_in_words({"": run, **together}, lambda one: last_epoch(cache.log(one).read())):
            st.caption(plain(words))
        if groups.still_coming(recipe, run):
            wait(recipe, run, missing)
        elif missing:
            absent = ", ".join(t(key) for key in missing)
            st.info(
                t(
                    "Not there: {names}. Start the experiment above with the same settings to have them too.",
                    names=absent,
                ),
                icon=":material/info:",
            )
    experiment(recipe.name).show(run, together)


begin("experiments")
if EXPERIMENTS:
    recipe = choose_experiment()
    with st.container(border=True):
        st.subheader(t(recipe.question))
        st.markdown(t(recipe.look_at))
        st.caption(t("Source: {source}", source=plain(recipe.source)))
        with guarded():
            asking.ask(recipe)
    answer(recipe)
else:
    st.page_link(BY_NAME["train"].script, label=t("Train a model"), icon=BY_NAME["train"].icon)
