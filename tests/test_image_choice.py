"""Test images to pick from by sight: which ones are shown, and what is believed of what a browser sends."""

from pathlib import Path

import numpy as np
import pytest

from pages.ui.components.thumbnails import picked_from
from pages.ui.image_choice import MOST, window
from vae_core.recipes import RECIPES


@pytest.mark.parametrize(("picked", "first"), [(0, 0), (MOST - 1, 0), (MOST, MOST), (999, 960), (10**6, 960), (-1, 0)])
def test_the_picked_image_is_among_those_that_are_shown(picked: int, first: int) -> None:
    shown = window(np.arange(1000), picked)
    assert shown[0] == first and len(shown) == min(MOST, 1000 - first)
    assert picked in shown or not 0 <= picked < 1000


def test_of_a_class_only_its_own_images_are_shown() -> None:
    among = np.arange(3, 1000, 10)
    assert window(among, 3)[:3] == [3, 13, 23]
    assert window(among, 993)[-1] == 993 and set(window(among, 993)) <= set(among.tolist())
    assert window(among[:1], 3) == [3]


@pytest.mark.parametrize("sent", [None, 4, "5", True, [5], 5.5, float("nan"), 10**30, {"picked": 5}])
def test_a_browser_may_send_anything(sent: object) -> None:
    assert picked_from(sent, [1, 5, 9]) is None


@pytest.mark.parametrize("sent", [5, 5.0])
def test_an_image_that_was_shown_is_picked(sent: object) -> None:
    assert picked_from(sent, [1, 5, 9]) == 5


def test_every_recipe_has_its_strip() -> None:
    folder = Path(__file__).parents[1] / "pages" / "ui" / "pictures"
    assert {path.stem for path in folder.glob("recipe-*.webp")} == {f"recipe-{name}" for name in RECIPES}
