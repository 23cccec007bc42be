"""`pages.ui.charts`: what the figures show, read back from plotly's own JSON, and whether everybody can tell colours apart."""

import json
from itertools import combinations
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from numpy.typing import NDArray

from pages.ui import charts

rng = np.random.default_rng(0)

# Machado, Oliveira & Fernandes 2009, severity 1, on linear RGB.
VISIONS = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}


def linear(colour: str) -> NDArray[np.float64]:
    c = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def oklab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ottosson 2020, from linear RGB."""
    to_cones = [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
    to_lab = [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
    return np.array(to_lab) @ np.cbrt(np.array(to_cones) @ np.clip(rgb, 0, 1))


@pytest.mark.parametrize("vision", VISIONS)
def test_class_colours_differ_for_everybody(vision: str) -> None:
    seen = [oklab(VISIONS[vision] @ linear(colour)) for colour in charts.CLASS_COLOURS]
    assert min(float(np.linalg.norm(a - b)) for a, b in combinations(seen, 2)) > 0.1


@pytest.mark.parametrize("page", ["#ffffff", "#10181b"])
def test_class_colours_show_on_the_light_and_on_the_dark_page(page: str) -> None:
    def luminance(colour: str) -> float:
        return float(linear(colour) @ [0.2126, 0.7152, 0.0722]) + 0.05

    for colour in charts.CLASS_COLOURS:
        dark, light = sorted((luminance(colour), luminance(page)))
        assert light / dark > 2, colour


def every_figure() -> dict[str, go.Figure]:
    scores, strange = rng.normal(size=200), rng.random(200) < 0.3
    labels = rng.integers(0, 10, 50)
    names = [str(n) for n in range(10)]
    return {
        "scores": charts.score_histogram(scores, strange, threshold=0.5),
        "roc": charts.roc([0, 0.2, 1], [0, 0.9, 1], 0.85, chosen=(0.2, 0.9)),
        "plane": charts.latent_scatter(rng.normal(size=(50, 2)), labels, names, prior=True, marked=[0, 0]),
        "space": charts.latent_scatter(rng.normal(size=(50, 3)), labels, names, prior=True, marked=[0, 0, 0]),
        "dimensions": charts.dimension_bars([2.0, 0.001], [0.9, 0.01], active=[True, False]),
        "error": charts.error_heatmap(rng.random((28, 28)), unit="squared error"),
    }


@pytest.mark.parametrize("name", every_figure())
def test_every_figure_fits_both_themes_and_keeps_the_zoom(name: str) -> None:
    figure = every_figure()[name]
    layout: dict[str, Any] = json.loads(figure.to_json())["layout"]
    assert layout["paper_bgcolor"] == layout["plot_bgcolor"] == "rgba(0,0,0,0)"
    assert "font" not in layout, "the page's theme gives text its colour"
    assert layout["uirevision"]
    assert layout["colorway"] == list(charts.CLASS_COLOURS)


@pytest.mark.parametrize("name", sorted(set(every_figure()) - {"error", "space"}))
def test_axes_have_titles(name: str) -> None:
    figure = every_figure()[name]
    axes = json.loads(figure.to_json())["layout"]
    for side in "xy":
        assert any(axes[key].get("title", {}).get("text") for key in axes if key.startswith(f"{side}axis"))


def test_histogram_counts_every_image_once_and_sends_no_scores() -> None:
    scores, strange = rng.normal(size=5000), rng.random(5000) < 0.3
    normal, odd = charts.score_histogram(scores, strange, bins=40).data
    assert (normal.y.sum(), odd.y.sum()) == ((~strange).sum(), strange.sum())
    assert len(normal.x) == 40


def test_the_threshold_is_named_in_the_legend_and_covers_no_bar() -> None:
    figure = charts.score_histogram(np.array([1.0, 1.0, 1.0, 5.0]), np.array([0, 0, 0, 1]), threshold=2.5)
    line = figure.data[2]
    assert line.name == "Threshold" and line.mode == "lines"
    assert list(line.x) == [2.5, 2.5] and list(line.y) == [0, 3], "as high as the highest bar"
    assert not figure.layout.annotations


def test_histogram_of_equal_scores() -> None:
    normal, odd = charts.score_histogram(np.ones(4), np.array([0, 0, 1, 0])).data
    assert (normal.y.sum(), odd.y.sum()) == (3, 1)


def test_roc_shows_the_area_in_words() -> None:
    assert charts.roc([0, 1], [0, 1], 0.96749).data[0].name == "AUROC 0.967"


def test_scatter_keeps_colours_and_rows_when_classes_are_missing() -> None:
    points, labels = rng.normal(size=(6, 2)), np.array([7, 2, 7, 7, 2, 7])
    two, seven = charts.latent_scatter(points, labels, [str(n) for n in range(10)], index=np.arange(100, 106)).data
    assert (two.name, two.marker.color) == ("2", charts.class_colour(2))
    assert (seven.name, seven.marker.color) == ("7", charts.class_colour(7))
    assert two.customdata[:, 0].tolist() == [101, 104]
    np.testing.assert_allclose(two.x, points[[1, 4], 0].astype(np.float32))
    assert two.type == "scattergl"


def test_prior_circles_are_at_one_two_and_three_sigma_on_equal_axes() -> None:
    figure = charts.latent_scatter(np.zeros((1, 2)), [0], ["0"], prior=True)
    assert [(shape.x0, shape.x1) for shape in figure.layout.shapes] == [(-1, 1), (-2, 2), (-3, 3)]
    assert figure.layout.yaxis.scaleanchor == "x"
    space = charts.latent_scatter(np.zeros((1, 3)), [0], ["0"], prior=True)
    radii = {round(float(np.sqrt(c.x[5] ** 2 + c.y[5] ** 2 + c.z[5] ** 2)), 6) for c in space.data if c.mode == "lines"}
    assert radii == {1.0, 2.0, 3.0}


def test_scatter_refuses_other_shapes() -> None:
    with pytest.raises(ValueError, match=r"\(N, 2\) or \(N, 3\)"):
        charts.latent_scatter(np.zeros((3, 4)), np.zeros(3, int), ["0"])


def test_dead_dimensions_are_grey() -> None:
    figure = charts.dimension_bars([2.0, 0.001], [0.9, 0.01], active=[True, False])
    assert list(figure.data[0].marker.color) == [charts.NORMAL, charts.NEUTRAL]


def test_heatmap_has_its_first_row_on_top() -> None:
    assert charts.error_heatmap(np.eye(3)).layout.yaxis.autorange == "reversed"


def test_heatmap_uses_no_colour_that_streamlit_takes_for_its_theme() -> None:
    scale = charts.error_heatmap(np.eye(3)).data[0].colorscale
    assert scale[0][1] == "rgb(0, 0, 4)"
    assert not any(colour.startswith("#0000") for _, colour in scale)


def test_a_single_point_has_ticks_that_can_be_read() -> None:
    figure = go.Figure(go.Scatter(x=[1], y=[0.042137]))
    charts.readable(charts.template(figure, x="Epoch", y="Loss"))
    assert tuple(figure.layout.xaxis.range) == (0, 2) and figure.layout.xaxis.dtick == 1
    low, high = figure.layout.yaxis.range
    assert low < 0.042137 < high and high - low > 0.005, "ticks a fraction of the value apart need few decimals"


@pytest.mark.parametrize(
    ("values", "dtick"), [([1, 2, 3], 1), ([0, 12], 1), ([1, 64], None), ([1.0, 2.5], None), ([3, 3, 3], 1)]
)
def test_an_axis_of_whole_numbers_has_whole_ticks(values: list[float], dtick: int | None) -> None:
    figure = charts.readable(go.Figure(go.Bar(x=values, y=[0.5] * len(values))))
    assert figure.layout.xaxis.dtick == dtick


def test_axes_that_are_no_plain_numbers_keep_their_ticks() -> None:
    figure = go.Figure(go.Bar(x=["a", "b"], y=[1, 2]))
    figure.update_yaxes(type="log")
    charts.readable(figure)
    assert figure.layout.xaxis.dtick is None and figure.layout.yaxis.dtick is None
    assert charts.readable(charts.roc([0, 0, 1], [0, 1, 1], 1.0)).layout.xaxis.dtick is None


def test_a_title_longer_than_its_axis_takes_several_lines() -> None:
    title = "A quantity with a long name and its unit (nats per image)"
    figure = charts.readable(charts.template(go.Figure(go.Scatter(x=[1, 2], y=[1, 2])), height=200, x=title, y=title))
    for axis, most in ((figure.layout.xaxis, 320 / 7), (figure.layout.yaxis, 130 / 7)):
        assert axis.title.text.replace("<br>", " ") == title
        assert max(map(len, axis.title.text.split("<br>"))) <= most
    short = charts.readable(charts.template(go.Figure(), y="Loss"))
    assert short.layout.yaxis.title.text == "Loss"
