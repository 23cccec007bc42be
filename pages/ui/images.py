"""Arrays to pictures as bytes: sheets (PNG), error maps, animations (GIF). Imports no Streamlit.

Images are (N, H, W) or (N, C, H, W) with C = 1 or 3, uint8 or float in [0, 1] (what lies outside is clipped).
"""

import base64
import io
from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from plotly.colors import get_colorscale, unlabel_rgb

from vae_core.sheets import scaled, sheet, tiled, to_bytes

__all__ = ["ERROR_SCALE", "SIGNED_SCALE", "animation", "error_map", "manifold", "sheet", "to_bytes"]

ERROR_SCALE = "Inferno"
"""Errors from 0 up. Its lightness grows evenly, so twice the error looks twice as bright, also without colour vision."""

SIGNED_SCALE = "RdBu_r"
"""Errors around 0: blue where the reconstruction is too dark, red where it is too bright, white where it is right."""


def data_url(picture: bytes, kind: str = "png") -> str:
    """A picture as its own address, for `st.image`: where pictures follow each other quickly, Streamlit drops one that
    it serves as a file before the browser has fetched it."""
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode()}"


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
        pictures.append(scaled(tiled(pixels, columns, padding, transparent=False), scale))
    if not pictures:
        raise ValueError("An animation needs at least one frame.")
    if back_and_forth:
        pictures += pictures[-2:0:-1]
    file = io.BytesIO()
    pictures[0].save(file, "GIF", save_all=True, append_images=pictures[1:], duration=milliseconds, loop=0)
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
