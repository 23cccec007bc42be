"""Tables as CSV: what is written is read back by pandas and as a spreadsheet does, with a point or a comma."""

import csv
import io

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from vae_core.csv_text import FOR_PROGRAMS, FORMS, Form, to_csv

COLUMNS = {
    "name": ["R&D", "=1+1", 'a "b"; c', "1,5", "line\nbreak", "é 🪀"],
    "score": np.array([0.1, -1.5, 1e-9, 12345.678, np.nan, 2.0]),
    "small": np.array([0.1, 2, 3, 4, 5, 6], np.float32),
    "count": [1, 2, 3, 4, 5, 10_000_000],
    "flag": [True, False, True, True, False, False],
}


@pytest.mark.parametrize("form", [*FORMS.values(), FOR_PROGRAMS])
def test_a_table_is_read_back_by_pandas(form: Form) -> None:
    content = to_csv(COLUMNS, form)
    assert content.startswith(b"\xef\xbb\xbf") is form.marked and b"\r\n" in content
    read = pd.read_csv(io.BytesIO(content), sep=form.separator, decimal=form.decimal, encoding="utf-8-sig")
    assert list(read) == list(COLUMNS)
    np.testing.assert_array_equal(read["score"], COLUMNS["score"])
    np.testing.assert_array_equal(read["small"].astype(np.float32), COLUMNS["small"])
    assert read["count"].tolist() == COLUMNS["count"] and read["flag"].tolist() == [1, 0, 1, 1, 0, 0]
    assert read["name"].tolist() == ["R&D", "'=1+1", *COLUMNS["name"][2:]]


def test_a_french_spreadsheet_finds_its_cells_and_its_numbers() -> None:
    rows = list(csv.reader(io.StringIO(to_csv(COLUMNS, FORMS["comma"]).decode("utf-8-sig")), delimiter=";"))
    assert rows[1] == ["R&D", "0,1", "0,1", "1", "1"] and rows[5][1] == "", "no number is an empty cell"
    assert [row[1] for row in rows[2:5]] == ["-1,5", "1e-09", "12345,678"]


def the_choice() -> None:
    import streamlit as st

    from pages.ui import csv_files

    with st.container(key="one"):
        csv_files.choose_form("one")
    csv_files.choose_form("two")
    st.session_state["form"] = csv_files.chosen_form()


def test_the_form_is_the_languages_until_one_is_chosen_for_all() -> None:
    app = AppTest.from_function(the_choice)
    app.session_state["language"] = "fr"
    assert app.run().session_state["form"] == FORMS["comma"]
    app.session_state["language"] = "en"
    assert app.run().session_state["form"] == FORMS["point"]
    app.button_group(key="two_form").set_value("comma").run()
    assert not app.exception and app.session_state["form"] == FORMS["comma"]
    assert app.button_group(key="one_form").value == "comma", "the other choice follows"
    app.session_state["language"] = "fr"
    app.button_group(key="one_form").set_value("point").run()
    assert app.session_state["form"] == FORMS["point"]
