"""A number as a person types it, and as one is shown in a box to be typed over. Imports no Streamlit.

    0.5   0,5   ,5   1 000   1,000,000   1.000,5   -3   −3   1e-3

Blanks around a number count for nothing; blanks of any kind and apostrophes between its digits part thousands. Where
both a point and a comma stand, the last one is the decimal sign; one that stands twice parts thousands. A single one
is the decimal sign, with one exception: in English `1,000` is a thousand, because `1,0` would have been written `1.0`.
In French `1,000` and `1.000` are both one, since French parts thousands by blanks.
"""

import re
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

import numpy as np

from pages.ui.text import N_, language, written
from vae_core.errors import InputError

Number = int | float
LONGEST = 40
"""Characters of a number that is meant; of more, an error tells only the beginning."""

_MINUS = str.maketrans(dict.fromkeys("\u2212\u2010\u2011\u2012\u2013\ufe63\uff0d", "-"))
_MARKS = dict.fromkeys(map(ord, "\u200b\u200e\u200f\u202a\u202b\u202c\u2060\u2066\u2067\u2068\u2069\ufeff"))
"""What can't be seen and comes along when one copies: directions, joiners, byte-order marks."""
_THOUSANDS = re.compile(r"(?<!\d)\d{1,3}([\s'\u2019]\d{3})+(?!\d)")
_PARTS = re.compile(r"([+-]?)(\d*(?:[.,]\d+)*[.,]?)(?:[eE]([+-]?\d{1,4}))?", re.ASCII)


class Span(NamedTuple):
    """What a box takes.

    Attributes:
        low, high: The smallest and the largest number.
        whole: Only whole numbers.
        optional: Nothing at all is an answer too: `None`.
    """

    low: Number
    high: Number
    whole: bool = True
    optional: bool = False

    def nearest(self, number: Number) -> Number:
        """The number in the span that is nearest."""
        return min(max(number, self.low), self.high)


def parse(text: str, spoken: str) -> Decimal | None:
    """The number that a text means; `None` where it is none.

    Args:
        text: As typed.
        spoken: The language of the page, `en` or `fr`.
    """
    text = text.translate(_MARKS).translate(_MINUS).strip()
    text = re.sub(r"^([+-])\s+", r"\1", text)
    text = _THOUSANDS.sub(lambda found: re.sub(r"\D", "", found[0]), text)
    found = _PARTS.fullmatch(text)
    if found is None or not re.search(r"\d", found[2]):
        return None
    sign, digits, power = found.groups()
    plain = _with_point(digits, spoken)
    try:
        return None if plain is None else Decimal(f"{sign}{plain}e{power or 0}")
    except InvalidOperation:
        return None


def _with_point(digits: str, spoken: str) -> str | None:
    """Digits with points and commas as Python writes them; `None` where they make no sense."""
    points, commas = digits.count("."), digits.count(",")
    if not points and not commas:
        return digits
    if points and commas:
        decimal = max(".,", key=digits.rfind)
    elif points + commas > 1 or (spoken == "en" and _is_thousands(digits, ",")):
        decimal = ""
    else:
        decimal = "." if points else ","
    thousands = ",." if not decimal else "." if decimal == "," else ","
    whole, _, rest = digits.partition(decimal) if decimal else (digits, "", "")
    for sign in thousands:
        if sign in rest:
            return None
        if sign in whole:
            if not _is_thousands(whole, sign):
                return None
            whole = whole.replace(sign, "")
    return f"{whole or 0}.{rest or 0}"


def _is_thousands(digits: str, sign: str) -> bool:
    """`12,345,678`: three digits after each sign, one to three before, the first of them no 0."""
    return bool(re.fullmatch(rf"[1-9]\d{{0,2}}({re.escape(sign)}\d{{3}})+", digits, re.ASCII))


def read(text: str, span: Span, label: str, spoken: str | None = None, example: Number | None = None) -> Number | None:
    """The number that was typed into a box.

    Args:
        text: As typed.
        span: What the box takes.
        label: What the box is called, in the visitor's language.
        spoken: The language in which it was typed; by default the visitor's.
        example: What could be typed; by default the smallest number.

    Returns:
        An `int` where the span is of whole numbers, else a `float`; `None` where nothing was typed and may be.

    Raises:
        InputError: It is no number, or one that the box doesn't take.
    """
    spoken = spoken or language()
    text = text.translate(_MARKS).strip()
    if not text and span.optional:
        return None
    allowed = {"label": label, "low": readable(span.low), "high": readable(span.high)}
    allowed["example"] = shown(span.low if example is None else example)
    typed = text if len(text) <= LONGEST else text[:LONGEST] + "…"
    number = parse(text, spoken)
    if number is None:
        if not text:
            raise InputError(N_("{label} is empty. Write a number from {low} to {high}, such as {example}."), **allowed)
        raise InputError(
            N_("{label}: “{typed}” is not a number. Write one from {low} to {high}, such as {example}."),
            typed=typed,
            **allowed,
        )
    if span.whole and number == number.to_integral_value():
        value: Number = int(number) if abs(number) < 10**20 else float(number)
    else:
        value = float(number) + 0.0  # no minus zero
    if not span.low <= value <= span.high:
        raise InputError(
            N_("{label}: {typed} is out of range. Write a number from {low} to {high}, such as {example}."),
            typed=typed,
            **allowed,
        )
    if span.whole and not isinstance(value, int):
        raise InputError(
            N_("{label}: {typed} is not a whole number. Write one from {low} to {high}, such as {example}."),
            typed=typed,
            **allowed,
        )
    return value


def shown(number: Number | None, spoken: str | None = None) -> str:
    """A number to be typed over: all its digits, none between thousands, the language's decimal sign."""
    if number is None:
        return ""
    if isinstance(number, int | np.integer):
        return str(int(number))
    size = abs(float(number))
    if size and not 1e-7 <= size < 1e16:
        text = f"{float(number)!r}"
    else:
        text = np.format_float_positional(float(number), trim="-")
    return text.replace(".", ",") if (spoken or language()) == "fr" else text


def readable(number: Number) -> str:
    """A number in a sentence: thousands are parted where there are some."""
    if isinstance(number, int) or (number >= 1000 and number == int(number)):
        return written(int(number), ",")
    return shown(number)
