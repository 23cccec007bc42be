"""Take it with you: a run as files, and the way back in."""

import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from pages.ui import cache, state
from pages.ui.boundary import guarded
from pages.ui.text import N_, describe, plain, t
from vae_core import export, importing, runs
from vae_core.environment import REPOSITORY
from vae_core.errors import InputError, WorkError
from vae_core.runs import Run

MIMES = {
    "zip": "application/zip",
    "safetensors": "application/octet-stream",
    "script": "text/x-python",
    "notebook": "application/x-ipynb+json",
}
LABELS = {
    "zip": N_("The whole run, for somebody else (.zip)"),
    "safetensors": N_("The weights (.safetensors)"),
    "script": N_("A Python program (.py)"),
    "notebook": N_("A notebook (.ipynb)"),
}
ONNX_SECONDS = 180
_ONNX = "onnx_files"
_IMPORTED = "imported_run"
_UPLOADS = "uploads_read"
_ONE_AT_A_TIME = threading.Lock()


@st.fragment
@guarded()
def show_take_away(run: Run) -> None:
    """Folded, below a run that has a model. A file is made when it is asked for, not before."""
    if not run.weights_version()[0]:
        return
    opened = st.expander(t("Take it with you"), icon=":material/luggage:", key=f"take_away_{run.id}", on_change="rerun")
    if not opened.open:
        return
    with opened, guarded():
        for kind, label in LABELS.items():
            with st.container(horizontal=True, vertical_alignment="center"):
                st.download_button(
                    t(label),
                    _maker(run, kind),
                    f"{run.id}.{export.ENDINGS.get(kind, kind)}",
                    MIMES[kind],
                    on_click="ignore",
                    icon=":material/download:",
                    key=f"take_{kind}_{run.id}",
                )
                st.caption(t(export.FORMATS[kind]))
        _onnx(run)


def _maker(run: Run, kind: str) -> Callable[[], bytes]:
    def make() -> bytes:
        return export.export(run, kind)

    return make


def _onnx(run: Run) -> None:
    """In a process of its own: the library's half a gigabyte of memory is free again afterwards."""
    version = f"{run.id}-{run.weights_version()[1]}"
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.session_state.get(_ONNX) != version:
            if st.button(t("Make ONNX files"), icon=":material/build:", key="make_onnx"):
                with st.spinner(t("Making both files and checking them: about ten seconds"), show_time=True):
                    cache.onnx_files(run)
                st.session_state[_ONNX] = version
                st.rerun(scope="fragment")
            st.caption(t(export.FORMATS["onnx"]))
            return
        content, difference = cache.onnx_files(run)
        st.download_button(
            t("Encoder and decoder (ONNX, .zip)"),
            content,
            f"{run.id}.{export.ENDINGS['onnx']}",
            MIMES["zip"],
            on_click="ignore",
            icon=":material/download:",
            key="take_onnx",
        )
        st.caption(
            t(
                "Checked just now: ONNX Runtime and PyTorch differ by at most {difference:.1e} over 16 pictures and 16 "
                "codes.",
                difference=difference,
            )
        )


def export_onnx(run: Run) -> tuple[bytes, float]:
    """Encoder and decoder as a zip, and by how much they differ from PyTorch. One at a time, for the memory's sake."""
    with _ONE_AT_A_TIME, tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "model.onnx.zip"
        command = [sys.executable, "-m", "vae_core", "export", run.id, "--format", "onnx", "--out", str(out), "--json"]
        try:
            done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=ONNX_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise WorkError(N_("The files took longer than {seconds} s. Try again."), seconds=ONNX_SECONDS) from error
        if done.returncode or not out.is_file():
            reason = (done.stderr.strip().splitlines() or ["?"])[-1]
            raise WorkError(N_("The files could not be made: {reason}"), reason=reason[:300])
        return out.read_bytes(), float(json.loads(done.stdout.splitlines()[-1])["max_difference"])


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
                "Up to {most} MB. A larger one is taken on the server's command line: {command}",
                most=most,
                command="`python -m vae_core import FILE`",
            )
        )
        if file is not None:
            try:
                with st.spinner(t("Reading the archive")):
                    st.session_state[_IMPORTED] = importing.import_run(file).id
            except InputError as error:
                st.error(plain(describe(error)), icon=":material/error:")
                return
            st.session_state[_UPLOADS] = st.session_state.get(_UPLOADS, 0) + 1
            st.rerun()
        _imported()


def _imported() -> None:
    """The run that was brought back last, if it is still there."""
    try:
        run = runs.find(st.session_state.get(_IMPORTED, ""))
    except InputError:
        return
    st.success(t("Here it is: “{name}”.", name=plain(runs.summary(run).name)))
    st.button(t("Show it"), on_click=state.follow_run, args=(run.id,), key="show_imported")
