"""`vae_core.recipes`: every recipe is whole, and says what it asks."""

import pytest

from vae_core.config import RunConfig
from vae_core.datasets import source
from vae_core.errors import InputError
from vae_core.models import size
from vae_core.recipes import RECIPES, Recipe, recipe


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_whole(name: str) -> None:
    row = recipe(name)
    assert row.name == name == row.config.recipe
    assert row.title and row.question.endswith("?") and row.look_at and row.source
    assert RunConfig.from_json(row.config.to_json()) == row.config
    assert size(row.config.model, source(row.config.data.name).image_shape).parameters > 0
    assert bool(row.expected) == bool(row.measured), "figures say how they were measured"
    assert not row.measured or "python -m vae_core train" in row.measured


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_leaves_the_machine_and_the_name_open(name: str) -> None:
    config = recipe(name).config
    assert config.training.threads is None and config.name == ""


def test_quick_is_a_vae_on_the_bundled_digits() -> None:
    quick: Recipe = recipe("quick")
    assert (quick.config.model.kind, quick.config.data.name, quick.seconds) == ("vae", "digits", 15.0)


def test_an_unknown_recipe_names_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"'slow'.*quick"):
        recipe("slow")
