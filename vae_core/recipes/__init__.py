"""Settings with a name: a known question, the run that answers it, and what to look at in the answer.

A new recipe is a `Recipe` in a module of this package and its name in `RECIPES`.
"""

from vae_core.errors import N_, InputError
from vae_core.recipes.ae_or_vae import AE_OR_VAE
from vae_core.recipes.anomaly import ANOMALY
from vae_core.recipes.budgets import BUDGETS
from vae_core.recipes.compression import COMPRESSION
from vae_core.recipes.fashion import FASHION
from vae_core.recipes.oversampling import OVERSAMPLING
from vae_core.recipes.recipe import Recipe

__all__ = ["RECIPES", "Recipe", "recipe"]

RECIPES: dict[str, Recipe] = {
    row.name: row for row in (*BUDGETS, ANOMALY, COMPRESSION, OVERSAMPLING, FASHION, AE_OR_VAE)
}
"""The recipes by name."""


def recipe(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        InputError: There is none.
    """
    if name not in RECIPES:
        raise InputError(
            N_("There is no recipe '{name}'. Choose one of: {known}."), name=name, known=", ".join(RECIPES)
        )
    return RECIPES[name]
