"""A file that a phone, a scanner or a drawing program wrote, as planes of brightness."""

import io
import warnings
import zlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vae_core.errors import N_, InputError

MOST_PIXELS = 40_000_000  # of an image that has to be unpacked whole; told by the file's head, before anything is
MOST_JPEG_PIXELS = 8_192 * 6_144  # of one that is unpacked reduced: a phone's sensor of 50 megapixels
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF")
WORKING_SIDE = 1_024  # pixels: larger images are made smaller first
ORIENTATION = 0x0112  # of EXIF's tags, the one that is read
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
PNG_HEAD = b"\x89PNG\r\n\x1a\n"
PNG_CHUNKS = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"eXIf"}  # what an image is made of; not texts nor profiles
VARIES = 64  # grey values of alpha: less is no ink
COLOURED = 12  # grey values by which channels differ

Plane = NDArray[np.float32]


def views(content: bytes) -> list[Plane]:
    """What can be seen of it: planes of equal shape, each float32 in [0, 255] with shape (H, W).

    Raises:
        InputError: It has too many pixels, or is no image.
    """
    _refuse_heic(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limits below are lower
            return _views(_opened(content))
    except InputError:
        raise
    except Image.DecompressionBombError as error:
        raise _too_large(MOST_PIXELS) from error
    except Exception as error:  # Pillow raises whatever its decoders raise
        raise InputError(
            N_("This file is not a picture that can be read ({formats}). Choose another one."),
            formats=", ".join(FORMATS),
        ) from error


def _opened(content: bytes) -> Image.Image:
    if content.startswith(PNG_HEAD):
        content = b"".join([PNG_HEAD, *_png_chunks(content)])
    file = Image.open(io.BytesIO(content), formats=FORMATS)
    most = MOST_JPEG_PIXELS if file.format in ("JPEG", "MPO") else MOST_PIXELS
    if file.width * file.height > most:
        raise _too_large(most)
    file.draft("RGB" if file.mode != "L" else "L", (WORKING_SIDE, WORKING_SIDE))  # a JPEG is unpacked at that size
    try:
        orientation = file.getexif().get(ORIENTATION, 1)
    except Exception:  # whatever its other tags hold
        orientation = 1
    try:
        file.load()
    except Exception:
        file.tile = []  # what has been unpacked stays
        rows = np.flatnonzero(np.asarray(file.reduce((max(1, file.width // 64), 1)).convert("RGB")).any((1, 2)))
        if not len(rows) or rows[-1] < 0.5 * file.height:
            raise
        image: Image.Image = file.crop((0, 0, file.width, int(rows[-1]) + 1))
    else:
        image = file
    return image.transpose(TURNS[orientation]) if orientation in TURNS else image


def _png_chunks(content: bytes) -> Iterator[bytes]:
    place = len(PNG_HEAD)
    while place < len(content):
        end = place + 12 + int.from_bytes(content[place : place + 4], "big")
        if content[place + 4 : place + 8] in PNG_CHUNKS:
            yield content[place:end]
        place = end


def _plane(image: Image.Image) -> Plane:
    return np.asarray(image, dtype=np.float32)


def _views(image: Image.Image) -> list[Plane]:
    if image.mode.startswith(("I", "F")):
        values = np.asarray(image, dtype=np.float32)
        return [_smaller(values * np.float32(255 / max(4_095, values.max())))]
    scale = max(1, max(image.size) // WORKING_SIDE)
    image = image.convert("RGBA" if image.has_transparency_data else "RGB" if image.mode not in ("1", "L") else "L")
    if scale > 1:
        image = image.reduce(scale)
    if image.mode == "L":
        return [_smaller(_plane(image))]
    bands = [_smaller(_plane(band)) for band in image.split()]
    if len(bands) == 4:
        alpha = bands.pop()
        if np.ptp(alpha) >= VARIES:
            seen = alpha > 127
            if not seen.any():
                return [alpha]
            bands = [np.where(alpha > 0, band, np.median(band[seen])) for band in bands]
            return [alpha, *_of_colours(bands)]
    return _of_colours(bands)


def _smaller(plane: Plane) -> Plane:
    from vae_core.photographs import to_side

    return to_side(plane, WORKING_SIDE)


def _of_colours(bands: list[Plane]) -> list[Plane]:
    red, green, blue = bands
    grey = 0.299 * red + 0.587 * green + 0.114 * blue
    return [grey]


def _too_large(most: int) -> InputError:
    return InputError(
        N_("The picture has more than {most:,} pixels. Make it smaller, or take a part of it."), most=most
    )


def _refuse_heic(content: bytes) -> None:
    pass
