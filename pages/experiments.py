"""Experiments: a question, its settings, the runs that answer it, and what they show."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from pages.ui import address, cache, settings, state
from pages.ui.boundary import guarded
from pages.ui.cost import show_time
from pages.ui.experiments import EXPERIMENTS, experiment, groups
from pages.ui.navigation import BY_NAME, begin
from pages.ui.number_box import ToldError, number_box
from pages.ui.number_text import Span
from pages.ui.progress import follow
from pages.ui.run_names import labels
from pages.ui.standing import is_active
from pages.ui.text import describe, plain, t
from vae_core import datasets, runs
from vae_core.config import field
from vae_core.errors import InputError
from vae_core.events import last_epoch
from vae_core.recipes import RECIPES, Recipe
from vae_core.runs import Run
from vae_core.settings import bounds


def choose_experiment() -> Recipe:
    """Which experiment to show; it stands in the address, for F5 and for links."""
    named = address.get("recipe")
    # Not the widget's own binding to the address: st.switch_page fails on a page that has one.
    if named in EXPERIMENTS and named != st.session_state.get("recipe_in_address"):
        st.session_state["experiment"] = named
    elif st.session_state.get("experiment") not in EXPERIMENTS:
        st.session_state["experiment"] = next(iter(EXPERIMENTS))
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


def choose_settings(recipe: Recipe) -> Mapping[str, Any]:
    """What a visitor changes in the recipe, by dotted names."""
    names = groups.data_sets(recipe)
    own = recipe.config.data.name
    with st.container(horizontal=True, vertical_alignment="bottom"):
        data = st.segmented_control(
            t("Data set"),
            names,
            default=names[0],
            required=True,
            format_func=lambda name: t(datasets.source(name).title),
            key=f"data_{recipe.name}",
        )
        low, high = bounds(field("training.epochs"))
        typed = number_box(
            t("Epochs"),
            Span(low, high),
            key=f"epochs_{recipe.name}_{data}",
            default=groups.epochs_on(recipe, str(data)),
            width=150,
            help=t("The recipe's own number gives its figures; fewer are quicker."),
        )
        changes = dict(experiment(recipe.name).settings(recipe))
    if data != own:
        st.caption(
            t(
                "{title}: {ratio:.0f} times fewer images than {own}, so an epoch is that much shorter, and more of them are "
                "taken: {epochs} instead of {own_epochs}.",
                title=t(datasets.source(str(data)).title),
                own=t(datasets.source(own).title),
                ratio=datasets.source(own).sizes["train"] / datasets.source(str(data)).sizes["train"],
                epochs=groups.epochs_on(recipe, str(data)),
                own_epochs=recipe.config.training.epochs,
            )
        )
    if own not in names:
        st.caption(
            t(
                "The recipe's own data set is {title}, which is not on this machine: download it on the page Train. "
                "Its figures are only comparable there.",
                title=t(datasets.source(own).title),
            )
        )
    return {"data.name": data, "training.epochs": typed.get(), **changes}


@guarded()
def ask(recipe: Recipe) -> None:
    """The settings, and the button that starts the experiment."""
    problem, whole, changes = "", {}, {}
    try:
        changes = dict(choose_settings(recipe))
        whole = groups.configs(recipe, changes)
        for config in whole.values():
            settings.check(config)
    except InputError as error:
        problem = describe(error)
        if not isinstance(error, ToldError):
            st.warning(plain(problem), icon=":material/warning:")
    count = 1 + len(recipe.companions)
    words = t("Start the experiment") if count == 1 else t("Start the {count} trainings", count=count)
    with st.container(horizontal=True, vertical_alignment="center"):
        started = st.button(
            words, type="primary", icon=":material/play_arrow:", disabled=bool(problem), help=plain(problem) or None
        )
        time = st.container()
    if started:
        state.remember_run(groups.start(recipe, changes).id)
        st.rerun()
    # Last: to count an unknown model takes a moment, and a click comes first.
    with time:
        if not problem:
            show_time(list(whole.values()))


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
    run_id = st.selectbox(
        t("Result of"),
        list(found),
        start,
        format_func=labels(list(found.values())).__getitem__,
        key=f"run_{recipe.name}",
    )
    run = runs.find(run_id)
    summary = found[run_id]
    if is_active(summary) or summary.state != "finished":
        follow(run)
        return
    together = groups.together(recipe, run)
    missing = [key for key in recipe.companions if key not in together]
    with st.container():  # what may come and go; a fragment below is known by its place
        if words := groups.stopped_in_words({"": run, **together}, lambda one: last_epoch(cache.log(one).read())):
            st.caption(plain(words))
        if groups.still_coming(recipe, run):
            wait(recipe, run, missing)
        elif missing:
            names = ", ".join(t(key) for key in missing)
            st.info(
                t(
                    "Not there: {names}. Start the experiment above with the same settings to have them too.",
                    names=names,
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
        ask(recipe)
    answer(recipe)
else:
    st.page_link(BY_NAME["train"].script, label=t("Train a model"), icon=BY_NAME["train"].icon)
