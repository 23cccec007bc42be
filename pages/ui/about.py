"""Details on demand: what stands behind a chart or a picture, folded; the formula and the code last."""

import streamlit as st
from streamlit.elements.lib.mutable_expander_container import ExpanderContainer

from pages.ui.explanations import EXPLANATIONS, Explanation, source
from pages.ui.text import N_, plain, t


def show_formulas(explanation: Explanation) -> None:
    """Its formulas, each with what it says."""
    for latex, words in explanation.formulas:
        st.latex(latex)
        st.caption(t(words))


def show_code(explanation: Explanation) -> None:
    """The functions that compute it, as they stand in the source."""
    for found in map(source, explanation.code):
        st.caption(plain(found.place))
        st.code(found.code, language="python", wrap_lines=True)


def show_explanation(name: str, key: str) -> None:
    """A row of `EXPLANATIONS`: the words, then the formulas; its code a click away."""
    explanation = EXPLANATIONS[name]
    for paragraph in explanation.text:
        st.markdown(t(paragraph))
    show_formulas(explanation)
    if explanation.code and st.toggle(t("Show the code"), key=f"{key}_code"):
        show_code(explanation)


def show_about(name: str, key: str, label: str = N_("How is this made?")) -> None:
    """Folded, below something that is no chart. What it holds is made when it is opened.

    Args:
        name: A row of `EXPLANATIONS`.
        key: Once on a page.
        label: A question that it answers, marked for translation.
    """
    opened = folded(t(label), f"{key}_about")
    if opened.open:
        with opened:
            show_explanation(name, key)


def folded(label: str, key: str) -> ExpanderContainer:
    """What opens below a chart or a picture; look at `open` before filling it."""
    return st.expander(label, type="compact", icon=":material/info:", key=key, on_change="rerun")
