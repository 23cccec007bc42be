"""French typography, by rule: what a translator types with plain keys is set as print sets it.

A narrow no-break space stands before `; ! ?` and between thousands, a no-break space before `:` and `%`, inside « » and before
a unit; the apostrophe and the minus sign are the real ones. Fields, code, formulas, addresses and icons are left alone.
"""

import re

NARROW, WIDE = "\u202f", "\u00a0"
_SPACES = f"[ {WIDE}{NARROW}]"

_LEFT_ALONE = re.compile(
    r"%?\{[^{}]*\}|`[^`]*`|\$\$?[^$]+\$\$?|https?://\S+|\]\([^)]*\)|:\w+(?:/\w+)+:|&#?\w+;|<[^>]*>|(?<!\w)--\w[\w-]*(?:[ =][\w.=-]+)?"
    r"|python -m [\w. {}-]+|pip install [\w .-]+|train --config|[\w-]+(?:\.[\w-]+)+(?=\b)"
)
_FIRST = 0xE000  # of Unicode's private signs: one stands for each part that is left alone
_FIELD = f"\\d{chr(0xE000)}-{chr(0xF8FF)}"
_UNITS = "nats?|bits?|[kKMG]o|octets?|min|ms|s|h|j"

_RULES: tuple[tuple[str, str], ...] = (
    (r"(?<=\w)'", "’"),
    (r"“[ \u00a0\u202f]*([^“”]*?)[ \u00a0\u202f]*”", f"«{WIDE}\\1{WIDE}»"),
    (f"«{_SPACES}*", f"«{WIDE}"),
    (f"{_SPACES}*»", f"{WIDE}»"),
    (f"{_SPACES}*(\\.\\.\\.|…)(?=$|\\W)", "…"),
    (f"(?<=[^\\s({WIDE}{NARROW}]){_SPACES}*([;!?])(?=$|[^\\w=])", f"{NARROW}\\1"),
    (f"(?<=[^\\s:]){_SPACES}+:(?=$|[\\s*])|(?<=[^\\s:{WIDE}]):(?=$|[\\s*])", f"{WIDE}:"),
    (f"(?<=[{_FIELD}]){_SPACES}*%(?!\\w)", f"{WIDE}%"),
    (r"(?<=\d)[ \u00a0](?=\d{3}\b)", NARROW),
    (f"(?<=[{_FIELD}]){_SPACES}(?=(?:{_UNITS})\\b(?!['’-]))", WIDE),
    (r"\b([nN]°)[ \u00a0\u202f]*(?=\S)", f"\\1{WIDE}"),
    (r"(?<![\w)\]])-(?=\d|log\b|ELBO\b)", "−"),
)


def typeset(text: str) -> str:
    """`text`, as French is printed; what is set right already stays as it is."""
    kept: list[str] = []

    def aside(found: re.Match[str]) -> str:
        kept.append(found[0])
        return chr(_FIRST + len(kept) - 1)

    text = _LEFT_ALONE.sub(aside, text)
    for wrong, right in _RULES:
        text = re.sub(wrong, right, text)
    return "".join(kept[ord(sign) - _FIRST] if 0xE000 <= ord(sign) <= 0xF8FF else sign for sign in text)
