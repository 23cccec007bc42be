"""What went wrong, told to a person: a message id with its values.

`vae_core` never translates. It raises a message that is marked with `N_` and carries its values apart, so that a
page can look the message up in the visitor's language and fill the values in afterwards.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any


def N_(message: str) -> str:
    """Mark a message for the translation catalogue, unchanged (gettext's "no-op" mark)."""
    return message


@dataclass(frozen=True)
class Named:
    """What has a name in files and commands, such as `model.latent_dim`, and a title, marked with `N_`, on pages."""

    name: str
    title: str

    def __str__(self) -> str:
        return self.name


class DiaboloError(Exception):
    """An error with a message for a person.

    Args:
        message: A message id marked with `N_`, with `{named}` fields.
        values: What fills the fields. Plain values, so that the error can be kept in a run's folder; another such
            error, as the reason for this one, and what is `Named` become such. Of a list, all are told.
    """

    def __init__(self, message: str, **values: Any) -> None:
        super().__init__(message)
        self.message = message
        self.values = {name: _as_plain(value) for name, value in values.items()}

    def __str__(self) -> str:
        return self.message.format(**self.told(str))

    def told(self, tell: Callable[["DiaboloError | Named"], str]) -> dict[str, Any]:
        """The values, with each error and each name among them put into words by `tell`."""
        return {name: _told(value, tell) for name, value in self.values.items()}


def _as_plain(value: Any) -> Any:
    if isinstance(value, DiaboloError):
        return {"message": value.message, "values": value.values}
    if isinstance(value, Named):
        return asdict(value)
    return [_as_plain(one) for one in value] if isinstance(value, list) else value


def _told(value: Any, tell: Callable[["DiaboloError | Named"], str]) -> Any:
    if isinstance(value, list):
        return ", ".join(str(_told(one, tell)) for one in value)
    inner = _inner(value)
    return value if inner is None else tell(inner)


def _inner(value: Any) -> "DiaboloError | Named | None":
    """The error or the name that stands among an error's values; `None` where it is any other value."""
    if not isinstance(value, dict):
        return None
    if value.keys() == {"message", "values"} and isinstance(value["message"], str):
        return DiaboloError(value["message"], **value["values"])
    if value.keys() == {"name", "title"} and all(isinstance(text, str) for text in value.values()):
        return Named(**value)
    return None


class InputError(DiaboloError, ValueError):
    """Something that was given is wrong. Names the value, what is allowed, and what to do next; nothing was changed."""


class WorkError(DiaboloError, RuntimeError):
    """The input was fine and the work still failed: a network that is silent, a disk that is full, a file that is damaged."""
