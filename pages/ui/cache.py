"""The only `@st.cache_data` and `@st.cache_resource` wrappers. Keyed by run id and checkpoint, never by language."""

import streamlit as st

from vae_core.jobs.client import ensure_supervisor


@st.cache_resource(ttl=5, show_spinner=False)
def supervisor() -> None:
    """Make sure that the jobs' supervisor runs. It leaves after ten idle minutes, so ask again every few seconds."""
    ensure_supervisor()
