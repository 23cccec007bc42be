"""What a link holds: a run's settings as parameters of an address, and back, each brought into its range.

    /train?recipe=quick&model.latent_dim=8&training.seed=3

Only what differs from the recipe (or, without one, from the defaults) is written. Imports no Streamlit, no torch.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple, get_args, get_origin

import annotated_types
from pydantic.fields import FieldInfo

from pages.ui.forms import in_words
from pages.ui.text import t
from vae_core.config import RunConfig, field
from vae_core.errors import InputError
from vae_core.recipes import RECIPES
from vae_core.setting_text import from_text, to_text
from vae_core.settings import bounds, fields

RECIPE = "recipe"
SETTINGS = tuple(path for path in fields(RunConfig) if path not in ("version", RECIPE))
LONGEST = 200  # characters of a value: none that is meant has more


class Linked(NamedTuple):
    """What was read from an address.

    Attributes:
        config: The settings that it asks for.
        remarks: What was not taken as it stood, in sentences.
    """

    config: RunConfig
    remarks: tuple[str, ...]


def parameters(config: RunConfig) -> dict[str, str]:
    """A run's settings for an address."""
    base = _base(config.recipe)
    found = {RECIPE: config.recipe} if config.recipe else {}
    return found | {path: to_text(config.get(path)) for path in SETTINGS if config.get(path) != base.get(path)}


def names_settings(address: Mapping[str, str]) -> bool:
    """Whether an address asks for settings."""
    return any(path in address for path in (RECIPE, *SETTINGS))


def read(address: Mapping[str, str]) -> Linked:
    """The settings that an address asks for. Numbers are brought into their range; what makes no sense is left out."""
    recipe = address.get(RECIPE)
    remarks: list[str] = []
    if recipe and recipe.partition("/")[0] not in RECIPES:
        remarks.append(t("There is no recipe '{name}'.", name=recipe[:60]))
        recipe = None
    config = _base(recipe)
    if recipe and config.recipe != recipe:
        config = config.replace(recipe=recipe)
    changes: dict[str, Any] = {}
    for path in SETTINGS:
        if path in address:
            value, remark = _clamped(path, address[path][:LONGEST])
            changes[path] = value
            if remark:
                remarks.append(remark)
    try:
        return Linked(config.with_values(changes), tuple(remarks))
    except InputError:
        pass
    for path, value in changes.items():  # one that fails takes no other with it
        try:
            config = config.with_values({path: value})
        except InputError:
            remarks.append(
                t("{setting}: '{value}' is left out.", setting=t(field(path).title or path), value=address[path][:60])
            )
    return Linked(config, tuple(remarks))


def _base(recipe: str | None) -> RunConfig:
    """What a link's settings are compared with."""
    if recipe in RECIPES:
        return RECIPES[recipe].config
    return RunConfig()


def _clamped(path: str, text: str) -> tuple[Any, str]:
    """The value, within the setting's range, and a sentence where it was not."""
    info = field(path)
    value = from_text(path, text)
    item = _item(info.annotation)
    if isinstance(value, list) and item is not None:
        most = next((m.max_length for m in info.metadata if isinstance(m, annotated_types.MaxLen)), len(value))
        new: Any = [_within(one, item) for one in value[:most]]
    else:
        new = _within(value, info)
    if new == value:
        return value, ""
    words = t(
        "{setting}: '{value}' was limited to {new}.", setting=t(info.title or path), value=text[:60], new=in_words(new)
    )
    return new, words


def _within(value: Any, info: FieldInfo) -> Any:
    """The number in the field's range that is nearest; anything else as it is, for the settings themselves to judge."""
    low, high = bounds(info)
    if isinstance(value, bool) or not isinstance(value, int | float) or low is None or high is None:
        return value
    if math.isnan(value):
        return low
    near = min(max(value, low), high)
    is_whole = int in (info.annotation, *get_args(info.annotation))
    return round(near) if is_whole else near


def _item(annotation: Any) -> FieldInfo | None:
    """The field of one of several values: `tuple[Annotated[int, Field(...)], ...]`, perhaps `| None`; `None` where a
    setting has but one.
    """
    pair = next((part for part in (annotation, *get_args(annotation)) if get_origin(part) is tuple), None)
    return None if pair is None else FieldInfo.from_annotation(get_args(pair)[0])
