"""The table of figures: every row can be computed, and the table says what was measured and what was not."""

import json
import math
from pathlib import Path

import pytest

from benchmarks import figures
from benchmarks.rows import ROWS, Row


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_can_be_computed(row: Row) -> None:
    found = row.compute(0, True)
    assert set(row.figures) <= set(found)
    assert all(math.isfinite(value) for value in found.values())


def test_rows_are_told_apart_and_explain_themselves() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)
    for row in ROWS:
        assert row.title and row.figures and row.seeds >= 1
        assert set(row.published) | set(row.headlines) <= set(row.figures)
        assert bool(row.published) <= bool(row.source), "what was published has a source"


def test_the_table_shows_mean_spread_and_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "RESULTS", tmp_path)
    rows = (
        Row("done", "A row", lambda seed, quick: {}, {"mse": "MSE"}, {"mse": "0.05"}, "A paper", 3, "do it"),
        Row("open", "Another", lambda seed, quick: {}, {"kl": "KL"}),
    )
    for seed, mse in enumerate((0.01, 0.02, 0.03)):
        kept = {"figures": {"mse": mse}, "cpu_seconds": 10, "machine": "a machine", "date": "2026-01-01"}
        (tmp_path / f"done-{seed}.json").write_text(json.dumps(kept))
    text = figures.table(rows)
    assert "| A row | MSE | 0.02 ± 0.01 (3) | 0.05 | 10 | `do it` |" in text
    assert "| Another | not measured yet |" in text
    assert "a machine, 2026-01-01" in text and "A paper" in text
    assert figures.short_table(rows).splitlines()[2:] == ["| A row | MSE | 0.02 ± 0.01 (3) | 0.05 | 10 |"]
