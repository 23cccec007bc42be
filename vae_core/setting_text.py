"""A setting's value as a person types it: `8`, `512,256`, `true`, `vae`, `null`. For `--set` and for a link's address."""

import json
from typing import Any

from vae_core.config import field
from vae_core.settings import choices


def from_text(path: str, text: str) -> Any:
    """The value that a setting is meant to have: JSON, or plain text, or several values with commas. Not validated.

    Args:
        path: The setting's dotted name, such as `model.hidden`.
        text: As typed.

    Raises:
        InputError: There is no such setting.
    """
    info = field(path)
    annotation = str(info.annotation)
    if "tuple" in annotation and not text.strip().startswith("["):
        value = _json(text)
        return value if value is None else [_json(part) for part in text.split(",")]
    if "str" in annotation or choices(info):
        # A name of digits is still a name; only what may be empty takes null.
        return None if text == "null" and "None" in annotation else text
    return _json(text)


def to_text(value: Any) -> str:
    """The other way round, as short as can be."""
    if isinstance(value, list | tuple):
        return ",".join(map(to_text, value))
    return value if isinstance(value, str) else json.dumps(value)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text.strip()
