"""A picture of one's own, made like MNIST's; and files that nobody should send."""

import base64
import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from pages.ui.components.drawing_pad import SIDE, picture_from
from vae_core import handwriting
from vae_core.datasets import load
from vae_core.errors import InputError
from vae_core.handwriting import Handwriting, prepare, read

SHAPE = (1, 28, 28)


def on_canvas(digit: np.ndarray, side: int = 400, top: int = 120, left: int = 30, scale: int = 8) -> np.ndarray:
    """A digit, enlarged, somewhere on a large black canvas."""
    canvas = np.zeros((side, side), np.uint8)
    large = np.asarray(Image.fromarray(digit).resize((28 * scale, 28 * scale), Image.Resampling.BICUBIC))
    canvas[top : top + len(large), left : left + len(large)] = large
    return canvas


def png(array: np.ndarray, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(array).save(file, kind)
    return file.getvalue()


def test_mnists_digits_come_back_from_anywhere() -> None:
    images = load("digits", "test").images[:200, 0]
    back = np.stack([prepare(Handwriting(on_canvas(digit)), SHAPE)[0] for digit in images])
    error = np.square((back.astype(float) - images) / 255).mean()
    assert error < 0.015, "0.010 measured; an image of nothing differs by 0.111"
    moved = np.stack([prepare(Handwriting(on_canvas(digit, top=7, left=150)), SHAPE)[0] for digit in images])
    np.testing.assert_array_equal(back, moved)


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (1, 16, 24)], ids=str)
def test_the_longer_side_takes_twenty_of_twenty_eight_and_nothing_is_stretched(shape: tuple[int, int, int]) -> None:
    ink = np.zeros((300, 300), np.uint8)
    ink[20:220, 50:90] = 255  # five times as high as wide
    made = prepare(Handwriting(ink), shape)
    assert made.shape == shape and made.dtype == np.uint8
    rows, columns = np.flatnonzero(made[0].any(1)), np.flatnonzero(made[0].any(0))
    high = round(20 / 28 * min(shape[1:]))
    assert (len(rows), len(columns)) == (high, round(high / 5))
    weights = made[0].astype(float)
    middle = [(weights.sum(1 - a) * np.arange(shape[1 + a])).sum() / weights.sum() for a in (0, 1)]
    assert np.abs(np.array(middle) - np.array(shape[1:]) / 2).max() <= 0.5


def test_nothing_drawn_is_an_error_that_says_so() -> None:
    with pytest.raises(InputError, match="Nothing is drawn"):
        prepare(Handwriting(np.zeros((50, 50), np.uint8)), SHAPE)


def test_a_dot_is_a_picture_too() -> None:
    ink = np.zeros((100, 100), np.uint8)
    ink[3, 3] = 255
    assert prepare(Handwriting(ink), SHAPE).any()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP"])
def test_dark_on_light_is_inverted_and_said(kind: str) -> None:
    digit = load("digits", "test").images[5, 0]
    light = read(png(on_canvas(digit), kind))
    dark = read(png(235 - (on_canvas(digit) * 0.8).astype(np.uint8), kind))
    assert (light.inverted, dark.inverted) == (False, True)
    one, other = prepare(light, SHAPE).astype(float), prepare(dark, SHAPE).astype(float)
    assert np.square((one - other) / 255).mean() < 0.04, "a pixel beside it at most: 0.03"


def test_a_transparent_ground_is_paper() -> None:
    digit = on_canvas(load("digits", "test").images[5, 0])
    seen = np.zeros((*digit.shape, 4), np.uint8)
    seen[..., 3] = digit  # black ink
    assert read(png(seen)).inverted


def bomb(side: int) -> bytes:
    """A small PNG that says it has side x side pixels."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "not an image"),
        (b"GIF89a", "not an image"),
        (b"%PDF-1.4", "not an image"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * 100, "not an image"),
        (bomb(60_000), "pixels"),
        (bomb(3_000), "not an image"),  # small enough to be tried, and then too little is in it
        (b"x" * (handwriting.MOST_BYTES + 1), "MB"),
        (png(np.full((64, 64), 200, np.uint8)), "Nothing stands out"),
        (png(np.zeros((1, 1), np.uint8)), "Nothing stands out"),
    ],
    ids=["empty", "half a gif", "a pdf", "half a png", "a bomb", "a broken png", "too large", "grey", "a pixel"],
)
def test_a_file_that_is_none_is_refused(content: bytes, why: str) -> None:
    with pytest.raises(InputError, match=why):
        read(content)


def test_a_browser_may_send_anything() -> None:
    for sent in (None, 5, "", "x", "AAAA", "é" * 100, "A" * 10**6, {}):
        assert picture_from(sent) is None

    picture = np.zeros((SIDE, SIDE), np.uint8)
    assert picture_from(base64.b64encode(picture.tobytes()).decode()) is None, "nothing is drawn"
    picture[3, 4] = 200
    back = picture_from(base64.b64encode(picture.tobytes()).decode())
    assert back is not None and (back == picture).all()
