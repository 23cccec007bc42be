"""What can be read on the screen: the theme's colours against each other, in light and dark."""

import re
import tomllib
from pathlib import Path

import pytest
from PIL import ImageColor

REPOSITORY = Path(__file__).parents[1]
THEME = tomllib.loads((REPOSITORY / ".streamlit" / "config.toml").read_text())["theme"]
READABLE, VISIBLE = 4.5, 3.0  # WCAG 2.2, AA: text, and a control's shape


def luminance(colour: str) -> float:
    parts = [value / 255 for value in ImageColor.getrgb(colour)[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_text_can_be_read(mode: str) -> None:
    theme = THEME[mode]
    assert contrast("#ffffff", theme["primaryColor"]) >= READABLE, "a button's text is white"
    assert contrast(theme["primaryColor"], theme["backgroundColor"]) >= VISIBLE
    for behind in ("backgroundColor", "secondaryBackgroundColor"):
        assert contrast(theme["textColor"], theme[behind]) >= READABLE
        assert contrast(theme["linkColor"], theme[behind]) >= READABLE


def test_the_style_sheet_uses_the_themes_backgrounds() -> None:
    style = (REPOSITORY / "pages" / "ui" / "style.css").read_text()
    pairs = re.findall(r"light-dark\((#\w+), (#\w+)\)", style)
    schemes = ("light", "dark")

    def of_theme(name: str) -> tuple[str, ...]:
        return tuple(THEME[scheme][name] for scheme in schemes)

    themes = {of_theme(name) for name in ("backgroundColor", "borderColor", "primaryColor")}
    assert of_theme("backgroundColor") in pairs, "what stays in sight hides what scrolls below it"
    for pair in set(pairs) - themes:  # all else is text: captions, and code on its own ground
        for ground in ("backgroundColor", "secondaryBackgroundColor"):
            for text, behind in zip(pair, of_theme(ground), strict=True):
                assert contrast(text, behind) >= READABLE, (text, behind)
    assert len(re.findall(r"#[0-9a-f]{6}", style)) == 2 * len(pairs), "no other colour of its own"
