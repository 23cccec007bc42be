"""A data set that is not on this machine: what it is, how large, and a button that fetches it."""

import math

import streamlit as st

from pages.ui import orders
from pages.ui.quantities import file_size
from pages.ui.text import plain, t
from vae_core import datasets
from vae_core.datasets import DataSource
from vae_core.jobs.fetching import download_of


def offer_download(name: str) -> None:
    """Show the button; once it is pressed, how far it is until the data set is there, or the reason why it is not.

    It is fetched by a job: whoever leaves the page finds it further on, or there.
    """
    source, order = datasets.source(name), download_of(name)
    title = t("Download {title}", title=t(source.title))
    with st.container(border=True):
        st.markdown(
            t(
                "**{title}** is not on this machine yet: {train:,} images to learn from and {test:,} to test on, "
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
        if orders.is_under_way(order):
            orders.follow(order, title)
            return
        orders.show_reason(order)
        help = t("It comes in the background; you may leave the page. The bundled digits need no download.")
        if st.button(title, icon=":material/download:", key="download", help=help):
            order.ask()
            st.rerun()


def pixels(source: DataSource) -> int:
    """How many bytes all pictures of a data set take, one for each pixel."""
    return sum(source.sizes.values()) * math.prod(source.image_shape)
