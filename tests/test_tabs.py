"""What a visitor has opened and chosen stays when the language changes: nothing is known by its translated title."""

import ast
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

PAGES = Path(__file__).parents[1] / "pages"
APP = PAGES.parent / "app.py"
INPUTS = frozenset(
    [
        "selectbox",
        "multiselect",
        "segmented_control",
        "pills",
        "radio",
        "slider",
        "select_slider",
        "checkbox",
        "toggle",
        "text_input",
        "file_uploader",
        "number_box",
        "tabs",
    ]
)


@pytest.mark.parametrize(
    ("page", "key", "english", "french", "there"),
    [
        ("generate", "generate_tab", "Interpolate", "Interpoler", "walk_kind"),
        ("latent", "latent_tab", "Sliders", "Curseurs", "latent_picture"),
    ],
)
def test_the_open_tab_stays_when_the_language_changes(
    page: str, key: str, english: str, french: str, there: str
) -> None:
    app = AppTest.from_file(APP, default_timeout=60)
    app.query_params["run"] = "starter-vae-2d"
    app.session_state[key] = english
    for spoken, title in (("en", english), ("fr", french), ("en", english)):
        app.session_state["language"] = spoken
        app.switch_page(f"pages/{page}.py").run()
        assert not app.exception and not app.error
        assert app.session_state[key] == title
        assert any(one.key == there for one in [*app.button_group, *app.text_input])


@pytest.mark.parametrize("path", sorted(PAGES.rglob("*.py")), ids=lambda path: str(path.relative_to(PAGES)))
def test_every_control_has_a_key_and_so_keeps_its_value_under_another_label(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            given = {keyword.arg for keyword in node.keywords}
            assert name not in INPUTS or given & {"key", None}, f"{path}:{node.lineno}: {name} has no key"
