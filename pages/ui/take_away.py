"""Take it with you: a run as files, and the way back in."""

import streamlit as st

from pages.ui import orders, state
from pages.ui.boundary import guarded
from pages.ui.quantities import file_size
from pages.ui.text import N_, plain, t
from vae_core import export, importing, runs
from vae_core.control import is_active
from vae_core.jobs import imports
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
_IMPORTED = "imported_run"
_UPLOADS = "uploads_read"


@st.fragment
@guarded()
def show_take_away(run: Run) -> None:
    """Folded, below a run that has a model. A file is made when it is asked for, not before."""
    if not run.weights_version()[0]:
        return
    files = {kind: export_of(run, kind) for kind in FILES}
    orders.shown_first(f"take_away_{run.id}", *files.values())
    opened = st.expander(t("Export"), icon=":material/luggage:", key=f"take_away_{run.id}", on_change="rerun")
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
                    "Checked: ONNX Runtime and PyTorch differ by at most {difference:.1e} over 16 images and 16 codes.",
                    difference=float(made.about["difference"]),
                )
            )


@guarded()
def offer_import() -> None:
    """A button that opens: an archive that was taken away comes back as a run."""
    with st.popover(t("Import a run"), icon=":material/upload:"):
        most = importing.MOST_UPLOAD // 1_000_000
        file = st.file_uploader(
            t("An archive of a run: “The whole run”, a file ending in .zip"),
            "zip",
            max_upload_size=most,
            # The server keeps a file in memory as long as its widget lives: once it is read, there is another one.
            key=f"import_file_{st.session_state.get(_UPLOADS, 0)}",
        )
        st.caption(
            t(
                "Up to {size}. A larger one is taken on the server's command line: {command}",
                size=file_size(importing.MOST_UPLOAD),
                command="`python -m vae_core import FILE`",
            )
        )
        if file is not None:
            st.session_state[_IMPORTED] = imports.ask(file).folder.name
            st.session_state[_UPLOADS] = st.session_state.get(_UPLOADS, 0) + 1
            st.rerun()
        if asked := st.session_state.get(_IMPORTED):
            _follow(imports.import_of(asked))


def _follow(order: imports.ImportOf) -> None:
    """How far the archive is that was brought last; then its run, if it is still there, or the reason."""
    if is_active(order.state()):
        orders.follow(order, t("Reading the archive"))
        return
    orders.show_reason(order)
    run = order.run()
    if run is not None:
        st.success(t("Here it is: “{name}”.", name=plain(runs.summary(run).name)))
        st.button(t("Show it"), on_click=state.follow_run, args=(run.id,), key="show_imported")
