"""A file that a phone, a scanner or a drawing program wrote, as planes of brightness.

Of a file only what makes the image is read: no texts, no profiles, of EXIF the orientation alone. What of a damaged one
can be unpacked is used.
"""

import io
import threading
import warnings
from collections.abc import Iterator

import numpy as np
from PIL import Image

from vae_core.errors import N_, InputError
from vae_core.photographs import Plane, at_most, with_side

MOST_PIXELS = 40_000_000  # of an image that is unpacked whole; told by the file's head, before anything is unpacked
MOST_JPEG_PIXELS = 8_192 * 6_144  # of one that is unpacked reduced: a phone's sensor of 50 megapixels
MOST_SCANS = 64  # of a progressive JPEG: each goes through all pixels, cameras write ten
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF")
WORKING_SIDE = 1_024  # pixels: larger images are made smaller first
ORIENTATION = 0x0112  # the one of EXIF's tags that is read
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
PNG = b"\x89PNG\r\n\x1a\n"
PNG_CHUNKS = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"eXIf"}  # without texts, which may be of any length
HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
AVIF_BRANDS = {b"avif", b"avis"}
DIMMEST = 4_095  # the white of 12 bits in a file of 16: what has less is dark
ALPHA = 64  # grey values: an alpha that varies by less is no ink
HUE = 20  # grey values by which colours differ from each other beside their brightness

_unpacking = threading.Lock()  # one at a time: a progressive JPEG of 50 megapixels takes 160 to 300 MB


def views(content: bytes) -> list[Plane]:
    """What there is to see in it: planes of equal shape, each float32 in [0, 255] with shape (H, W).

    Raises:
        InputError: It has too many pixels, is a HEIC, or is no image.
    """
    _refuse_heic(content)
    try:
        with warnings.catch_warnings(), _unpacking:
            warnings.simplefilter("ignore")  # of Pillow's: the limits here are lower, and what is damaged is used
            return _views(_unpacked(content))
    except InputError:
        raise
    except Image.DecompressionBombError as error:
        raise _too_large(MOST_PIXELS) from error
    except Exception as error:  # Pillow raises whatever its decoders raise
        raise _unreadable() from error


def _unreadable() -> InputError:
    return InputError(
        N_("This file is not an image that can be read ({formats}). Choose another one."),
        formats=", ".join(FORMATS),
    )


def _too_large(most: int) -> InputError:
    return InputError(N_("The image has more than {most:,} pixels. Make it smaller, or take a part of it."), most=most)


def _refuse_heic(content: bytes) -> None:
    kinds = {"HEIC": HEIC_BRANDS, "AVIF": AVIF_BRANDS}
    name = next((kind for kind, brands in kinds.items() if content[8:12] in brands), None)
    if content[4:8] == b"ftyp" and name:
        raise InputError(
            N_(
                "This is a photograph in the format {format}, which cannot be read here. Save it as JPEG and upload that: "
                "on a Mac open it in Preview and choose Export, on Windows open it in Paint and choose Save as, on a phone "
                "take a screenshot of it. An iPhone takes JPEGs itself after Settings, Camera, Formats, Most Compatible."
            ),
            format=name,
        )


def _unpacked(content: bytes) -> Image.Image:
    """The image as it is held upright: a JPEG already reduced, a damaged file as far as it goes."""
    if content.startswith(PNG):
        content = b"".join([PNG, *_png_chunks(content)])
    file = Image.open(io.BytesIO(content), formats=FORMATS)
    is_jpeg = file.format in ("JPEG", "MPO")
    most = MOST_JPEG_PIXELS if is_jpeg else MOST_PIXELS
    if file.width * file.height > most:
        raise _too_large(most)
    if is_jpeg and content.count(b"\xff\xda") > MOST_SCANS:
        raise _unreadable()
    file.draft(None, (WORKING_SIDE, WORKING_SIDE))
    try:
        turn = TURNS.get(file.getexif().get(ORIENTATION, 1))
    except Exception:  # of whatever its other tags hold
        turn = None
    image: Image.Image = file
    try:
        file.load()
    except Exception:
        file.tile = []  # so that what is unpacked counts as the image
        rows = np.flatnonzero(np.asarray(file.resize((64, file.height)).convert("RGB")).any((1, 2)))
        if not len(rows) or rows[-1] < file.height / 2:
            raise
        image = file.crop((0, 0, file.width, int(rows[-1]) + 1))
    return image if turn is None else image.transpose(turn)


def _png_chunks(content: bytes) -> Iterator[bytes]:
    start = len(PNG)
    while start < len(content):
        end = start + 12 + int.from_bytes(content[start : start + 4], "big")
        if content[start + 4 : start + 8] in PNG_CHUNKS:
            yield content[start:end]
        start = end


def _views(image: Image.Image) -> list[Plane]:
    step = max(1, max(image.size) // WORKING_SIDE)
    if image.mode.startswith(("I", "F")):  # a scanner's 16 bits, which `convert` would cut off at 255
        values = np.asarray(image)
        height, width = (length // step * step for length in values.shape)
        blocks = values[:height, :width].reshape(height // step, step, width // step, step)
        grey = blocks.mean((1, 3), dtype=np.float32)
        return [at_most(grey * np.float32(255 / max(DIMMEST, float(grey.max()))), WORKING_SIDE)]
    if image.mode not in ("L", "LA", "RGB", "RGBA") or "transparency" in image.info:
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    if step > 1:
        image = image.reduce(step)
    *colours, last = (at_most(np.asarray(band, np.float32), WORKING_SIDE) for band in image.split())
    if image.mode in ("L", "RGB"):
        return _of_colours([*colours, last])
    if np.ptp(last) < ALPHA or not (last > 127).any():
        return _of_colours(colours)
    # Ink may be what is opaque, or stand on it; then it is the opaque part's median that surrounds it.
    colours = [np.where(last > 0, band, np.median(band[last > 127])) for band in colours]
    brightness = np.average(_grey(colours), weights=last)
    return [255 - last if brightness < 128 else last, *_of_colours(colours)]


def _of_colours(bands: list[Plane]) -> list[Plane]:
    """Their brightness, and what differs most in hue where something does: a yellow pen is as bright as paper."""
    grey = _grey(bands)
    if len(bands) == 1:
        return [grey]
    hues = np.stack([band - np.mean(bands, axis=0) for band in bands])
    small = np.stack([with_side(hue, 64) for hue in hues]).reshape(3, -1)
    small -= np.median(small, axis=1, keepdims=True)
    axis = np.linalg.eigh(small @ small.T)[1][:, -1]
    if np.percentile(np.abs(axis @ small), 99.5) < HUE:
        return [grey]
    hue = np.tensordot(axis, hues, 1)
    return [grey, np.clip(hue - np.median(hue) + 127, 0, 255).astype(np.float32)]


def _grey(bands: list[Plane]) -> Plane:
    if len(bands) == 1:
        return bands[0]
    red, green, blue = bands
    grey: Plane = np.float32(0.299) * red + np.float32(0.587) * green + np.float32(0.114) * blue
    return grey
