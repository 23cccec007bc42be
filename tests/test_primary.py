"""One primary action a page at each moment."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui import links
from tests.processes import nobody_left
from vae_core.config import RunConfig

APP = Path(__file__).parents[1] / "app.py"
VAE = "starter-vae-2d"


@pytest.fixture(scope="module")
def visitor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppTest]:
    """One visitor, who goes from page to page."""
    root = tmp_path_factory.mktemp("primary")
    with pytest.MonkeyPatch.context() as patch, nobody_left(root):
        patch.setenv("DIABOLO_RUNS", str(root))
        yield AppTest.from_file(APP, default_timeout=60).run()


def primaries(app: AppTest) -> list[str]:
    """The buttons that stand out, folded ones too."""
    buttons = [*app.button, *app.get("download_button")]
    return [button.proto.label for button in buttons if button.proto.type == "primary"]


@pytest.mark.parametrize(
    ("page", "address", "action"),
    [
        ("train", {}, "Start"),
        ("train", {"run": VAE}, "Play with it"),
        ("generate", {"run": VAE}, "Resample"),
        ("reconstruct", {"run": VAE}, "Other images"),
        ("reconstruct", {"run": VAE, "view": "anomalies"}, "Train a model on only these"),
        ("draw", {"run": VAE, "picture": "3"}, "Resample"),
        ("compare", {}, "Resample"),
        ("experiments", {"recipe": "compress-392"}, "Start the quick version"),
        ("how", {}, "Another one"),
    ],
)
def test_each_page_has_one_primary_action(visitor: AppTest, page: str, address: dict[str, str], action: str) -> None:
    visitor.query_params.clear()
    visitor.session_state["followed_run"] = None
    visitor.query_params.update(address)
    visitor.switch_page(f"pages/{page}.py").run()
    assert not visitor.exception and not visitor.error
    assert primaries(visitor) == [action]


def test_a_link_to_a_run_that_is_not_here_takes_the_place_of_the_page_s_own(visitor: AppTest) -> None:
    visitor.query_params.clear()
    visitor.query_params.update({"run": "20260101-000000000-gone", **links.parameters(RunConfig(name="theirs"))})
    visitor.switch_page("pages/generate.py").run()
    assert primaries(visitor) == ["Train exactly this run"]
