"""A picture that a person drew or took, made into what a model learned from: centred and scaled as MNIST's digits are.

LeCun et al. 1998 (https://doi.org/10.1109/5.726791), section III.A: the digit's box is fitted, without changing its
proportions, into 20 x 20 pixels of 28 x 28, smoothed on the way, and placed so that its centre of mass is in the middle.
"""

import base64
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vae_core import photo_files, photo_ink, photographs
from vae_core.errors import N_, InputError

MOST_BYTES = 20_000_000  # of an uploaded file
BOX = 20 / 28  # of a picture's side: the longer side of a digit
FAINTEST = 8  # grey values: the last of a soft edge
SIDE = 28  # of a picture in an address: MNIST's
MOST_LETTERS = 1_000  # of such a picture; noise takes 540
CONTRAST = 0.08  # of the brighter, between ink and paper: less is a picture of nothing


@dataclass(frozen=True)
class Handwriting:
    """White ink on black, uint8 with shape (H, W), of any size.

    Attributes:
        ink: The picture.
        inverted: It was darker than its paper before.
        whole: No digit was found, so it is all that the photograph shows.
    """

    ink: NDArray[np.uint8]
    inverted: bool = False
    whole: bool = False


def read(content: bytes) -> Handwriting:
    """A picture from a file that anybody may have made.

    Raises:
        InputError: It is too large, is no picture, or shows nothing that stands out.
    """
    if len(content) > MOST_BYTES:
        raise InputError(
            N_("The file has {size:.1f} MB, but may have at most {most:.0f}. Make the image smaller."),
            size=len(content) / 1e6,
            most=MOST_BYTES / 1e6,
        )
    views = photo_files.views(content)
    found = photographs.located(views)
    if found is None or found.departure < CONTRAST:
        raise InputError(
            N_("Nothing stands out in this image: it is nearly of one brightness. Choose one with a clear digit.")
        )
    if found.is_clear:
        return Handwriting(photo_ink.ink(views, found), found.dark)
    dark = found.dark
    ink = photo_ink.everything(views[found.view], dark=dark)
    if not (ink > FAINTEST).any():
        dark = not dark
        ink = photo_ink.everything(views[found.view], dark=dark)
    return Handwriting(ink, dark, whole=True)


def prepare(writing: Handwriting, image_shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    """The picture as a model's data are: in the middle by its centre of mass, its longer side 20/28 of the picture.

    Args:
        writing: White on black.
        image_shape: The model's (C, H, W).

    Returns:
        uint8 with shape (C, H, W).

    Raises:
        InputError: There is no ink.
    """
    channels, height, width = image_shape
    there = writing.ink > FAINTEST
    if not there.any():
        raise InputError(N_("Nothing is drawn yet. Draw a digit."))
    rows, columns = np.flatnonzero(there.any(1)), np.flatnonzero(there.any(0))
    digit = writing.ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = BOX * min(height, width) / max(digit.shape)
    size = (max(1, round(digit.shape[1] * scale)), max(1, round(digit.shape[0] * scale)))
    small = np.asarray(
        Image.fromarray(digit).resize(size, Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC)
    )
    mass = small.astype(np.float64)
    middle = [float((mass.sum(1 - axis) * np.arange(mass.shape[axis])).sum() / mass.sum()) for axis in (0, 1)]
    top = _corner(height, small.shape[0], middle[0])
    left = _corner(width, small.shape[1], middle[1])
    picture = np.zeros((height, width), np.uint8)
    picture[top : top + small.shape[0], left : left + small.shape[1]] = small
    return np.repeat(picture[None], channels, axis=0)


def to_text(picture: NDArray[np.uint8]) -> str:
    """A picture as a few hundred letters for an address, in 16 greys.

    Args:
        picture: uint8 with shape (28, 28).
    """
    greys = np.rint(picture.reshape(-1) / 17).astype(np.uint8)
    return base64.urlsafe_b64encode(zlib.compress((greys[::2] << 4 | greys[1::2]).tobytes(), 9)).decode().rstrip("=")


def from_text(text: str) -> NDArray[np.uint8] | None:
    """The picture of `to_text`, uint8 with shape (28, 28); `None` where the text holds none: anybody may write it."""
    if len(text) > MOST_LETTERS:
        return None
    try:
        packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        pairs = zlib.decompressobj().decompress(packed, SIDE * SIDE // 2 + 1)
    except (ValueError, zlib.error):
        return None
    if len(pairs) != SIDE * SIDE // 2:
        return None
    both = np.frombuffer(pairs, np.uint8)
    picture = np.stack([both >> 4, both & 15], axis=1).reshape(SIDE, SIDE) * np.uint8(17)
    return picture if picture.any() else None


def _corner(whole: int, part: int, middle: float) -> int:
    """Where a part begins, so that its centre of mass is where MNIST's are: in pixel 14 of 0 to 27, as far as there is
    room."""
    return min(max(round(whole / 2 - middle), 0), whole - part)
