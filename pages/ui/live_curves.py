"""The curves of a training that still goes on, as Vega-Lite: rows and a specification that stays the same.

Streamlit puts new rows into a Vega chart that is there already, so it neither flickers nor forgets a visitor's zoom; a
Plotly chart is made anew for each change (seen with Streamlit 1.67). Imports no Streamlit.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from pages.ui.chart_data import course
from pages.ui.charts import NORMAL, PART_TITLES, STRANGE, Part
from pages.ui.standing import Points
from pages.ui.text import signs, t

ZOOM = "zoom"
"""The selection to name in `selection_mode`: Streamlit forgets a zoom that it does not report."""


# The only tick of a single point is the point itself, with all its digits.
_FEW_DIGITS = "format(datum.value, abs(datum.value) < 1 ? ',.2~r' : abs(datum.value) < 1000 ? ',.4~r' : ',.0f')"


def rows(train: Points, validation: Points, part: Part, *, log: bool) -> pd.DataFrame:
    """The points of one part of the loss in the order in which they came, so that a new one is a new last row.

    The loss of the first moments is several times that of all the rest, which would lie flat below it: once two epochs
    are over, the first one is left out, except on a logarithmic scale. There, values of 0 and below are left out.

    Returns:
        Columns `series`, `epoch` and `value` (nats per image).
    """
    names = [t("Training")] * len(train["epoch"]) + [t("Validation")] * len(validation["epoch"])
    epoch = np.concatenate([train["epoch"], validation["epoch"]])
    value = np.concatenate([train[part], validation[part]])
    shown = value > 0 if log else epoch >= (1 if len(validation["epoch"]) >= 2 else 0)
    order = [index for index in np.argsort(epoch, kind="stable") if shown[index]]
    series = pd.Series([names[index] for index in order], dtype=str)
    return pd.DataFrame({"series": series, "epoch": epoch[order], "value": value[order]})


def in_words(points: pd.DataFrame, part: Part) -> str:
    """The curves of one part of the loss for somebody who can't see them; `points` as `rows` gives them."""
    words = [t("{part} in nats per image against epochs.", part=t(PART_TITLES[part]))]
    for series, own in points.groupby("series", sort=False):
        words.append(f"{series}: {course(own['epoch'].to_numpy(), own['value'].to_numpy())}")
    return " ".join(words)


def table(train: Points, validation: Points, parts: Sequence[Part]) -> pd.DataFrame:
    """Every point of the curves: which pictures, epoch, and each part of the loss in nats per image."""
    curves = ((t("Training"), train), (t("Validation"), validation))
    return pd.concat(
        [
            pd.DataFrame(
                {t("Images"): name, t("Epoch"): points["epoch"]}
                | {t(PART_TITLES[part]): points[part] for part in parts}
            )
            for name, points in curves
        ],
        ignore_index=True,
    )


def specification(part: Part, *, log: bool, height: int) -> dict[str, Any]:
    """The chart of one part of the loss. Ctrl and the wheel zoom, the mouse drags, a double click shows all again."""
    names = [t("Training"), t("Validation")]
    decimal, thousands = signs()
    series = {
        "field": "series",
        "type": "nominal",
        "scale": {"domain": names, "range": [NORMAL, STRANGE]},
        # Above the curves: within them, it lies over one sooner or later.
        "legend": {"title": None, "orient": "top", "symbolType": "stroke", "padding": 0, "offset": 2},
    }
    # Mouse events only: a finger scrolls the page.
    zoom = {
        "type": "interval",
        "translate": "[mousedown, window:mouseup] > window:mousemove!",
        "zoom": "wheel![event.ctrlKey]",
    }
    return {
        "title": {"text": t(PART_TITLES[part]), "anchor": "middle", "fontSize": 14, "offset": 6},
        "height": height,
        "config": {
            "locale": {"number": {"decimal": decimal, "thousands": thousands, "grouping": [3], "currency": ["", ""]}}
        },
        "padding": {"left": 0, "right": 6, "top": 2, "bottom": 2},
        "encoding": {
            "x": {
                "field": "epoch",
                "type": "quantitative",
                "title": t("Epoch"),
                "scale": {"zero": False, "nice": False},
                "axis": {"tickMinStep": 1, "tickCount": 5, "grid": False, "titlePadding": 2, "labelExpr": _FEW_DIGITS},
            },
            "y": {
                "field": "value",
                "type": "quantitative",
                "title": t("nats per image"),
                "scale": {"type": "log" if log else "linear", "zero": False, "nice": False},
                "axis": {"tickCount": 6, "titlePadding": 4, "labelExpr": _FEW_DIGITS},
            },
            "color": series,
            "strokeDash": {
                "field": "series",
                "type": "nominal",
                "scale": {"domain": names, "range": [[1, 0], [4, 3]]},
                "legend": None,
            },
            "tooltip": [
                {"field": "series", "title": t("Images")},
                {"field": "epoch", "format": ".2f", "title": t("Epoch")},
                {"field": "value", "format": ".2f", "title": t("nats per image")},
            ],
        },
        # One view and no layers: only then does Streamlit keep a zoom when rows come (see `ZOOM`).
        "params": [{"name": ZOOM, "select": zoom, "bind": "scales"}],
        "mark": {"type": "line", "clip": True, "strokeWidth": 2},
    }
