"""A picture that a person drew or took, made into what a model learned from: centred and scaled as MNIST's digits are.

LeCun et al. 1998 (https://doi.org/10.1109/5.726791), section III.A: the digit's box is fitted, without changing its
proportions, into 20 x 20 pixels of 28 x 28, smoothed on the way, and placed so that its centre of mass is in the middle.
"""

import base64
import io
import warnings
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from vae_core.errors import N_, InputError

MOST_BYTES = 10_000_000  # of an uploaded file
MOST_PIXELS = (
    40_000_000  # of a picture: a phone's camera has fewer; told by the file's head, before anything is unpacked
)
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF")
WORKING_SIDE = 1_024  # pixels: larger pictures are made smaller first
BOX = 20 / 28  # of a picture's side: the longer side of a digit
INK = 0.15  # of full white: fainter is paper, not ink
FAINTEST = 8  # grey values: the last of a soft edge
SIDE = 28  # of a picture in an address: MNIST's
MOST_LETTERS = 1_000  # of such a picture; noise takes 540
CONTRAST = 40  # grey values between paper and ink: less is a picture of nothing


@dataclass(frozen=True)
class Handwriting:
    """White ink on black, uint8 with shape (H, W), of any size.

    Attributes:
        ink: The picture.
        inverted: It was dark on a light ground before.
    """

    ink: NDArray[np.uint8]
    inverted: bool = False


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
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limit below is lower
            file = Image.open(io.BytesIO(content), formats=FORMATS)
            if file.width * file.height > MOST_PIXELS:
                raise _too_large()
            file.draft("L", (WORKING_SIDE, WORKING_SIDE))  # a JPEG is unpacked at the size that is wanted
            picture = ImageOps.exif_transpose(file)
            picture.thumbnail((WORKING_SIDE, WORKING_SIDE))
            paper = Image.new("RGBA", picture.size, "white")
            grey = Image.alpha_composite(paper, picture.convert("RGBA")).convert("L")
    except InputError:
        raise
    except Image.DecompressionBombError as error:
        raise _too_large() from error
    except Exception as error:  # Pillow raises whatever its decoders raise
        raise InputError(
            N_("This file is not an image that can be read ({formats}). Choose another one."),
            formats=", ".join(FORMATS),
        ) from error
    return _stand_out(np.asarray(grey))


def _too_large() -> InputError:
    return InputError(
        N_("The image has more than {most:,} pixels. Make it smaller, or take a part of it."), most=MOST_PIXELS
    )


def _stand_out(grey: NDArray[np.uint8]) -> Handwriting:
    """Ink from paper: light or dark, whatever the edge of the picture is not."""
    edge = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]]).astype(np.float64)
    paper = float(np.median(edge))
    inverted = paper > 127
    ink = (paper - grey) if inverted else (grey - paper)
    full = float(np.percentile(ink, 99.5))
    if full < CONTRAST:
        full = float(ink.max())  # a thin stroke on much paper
    if full < CONTRAST:
        raise InputError(
            N_("Nothing stands out in this image: it is nearly of one brightness. Choose one with a clear digit.")
        )
    share = np.clip(ink / full, 0, 1)
    share[share < INK] = 0
    return Handwriting(np.rint(share * 255).astype(np.uint8), bool(inverted))


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
