"""Take it with you: a run as files, and the way back in."""

import streamlit as st

from pages.ui import orders, state
from pages.ui.boundary import guarded
from pages.ui.text import N_, describe, plain, t
from vae_core import export, importing, runs
from vae_core.errors import InputError
from vae_core.jobs.exports import export_of
from vae_core.runs import Run

FILES = {
    "zip": (N_("The whole run, for somebody else (.zip)"), "application/zip"),
    "safetensors": (N_("The weights (.safetensors)"), "application/octet-stream"),
    "script": (N_("A Python program (.py)"), "text/x-python"),
    "notebook": (N_("A notebook (.ipynb)"), "application/x-ipynb+json"),
    "onnx": (N_("Encoder and decoder (ONNX, .zip)"), "application/zip"),
}
"""What a run is taken away as: a format of `export.FORMATS`, its label and its type."""
_IMPORTED = "imported"


@st.fragment
@guarded()
def show_take_away(run: Run) -> None:
    """Folded, below a run that has a model. A file is made when it is asked for, not before."""
    if not run.weights_version()[0]:
        return
    files = {kind: export_of(run, kind) for kind in FILES}
    orders.shown_first(f"take_away_{run.id}", *files.values())
    opened = st.expander(t("Take it with you"), icon=":material/luggage:", key=f"take_away_{run.id}", on_change="rerun")
    if not opened.open:
        return
    with opened, guarded():
        for kind, order in files.items():
            label, mime = FILES[kind]
            with st.container(), guarded():
                orders.offer_file(order, t(label), mime, about=t(export.FORMATS[kind]))
        made = files["onnx"].made()
        if made and "difference" in made.about:
            st.caption(
                t(
                    "Checked: ONNX Runtime and PyTorch differ by at most {difference:.1e} over 16 pictures and 16 codes.",
                    difference=float(made.about["difference"]),
                )
            )


@guarded()
def offer_import() -> None:
    """A button that opens: an archive that was taken away comes back as a run."""
    with st.popover(t("Import a run"), icon=":material/upload:"):
        file = st.file_uploader(
            t("An archive of a run: “The whole run”, a file ending in .zip"),
            "zip",
            max_upload_size=importing.MOST_BYTES // 1_000_000,
            key="import_file",
        )
        if file is None:
            return
        try:
            run = _imported(file.file_id, file.getvalue())
        except InputError as error:
            st.error(plain(describe(error)), icon=":material/error:")
            return
        st.success(t("Here it is: “{name}”.", name=plain(runs.summary(run).name)))
        st.button(t("Show it"), on_click=state.follow_run, args=(run.id,), key="show_imported")


def _imported(file_id: str, content: bytes) -> Run:
    """The run of an uploaded file, which is read once: the page runs again with every click."""
    known = st.session_state.get(_IMPORTED)
    if not known or known[0] != file_id:
        with st.spinner(t("Reading the archive")):
            st.session_state[_IMPORTED] = known = [file_id, importing.import_run(content).id]
    return runs.find(known[1])
