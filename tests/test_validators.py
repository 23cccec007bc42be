"""plotly's table, packed: the same rows, and charts that are as right and refuse as much as without."""

import json
from pathlib import Path

import plotly
import plotly.graph_objects as go
import pytest
from plotly.validator_cache import ValidatorCache

from pages.ui.validators import PackedTable, pack


@pytest.fixture(scope="module")
def rows() -> dict[str, object]:
    table = Path(plotly.__file__).parent / "validators" / "_validators.json"
    return dict(json.loads(table.read_text(encoding="utf-8")))


def test_every_row_comes_back(rows: dict[str, object]) -> None:
    packed = PackedTable(rows)
    for path in [*list(rows)[::29], *(path for path in rows if "." not in path)]:
        assert packed.get(path) == rows[path]
    assert packed.get("layout.nothing") is None and packed.get("nothing.x") is None and packed.get("nothing") is None
    row = packed.get("layout.title.text")
    row["params"]["plotly_name"] = "changed"  # as plotly does
    assert packed.get("layout.title.text") == rows["layout.title.text"]
    assert sum(map(len, packed._packed.values())) < 500_000


def test_charts_are_made_and_refused_as_before(rows: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    def made() -> tuple[str, str]:
        monkeypatch.setattr(ValidatorCache, "_cache", {})
        figure = go.Figure([go.Scatter(x=[1], y=[2], marker={"color": "#123456"}), go.Heatmap(z=[[1]])])
        figure.update_layout(xaxis2={"title": {"text": "x"}}, shapes=[{"type": "line"}], template="plotly_dark")
        with pytest.raises(ValueError, match=r"colou?r") as refused:
            go.Scatter(marker={"color": "no colour"})
        return figure.to_json(), str(refused.value)

    monkeypatch.setattr(ValidatorCache, "_json_cache", json.loads(json.dumps(rows)))
    before = made()
    pack()
    assert isinstance(ValidatorCache._json_cache, PackedTable)
    assert made() == before
    packed = ValidatorCache._json_cache
    pack()
    assert ValidatorCache._json_cache is packed
