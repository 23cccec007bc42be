"""`pages.ui.images`: what comes out is opened again and looked at, pixel by pixel."""

import io

import numpy as np
import pytest
from PIL import Image

from pages.ui import images

rng = np.random.default_rng(0)


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def test_sheet_places_images_row_by_row_on_a_transparent_ground() -> None:
    x = rng.integers(0, 256, (5, 4, 3), dtype=np.uint8)
    picture = opened(images.sheet(x, 2, scale=1, padding=1))
    assert (picture.format, picture.mode, picture.size) == ("PNG", "LA", (2 * 3 + 1, 3 * 4 + 2))
    grey, alpha = np.moveaxis(np.array(picture), 2, 0)
    np.testing.assert_array_equal(grey[:4, :3], x[0])
    np.testing.assert_array_equal(grey[:4, 4:7], x[1])
    np.testing.assert_array_equal(grey[5:9, :3], x[2])
    assert (alpha[4] == 0).all() and (alpha[:, 3] == 0).all(), "gaps are transparent"
    assert (alpha[10:, 4:] == 0).all(), "the place of the missing sixth image is transparent"
    assert (alpha[:4, :3] == 255).all()


def test_sheet_is_the_same_for_bytes_and_for_the_unit_interval() -> None:
    x = rng.integers(0, 256, (6, 1, 8, 8), dtype=np.uint8)
    assert images.sheet(x) == images.sheet(x / 255) == images.sheet(x[:, 0].astype(np.float32) / 255)


def test_sheet_scales_by_whole_pixels() -> None:
    x = rng.integers(0, 256, (1, 3, 5, 5), dtype=np.uint8)
    picture = opened(images.sheet(x, scale=3, padding=0))
    assert picture.mode == "RGB"
    np.testing.assert_array_equal(np.array(picture), np.moveaxis(x[0], 0, 2).repeat(3, 0).repeat(3, 1))


def test_pixels_outside_the_range_are_clipped() -> None:
    picture = opened(images.sheet(np.array([[[-1.0, 2.0, np.nan]]]), scale=1, padding=0))
    assert np.array(picture).tolist() == [[0, 255, 0]]


@pytest.mark.parametrize("shape", [(4, 4), (2, 2, 4, 4), (0, 4, 4)])
def test_what_is_no_list_of_images_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"shape|at least one"):
        images.sheet(np.zeros(shape))


def test_manifold_keeps_rows_and_columns() -> None:
    x = rng.integers(0, 256, (2, 3, 1, 4, 4), dtype=np.uint8)
    picture = np.array(opened(images.manifold(x)))
    assert picture.shape == (8, 12)
    np.testing.assert_array_equal(picture[4:, 8:], x[1, 2, 0])


def test_error_map_grows_brighter_with_the_error_and_is_black_without() -> None:
    original = np.zeros((1, 1, 1, 256))
    recon = np.linspace(0, 1, 256).reshape(1, 1, 1, 256)
    colours = images.error_map(original, recon).astype(float)
    assert colours.shape == (1, 3, 1, 256)
    lightness = np.tensordot([0.2126, 0.7152, 0.0722], colours[0, :, 0], axes=1)
    assert lightness[0] < 3 and lightness[-1] > 230
    assert (np.diff(lightness) > -1.5).all(), "monotone, up to the rounding of bytes"
    np.testing.assert_array_equal(images.error_map(recon, original), colours)


def test_signed_error_map_tells_too_bright_from_too_dark() -> None:
    original = np.full((1, 1, 3), 0.5)
    recon = np.array([[[0.0, 0.5, 1.0]]])
    (red, _, blue) = images.error_map(original, recon, limit=0.5, signed=True)[0].astype(int)
    assert blue[0, 0] > red[0, 0] and red[0, 2] > blue[0, 2]
    assert abs(red[0, 1] - blue[0, 1]) < 8


def test_animation_plays_every_frame_and_repeats() -> None:
    frames = [np.full((4, 6, 6), level) for level in (0.0, 0.5, 1.0)]
    picture = opened(images.animation(frames, padding=0, scale=2, milliseconds=100, back_and_forth=True))
    assert (picture.format, picture.n_frames, picture.info["loop"], picture.size) == ("GIF", 4, 0, (24, 24))
    levels = []
    for frame in range(picture.n_frames):
        picture.seek(frame)
        assert picture.info["duration"] == 100
        levels.append(picture.convert("L").getpixel((3, 3)))
    assert levels == pytest.approx([0, 128, 255, 128], abs=2)


def test_animation_needs_a_frame() -> None:
    with pytest.raises(ValueError, match="at least one frame"):
        images.animation([])
