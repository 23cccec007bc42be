"""What a chart shows, as a table and in words: for its file of data, and for those who can't see it.

Both are read off the figure itself, so they are always what is on the screen. Imports no Streamlit.
"""

import html
import re
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from pages.ui.text import t, tn, written
from vae_core import csv_text
from vae_core.csv_text import FORMS, Form

MOST_TOLD = 12
"""Series, and values of a series, that are told one by one; of more, only where they begin, end and go."""


def table(figure: go.Figure) -> pd.DataFrame:
    """Every value of a chart: a row a value, a column an axis, the series' name first where there are several.

    A heat map has a row a cell. What a trace names in `meta["columns"]` are the columns of its `customdata`.
    """
    parts = [_rows(figure, trace) for trace in figure.data]
    whole = pd.concat([part for part in parts if len(part)], ignore_index=True) if parts else pd.DataFrame()
    series = t("Series")
    return whole.drop(columns=series) if series in whole and whole[series].nunique() < 2 else whole


def to_csv(rows: pd.DataFrame, form: Form = FORMS["point"]) -> bytes:
    """A table as CSV; see `csv_text.to_csv`."""
    return csv_text.to_csv({str(name): rows[name].to_numpy() for name in rows}, form)


def in_words(figure: go.Figure) -> str:
    """The figures that matter in a chart, as sentences: its series with their values, or with their course."""
    told = [words for trace in figure.data[:MOST_TOLD] if (words := _told(trace))]
    if len(figure.data) > MOST_TOLD:
        told.append(
            tn("And {count} more series.", "And {count} more series.", "count", count=len(figure.data) - MOST_TOLD)
        )
    return " ".join(told)


def _rows(figure: go.Figure, trace: Any) -> pd.DataFrame:
    if trace.type == "heatmap":
        z = np.asarray(trace.z)
        down, across = np.indices(z.shape)
        x, y = (_values(given) for given in (trace.x, trace.y))
        columns: dict[str, Any] = {
            _title(figure, trace, "x") or t("Column"): across.ravel() if x is None else x[across.ravel()],
            _title(figure, trace, "y") or t("Row"): down.ravel() if y is None else y[down.ravel()],
            _plain(str(trace.colorbar.title.text or t("Value"))): z.ravel(),
        }
        return pd.DataFrame(columns)
    sides = {side: _values(trace[side]) for side in "xyz" if side in trace and trace[side] is not None}
    if not any(values is not None and len(values) for values in sides.values()):
        return pd.DataFrame()
    columns = {t("Series"): _plain(trace.name or "")}
    columns |= {_title(figure, trace, side) or side: values for side, values in sides.items()}
    for side in "xy":
        error = getattr(trace, f"error_{side}", None)
        if error is not None and error.array is not None:
            columns[f"± {_title(figure, trace, side) or side}"] = _values(error.array)
    names = (trace.meta or {}).get("columns", ())
    for number, name in enumerate(names):
        columns[name] = np.asarray(trace.customdata)[:, number]
    length = max(len(values) for values in sides.values() if values is not None)
    return pd.DataFrame(columns, index=range(length))


def _told(trace: Any) -> str:
    name = _plain(trace.name or "")
    if trace.type == "heatmap":
        z = np.asarray(trace.z, float)
        row, column = np.unravel_index(np.nanargmax(z), z.shape)
        x, y = _values(trace.x), _values(trace.y)
        return tn(
            "{rows} × {columns} value from {low:.3g} to {high:.3g}, the highest at {x}; {y}.",
            "{rows} × {columns} values from {low:.3g} to {high:.3g}, the highest at {x}; {y}.",
            "columns",
            rows=z.shape[0],
            columns=z.shape[1],
            low=float(np.nanmin(z)),
            high=float(np.nanmax(z)),
            x=_text(column if x is None else x[column]),
            y=_text(row if y is None else y[row]),
        )
    x, y = _values(trace.x), _values(trace.y)
    if x is None or y is None or not len(x):
        return ""
    if trace.type == "bar" and trace.orientation == "h":
        x, y = y, x
    if not np.issubdtype(y.dtype, np.number):  # a row a name: its value lies across
        x, y = y, x
    if not np.issubdtype(y.dtype, np.number):
        return ""
    begin = t("{name}:", name=name) + " " if name else ""
    if len(x) == 2 and x[0] == x[1]:  # an upright line
        return begin + t("at {x}.", x=_text(x[0]))
    mode = getattr(trace, "mode", "")
    if len(x) <= MOST_TOLD:
        pairs = (f"{_text(a)}: {_text(b)}" for a, b in zip(x, y, strict=True))
        return begin + ", ".join(pairs) + "."
    if mode == "markers" and np.issubdtype(x.dtype, np.number):
        return begin + tn(
            "{count} point around {x:.3g}; {y:.3g}.",
            "{count} points around {x:.3g}; {y:.3g}.",
            "count",
            count=len(x),
            x=float(np.nanmean(x)),
            y=float(np.nanmean(y)),
        )
    return begin + course(x, y)


def course(x: NDArray[Any], y: NDArray[Any]) -> str:
    """How a series goes: where it begins and ends, its lowest and its highest value, and where they are."""
    low, high = int(np.nanargmin(y)), int(np.nanargmax(y))
    return tn(
        "{count} value, the first {first:.3g}, the last {last:.3g}, the lowest {low:.3g} at {at_low}, the "
        "highest {high:.3g} at {at_high}.",
        "{count} values, the first {first:.3g}, the last {last:.3g}, the lowest {low:.3g} at {at_low}, the highest "
        "{high:.3g} at {at_high}.",
        "count",
        count=len(y),
        first=float(y[0]),
        last=float(y[-1]),
        low=float(y[low]),
        at_low=_text(x[low]),
        high=float(y[high]),
        at_high=_text(x[high]),
    )


def _title(figure: go.Figure, trace: Any, side: str) -> str:
    """The title of the axis on which a trace lies, in plain text; empty where it has none."""
    if trace.type in ("scatter3d", "surface"):
        axis = figure.layout.scene[f"{side}axis"]
    elif side == "z":
        return ""
    else:
        axis = figure.layout[f"{side}axis{(trace[f'{side}axis'] or side)[1:]}"]
    return _plain(str(axis.title.text or ""))


def _plain(text: str) -> str:
    """What Plotly shows of a text: without tags, and names as they are (`text.as_it_is`)."""
    return html.unescape(re.sub(r"<[^>]*>", "", re.sub(r"<br ?/?>", " ", text)))


def _values(given: Any) -> NDArray[Any] | None:
    if given is None:
        return None
    values = np.asarray(given)
    if values.dtype.kind not in "UO" or values.ndim != 1:
        return values
    return np.array([_plain(str(value)) if isinstance(value, str) else value for value in values], object)


def _text(value: Any) -> str:
    """A value for reading: a number with three digits, as the language writes it; a name as it is."""
    if isinstance(value, int | float | np.integer | np.floating):
        return written(
            value.item() if isinstance(value, np.generic) else value,
            ".3g" if isinstance(value, float | np.floating) else ",",
        )
    return str(value)
