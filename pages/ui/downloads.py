"""A data set that is not on this machine: what it is, how large, and a button that fetches it."""

import math
import time

import streamlit as st

from pages.ui.quantities import file_size
from pages.ui.text import describe, plain, t
from vae_core import datasets
from vae_core.datasets import DataSource
from vae_core.errors import DiaboloError

REDRAW_SECONDS = 0.1


def offer_download(name: str) -> None:
    """Show the button; once it is pressed, a progress bar until the data set is there or the reason why it is not.

    The download runs while the page waits for it. Whoever leaves the page ends it, and nothing half stays behind.
    """
    source = datasets.source(name)
    with st.container(border=True):
        st.markdown(
            t(
                "**{title}** is not on this machine yet: {train:,} pictures to learn from and {test:,} to test on, "
                "{size} on disk.",
                title=plain(t(source.title)),
                train=source.sizes["train"],
                test=source.sizes["test"],
                size=file_size(pixels(source)),
            )
        )
        if name.startswith("emnist-"):
            st.markdown(t("EMNIST comes as one archive of all its parts, so much more is downloaded than is kept."))
        st.caption(
            plain(t("Source: {source}. Licence: {licence}.", source=t(source.source), licence=t(source.licence)))
        )
        if st.button(
            t("Download {title}", title=t(source.title)),
            icon=":material/download:",
            key="download",
            help=t("Stay on this page until it is done. The bundled digits need no download."),
        ):
            _download(name)


def pixels(source: DataSource) -> int:
    """How many bytes all pictures of a data set take, one for each pixel."""
    return sum(source.sizes.values()) * math.prod(source.image_shape)


def progress_values(done: int, total: int | None) -> tuple[float, str]:
    """How full the bar is and what stands on it, after `done` bytes of `total`, which may not be known."""
    if not total:
        return 0.0, t("{done} have come; how much there is was not told.", done=file_size(done))
    return min(done / total, 1.0), t("{done} of {total}", done=file_size(done), total=file_size(total))


def _download(name: str) -> None:
    bar = st.progress(0.0, text=t("Connecting. After 20 seconds of silence it gives up."))
    drawn = 0.0

    def show(done: int, total: int | None) -> None:
        nonlocal drawn
        if time.monotonic() - drawn > REDRAW_SECONDS or done == total:
            drawn = time.monotonic()
            value, text = progress_values(done, total)
            bar.progress(value, text=text)

    try:
        datasets.get(name, progress=show)
    except DiaboloError as error:
        bar.empty()
        st.error(plain(describe(error)), icon=":material/error:")
        return
    st.rerun()
