"""Whatever text anybody writes into an address, a form, `--set` or a file: settings, or one typed error in words.

Hypothesis makes the texts, the same ones each time.
"""

import base64
import json
import sys
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pages.ui import forms, links, number_text
from pages.ui import settings as form_settings
from pages.ui.number_text import Span
from vae_core import handwriting, sweeps
from vae_core.commands.settings import settings as command_settings
from vae_core.config import RunConfig
from vae_core.errors import InputError, WorkError
from vae_core.setting_text import from_text, to_text
from vae_core.settings import fields

few = settings(max_examples=60, derandomize=True, database=None, deadline=None)
PATHS = tuple(fields(RunConfig))
TYPED = (InputError, WorkError)

nasty = st.sampled_from(
    [
        "[1,2]",
        "[]",
        "[[1]]",
        "{}",
        "null",
        "true",
        "false",
        "NaN",
        "Infinity",
        "-Infinity",
        "1e999",
        "-1e999",
        "1e400",
        "-0",
        "0x10",
        "1_0",
        "1,,2",
        ",",
        "[1,",
        '"',
        "\\",
        "\x00",
        "٣",
        "½",
        "[1e999]",
        "[null]",
        "[NaN]",
        "1e999,1",
        "[true]",
        '{"a":1}',
        "🪀",
        "\u202e1",
        "<b>",
        "999999999999999999999999999999",
    ]
)
numbers = st.one_of(st.integers().map(str), st.floats().map(repr), st.lists(st.integers(), max_size=3).map(repr))
texts = st.one_of(nasty, numbers, st.text(max_size=30), st.just("[" * 5000), st.just("9" * 5000))
paths = st.sampled_from(PATHS)
values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=10)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)),
    max_leaves=6,
)


@few
@given(address=st.dictionaries(st.sampled_from((links.RECIPE, *links.SETTINGS)), texts, max_size=4))
@example(address={"training.epochs": "[1,2]"})
@example(address={"data.classes": "[[1]]"})
def test_a_link_is_settings_whatever_it_says_and_a_copied_one_says_the_same(address: dict[str, str]) -> None:
    linked = links.read(address)
    assert all(isinstance(remark, str) for remark in linked.remarks)
    assert links.read(links.parameters(linked.config)).config == linked.config


@pytest.mark.parametrize("path", links.SETTINGS)
def test_each_setting_of_a_link_takes_any_text(path: str) -> None:
    @settings(few, max_examples=25)
    @given(text=texts)
    def check(text: str) -> None:
        linked = links.read({path: text})
        assert links.read(links.parameters(linked.config)).config == linked.config

    check()


@few
@given(path=paths, text=texts)
def test_a_setting_from_text_is_a_setting_or_refused_and_goes_back(path: str, text: str) -> None:
    try:
        config = RunConfig().with_values({path: from_text(path, text)})
    except TYPED as error:
        assert str(error)
        return
    value = config.get(path)
    again = RunConfig().with_values({path: from_text(path, to_text(value))}).get(path)
    assert again == value and RunConfig.from_json(config.to_json()) == config


@few
@given(change=st.one_of(st.tuples(paths, texts).map("=".join), st.text(max_size=20)))
def test_set_on_the_command_line_is_settings_or_refused(change: str) -> None:
    try:
        command_settings(None, None, {}, [change])
    except TYPED as error:
        assert str(error)


@few
@given(changes=st.dictionaries(st.sampled_from(forms.ALL_PATHS), st.one_of(values, texts), max_size=4))
def test_a_form_is_settings_or_refused_and_fills_itself_again(changes: dict[str, Any]) -> None:
    try:
        config = form_settings.from_values(changes)
        form_settings.check(config)
    except TYPED as error:
        assert str(error)
        return
    assert form_settings.from_values(form_settings.to_values(config, forms.ALL_PATHS)) == config


@few
@given(path=st.sampled_from(tuple(sweeps.VALUES)), text=texts)
def test_a_value_typed_for_a_sweep_is_one_or_refused(path: str, text: str) -> None:
    try:
        value = sweeps.parse(path, text)
        sweeps.grid(RunConfig(), {path: [value]})
    except TYPED as error:
        assert str(error)
        return
    assert sweeps.parse(path, to_text(value)) == value


@few
@given(text=st.one_of(values.map(json.dumps), texts))
def test_a_config_file_is_settings_or_refused(text: str) -> None:
    try:
        config = RunConfig.from_json(text)
    except TYPED as error:
        assert str(error)
        return
    assert RunConfig.from_json(config.to_json()) == config


@few
@given(path=paths, value=values)
def test_a_config_file_with_one_strange_value_is_settings_or_refused(path: str, value: Any) -> None:
    whole = RunConfig().to_dict()
    *parts, last = path.split(".")
    target = whole
    for part in parts:
        target = target[part]
    target["schema" if last == "version" else last] = value
    try:
        config = RunConfig.from_json(json.dumps(whole))
    except TYPED as error:
        assert str(error)
        return
    assert RunConfig.from_json(config.to_json()) == config


@few
@given(text=texts, spoken=st.sampled_from(("en", "fr")), whole=st.booleans())
def test_a_box_for_numbers_reads_a_number_or_refuses(text: str, spoken: str, whole: bool) -> None:
    try:
        number = number_text.read(text, Span(-1000, 1000, whole), "Rate", spoken)
    except InputError as error:
        assert str(error)
        return
    assert number is not None and -1000 <= number <= 1000


@few
@given(
    number=st.one_of(st.integers(-(2**40), 2**40), st.floats(allow_nan=False, allow_infinity=False)),
    spoken=st.sampled_from(("en", "fr")),
)
def test_a_number_that_a_box_shows_is_read_as_the_same(number: float, spoken: str) -> None:
    most = 2**40 if isinstance(number, int) else sys.float_info.max
    span = Span(-most, most, whole=isinstance(number, int))
    text = number_text.shown(number, spoken)
    assert number_text.read(text, span, "Rate", spoken) == number


@few
@given(text=st.one_of(texts, st.binary(max_size=40).map(lambda data: base64.urlsafe_b64encode(data).decode())))
def test_a_drawing_in_an_address_is_one_or_none(text: str) -> None:
    picture = handwriting.from_text(text)
    assert picture is None or picture.shape == (28, 28)
