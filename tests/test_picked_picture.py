"""The picked test picture stands in the address, from page to page, and a link brings it back."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.app_pages import words

APP = Path(__file__).parents[1] / "app.py"


pytestmark = pytest.mark.usefixtures("root")


def opened(page: str, **address: str) -> AppTest:
    app = AppTest.from_file(APP, default_timeout=60)
    app.query_params.update({"run": "starter-vae-2d", **address})
    app.switch_page(f"pages/{page}.py").run()
    assert not app.exception and not app.error
    return app


def switched(app: AppTest, page: str) -> AppTest:
    app.query_params.clear()  # as the browser does
    app.switch_page(f"pages/{page}.py").run()
    assert not app.exception and not app.error
    return app


def test_a_link_to_a_picture_shows_it() -> None:
    assert opened("draw", picture="18").text_input(key="own_picture_number").value == "18"
    app = opened("reconstruct", picture="18")
    assert app.segmented_control(key="recon_mode").value == "one" and "image 18" in words(app)


@pytest.mark.parametrize(("picture", "shown"), [("99999", 999), ("-3", 0), ("nonsense", 0), ("1e400", 0), ("²", 0)])
def test_a_picture_that_is_not_there_is_brought_into_the_range(picture: str, shown: int) -> None:
    app = opened("draw", picture=picture)
    assert app.text_input(key="own_picture_number").value == str(shown)
    assert app.query_params["picture"] == str(shown)


def test_what_is_picked_goes_into_the_address_and_to_the_other_pages() -> None:
    app = opened("draw", picture="18")
    app.text_input(key="own_picture_number").set_value("7").run()
    assert app.query_params["picture"] == "7"
    switched(app, "reconstruct")
    app.segmented_control(key="recon_mode").set_value("one").run()
    assert "image 7" in words(app) and app.query_params["picture"] == "7"
    app.query_params["picture"] = "21"  # the browser's back button, or a link pasted into the same tab
    app.run()
    assert "image 21" in words(app)


def test_who_picked_none_has_a_plain_address() -> None:
    app = opened("draw")
    assert "picture" not in app.query_params and app.pills(key="own_picture_way").value == "draw"
