"""What a setting is: a field with a title, a help sentence and a range, in a part that is validated as a whole.

A field's title, help and range stand once, where it is declared (`config.py`, `studies/`). Forms, `--help` and error
messages read them from the field itself.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal, Self, get_args, get_origin

import annotated_types
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo

from vae_core.errors import N_, InputError, Named

CHOICES: Mapping[str, str] = {
    "vae": N_("Variational autoencoder (VAE)"),
    "autoencoder": N_("Autoencoder (AE)"),
    "conditional-vae": N_("Conditional VAE"),
    "dense": N_("Dense"),
    "conv": N_("Convolutional"),
    "relu": N_("ReLU"),
    "gelu": N_("GELU"),
    "silu": N_("SiLU"),
    "tanh": N_("tanh"),
    "bernoulli": N_("Bernoulli"),
    "gaussian": N_("Gaussian"),
    "grey": N_("Grey"),
    "binarised": N_("Black and white"),
    "constant": N_("Constant"),
    "cosine": N_("Cosine"),
    "float32": N_("float32"),
    "bfloat16": N_("bfloat16"),
}
"""The titles of what a setting may be; a choice that has none is called by its name."""


class Part(BaseModel):
    """Unknown keys are errors, absent ones take their defaults, nothing changes afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, validate_default=True)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Settings from plain values.

        Raises:
            InputError: A key is unknown or a value outside its range; the message names it.
        """
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise _as_input_error(error, fields(cls)) from error

    def to_dict(self) -> dict[str, Any]:
        return self.model_dump(mode="json", by_alias=True)


def fields(part: type[Part]) -> dict[str, FieldInfo]:
    """Every setting by its dotted name (`data.name`, `model.latent_dim`, ...), in order."""
    found: dict[str, FieldInfo] = {}
    for name, info in part.model_fields.items():
        if isinstance(info.annotation, type) and issubclass(info.annotation, Part):
            found |= {f"{name}.{inner}": inner_info for inner, inner_info in info.annotation.model_fields.items()}
        else:
            found[name] = info
    return found


def bounds(info: FieldInfo) -> tuple[Any, Any]:
    """The smallest and largest value a setting takes; `None` where there is no bound."""
    low = next((m.ge for m in info.metadata if isinstance(m, annotated_types.Ge)), None)
    high = next((m.le for m in info.metadata if isinstance(m, annotated_types.Le)), None)
    return low, high


def choices(info: FieldInfo) -> tuple[str, ...]:
    """The values of a setting that takes one of a few names, else ()."""
    return (
        tuple(getattr(info.annotation, "__args__", ()))
        if getattr(info.annotation, "__origin__", None) is Literal
        else ()
    )


def unknown(path: str, known: Mapping[str, FieldInfo]) -> InputError:
    """The error for a setting that there isn't."""
    return InputError(
        N_("There is no setting '{setting}'. The settings are: {known}."),
        setting=path,
        known=[Named(name, info.title or name) for name, info in known.items()],
    )


def _as_input_error(error: ValidationError, known: Mapping[str, FieldInfo]) -> InputError:
    """The first thing that pydantic found, in our words: the setting, its value, what is allowed, what to do."""
    found = error.errors(include_url=False)[0]
    if isinstance(
        own := found.get("ctx", {}).get("error"), InputError
    ):  # a part's own validator has said it in our words
        return own
    path = ".".join(str(part) for part in found["loc"])
    if found["type"] == "extra_forbidden":
        return unknown(path, known)
    info = known.get(".".join(str(part) for part in found["loc"] if not isinstance(part, int)))
    values: dict[str, Any] = {
        "setting": Named(path, info.title) if info and info.title else path,
        "value": _shown(found.get("input")),
    }
    low, high = bounds(info) if info else (None, None)
    if info and found["loc"] and isinstance(found["loc"][-1], int):  # one of several
        low, high = _item_bounds(info)
        return InputError(
            N_(
                "'{setting}' is {value}, but must be a whole number, greater than or equal to {low} and less than or equal to {high}. Correct it and try again."
            ),
            low=low,
            high=high,
            **values,
        )
    if low is not None and high is not None:
        return InputError(
            N_("'{setting}' is {value}, but must be a number from {low} to {high}. Choose one in that range."),
            low=low,
            high=high,
            **values,
        )
    if info and choices(info):
        return InputError(
            N_("'{setting}' is {value}, but must be one of: {choices}. Choose one of them."),
            choices=[Named(choice, CHOICES[choice]) if choice in CHOICES else choice for choice in choices(info)],
            **values,
        )
    message = _KINDS.get(found["type"], N_("'{setting}' is {value}, which it can't be. Correct it and try again."))
    limits = {name: value for name, value in found.get("ctx", {}).items() if isinstance(value, int | str)}
    return InputError(message, **values, **limits)


def _shown(value: Any) -> Any:
    """A value in a message: a number as one, so that it is written as the visitor writes it; anything else as it stands."""
    if isinstance(value, float) and math.isfinite(value):
        return value
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _item_bounds(info: FieldInfo) -> tuple[Any, Any]:
    """The range of one of several values: of `tuple[Annotated[int, Field(ge=1, le=9)], ...]`, perhaps `| None`."""
    pair = next((part for part in (info.annotation, *get_args(info.annotation)) if get_origin(part) is tuple), None)
    return (None, None) if pair is None else bounds(FieldInfo.from_annotation(get_args(pair)[0]))


_NOT_TEXT = N_("'{setting}' is {value}, but must be a text. Correct it and try again.")
_NOT_SEVERAL = N_("'{setting}' is {value}, but must be a list of values. Correct it and try again.")
_NOT_YES_OR_NO = N_("'{setting}' is {value}, but must be true or false. Correct it and try again.")
_NOT_A_GROUP = N_("'{setting}' is {value}, but must be a JSON object with settings. Correct it and try again.")
_KINDS: Mapping[str, str] = {
    "bool_type": _NOT_YES_OR_NO,
    "bool_parsing": _NOT_YES_OR_NO,
    "string_type": _NOT_TEXT,
    "string_sub_type": _NOT_TEXT,
    "string_unicode": _NOT_TEXT,
    "string_too_long": N_("'{setting}' is {value}, but may have {max_length} characters at most. Shorten it."),
    "string_pattern_mismatch": N_(
        "'{setting}' is {value}, but must have the form {pattern}. Correct it and try again."
    ),
    "tuple_type": _NOT_SEVERAL,
    "list_type": _NOT_SEVERAL,
    "too_short": N_("'{setting}' is {value}, but must have {min_length} values at least. Add some."),
    "too_long": N_("'{setting}' is {value}, but may have {max_length} values at most. Take some away."),
    "model_type": _NOT_A_GROUP,
    "model_attributes_type": _NOT_A_GROUP,
    "dict_type": _NOT_A_GROUP,
    "missing": N_("'{setting}' is missing. Add it and try again."),
}
"""What is allowed, by the kind of pydantic's error; its own words are English only."""
