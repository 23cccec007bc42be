"""The rows of the table of figures: a module for each experiment, with `ROWS`."""

from benchmarks.rows.row import Row

__all__ = ["ROWS", "Row"]

ROWS: tuple[Row, ...] = ()
"""Every row, in the order of the table."""
