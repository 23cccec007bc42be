"""Numbers as people type them, in both languages, and as a box shows them."""

import pytest

from pages.ui import number_text
from pages.ui.number_text import Span, read, shown
from vae_core.errors import InputError

BOTH = ("en", "fr")
ANY = Span(-1e9, 1e9, whole=False)


@pytest.mark.parametrize("spoken", BOTH)
@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("0.5", 0.5),
        ("0,5", 0.5),
        (",5", 0.5),
        (".5", 0.5),
        ("5,", 5),
        ("0,001", 0.001),
        ("0.001", 0.001),
        ("0,000 001", 1e-6),
        ("1e-3", 1e-3),
        ("1E-3", 1e-3),
        ("1,5e−3", 1.5e-3),
        ("2.5e+2", 250),
        ("  7 ", 7),
        ("\u00a07\u202f", 7),
        ("−3", -3),
        ("- 3", -3),
        ("+3", 3),
        ("1 000", 1000),
        ("1\u00a0000", 1000),
        ("1\u202f000,5", 1000.5),
        ("1’000.5", 1000.5),
        ("12 345 678", 12_345_678),
        ("1,000,000", 1_000_000),
        ("1.000.000", 1_000_000),
        ("1.000,5", 1000.5),
        ("1,000.5", 1000.5),
        ("1.234", 1.234),
        ("1.000", 1),
        ("1234,567", 1234.567),
        ("\u200e0,5\ufeff", 0.5),
        ("007", 7),
        ("-0", 0),
    ],
)
def test_a_number_is_read_in_either_form(typed: str, number: float, spoken: str) -> None:
    assert read(typed, ANY, "Rate", spoken) == number


@pytest.mark.parametrize(
    ("typed", "english", "french"), [("1,000", 1000, 1), ("12,345", 12_345, 12.345), ("-1,234", -1234, -1.234)]
)
def test_what_means_two_things_is_what_the_language_writes(typed: str, english: float, french: float) -> None:
    assert (read(typed, ANY, "Rate", "en"), read(typed, ANY, "Rate", "fr")) == (english, french)


@pytest.mark.parametrize("spoken", BOTH)
@pytest.mark.parametrize(
    "typed",
    [
        "abc",
        "1,2,3",
        "1.2.3",
        "1 2",
        "12 34",
        "1 2345",
        "1,000.5,5",
        "1.000.5",
        "--1",
        "1e",
        "e5",
        ".",
        ",",
        "-",
        "1e5.5",
        "0x10",
        "1_000",
        "nan",
        "inf",
        "∞",
        "٣",
        "１",
        "½",
        "1%",
        "{low}",
        "1e99999",
        "1,5.000",
    ],
)
def test_anything_else_is_refused_with_value_range_and_example(typed: str, spoken: str) -> None:
    with pytest.raises(InputError) as refused:
        read(typed, Span(0.25, 1000.0, whole=False), "Rate", spoken, example=0.5)
    words = str(refused.value)
    assert typed in words and "Rate" in words and "1,000" in words
    assert shown(0.25) in words and shown(0.5) in words


@pytest.mark.parametrize(
    ("typed", "span", "words"),
    [
        ("", Span(1, 9), "is empty"),
        (" \u00a0", Span(1, 9), "is empty"),
        ("0", Span(1, 9), "out of range"),
        ("10", Span(1, 9), "out of range"),
        ("1e400", Span(0.0, 1.0, whole=False), "out of range"),
        ("2,5", Span(1, 9), "whole"),
        ("9" * 5000, Span(1, 9), "…"),
    ],
)
def test_a_number_that_the_box_does_not_take_is_refused(typed: str, span: Span, words: str) -> None:
    with pytest.raises(InputError, match=words) as refused:
        read(typed, span, "Seed")
    assert len(str(refused.value)) < 300


def test_whole_numbers_are_whole_and_nothing_may_be_an_answer() -> None:
    assert read("30,0", Span(1, 99), "Epochs") == 30 and isinstance(read("3e1", Span(1, 99), "Epochs"), int)
    assert isinstance(read("1", ANY, "Rate"), float)
    assert read(" ", Span(1, 64, optional=True), "Threads") is None
    assert read("4 294 967 295", Span(0, 2**32 - 1), "Seed") == 2**32 - 1


@pytest.mark.parametrize(
    ("number", "english", "french"),
    [
        (30, "30", "30"),
        (10_000, "10000", "10000"),
        (0.001, "0.001", "0,001"),
        (1e-6, "0.000001", "0,000001"),
        (1e-9, "1e-09", "1e-09"),
        (1.0, "1", "1"),
        (1 / 784, "0.0012755102040816326", "0,0012755102040816326"),
        (None, "", ""),
    ],
)
def test_a_number_is_shown_in_the_languages_own_form(number: float | None, english: str, french: str) -> None:
    assert (shown(number, "en"), shown(number, "fr")) == (english, french)


def test_a_range_is_told_with_thousands_parted() -> None:
    assert number_text.readable(2**32 - 1) == "4,294,967,295" and number_text.readable(1000.0) == "1,000"
    assert number_text.readable(1e-6) == "0.000001"
