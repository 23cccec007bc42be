"""A chart's data as a table, and its figures in words: both are what the figure shows."""

import io

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from pages.ui import chart_data, charts, live_curves, text
from tests.test_charts import every_figure

rng = np.random.default_rng(1)


def read_back(figure: go.Figure) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(chart_data.to_csv(chart_data.table(figure))))


@pytest.mark.parametrize("name", every_figure())
def test_every_value_of_a_chart_is_in_its_file(name: str) -> None:
    figure = every_figure()[name]
    rows = read_back(figure)
    shown = [trace for trace in figure.data if trace.x is not None or trace.z is not None]
    values = sum(np.asarray(trace.z if trace.type == "heatmap" else trace.x).size for trace in shown)
    assert len(rows) == values
    assert all(str(column) and not str(column).startswith("Unnamed") for column in rows)


def test_a_histograms_file() -> None:
    scores, strange = rng.normal(size=500), rng.random(500) < 0.3
    rows = read_back(charts.score_histogram(scores, strange, bins=10, unit="Squared error", threshold=0.5))
    assert list(rows) == ["Series", "Squared error", "Images"]
    counts = rows.groupby("Series")["Images"].sum()
    assert (counts["Normal"], counts["Anomalous"]) == ((~strange).sum(), strange.sum())
    assert rows.loc[rows["Series"] == "Threshold", "Squared error"].tolist() == [0.5, 0.5]


def test_points_keep_their_class_and_number() -> None:
    points = rng.normal(size=(6, 2)).astype(np.float32)
    figure = charts.latent_scatter(
        points, [1, 0, 1, 1, 0, 1], ["no", "yes"], index=np.arange(100, 106), axes=("a", "b")
    )
    rows = read_back(figure).sort_values("Test image no.")
    assert list(rows) == ["Series", "a", "b", "Test image no."]
    assert rows["Series"].tolist() == ["yes", "no", "yes", "yes", "no", "yes"]
    np.testing.assert_allclose(rows[["a", "b"]], points, rtol=1e-6)


def test_a_heat_maps_file_has_a_row_a_cell() -> None:
    error = rng.random((3, 4))
    rows = read_back(charts.error_heatmap(error, unit="Error"))
    assert list(rows) == ["Column", "Row", "Error"]
    np.testing.assert_allclose(rows["Error"].to_numpy().reshape(3, 4), error)
    assert rows["Column"].tolist()[:5] == [0, 1, 2, 3, 0]


def test_whiskers_have_a_column_of_their_own() -> None:
    figure = go.Figure(go.Bar(x=["a", "b"], y=[1.0, 2.0], error_y={"array": [0.1, 0.2]}))
    charts.template(figure, x="Model", y="Error")
    rows = read_back(figure)
    assert rows.to_dict("list") == {"Model": ["a", "b"], "Error": [1.0, 2.0], "± Error": [0.1, 0.2]}


def test_no_cell_is_a_formula() -> None:
    figure = go.Figure([go.Bar(x=["=1+1", "b"], y=[-1.0, 2.0], name="@mine"), go.Bar(x=["c"], y=[1.0], name="+b")])
    charts.template(figure, x="=cmd", y="Error")
    content = chart_data.to_csv(chart_data.table(figure)).decode("utf-8-sig").splitlines()
    assert content[0] == "Series,'=cmd,Error"
    assert content[1] == "'@mine,'=1+1,-1.0", "a negative number stays a number"
    assert content[3].startswith("'+b,")


def test_a_chart_without_values_has_an_empty_file() -> None:
    assert read_back_or_empty(go.Figure()) == "" and chart_data.in_words(go.Figure()) == ""


def read_back_or_empty(figure: go.Figure) -> str:
    return chart_data.to_csv(chart_data.table(figure)).decode("utf-8-sig").strip()


# In words


def test_few_values_are_told_one_by_one() -> None:
    assert chart_data.in_words(charts.dimension_bars([2.0, 0.001], [0.9, 0.01])) == "1: 2, 2: 0.001. 1: 0.9, 2: 0.01."


def test_bars_that_lie_are_told_by_their_names() -> None:
    figure = go.Figure(go.Bar(x=[81.25, 7.5], y=["Reconstruction", "KL"], orientation="h", name=""))
    assert chart_data.in_words(figure) == "Reconstruction: 81.2, KL: 7.5."


def test_a_course_is_told_by_its_ends_and_extremes() -> None:
    y = np.array([9.0, 5.0, *[4.0] * 20, 3.25, 6.0])
    figure = go.Figure(go.Scatter(x=np.arange(1, 25), y=y, mode="lines", name="Loss"))
    assert chart_data.in_words(figure) == (
        "Loss: 24 values, the first 9, the last 6, the lowest 3.25 at 23, the highest 9 at 1."
    )


def test_a_cloud_is_told_by_where_it_lies() -> None:
    points = np.stack([np.full(50, 2.0), np.linspace(-1, 1, 50)], axis=1)
    words = chart_data.in_words(charts.latent_scatter(points, np.zeros(50, int), ["7"]))
    assert words.startswith("7: 50 points around 2; ")


def test_the_line_of_a_threshold_is_told() -> None:
    figure = charts.score_histogram(rng.normal(size=50), rng.random(50) < 0.5, threshold=0.5)
    assert chart_data.in_words(figure).endswith("Threshold: at 0.5.")


def test_a_heat_map_is_told_by_its_range_and_its_worst_place() -> None:
    error = np.zeros((28, 28))
    error[3, 20] = 0.75
    assert chart_data.in_words(charts.error_heatmap(error)) == "28 × 28 values from 0 to 0.75, the highest at 20; 3."


def test_of_many_series_the_rest_is_counted() -> None:
    figure = go.Figure([go.Bar(x=["a"], y=[n], name=str(n)) for n in range(15)])
    assert chart_data.in_words(figure).endswith("11: a: 11. And 3 more series.")


def test_numbers_in_words_are_the_languages_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "language", lambda: "fr")
    figure = go.Figure(go.Bar(x=["a"], y=[1.5], name="Perte"))
    assert chart_data.in_words(figure) == "Perte\u00a0: a: 1,5."


# The curves of a training


def test_live_curves_are_told_and_taken_away() -> None:
    train = {"epoch": np.array([0.5, 1.0, 2.0]), "loss": np.array([200.0, 150.0, 140.0])}
    train |= {"recon": train["loss"] - 5, "kl": np.full(3, 5.0)}
    validation = {name: values[1:] for name, values in train.items()}
    rows = live_curves.rows(train, validation, "loss", log=False)
    words = live_curves.in_words(rows, "loss")
    assert words.startswith("Loss in nats per image against epochs. Training: ")
    assert "Validation: 2 values, the first 150, the last 140, the lowest 140 at 2, the highest 150 at 1." in words
    assert live_curves.in_words(rows[:0], "loss") == "Loss in nats per image against epochs."
    table = live_curves.table(train, validation, ("loss", "recon", "kl"))
    assert list(table) == ["Images", "Epoch", "Loss", "Reconstruction", "KL divergence"]
    assert table["Images"].tolist() == ["Training"] * 3 + ["Validation"] * 2
    assert table["Loss"].tolist() == [200.0, 150.0, 140.0, 150.0, 140.0], "all points, the first epoch's too"
