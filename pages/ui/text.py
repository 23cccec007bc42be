"""The one place where text meets a visitor's language: gettext's entry point.

`vae_core` raises and logs message ids with their values; a page passes both to `t`. Nothing that is cached may hold
what `t` returned, because another visitor may read another language.

The catalogues are `locale/LANGUAGE/LC_MESSAGES/diabolo.po` and, compiled, `.mo`; `make translations` writes them anew.
"""

import gettext
import html
import re
import string
import sys
from functools import cache
from typing import Any

from pages.ui import notation
from vae_core.environment import REPOSITORY
from vae_core.errors import N_, DiaboloError, Named

__all__ = ["LANGUAGES", "N_", "as_it_is", "describe", "language", "plain", "signs", "t", "tn", "written"]

DOMAIN = "diabolo"
LOCALES = REPOSITORY / "locale"
SOURCE = "en"  # what the messages in the source are written in
LANGUAGES = (SOURCE, "fr")
CHOSEN = "language"  # in the session: what the visitor chose


def language() -> str:
    """The language of the visitor whose page is being written: chosen, else the browser's first, else English.

    Asked for each text, because a server speaks to many visitors at once.
    """
    streamlit = sys.modules.get("streamlit")  # not imported: charts and words are made without it too
    if streamlit is None or not streamlit.runtime.exists():
        return SOURCE
    chosen = streamlit.session_state.get(CHOSEN)
    if chosen in LANGUAGES:
        return str(chosen)
    asked = (streamlit.context.locale or SOURCE).partition("-")[0].lower()  # `fr-CA` reads French
    return asked if asked in LANGUAGES else SOURCE


@cache
def _catalogue(spoken: str) -> gettext.NullTranslations:
    return gettext.translation(DOMAIN, LOCALES, [spoken], fallback=spoken == SOURCE)


class _Formatter(string.Formatter):
    """Fills fields with numbers as a language writes them. What was made a text before stays as it is."""

    def __init__(self, spoken: str) -> None:
        self.spoken = spoken

    def format_field(self, value: Any, format_spec: str) -> str:
        if isinstance(value, int | float):
            return notation.number(value, format_spec, self.spoken)
        return str(super().format_field(value, format_spec))


_FORMATTERS = {spoken: _Formatter(spoken) for spoken in LANGUAGES}


def t(message: str, **values: Any) -> str:
    """`message` in the visitor's language, its `{named}` fields filled.

    Args:
        message: A message id, as it stands in the source in English.
        values: What fills the fields. Without any, braces in the message stay as they are.
    """
    spoken = language()
    translated = _catalogue(spoken).gettext(message) if message else ""  # gettext's "" is its header
    return _FORMATTERS[spoken].vformat(translated, (), values) if values else translated


def tn(one: str, many: str, by: str, /, **values: Any) -> str:
    """The same of a message with a count in it: `one` or `many` in English, else what the language has for so many.

    Args:
        one, many: Message ids: of a single one, and of more.
        by: The field that counts.
        values: What fills the fields.
    """
    spoken, count = language(), values[by]
    is_whole = count == int(count)
    # French takes 1.5 for one, English doesn't; gettext knows whole numbers only.
    translated = _catalogue(spoken).ngettext(one, many, int(count) if is_whole or spoken == "fr" else 2)
    return _FORMATTERS[spoken].vformat(translated, (), values)


def written(value: float, spec: str = "") -> str:
    """A number as the visitor's language writes it; `spec` as in `format(value, spec)`."""
    return notation.number(value.item() if hasattr(value, "item") else value, spec, language())


def signs() -> tuple[str, str]:
    """The decimal sign, and the one between thousands."""
    shown = written(1234.5, ",.1f")
    return shown[5], shown[1]


def describe(error: DiaboloError | Named) -> str:
    """What went wrong, for the visitor, with the error's values in it; of what has a title, that."""
    if isinstance(error, Named):
        return t(error.title)
    return t(error.message, **error.told(describe)) if error.values else t(error.message).format()


def as_it_is(text: str) -> str:
    """Text that a person typed, for a chart: Plotly obeys a few tags, signs such as &amp;, formulae and %{fields}."""
    text = html.escape(" ".join(text.split()), quote=False)
    return text.replace("$", "&#36;").replace("{", "&#123;")


def plain(text: str) -> str:
    """Text that a person typed or a file held, for a place that understands Markdown: shown as it is, never obeyed."""
    text = re.sub(r"(?i)(https?:/|www)(?=[/.])", "\\1\u2060", text)  # a word joiner, or it becomes a link by itself
    text = re.sub(r"(?<=\w)@(?=\w)", "@\u2060", text)
    return re.sub(r"([\\`*_{}\[\]()<>#+\-.!|~$:&])", r"\\\1", text)
