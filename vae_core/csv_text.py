"""Tables as CSV: for programs, and for spreadsheets of either kind.

A spreadsheet in French takes a comma for the decimal sign, so that cells are parted by semicolons there; and each
needs a mark at the beginning to see that the text is UTF-8.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from vae_core.files import no_formula


class Form(NamedTuple):
    """How a table is written.

    Attributes:
        separator: Between cells.
        decimal: The decimal sign.
        marked: With a byte-order mark.
    """

    separator: str
    decimal: str
    marked: bool = True


FORMS: Mapping[str, Form] = {"point": Form(",", "."), "comma": Form(";", ",")}
"""For spreadsheets, by the decimal sign's name."""
FOR_PROGRAMS = Form(",", ".", marked=False)


def to_csv(columns: Mapping[str, Iterable[Any]], form: Form = FOR_PROGRAMS) -> bytes:
    """A table in UTF-8, lines ended as RFC 4180 has it. Numbers keep all their digits; no cell is a formula.

    Args:
        columns: By their headings, all of one length. What is `None` or not a number is an empty cell.
        form: How it is written.
    """
    rows = zip(*([_cell(value, form) for value in values] for values in columns.values()), strict=True)
    return rows_to_csv([no_formula(str(heading)) for heading in columns], rows, form)


def rows_to_csv(headings: Sequence[str], rows: Iterable[Iterable[object]], form: Form = FOR_PROGRAMS) -> bytes:
    """The same of rows whose cells are whole numbers and texts of ours: quick where there are millions of them.

    Args:
        headings: As many as a row has cells.
        rows: Texts of others go through `no_formula` before.
        form: How it is written.
    """
    lines = io.StringIO()
    writer = csv.writer(lines, delimiter=form.separator, lineterminator="\r\n")
    writer.writerow(headings)
    writer.writerows(rows)
    return lines.getvalue().encode("utf-8-sig" if form.marked else "utf-8")


def _cell(value: Any, form: Form) -> str:
    if value is None:
        return ""
    if isinstance(value, bool | np.bool_):
        return str(int(value))
    if isinstance(value, int | np.integer):
        return str(value)
    if isinstance(value, float | np.floating):
        return "" if np.isnan(value) else str(value).replace(".", form.decimal)
    return no_formula(str(value))
