"""A drawing in the address: the same picture at the other end, whatever anybody writes there."""

import base64
import zlib
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from tests.processes import nobody_left
from vae_core import handwriting
from vae_core.datasets import load

APP = Path(__file__).parents[1] / "app.py"


def test_a_drawing_comes_back_in_sixteen_greys() -> None:
    for picture in load("digits", "test").images[:50]:
        text = handwriting.to_text(picture)
        found = handwriting.from_text(text)
        assert found is not None and len(text) < 400
        assert np.abs(found.astype(int) - picture[0]).max() <= 8  # half a step of 17


def test_noise_fits_too() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (28, 28), np.uint8)
    text = handwriting.to_text(noise)
    assert len(text) <= handwriting.MOST_LETTERS and handwriting.from_text(text) is not None
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def packed(content: bytes) -> str:
    return base64.urlsafe_b64encode(zlib.compress(content, 9)).decode().rstrip("=")


@pytest.mark.parametrize(
    "text",
    ["", "x", "é", "%%%", "A" * 5000, packed(b""), packed(b"\1" * 391), packed(b"\1" * 393), packed(bytes(392))],
)
def test_what_is_no_drawing_is_none(text: str) -> None:
    assert handwriting.from_text(text) is None


def test_a_small_text_that_would_be_gigabytes_is_none() -> None:
    bomb = packed(bytes(600_000))
    assert len(bomb) < handwriting.MOST_LETTERS
    assert handwriting.from_text(bomb) is None


def test_a_link_shows_the_drawing_that_was_sent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DIABOLO_RUNS", str(tmp_path))
    data = load("digits", "test")
    seven = data.images[np.flatnonzero(data.labels == 7)[0]]
    with nobody_left(tmp_path):
        app = AppTest.from_file(APP, default_timeout=60)
        app.query_params["drawing"] = handwriting.to_text(seven)
        app.query_params["run"] = "starter-vae-2d"
        app.switch_page("pages/draw.py").run()
        assert not app.exception and not app.error
        captions = [picture.caption for element in app.get("image") for picture in element.proto.imgs]
        assert any("came with the link" in words for words in captions)
        assert any(one.value.startswith("Most like 7") for one in app.subheader)
        app.query_params["drawing"] = "nonsense"
        app.run()
        assert not app.exception and not app.error and "appears here" in app.info[0].value
        assert "drawing" not in app.query_params
