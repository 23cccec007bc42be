"""What went wrong, told to a person: a message id with its values.

`vae_core` never translates. It raises a message that is marked with `N_` and carries its values apart, so that a
page can look the message up in the visitor's language and fill the values in afterwards.
"""

from collections.abc import Callable
from typing import Any


def N_(message: str) -> str:
    """Mark a message for the translation catalogue, unchanged (gettext's "no-op" mark)."""
    return message


class DiaboloError(Exception):
    """An error with a message for a person.

    Args:
        message: A message id marked with `N_`, with `{named}` fields.
        values: What fills the fields. Plain values, so that the error can be kept in a run's folder; another such
            error, as the reason for this one, becomes one.
    """

    def __init__(self, message: str, **values: Any) -> None:
        super().__init__(message)
        self.message = message
        self.values = {name: _as_plain(value) for name, value in values.items()}

    def __str__(self) -> str:
        return self.message.format(**self.told(str))

    def told(self, tell: Callable[["DiaboloError"], str]) -> dict[str, Any]:
        """The values, with each error among them put into words by `tell`."""
        return {name: tell(inner) if (inner := _inner(value)) else value for name, value in self.values.items()}


def _as_plain(value: Any) -> Any:
    return {"message": value.message, "values": value.values} if isinstance(value, DiaboloError) else value


def _inner(value: Any) -> "DiaboloError | None":
    """The error that stands among another's values; `None` where it is any other value."""
    if isinstance(value, dict) and value.keys() == {"message", "values"} and isinstance(value["message"], str):
        return DiaboloError(value["message"], **value["values"])
    return None


class InputError(DiaboloError, ValueError):
    """Something that was given is wrong. Names the value, what is allowed, and what to do next; nothing was changed."""


class WorkError(DiaboloError, RuntimeError):
    """The input was fine and the work still failed: a network that is silent, a disk that is full, a file that is damaged."""
