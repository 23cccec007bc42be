"""Photographs of digits are read: at least 19 of 20, in whatever light, on whatever paper."""

import io
import struct
import zlib
from functools import cache

import numpy as np
import pytest
from PIL import Image

from tests.photographs import HEIGHT, ROWS, WIDTH, X, Y, ink_of, photograph, saved, shadow, written
from vae_core import classifier, handwriting, photo_files
from vae_core.datasets import load
from vae_core.errors import InputError
from vae_core.handwriting import prepare, read

SHAPE = (1, 28, 28)


@cache
def digits() -> tuple[np.ndarray, np.ndarray]:
    """The first two of each class of the test part."""
    data = load("digits", "test")
    first = np.concatenate([np.flatnonzero(data.labels == label)[:2] for label in range(10)])
    return data.images[first, 0], data.labels[first]


def seen(content: bytes) -> int:
    return int(classifier.look(prepare(read(content), SHAPE)[None]).probabilities.argmax())


def eight() -> tuple[np.ndarray, np.random.Generator]:
    return digits()[0][16], np.random.default_rng(8)


@pytest.mark.slow  # twenty photographs each
@pytest.mark.parametrize("row", ROWS)
def test_nineteen_of_twenty_are_read(row: str) -> None:
    images, labels = digits()
    rng = np.random.default_rng(list(row.encode()))
    prepared = np.stack([prepare(read(ROWS[row](digit, rng)), SHAPE) for digit in images])
    right = classifier.look(prepared).probabilities.argmax(1) == labels
    assert right.sum() >= 19, labels[~right]


@pytest.mark.parametrize("light", [1, 1 - 0.5 * X, shadow(X + Y - 0.6, 0.05, 0.5)], ids=["even", "falls off", "shadow"])
def test_empty_paper_is_a_photograph_of_nothing(light: np.ndarray | float) -> None:
    scene = written(np.zeros((HEIGHT, WIDTH)))
    with pytest.raises(InputError, match="Nothing stands out"):
        read(photograph(scene, np.random.default_rng(1), light))


def upright() -> Image.Image:
    return Image.open(io.BytesIO(photograph(written(ink_of(eight()[0])), eight()[1])))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_of_exif_the_orientation_alone_is_read(kind: str) -> None:
    ratio = struct.pack("<II", 0, 0)  # a resolution that is no number
    tags = struct.pack("<HHHIHH", 2, 0x0112, 3, 1, 6, 0) + struct.pack("<HHII", 0x011A, 5, 1, 38) + bytes(4) + ratio
    exif = b"Exif\0\0II*\0\x08\0\0\0" + tags
    turned = saved(upright().transpose(Image.Transpose.ROTATE_90), kind, exif=exif)
    assert seen(turned) == 8
    assert read(turned).ink.shape == read(saved(upright(), kind)).ink.shape


def test_exif_that_is_none_does_no_harm() -> None:
    assert seen(saved(upright(), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff nonsense")) == 8


def test_a_png_may_hold_texts_of_any_length() -> None:
    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    whole = saved(upright(), "PNG")
    head = 8 + 25
    for text in (
        chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"x" * 3_000_000)),
        chunk(b"tEXt", b"Note\0" + b"y" * 9_000),
    ):
        assert seen(whole[:head] + text + whole[head:]) == 8


def test_a_png_without_its_end_is_used_as_far_as_it_goes() -> None:
    whole = saved(upright(), "PNG")
    assert seen(whole[: int(0.93 * len(whole))]) == 8
    with pytest.raises(InputError, match="not an image"):
        read(whole[: int(0.3 * len(whole))])


def test_opaque_paper_with_transparent_corners_is_paper() -> None:
    picture = upright().convert("RGBA")
    alpha = Image.new("L", picture.size, 255)
    alpha.paste(0, (0, 0, 30, 30))
    picture.putalpha(alpha)
    writing = read(saved(picture, "PNG"))
    assert writing.inverted and seen(saved(picture, "PNG")) == 8


def test_a_jpeg_of_fifty_megapixels_is_read_reduced() -> None:
    grey = upright().convert("L").resize((8_160, 6_120))
    content = saved(grey, "JPEG", quality=60)
    assert seen(content) == 8
    with pytest.raises(InputError, match="pixels"):
        read(saved(Image.new("L", (8_200, 6_200)), "JPEG"))


def test_a_jpeg_of_very_many_scans_is_refused() -> None:
    content = saved(upright(), "JPEG", progressive=True)
    assert seen(content) == 8
    scan = content.rindex(b"\xff\xda")
    with pytest.raises(InputError, match="not an image"):
        read(content[:-2] + content[scan:-2] * photo_files.MOST_SCANS + content[-2:])


@pytest.mark.parametrize("brand", ["heic", "mif1", "avif"])
def test_a_heic_is_named_with_what_to_do(brand: str) -> None:
    name = "AVIF" if brand == "avif" else "HEIC"
    with pytest.raises(InputError, match=f"{name}.*Save it as JPEG"):
        read(b"\0\0\0\x18ftyp" + brand.encode() + bytes(100))


def test_a_file_of_twenty_megabytes_is_let_in() -> None:
    content = photograph(written(ink_of(eight()[0])), eight()[1])
    assert handwriting.MOST_BYTES == 20_000_000
    assert seen(content + bytes(handwriting.MOST_BYTES - len(content))) == 8
