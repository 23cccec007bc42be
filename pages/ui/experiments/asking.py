"""How an experiment is started: at one click, with settings of one's own, or as a class's link has it.

A class's link (`/experiments?recipe=compress-392&show=training.epochs&training.epochs=20`) holds what its teacher chose,
and shows only the settings that it names.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import streamlit as st

from pages.ui import address, links, settings, state
from pages.ui.components.copy_link import copy_link
from pages.ui.cost import show_time
from pages.ui.experiments import experiment, groups
from pages.ui.forms import NOTHING, SHOW
from pages.ui.number_box import ToldError, number_box
from pages.ui.number_text import Span
from pages.ui.primary import primary
from pages.ui.text import describe, plain, t, tn
from vae_core import datasets
from vae_core.config import RunConfig, field
from vae_core.errors import InputError
from vae_core.recipes import Recipe
from vae_core.setting_text import to_text
from vae_core.settings import bounds

DATA, LENGTH = "data.name", "training.epochs"
SHARED = (DATA, LENGTH)
"""What a class may be left to choose."""
_CLASS = "class_experiment"


def ask(recipe: Recipe) -> None:
    """The buttons that start the experiment, and the settings for who wants to choose them."""
    if (given := class_settings()) is not None:
        _for_a_class(recipe, given)
        return
    _presets(recipe)
    with st.expander(t("Choose the settings yourself"), icon=":material/tune:", key=f"own_settings_{recipe.name}"):
        data = groups.data_sets(recipe)[0]
        changes, problem = _chosen(recipe, {DATA: data}, SHARED, whole=True)
        with st.container(horizontal=True, vertical_alignment="center"):
            _start(recipe, changes, problem, key="own")
            if not problem:
                _offer_class_link(recipe, changes)


def class_settings() -> dict[str, str] | None:
    """What a class's link says, by parameters; `None` without one. It follows the session across pages."""
    if address.get(SHOW) is not None:
        st.session_state[_CLASS] = {
            name: value[:1000]
            for name, value in address.everything().items()
            if name in (links.RECIPE, SHOW, *links.SETTINGS)
        }
    elif _CLASS in st.session_state:
        address.write(st.session_state[_CLASS])
    found: dict[str, str] | None = st.session_state.get(_CLASS)
    return found


def leave_class() -> None:
    """Show every setting again."""
    given = st.session_state.pop(_CLASS, {})
    address.write(dict.fromkeys(name for name in given if name != links.RECIPE))


def _presets(recipe: Recipe) -> None:
    """One click: quickly on the bundled digits, or as the recipe has it."""
    own = recipe.config
    quick, full = st.columns(2)
    with quick:
        changes = {DATA: groups.FALLBACK, LENGTH: groups.quick_epochs(recipe)}
        _start(recipe, changes, "", key="quick", label=t("Start the quick version"))
    with full:
        title = t(datasets.source(own.data.name).title)
        missing = t("{title} is not on this machine: download it on the page Train.", title=title)
        problem = "" if datasets.is_present(own.data.name) else missing
        changes = {DATA: own.data.name, LENGTH: own.training.epochs}
        _start(recipe, changes, problem, key="full", label=t("Start the full version"))
        if problem:
            st.caption(plain(problem))


def _for_a_class(recipe: Recipe, given: Mapping[str, str]) -> None:
    """What a class sees: the settings that its link shows, and one button."""
    names = (*SHARED, *experiment(recipe.name).SETTINGS)
    linked = links.read({links.RECIPE: recipe.name} | {name: given[name] for name in names if name in given})
    fixed = {DATA: groups.data_sets(recipe)[0]} | {name: linked.config.get(name) for name in names if name in given}
    changes, problem = _chosen(recipe, fixed, [name for name in given[SHOW].split(",") if name in SHARED])
    with st.container(horizontal=True, vertical_alignment="center"):
        _start(recipe, changes, problem, key="class")
        st.button(t("Show all settings"), icon=":material/tune:", on_click=leave_class)
    if linked.remarks:
        st.caption(plain(" ".join(linked.remarks)))


def _chosen(
    recipe: Recipe, fixed: Mapping[str, Any], shown: Collection[str], *, whole: bool = False
) -> tuple[dict[str, Any], str]:
    """What is changed in the recipe's settings, by dotted names, and what is wrong with it, in words.

    Args:
        recipe: The experiment's.
        fixed: What holds where nothing else is chosen; a data set is among it.
        shown: Which of `SHARED` can be changed.
        whole: Whether the experiment's own settings can be changed, too.
    """
    changes = dict(fixed)
    try:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            if DATA in shown:
                changes[DATA] = _data_set(recipe, str(fixed[DATA]))
            epochs = fixed.get(LENGTH, groups.epochs_on(recipe, changes[DATA]))
            changes[LENGTH] = _epochs(recipe, changes[DATA], epochs) if LENGTH in shown else epochs
            if whole:
                changes |= experiment(recipe.name).settings(recipe)
        if whole:
            _say_length(recipe, changes)
        for config in groups.configs(recipe, changes).values():
            settings.check(config)
    except InputError as error:
        problem = plain(describe(error))
        if not isinstance(error, ToldError):
            st.warning(problem, icon=":material/warning:")
        return changes, problem
    return changes, ""


def _data_set(recipe: Recipe, default: str) -> str:
    names = groups.data_sets(recipe)
    chosen = st.segmented_control(
        t("Data set"),
        names,
        default=default if default in names else names[0],
        required=True,
        format_func=lambda name: t(datasets.source(name).title),
        key=f"data_{recipe.name}",
    )
    return str(chosen)


def _epochs(recipe: Recipe, data: str, default: int) -> Any:
    low, high = bounds(field(LENGTH))
    typed = number_box(
        t("Epochs"),
        Span(low, high),
        key=f"epochs_{recipe.name}_{data}",
        default=default,
        width=150,
        help=t("The recipe's own number gives its figures; fewer are quicker."),
    )
    return typed.get()


def _say_length(recipe: Recipe, changes: Mapping[str, Any]) -> None:
    own, data = datasets.source(recipe.config.data.name), datasets.source(changes[DATA])
    if data == own:
        return
    st.caption(
        t(
            "{title} has 1/{ratio:.0f} of the images of {own}, so an epoch is that much shorter, and "
            "there are more of them: {epochs} instead of {own_epochs}.",
            title=t(data.title),
            own=t(own.title),
            ratio=own.sizes["train"] / data.sizes["train"],
            epochs=groups.epochs_on(recipe, data.name),
            own_epochs=recipe.config.training.epochs,
        )
    )


def _start(recipe: Recipe, changes: Mapping[str, Any], problem: str, *, key: str, label: str = "") -> None:
    """The button, and below it on what data it trains how much, and about how long."""
    count = 1 + len(recipe.companions)
    key = f"start_{key}_{recipe.name}"
    # Once there is a result, what is made of it comes next.
    is_primary = not any(summary.state == "finished" for summary in groups.of(recipe))
    pressed = st.button(
        label or tn("Start the experiment", "Start the {count} trainings", "count", count=count),
        type=primary(key) if is_primary else "secondary",
        icon=":material/play_arrow:",
        disabled=bool(problem),
        help=problem or None,
        key=key,
    )
    about = st.container()
    if pressed and not problem:
        state.remember_run(groups.start(recipe, changes).id)
        st.rerun()
    # Last: to count an unknown model takes a moment, and a click comes first.
    configs = list(groups.configs(recipe, changes).values())
    with about:
        if label:
            st.caption(_length(configs))
        if not problem:
            show_time(configs)


def _length(configs: Sequence[RunConfig]) -> str:
    """On what an experiment trains, and how long."""
    data = t(datasets.source(configs[0].data.name).title)
    epochs = sorted({config.training.epochs for config in configs})
    if len(configs) == 1:
        return tn("{data}, {epochs} epoch.", "{data}, {epochs} epochs.", "epochs", data=data, epochs=epochs[0])
    if len(epochs) == 1:
        return tn(
            "{data}, {count} trainings of {epochs} epoch.",
            "{data}, {count} trainings of {epochs} epochs.",
            "epochs",
            data=data,
            count=len(configs),
            epochs=epochs[0],
        )
    return t(
        "{data}, {count} trainings of {low} to {high} epochs.",
        data=data,
        count=len(configs),
        low=epochs[0],
        high=epochs[-1],
    )


def _offer_class_link(recipe: Recipe, changes: Mapping[str, Any]) -> None:
    with st.popover(t("Link for a class"), icon=":material/co_present:"):
        st.markdown(
            t("Whoever opens this link sees only the settings that you choose here; the others stay as they are.")
        )
        chosen = st.multiselect(
            t("Settings to show"),
            SHARED,
            default=(LENGTH,),
            format_func=lambda path: t(field(path).title or path),
            key=f"class_link_{recipe.name}",
            placeholder=t("none: only the button Start"),
        )
        parameters = {links.RECIPE: recipe.name} | {name: to_text(value) for name, value in changes.items()}
        parameters |= {SHOW: ",".join(chosen) or NOTHING, "run": ""}
        copy_link(parameters, key=f"class_link_button_{recipe.name}", label=t("Copy this link"))
