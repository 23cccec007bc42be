"""Which runs are compared, in the session and in the address (`?runs=a,b,c`), and on which pictures."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import streamlit as st

from pages.ui import address, state
from pages.ui.model_kinds import is_told
from pages.ui.number_box import number_box
from pages.ui.number_text import Span
from pages.ui.run_names import labels
from pages.ui.shown import Shown, shown_data
from pages.ui.text import N_, plain, t
from vae_core import datasets, learnt, runs
from vae_core.config import RunConfig
from vae_core.errors import InputError
from vae_core.runs import Run, Summary

FEWEST, MOST = 2, 6
AT_FIRST = ("starter-vae-2d", "starter-ae-2d")
"""What is compared before anybody has chosen: the same network as a VAE and as an autoencoder."""

_RUNS, _PCA = "compare_runs", "compare_pca"
_WRITTEN = "compare_in_address"
_CAME_FROM = "compare_came_from"


class Chosen(NamedTuple):
    """What is to be compared.

    Attributes:
        runs: By their ids, in the order in which they were chosen.
        names: What each is called, by its id; no two are the same.
        pca: How many components of PCA stand beside them; `None` for no PCA.
    """

    runs: Mapping[str, Run]
    names: Mapping[str, str]
    pca: int | None


def choose() -> Chosen | None:
    """The boxes. `None` while fewer than two runs are chosen, which the page has then been told in words."""
    usable = {summary.id: summary for summary in runs.list_runs() if state.is_usable(summary)}
    names = labels(list(usable.values()))
    _take_address(usable)
    known = [run_id for run_id in st.session_state.get(_RUNS, ()) if run_id in usable]
    st.session_state[_RUNS] = known
    with st.container(horizontal=True, vertical_alignment="bottom"):
        picked = st.multiselect(
            t("Models, from two to six"),
            list(usable),
            format_func=names.__getitem__,
            max_selections=MOST,
            key=_RUNS,
            placeholder=t("Choose models"),
            persist_state="session",
        )
        pca = _choose_pca(usable, picked)
    st.session_state[_WRITTEN] = ",".join(picked)
    address.write({"runs": st.session_state[_WRITTEN]})
    if len(picked) < FEWEST:
        st.info(t("Choose at least two models: their figures and images then stand side by side."))
        return None
    found = {run_id: runs.find(run_id) for run_id in picked}
    state.show_runs({run_id: names[run_id] for run_id in picked})
    return Chosen(found, {run_id: names[run_id] for run_id in picked}, pca)


def shown_together(found: Sequence[Run]) -> Shown:
    """The pictures that all are shown on. MNIST's test split where one of them is: no model here has learnt from it, while
    the bundled digits are part of MNIST's training split.

    Raises:
        InputError: They were made for pictures of different shapes.
        WorkError: The settings of one are damaged.
    """
    shapes = [(run.title, datasets.source(run.config.data.name).image_shape) for run in found]
    if len({shape for _, shape in shapes}) > 1:
        raise InputError(
            N_(
                "These models were made for images of different shapes ({shapes}), so there are none to compare them on. "
                "Choose models of one shape."
            ),
            shapes="; ".join(f"{name}: {' x '.join(map(str, shape))}" for name, shape in shapes),
        )
    each = [shown_data(run) for run in found]
    return next((shown for shown in each if shown.name == "mnist"), each[0])


def told_name(name: str, config: RunConfig) -> str:
    """A model's name for a curve or a picture beside those of others: it says where a model is told the class."""
    return t("{name} (told the class)", name=name) if is_told(config) else name


def note(found: Mapping[str, Run], names: Mapping[str, str], shown: Shown) -> str:
    """On which pictures they are compared, and who learned from others."""
    source = datasets.source(shown.name)
    words = t(
        "Compared on the {count:,} test images of {title}: the same for all.",
        count=source.sizes["test"],
        title=t(source.title),
    )
    digits = {"digits", "mnist"}
    strangers = [
        names[run_id]
        for run_id, run in found.items()
        if run.config.data.name != shown.name and not {run.config.data.name, shown.name} <= digits
    ]
    if strangers:
        words += " " + t("Trained on other images than these: {names}.", names=", ".join(strangers))
    seen = [
        names[run_id]
        for run_id, run in found.items()
        if shown.name == "digits" and run.config.data.name == "mnist" and not run.config.data.leave_out_digits_test
    ]
    if seen:
        words += " " + t(
            "These test images belong to MNIST's training split, so they have been seen by: {names}.",
            names=", ".join(seen),
        )
    words += _of_few_classes(found, names)
    return words


def _of_few_classes(found: Mapping[str, Run], names: Mapping[str, str]) -> str:
    """Who did not learn all classes, and who is told such as it did not learn all the same."""
    few = {run_id: run.config for run_id, run in found.items() if learnt.some_classes(run.config.data) is not None}
    told = [names[run_id] for run_id, config in few.items() if is_told(config)]
    words = ""
    if few:
        listed = [f"{names[run_id]} ({learnt.in_words(config.data)})" for run_id, config in few.items()]
        words += " " + t(
            "Learnt only some of the classes, and has never seen the others: {names}.", names="; ".join(listed)
        )
    if told:
        words += " " + t("Is told classes here that it never learnt: {names}.", names="; ".join(told))
    return words


def _take_address(usable: Mapping[str, Summary]) -> None:
    """What the address names, where somebody other than this page wrote it; at the first visit, the starters."""
    named: str = address.get("runs", "")
    if named and named != st.session_state.get(_WRITTEN):
        wanted = list(dict.fromkeys(named.split(",")))[:MOST]
        st.session_state[_RUNS] = [run_id for run_id in wanted if run_id in usable]
        if missing := [run_id[:60] for run_id in wanted if run_id not in usable]:
            words = t("Not here, so left out: {runs}.", runs=", ".join(missing))
            st.warning(plain(words), icon=":material/link_off:")
        return
    came_from = state.chosen_run()
    is_new = came_from in usable and came_from != st.session_state.get(_CAME_FROM)
    st.session_state[_CAME_FROM] = came_from
    if _RUNS not in st.session_state:
        # Who has trained something compares that; the list has one's own runs first.
        own = came_from if came_from in usable else next(iter(usable), None)
        first = [own] if own is not None and own not in AT_FIRST else []
        st.session_state[_RUNS] = [run_id for run_id in (*first, *AT_FIRST) if run_id in usable]
    elif is_new and came_from not in st.session_state[_RUNS] and len(st.session_state[_RUNS]) < MOST:
        st.session_state[_RUNS] = [*st.session_state[_RUNS], came_from]


def _choose_pca(usable: Mapping[str, Summary], picked: Sequence[str]) -> int | None:
    """How many components; beside models of one code's size that is the fair number, so it comes first."""
    with_pca = st.checkbox(t("And PCA"), value=True, key=_PCA, persist_state="session")
    if not with_pca:
        return None
    sizes = [config.model.latent_dim for run_id in picked if (config := usable[run_id].config) is not None]
    fair = max(sizes, default=2)
    components: int = number_box(
        t("PCA's components"),
        Span(1, 256),
        key=f"compare_components_{fair}",
        default=fair,
        width=150,
        help=t(
            "Principal component analysis, the best linear code there is. With as many components as the "
            "models' codes have dimensions, the comparison is fair."
        ),
    ).get()
    return components
