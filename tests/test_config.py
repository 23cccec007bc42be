"""`vae_core.config`: every setting by its own range, and nothing else let in."""

import json
import math
from typing import Any

import pytest

from vae_core.config import RunConfig, field
from vae_core.errors import InputError
from vae_core.settings import bounds, choices, fields

ALL = fields(RunConfig)
BOUNDED = [path for path, info in ALL.items() if bounds(info) != (None, None)]
CHOICES = [path for path, info in ALL.items() if choices(info) and path != "version"]
WHOLE = [path for path in BOUNDED if "int" in str(ALL[path].annotation)]
LISTS = {"model.hidden": (1, 2048, 6), "data.classes": (0, 999, 1000)}
"""Lists of numbers: the smallest and largest number, and the most of them."""


def refused(path: str, value: Any) -> str:
    with pytest.raises(InputError) as caught:
        RunConfig().with_values({path: value})
    message = str(caught.value)
    assert path.removeprefix("version") in message, "it names the setting"
    assert "\n" not in message
    return message


def test_every_setting_explains_itself() -> None:
    for path, info in ALL.items():
        assert info.title and info.description, path


def test_every_number_has_both_bounds() -> None:
    for path, info in ALL.items():
        if info.annotation in (int, float, int | None, float | None):
            assert None not in bounds(info), path


@pytest.mark.parametrize("path", BOUNDED)
def test_a_number_is_taken_at_its_bounds_and_refused_beyond(path: str) -> None:
    low, high = bounds(field(path))
    for value in (low, high):
        assert RunConfig().with_values({path: value}).get(path) == value
    beyond = [low - 1, high + 1]
    if path not in WHOLE:
        beyond += [math.nextafter(low, -math.inf), math.nextafter(high, math.inf)]
    for value in beyond:
        message = refused(path, value)
        assert repr(value) in message and str(low) in message and str(high) in message, "value and range"


@pytest.mark.parametrize("path", BOUNDED)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, "many", [1], {}, 10**400], ids=lambda v: repr(v)[:12])
def test_what_is_no_number_is_refused(path: str, value: Any) -> None:
    low, high = bounds(field(path))
    message = refused(path, value)
    assert str(low) in message and str(high) in message


@pytest.mark.parametrize("path", WHOLE)
def test_a_whole_number_takes_no_fraction(path: str) -> None:
    assert "1.5" in refused(path, 1.5)


@pytest.mark.parametrize("path", CHOICES)
def test_a_choice_takes_its_names_only(path: str) -> None:
    for name in choices(field(path)):
        assert RunConfig().with_values({path: name}).get(path) == name
    for wrong in ("other", "", 1, None, [choices(field(path))[0]]):
        message = refused(path, wrong)
        assert repr(wrong) in message
        assert all(name in message for name in choices(field(path)))


@pytest.mark.parametrize("path", LISTS)
def test_a_list_is_held_by_its_numbers_and_its_length(path: str) -> None:
    low, high, most = LISTS[path]
    assert RunConfig().with_values({path: [low, high]}).get(path) == (low, high)
    RunConfig().with_values({path: [low] * most})
    for wrong in ([], [low - 1], [high + 1], [1.5], [math.nan], ["a"], [low] * (most + 1), 5, "5,6", {"a": 1}):
        refused(path, wrong)


def test_classes_are_sorted_and_counted_once() -> None:
    assert RunConfig().replace(data__classes=[5, 3, 5]).data.classes == (3, 5)


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("name", "x" * 81),
        ("name", 5),
        ("recipe", "x" * 65),
        ("data.name", "../secret"),
        ("data.name", ""),
        ("data.name", "MNIST"),
        ("data.name", None),
        ("data.leave_out_digits_test", "perhaps"),
        ("data.leave_out_digits_test", 2),
        ("version", 2),
    ],
)
def test_words_and_flags_have_limits_too(path: str, wrong: Any) -> None:
    refused(path, wrong)


@pytest.mark.parametrize(
    "values", [{"colour": 1}, {"model": {"colour": 1}}, {"model.latent_dim": 3}, {"model": {"Kind": "vae"}}]
)
def test_unknown_keys_are_errors_that_name_the_known_ones(values: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"There is no setting '.*model\.latent_dim"):
        RunConfig.from_dict(values)


@pytest.mark.parametrize("path", ["colour", "model", "model.colour", "model.latent_dim.x", ""])
def test_unknown_names_are_errors(path: str) -> None:
    for ask in (field, RunConfig().get, lambda path: RunConfig().with_values({path: 1})):
        with pytest.raises(InputError, match="There is no setting"):
            ask(path)


@pytest.mark.parametrize("part", ["data", "model", "loss", "training"])
@pytest.mark.parametrize("value", [None, 3, "vae", []])
def test_a_part_must_be_a_part(part: str, value: Any) -> None:
    with pytest.raises(InputError, match=part):
        RunConfig.from_dict({part: value})


def test_json_round_trip() -> None:
    config = RunConfig().with_values(
        {"name": "Äpfel", "model.hidden": [512, 256], "data.classes": [3, 5], "training.learning_rate": 1e-3 / 3}
    )
    assert RunConfig.from_json(config.to_json()) == config
    assert RunConfig.from_dict(config.to_dict()) == config
    assert config.to_dict()["schema"] == 1
    assert list(json.loads(config.to_json())) == ["schema", "name", "recipe", "data", "model", "loss", "training"]


def test_absent_keys_take_their_defaults() -> None:
    assert RunConfig.from_json("{}") == RunConfig()
    assert RunConfig.from_json('{"model": {"latent_dim": 8}}') == RunConfig().replace(model__latent_dim=8)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "3", '{"training": {"learning_rate": NaN}}', '{"loss": {"beta": 1e999}}', "[" * 100_000],
)
def test_what_is_no_settings_file_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        RunConfig.from_json(text)


def test_settings_never_change() -> None:
    config = RunConfig()
    with pytest.raises(ValueError, match="frozen"):
        config.model.latent_dim = 3  # type: ignore[misc]
    assert config.replace(model__latent_dim=3).model.latent_dim == 3
    assert config.model.latent_dim == 2


def test_another_network_takes_its_own_widths_unless_they_were_chosen() -> None:
    default = RunConfig()
    assert RunConfig.from_dict({"model": {"network": "conv"}}).model.hidden == (32, 64)
    conv = default.replace(model__network="conv")
    assert conv.model.hidden == (32, 64) and conv.replace(model__network="dense") == default
    chosen = default.replace(model__hidden=(9, 8))
    assert chosen.replace(model__network="conv").model.hidden == (9, 8)
    assert default.replace(model__network="conv", model__hidden=(7,)).model.hidden == (7,)
