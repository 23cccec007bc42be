"""Train: choose a model and start it, or follow one that was started."""

import streamlit as st

from pages.ui import architecture, cache, forms, recipe_choice, settings, sharing, standing, state, time_budget
from pages.ui.boundary import guarded
from pages.ui.coach import show_coach
from pages.ui.components.to_top import to_top
from pages.ui.cost import show_cost
from pages.ui.downloads import offer_download
from pages.ui.film import show_film
from pages.ui.navigation import begin
from pages.ui.primary import primary
from pages.ui.progress import follow, show_result
from pages.ui.quantities import file_size
from pages.ui.runs_list import describe_settings, show_active
from pages.ui.slow_motion import show_slow_motion
from pages.ui.take_away import offer_import, show_take_away
from pages.ui.text import describe, plain, t
from pages.ui.upkeep import upkeep
from pages.ui.what_if import show_what_if
from vae_core import datasets, runs
from vae_core.config import RunConfig
from vae_core.errors import DiaboloError, InputError
from vae_core.jobs import client
from vae_core.runs import Run


def new_run() -> None:
    """The form, and beside it what the settings cost and the button that starts them."""
    left, right = st.columns([3, 2], gap="large")
    # A row of its own: on a phone, Start then comes before what few people open.
    more, waiting = st.columns([3, 2], gap="large")
    with left, guarded():
        st.subheader(t("A new training"))
        config, problem = None, ""
        try:
            if forms.is_whole():
                recipe_choice.choose_recipe()
            config = forms.run_form(more, architecture.show)
            sharing.write_settings(config)
            recipe_choice.show_changes(config)
            settings.check(config)
            if cache.can_count():
                cache.check_batch(config)
        except InputError as error:
            problem = describe(error)
    with right:
        if config is not None and not datasets.is_present(config.data.name):
            offer_download(config.data.name)
        elif problem:
            st.warning(plain(problem), icon=":material/warning:")
        cost = st.container()
        started = st.button(
            t("Start"),
            icon=":material/play_arrow:",
            type=primary("start"),
            key="start",
            width="stretch",
            disabled=bool(problem),
            help=plain(problem) or t("The training runs in the background, also when you leave the page."),
        )
        to_top("start")
        before = st.container()  # what is to be known before it starts; a fragment stands below
        if started and config is not None and not problem:
            state.follow_run(client.submit(config).id)
            st.rerun()
        # Last: to count an unknown model takes a moment, and a click comes first.
        with cost:
            if config is not None:
                show_cost(config)
            if config is not None and not problem and (remark := settings.threads_remark(config)):
                before.caption(plain(remark))
            if config is not None and not problem and forms.is_whole():
                time_budget.choose_time(config)
        if config is not None and forms.is_whole():
            sharing.offer_class_link(config)
        elif config is not None:
            st.button(t("Show all settings"), icon=":material/tune:", on_click=forms.show_all)
    with waiting, guarded():
        show_active()
        if forms.is_whole():
            offer_import()


def one_run(run: Run) -> None:
    """A run that was started, with all that can be done with it."""
    summary = runs.summary(run)
    st.subheader(plain(standing.name_of(summary)))
    state.show_runs({run.id: standing.name_of(summary)})
    if summary.config is not None:
        words = [describe_settings(summary.config)]
        if not standing.is_active(summary):  # else it grows, and this line is not written anew
            words.append(t("{size} on disk", size=file_size(run.size())))
        with st.container(key="run_about"):
            st.caption(plain(" · ".join(words)))
    about = st.container()
    with st.container(horizontal=True):
        st.button(t("New training"), icon=":material/add:", on_click=state.follow_none)
        if summary.config is not None:
            st.button(
                t("Use these settings again"),
                icon=":material/content_copy:",
                on_click=use_again,
                args=(summary.config,),
                help=t("Opens the form with this run's settings, to change and start anew."),
            )
        with guarded():
            upkeep(run, summary)
    with guarded():
        if summary.config is None and summary.error is not None:
            raise summary.error
        if fewer := standing.threads_used(cache.log(run).read()):
            about.caption(plain(fewer))
        follow(run)
        show_film(run)
        with guarded():
            show_result(run)
        show_slow_motion(run)
        architecture.show_folded(run)
        show_coach(run)
        show_what_if(run)
        show_take_away(run)


def use_again(config: RunConfig) -> None:
    forms.fill(config.replace(name=""))
    state.follow_none()


def followed() -> Run | None:
    run_id = state.followed_run()
    if run_id is None:
        return None
    try:
        return runs.find(run_id)
    except DiaboloError as error:
        state.forget_followed()
        if run_id in state.missed_runs() or sharing.remember_link():
            state.follow_none()
        else:
            st.warning(plain(describe(error)), icon=":material/warning:")
        return None


begin("train")
with st.container():  # what a link has to be told may come and go; a fragment below is known by its place
    with guarded():  # whatever an address says, the form is there
        sharing.take_settings()
    if (proposal := state.take_proposal()) is not None:
        use_again(RunConfig().with_values(proposal))
    run = followed()
    with guarded():
        sharing.offer_training()
if run is None:
    new_run()
else:
    one_run(run)
