"""The one place where text meets a visitor's language: gettext's entry point.

`vae_core` raises and logs message ids with their values; a page passes both to `t`. Nothing that is cached may hold
what `t` returned, because another visitor may read another language.
"""

import gettext
import re
from functools import cache
from typing import Any

from vae_core.environment import REPOSITORY
from vae_core.errors import N_, DiaboloError

__all__ = ["N_", "describe", "plain", "t"]

DOMAIN = "diabolo"
LANGUAGE = "en"


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    return gettext.translation(DOMAIN, REPOSITORY / "locale", [language], fallback=True)


def t(message: str, **values: Any) -> str:
    """`message` in the visitor's language, its `{named}` fields filled.

    Args:
        message: A message id, as it stands in the source in English.
        values: What fills the fields. Without any, braces in the message stay as they are.
    """
    translated = _catalogue(LANGUAGE).gettext(message)
    return translated.format(**values) if values else translated


def describe(error: DiaboloError) -> str:
    """What went wrong, for the visitor, with the error's values in it."""
    return _catalogue(LANGUAGE).gettext(error.message).format(**error.values)


def plain(text: str) -> str:
    """Text that a person typed or a file held, for a place that understands Markdown: shown as it is, never obeyed."""
    text = re.sub(r"(?i)(https?:/|www)(?=[/.])", "\\1\u2060", text)  # a word joiner, or it becomes a link by itself
    return re.sub(r"([\\`*_{}\[\]()<>#+\-.!|~$:])", r"\\\1", text)
