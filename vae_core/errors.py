"""What went wrong, told to a person: a message id with its values.

`vae_core` never translates. It raises a message that is marked with `N_` and carries its values apart, so that a
page can look the message up in the visitor's language and fill the values in afterwards.
"""

from typing import Any


def N_(message: str) -> str:
    """Mark a message for the translation catalogue, unchanged (gettext's "no-op" mark)."""
    return message


class DiaboloError(Exception):
    """An error with a message for a person.

    Args:
        message: A message id marked with `N_`, with `{named}` fields.
        values: What fills the fields. Plain values only, so that the error can be kept in a run's folder.
    """

    def __init__(self, message: str, **values: Any) -> None:
        super().__init__(message)
        self.message = message
        self.values = values

    def __str__(self) -> str:
        return self.message.format(**self.values)


class InputError(DiaboloError, ValueError):
    """Something that was given is wrong. Names the value, what is allowed, and what to do next; nothing was changed."""


class WorkError(DiaboloError, RuntimeError):
    """The input was fine and the work still failed: a network that is silent, a disk that is full, a file that is damaged."""
