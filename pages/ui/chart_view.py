"""A chart as every page shows it: the figure, its caption, and on demand what stands behind it and its data.

The figure's camera saves it as a picture. What a visitor hears instead of the figure are its caption's words and the
figures that it shows, which are read off the figure itself.
"""

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from pages.ui import chart_data, charts, csv_files
from pages.ui.about import folded, show_explanation
from pages.ui.controls import download
from pages.ui.text import t

FORMATS = {"png": "PNG", "svg": "SVG"}
STILL: Mapping[str, Any] = {"modeBarButtons": [["toImage"]], "scrollZoom": False}
"""For a chart that one only looks at: its mode bar, under the mouse, has the camera alone."""


def show_chart(
    figure: go.Figure,
    words: str,
    *,
    key: str,
    about: str | None = None,
    caption: bool = True,
    selects: bool = False,
    config: Mapping[str, Any] = STILL,
) -> Any:
    """Show a figure with all that belongs to it.

    Args:
        figure: The figure.
        words: What it shows, in a sentence or two; its caption, and the beginning of its text alternative.
        key: The widget's key; also the name of its files.
        about: A row of `EXPLANATIONS`; `None` where the words say all.
        caption: Show the words below it; else the page shows them elsewhere.
        selects: Whether points can be selected; the page runs again then.
        config: Of the mode bar, for a chart that is more than looked at.

    Returns:
        What `st.plotly_chart` returns: the selection, where `selects`.
    """
    kind = st.session_state.get(f"{key}_format") or "png"
    camera = {"toImageButtonOptions": {"format": kind, "filename": f"diabolo-{key}", "scale": 2}}
    event = st.plotly_chart(
        charts.readable(figure),
        key=key,
        on_select="rerun" if selects else "ignore",
        config={"displaylogo": False, **config, **camera},
        alt=f"{words} {chart_data.in_words(figure)}".strip(),
    )
    with st.container(gap="xxsmall"):
        if caption:
            st.caption(words)
        show_details(key, about, lambda: chart_data.table(figure), camera=True)
    return event


def show_details(key: str, about: str | None, data: Callable[[], pd.DataFrame], *, camera: bool = False) -> None:
    """Folded: what stands behind a chart, and its data. Both are made once it is opened.

    Args:
        about: A row of `EXPLANATIONS`.
        data: Makes the table behind the chart.
        camera: Whether the chart has a camera, whose format is chosen here.
    """
    opened = folded(t("Details"), f"{key}_details")
    if not opened.open:
        return
    with opened:
        if about is not None:
            show_explanation(about, key)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            file = chart_data.to_csv(data(), csv_files.chosen_form())
            download(t("Data (CSV)"), file, f"diabolo-{key}.csv", "text/csv", key=f"{key}_csv")
            csv_files.choose_form(f"{key}_csv")
            if camera:
                st.segmented_control(
                    t("The camera on the chart saves"),
                    list(FORMATS),
                    default="png",
                    required=True,
                    format_func=FORMATS.__getitem__,
                    key=f"{key}_format",
                    persist_state="session",
                )
