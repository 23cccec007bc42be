"""The table of pages, and the call that every page begins with.

A new page is one file in `pages/` and one row in `PAGES`.

Until `st.navigation` has run once in a server's life, Streamlit takes every script in `pages/` for an old-style page:
the first visitor of a fresh server who opens `/train` directly gets that script without `app.py`. So `app.py` marks
the session after `st.navigation`, and a page that finds no mark calls the same `st.navigation` and runs again. For
that, a page's file is named as its address.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.navigation.page import Page

from pages.ui import address, language, primary, state
from pages.ui.text import N_, plain, t

_MARK = "_entered"
_STYLE = Path(__file__).with_name("style.css")


@dataclass(frozen=True)
class Entry:
    """One page.

    Args:
        name: Its file in `pages/` and its address: `train` is `pages/train.py` at `/train`. The default page is at `/`.
        title: Its name in the menu and, unless `heading` says otherwise, its heading.
        icon: A material symbol for the menu.
        section: The menu's heading above it; empty for none.
        line: What one does there, in one sentence.
    """

    name: str
    title: str
    icon: str
    section: str
    line: str
    default: bool = False
    heading: str = ""

    @property
    def script(self) -> str:
        """The page's file, relative to `app.py`: what `st.page_link` and `st.switch_page` take."""
        return f"pages/{self.name}.py"

    @property
    def address(self) -> str:
        """The path in the browser, without the leading slash."""
        return "" if self.default else self.name


LABORATORY = N_("Laboratory")
LEARN = N_("Learn")

PAGES = (
    Entry(
        "home",
        N_("Home"),
        ":material/home:",
        "",
        N_("The autoencoder laboratory in your browser."),
        default=True,
        heading=N_("Diabolo"),
    ),
    Entry(
        "train",
        N_("Train"),
        ":material/model_training:",
        LABORATORY,
        N_("Choose a model, press Start, and watch it learn."),
    ),
    Entry(
        "generate",
        N_("Generate"),
        ":material/auto_awesome:",
        LABORATORY,
        N_("Draw new digits from a trained model, and interpolate between two of them."),
    ),
    Entry(
        "reconstruct",
        N_("Reconstruct & anomalies"),
        ":material/compare:",
        LABORATORY,
        N_("See how a model reconstructs an image, and find the images that are anomalous to it."),
    ),
    Entry(
        "draw",
        N_("Draw"),
        ":material/gesture:",
        LABORATORY,
        N_(
            "Write a digit by hand, and see where a model places it, how it reconstructs it, and how anomalous "
            "it finds it."
        ),
    ),
    Entry(
        "latent",
        N_("Latent space"),
        ":material/scatter_plot:",
        LABORATORY,
        N_("See where a model places each image, and what every latent dimension does."),
    ),
    Entry(
        "compare",
        N_("Compare"),
        ":material/balance:",
        LABORATORY,
        N_("Two to six models and PCA on the same images: what differs, and what the figures say."),
    ),
    Entry(
        "experiments",
        N_("Experiments"),
        ":material/science:",
        LABORATORY,
        N_("The field's classic experiments, one click each, with your own results beside the published ones."),
    ),
    Entry(
        "how",
        N_("How it works"),
        ":material/school:",
        LEARN,
        N_("Autoencoders and VAEs in ten minutes, with images and without skipping the mathematics."),
    ),
)
BY_NAME: Mapping[str, Entry] = {entry.name: entry for entry in PAGES}


def enter() -> Page:
    """Show the menu and mark the session. Called by `app.py` alone, which then runs the page that it returns."""
    language.take_address()
    page = _navigation()
    # From here on the browser has the page's address: written before, a parameter would go to the page that one leaves.
    address.begin(page.url_path)
    language.write_address()
    st.session_state[_MARK] = True
    language.show_switch()
    return page


def begin(name: str, *, beside: bool = False) -> DeltaGenerator:
    """Begin a page with its title and its line: nothing else may come first on it.

    Args:
        name: The page's name in `PAGES`.
        beside: Something will stand beside its line, such as the box of models; it is one row then.

    Returns:
        Where that stands.
    """
    if _MARK not in st.session_state:
        _navigation()
        st.rerun()
    primary.forget()
    state.leave_runs()
    entry = BY_NAME[name]
    with st.container(key="page_title"):  # see style.css
        st.title(t(entry.heading or entry.title), anchor=False)
    line, place = st.columns([2, 3], vertical_alignment="center") if beside else (st.container(), st.container())
    line.caption(t(entry.line))
    with st.container():  # what may come and go; a fragment below is known by its place
        if missed := state.missed_runs():
            names = ", ".join(missed.values())
            st.warning(
                plain(t("Deleted meanwhile, so no longer shown: {names}.", names=names)), icon=":material/delete:"
            )
    return place


def _navigation() -> Page:
    sections: dict[str, list[Page]] = {}
    for entry in PAGES:
        page = st.Page(
            entry.script,
            title=t(entry.title),
            icon=entry.icon,
            url_path=entry.address or None,
            default=entry.default,
        )
        sections.setdefault(t(entry.section) if entry.section else "", []).append(page)
    # An emoji, because Streamlit fetches the favicon of a material symbol from a font host.
    st.set_page_config(page_title="Diabolo", page_icon="🪀", layout="wide")
    st.html(_STYLE)
    page = st.navigation(sections)
    st.set_page_config(page_title=f"{page.title} · Diabolo")
    return page
