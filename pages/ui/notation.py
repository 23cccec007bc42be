"""Numbers and sizes as a language writes them, by Babel's tables of the Unicode CLDR. Imports no Streamlit."""

from functools import cache

from babel import Locale
from babel.numbers import get_decimal_symbol, get_group_symbol, get_minus_sign_symbol
from babel.units import format_unit

_MINUS = {"fr": "\u2212"}  # as print has it; the CLDR's is the keyboard's hyphen
_SIZES = (("gigabyte", 1e9, "#,##0.0"), ("megabyte", 1e6, "#,##0.0"), ("kilobyte", 1e3, "#,##0"))


def number(value: float, spec: str, spoken: str) -> str:
    """A number as `format(value, spec)` has it, with the signs of a language.

    Args:
        value: Of Python's own types.
        spec: Digits, sign, thousands and percent, as Python knows them.
        spoken: `en` or `fr`.
    """
    text = format(value, spec)
    is_share = text.endswith("%")
    text = text.removesuffix("%").translate(_signs(spoken))
    return _percent(spoken).replace("#,##0", text) if is_share else text


def size(count: int, spoken: str) -> str:
    """Bytes as a person would say it, a thousand at a time: `12 kB`, `3.4 MB`; in French `3,4 Mo`."""
    for name, unit, pattern in _SIZES:
        if count >= unit:
            return str(format_unit(count / unit, f"digital-{name}", "short", format=pattern, locale=spoken))
    return str(format_unit(count, "digital-byte", "long", locale=spoken))


@cache
def _signs(spoken: str) -> dict[int, str]:
    signs = {",": get_group_symbol(spoken), ".": get_decimal_symbol(spoken)}
    return str.maketrans(signs | {"-": _MINUS.get(spoken, get_minus_sign_symbol(spoken))})


@cache
def _percent(spoken: str) -> str:
    return str(Locale(spoken).percent_formats[None].pattern)
