"""A mixture of Gaussians that a job fits to a run's codes, and how far that is as long as it isn't there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import orders
from pages.ui.boundary import guarded
from pages.ui.cost import study_queue_words
from pages.ui.text import t
from vae_core.control import is_active
from vae_core.jobs.studies import study_of
from vae_core.runs import Run
from vae_core.studies import mixture

if TYPE_CHECKING:
    from vae_core.priors import Mixture


def fitted(run: Run, data: str, components: int) -> Mixture | None:
    """The mixture fitted to the codes of a data set's training images. It is asked for here: who chose it has clicked.

    Returns:
        `None` while there is none, or where there can't be one; the page has then been told how far it is, or why.
    """
    with st.container(), guarded():
        asked = study_of(run, "mixture", {"data": data, "components": components})
        if asked.state() is None:
            asked.ask()
        arrays = asked.arrays()
        if arrays is not None:
            return mixture.mixture(arrays)
        if is_active(asked.state()):
            orders.follow(asked, t("A mixture of {count}", count=components))
            if words := study_queue_words():
                st.caption(words)
        else:
            orders.show_reason(asked)
            if st.button(t("Fit it again"), key=f"fit_{asked.folder.name}"):
                asked.ask()
                st.rerun()
    return None
