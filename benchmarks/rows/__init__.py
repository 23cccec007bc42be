"""The rows of the table of figures: a module for each experiment, with `ROWS`."""

from benchmarks.rows import anomaly, budgets, compression, fashion, oversampling, quality
from benchmarks.rows.row import Row

__all__ = ["ROWS", "Row"]

ROWS: tuple[Row, ...] = (
    *anomaly.ROWS,
    *budgets.ROWS,
    *compression.ROWS,
    *oversampling.ROWS,
    *fashion.ROWS,
    *quality.ROWS,
)
"""Every row, in the order of the table."""
