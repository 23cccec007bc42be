"""Rename and delete a run: two small buttons that open."""

import streamlit as st

from pages.ui import state
from pages.ui.quantities import file_size
from pages.ui.text import t
from vae_core import runs
from vae_core.config import field
from vae_core.jobs import client
from vae_core.runs import Run, Summary

NAME = "upkeep.name"


def upkeep(run: Run, summary: Summary) -> None:
    """Show both buttons; where they make no sense, they say why.

    Raises:
        InputError: The run could not be renamed or deleted.
    """
    starter = t("It came with Diabolo and can't be changed.") if run.is_starter else ""
    damaged = t("Its settings are damaged, so it can't be renamed.") if summary.config is None else ""
    reason = starter or damaged
    with st.popover(
        t("Rename"), icon=":material/edit:", disabled=bool(reason), help=reason or None, key="upkeep.rename"
    ):
        _rename(run, summary)
    with st.popover(t("Delete"), icon=":material/delete:", disabled=bool(starter), help=starter or None):
        _delete(run)


def _rename(run: Run, summary: Summary) -> None:
    with st.form("upkeep.form", border=False):  # so that Enter saves
        name = st.text_input(
            t(field("name").title or ""),
            value=summary.config.name if summary.config else "",
            max_chars=80,
            key=f"{NAME}.{run.id}",
            placeholder=t("named after its settings"),
        )
        saved = st.form_submit_button(t("Save the name"), key="upkeep.save")
    if saved:
        runs.rename(run, name or "")
        st.rerun()


def _delete(run: Run) -> None:
    st.markdown(
        t(
            "Deletes the model, its curves and its images for good: {size} on disk. If it is still training, it is "
            "stopped first.",
            size=file_size(run.size()),
        )
    )
    if st.button(t("Delete for good"), key="upkeep.delete", icon=":material/delete_forever:"):
        with st.spinner(t("Deleting")):
            client.delete(run)
        state.follow_none()
        state.show_runs({})  # who deletes it himself knows
        st.toast(t("Deleted."), icon=":material/delete:")
        st.rerun()
