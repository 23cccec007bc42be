"""Arrays to pictures as bytes: sheets (PNG), error maps, animations (GIF). Imports no Streamlit.

Images are (N, H, W) or (N, C, H, W) with C = 1 or 3, uint8 or float in [0, 1] (what lies outside is clipped).
"""

import io
import math
from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from plotly.colors import get_colorscale, unlabel_rgb

ERROR_SCALE = "Inferno"
"""Errors from 0 up. Its lightness grows evenly, so twice the error looks twice as bright, also without colour vision."""

SIGNED_SCALE = "RdBu_r"
"""Errors around 0: blue where the reconstruction is too dark, red where it is too bright, white where it is right."""


def to_bytes(images: NDArray[Any]) -> NDArray[np.uint8]:
    """Images as bytes with channels last.

    Args:
        images: Images, with shape (N, H, W) or (N, C, H, W).

    Returns:
        uint8 pixels with shape (N, H, W, C).
    """
    images = np.asarray(images)
    if images.ndim == 3:
        images = images[:, None]
    if images.ndim != 4 or images.shape[1] not in (1, 3):
        raise ValueError(f"Images have shape {images.shape}, but must be (N, H, W) or (N, C, H, W) with C = 1 or 3.")
    if images.dtype != np.uint8:
        images = np.rint(np.clip(np.nan_to_num(images), 0, 1) * 255).astype(np.uint8)
    return np.moveaxis(images, 1, 3)


def sheet(images: NDArray[Any], columns: int | None = None, *, scale: int = 2, padding: int = 1) -> bytes:
    """Many images as one PNG, row by row.

    Args:
        images: Images, with shape (N, H, W) or (N, C, H, W).
        columns: Images in a row; by default as many as make the sheet square.
        scale: Screen pixels a pixel, so that a browser doesn't blur them.
        padding: Pixels between two images. They are transparent: the page's colour shows, light or dark.
    """
    pixels = to_bytes(images)
    columns = columns or math.ceil(math.sqrt(len(pixels)))
    return _png(_tiled(pixels, columns, padding, transparent=padding > 0), scale)


def manifold(images: NDArray[Any], *, scale: int = 1) -> bytes:
    """A grid of decoded images without gaps, as one PNG.

    Args:
        images: The image decoded at each place of the latent plane, with shape (rows, columns, H, W) or
            (rows, columns, C, H, W), the first row on top.
    """
    images = np.asarray(images)
    flat = images.reshape(-1, *images.shape[2:])
    return sheet(flat, images.shape[1], scale=scale, padding=0)


def error_map(original: NDArray[Any], recon: NDArray[Any], *, limit: float = 1.0, signed: bool = False) -> NDArray[Any]:
    """Where a reconstruction is wrong, in colour.

    Args:
        original: Images, with shape (N, H, W) or (N, C, H, W).
        recon: Their reconstructions, with the same shape.
        limit: The error that gets the end of the colour scale; pixels in [0, 1].
        signed: Show recon - original instead of its absolute value.

    Returns:
        uint8 images with shape (N, 3, H, W), for `sheet`. Channels are averaged.
    """
    difference = (to_bytes(recon).astype(np.float32) - to_bytes(original)).mean(axis=3) / 255
    place = (difference / limit + 1) / 2 if signed else np.abs(difference) / limit
    colours = _colour_table(SIGNED_SCALE if signed else ERROR_SCALE)
    return np.moveaxis(colours[np.rint(np.clip(place, 0, 1) * 255).astype(np.uint8)], 3, 1)


def animation(
    frames: Iterable[NDArray[Any]],
    columns: int | None = None,
    *,
    scale: int = 2,
    padding: int = 1,
    milliseconds: int = 80,
    back_and_forth: bool = False,
) -> bytes:
    """A GIF that repeats for ever, each frame a sheet.

    Args:
        frames: One array of images a frame, all of the same shape.
        milliseconds: How long each frame shows. Browsers slow down below 20.
        back_and_forth: Play the frames backwards after the last.
    """
    pictures = []
    for images in frames:
        pixels = to_bytes(images)
        tiled = _tiled(pixels, columns or math.ceil(math.sqrt(len(pixels))), padding, transparent=False)
        pictures.append(_scaled(tiled, scale))
    if not pictures:
        raise ValueError("An animation needs at least one frame.")
    if back_and_forth:
        pictures += pictures[-2:0:-1]
    file = io.BytesIO()
    pictures[0].save(file, "GIF", save_all=True, append_images=pictures[1:], duration=milliseconds, loop=0)
    return file.getvalue()


def _tiled(pixels: NDArray[np.uint8], columns: int, padding: int, *, transparent: bool) -> Image.Image:
    """(N, H, W, C) bytes in rows of `columns`, `padding` pixels apart."""
    if not len(pixels):
        raise ValueError("A sheet needs at least one image.")
    count, height, width, channels = pixels.shape
    columns = min(columns, count)
    rows = math.ceil(count / columns)
    opaque = np.concatenate([pixels, np.full_like(pixels[..., :1], 255)], axis=3)
    canvas = np.zeros((rows * columns, height + padding, width + padding, channels + 1), np.uint8)
    canvas[:count, :height, :width] = opaque
    canvas = canvas.reshape(rows, columns, height + padding, width + padding, channels + 1)
    canvas = canvas.transpose(0, 2, 1, 3, 4).reshape(rows * (height + padding), columns * (width + padding), -1)
    canvas = canvas[: canvas.shape[0] - padding, : canvas.shape[1] - padding]
    picture = Image.fromarray(np.ascontiguousarray(canvas), "LA" if channels == 1 else "RGBA")
    return picture if transparent else picture.convert("L" if channels == 1 else "RGB")


def _scaled(picture: Image.Image, scale: int) -> Image.Image:
    size = (picture.width * scale, picture.height * scale)
    return picture if scale == 1 else picture.resize(size, Image.Resampling.NEAREST)


def _png(picture: Image.Image, scale: int) -> bytes:
    file = io.BytesIO()
    _scaled(picture, scale).save(file, "PNG")
    return file.getvalue()


@cache
def _colour_table(name: str) -> NDArray[np.uint8]:
    """A plotly colour scale in 256 steps, with shape (256, 3)."""
    scale = get_colorscale(name)
    places = [place for place, _ in scale]
    stops = np.array([_rgb(colour) for _, colour in scale])
    steps = np.linspace(0, 1, 256)
    return np.stack([np.rint(np.interp(steps, places, stops[:, c])) for c in range(3)], axis=1).astype(np.uint8)


def _rgb(colour: str) -> tuple[float, ...]:
    if colour.startswith("#"):
        return tuple(float(int(colour[i : i + 2], 16)) for i in (1, 3, 5))
    return tuple(unlabel_rgb(colour))
