"""Many images as one picture. Images are (N, H, W) or (N, C, H, W) with C = 1 or 3, uint8 or float in [0, 1]."""

import io
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, WebPImagePlugin  # noqa: F401  else Pillow loads all of its 60 formats to write the one


def to_bytes(images: NDArray[Any]) -> NDArray[np.uint8]:
    """Images as bytes with channels last; what lies outside [0, 1] is clipped.

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
    picture = scaled(tiled(to_bytes(images), columns, padding, transparent=padding > 0), scale)
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def tiled(pixels: NDArray[np.uint8], columns: int | None, padding: int, *, transparent: bool) -> Image.Image:
    """Images in rows.

    Args:
        pixels: uint8 with shape (N, H, W, C).
        columns: Images in a row; `None` for as many as make a square.
        padding: Pixels between two images.
        transparent: Whether the gaps are; else they are black.
    """
    if not len(pixels):
        raise ValueError("A sheet needs at least one image.")
    count, height, width, channels = pixels.shape
    columns = min(columns or math.ceil(math.sqrt(count)), count)
    rows = math.ceil(count / columns)
    opaque = np.concatenate([pixels, np.full_like(pixels[..., :1], 255)], axis=3)
    canvas = np.zeros((rows * columns, height + padding, width + padding, channels + 1), np.uint8)
    canvas[:count, :height, :width] = opaque
    canvas = canvas.reshape(rows, columns, height + padding, width + padding, channels + 1)
    canvas = canvas.transpose(0, 2, 1, 3, 4).reshape(rows * (height + padding), columns * (width + padding), -1)
    canvas = canvas[: canvas.shape[0] - padding, : canvas.shape[1] - padding]
    picture = Image.fromarray(np.ascontiguousarray(canvas), "LA" if channels == 1 else "RGBA")
    return picture if transparent else picture.convert("L" if channels == 1 else "RGB")


def scaled(picture: Image.Image, scale: int) -> Image.Image:
    """Each pixel as `scale` x `scale` pixels."""
    size = (picture.width * scale, picture.height * scale)
    return picture if scale == 1 else picture.resize(size, Image.Resampling.NEAREST)
