"""Tables whose cells are numbers: shown as the visitor's language writes them, and still sorted as numbers."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from pages.ui.text import written

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler


def number_table(rows: Sequence[Mapping[str, Any]] | pd.DataFrame, specs: Mapping[str, str]) -> "Styler":
    """A table for `st.dataframe`. A cell without a number is empty.

    Args:
        rows: A mapping a row, by the columns' headings.
        specs: How the numbers of a column are written, by its heading; see `text.written`.
    """
    forms: dict[Any, Any] = {heading: partial(written, spec=spec) for heading, spec in specs.items()}
    return pd.DataFrame(rows).style.format(forms, na_rep="")
