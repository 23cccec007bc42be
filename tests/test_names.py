"""Names are names: whatever stands in one is shown as it is, obeyed nowhere, in charts, tables, files and sentences."""

import html
import io
import json
import re
from collections.abc import Callable

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from pages.ui import chart_data, charts, what_if_charts
from pages.ui.comparing import curves
from pages.ui.experiments import ae_or_vae_charts, anomaly_charts, compression_charts, fashion_charts
from pages.ui.text import as_it_is, plain
from vae_core.csv_text import FORMS
from vae_core.events import EpochEnd, Losses

NASTY = (
    "R&D",
    "R&amp;D",
    "<b>bold</b>",
    '<a href="http://evil.example">x</a>',
    "[a](http://evil.example)",
    "http://evil.example",
    "me@evil.example",
    "$x^2$",
    "%{x} %{customdata}",
    "=1+1",
    "ab\u05d0\u05d1",
    "🪀 emoji",
    "a<br>b < c > d",
    "x" * 200,
    "**a** _b_ `c` ~d~ :red[e]",
)
rng = np.random.default_rng(0)


def _curves(name: str) -> go.Figure:
    end = EpochEnd(1, 10, 10, Losses(2.0, 1.0, 1.0), Losses(2.0, 1.0, 1.0), 1.0, 1.0, 0.0)
    return curves.overlaid({name: [end], "other": [end]}, "loss", "epochs")


def _compression(name: str) -> go.Figure:
    return compression_charts.against_pca(np.linspace(1, 0.1, 10), 4, 0.3, 5, name)


def _sweep(name: str) -> go.Figure:
    figures = {"sizes": [1, 2], "mse": [0.4, 0.3], "epochs": 3, "run_size": 2, "run_mse": 0.3}
    return compression_charts.sweep(np.linspace(1, 0.1, 10), figures, name)


def _points(name: str) -> go.Figure:
    return charts.latent_scatter(rng.normal(size=(4, 2)), [0, 1, 0, 1], [name, "other"])


def _cloud(name: str) -> go.Figure:
    return fashion_charts.cloud(rng.normal(size=(4, 2)), np.array([0, 1, 0, 1]), [name, "other"], 3.5)


def _distances(name: str) -> go.Figure:
    return ae_or_vae_charts.distances({name: {"normal": [1.0, 2.0]}, "other": {"normal": [1.0]}}, [0.5])


def _ways(name: str) -> go.Figure:
    line = np.linspace(0, 1, 3)
    return ae_or_vae_charts.ways({name: (line, line), "other": (line, line)})


def _classes(name: str) -> go.Figure:
    auroc = np.array([0.9, 0.8])
    return anomaly_charts.class_bars([name, "other"], auroc, baselines={"third": auroc}, published={})


def _what_if(name: str) -> go.Figure:
    rows = [what_if_charts.Row(one, {"name": one}, {"recon": 1.0}, one == name) for one in (name, "other")]
    return what_if_charts.chart(rows, ["name"], "recon", ["Name"], lambda path, value: str(value))[0]


BUILDERS: dict[str, Callable[[str], go.Figure]] = {
    "curves": _curves,
    "compression": _compression,
    "sweep": _sweep,
    "points": _points,
    "cloud": _cloud,
    "distances": _distances,
    "ways": _ways,
    "classes": _classes,
    "what if": _what_if,
}


def shown_texts(figure: go.Figure) -> list[str]:
    """Every text of a figure that Plotly draws and so may obey."""
    found: list[str] = []

    def walk(part: object, key: str = "") -> None:
        if isinstance(part, dict):
            for name, value in part.items():
                walk(value, name)
        elif isinstance(part, list):
            for value in part:
                walk(value, key)
        elif isinstance(part, str) and key in ("name", "text", "x", "y", "ticktext", "hovertemplate", "title"):
            found.append(part)

    walk(json.loads(figure.to_json()))
    return found


@pytest.mark.parametrize("builder", BUILDERS)
def test_a_name_is_what_it_is_in_every_chart_its_data_and_its_words(builder: str) -> None:
    # Making a figure takes a while: each builder gets all of it in few names.
    for name in NASTY if builder == "curves" else (" ".join(NASTY[::2]), " ".join(NASTY[1::2])):
        figure = BUILDERS[builder](name)
        texts = shown_texts(figure)
        assert any(html.unescape(text) == name or name in html.unescape(text) for text in texts), (builder, name)
        for text in texts:
            bare = text.replace("<extra></extra>", "").replace("<extra>", "").replace("</extra>", "")
            assert not re.search(r"<(?!br>)[^>]*>", bare), f"a tag of a name is obeyed: {text}"
            assert not re.search(r"\$[^$]*\$", bare) and "%{customdata}" not in bare
        rows = chart_data.table(figure)
        cells = {str(cell) for column in rows for cell in rows[column]} | {str(column) for column in rows}
        assert any(name in cell for cell in cells), (builder, name, cells)
        read = pd.read_csv(io.BytesIO(chart_data.to_csv(rows, FORMS["comma"])), sep=";", decimal=",", dtype=str)
        assert any(name in str(cell) for column in read for cell in [column, *read[column]])
        if "xxx" not in name:
            assert name in chart_data.in_words(figure) or builder in ("points", "cloud")


def test_a_line_break_in_a_name_is_a_blank_in_a_chart() -> None:
    assert as_it_is("a\nb\tc") == "a b c"


@pytest.mark.parametrize("name", NASTY)
def test_a_name_in_a_sentence_is_no_link_and_no_markdown(name: str) -> None:
    safe = plain(name)
    assert not re.search(r"(?<!\\)[\[\]<>*_`~$:&]|https?://|www\.|\w@\w", safe)
