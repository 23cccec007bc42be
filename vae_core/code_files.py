"""Codes as a file, so that encoder and decoder can work apart: one sends codes, the other turns them into pictures.

A file is a safetensors of three arrays: `codes`, each number in `bits` bits one after the other, the highest bit first,
and `low` and `high`, the range that the quantiser divides. Its metadata say how many codes there are, of how many
numbers and bits, the pictures' shape, and the checksum of the weights they were made with.
"""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load

from vae_core import files
from vae_core.compression import MOST_BITS, Indices, Quantiser
from vae_core.errors import N_, InputError
from vae_core.latent import Codes

FORMAT = "diabolo-codes-1"
SUFFIX = ".codes.safetensors"
LARGEST = 8 << 20  # bytes: 10,000 codes of 256 numbers in 16 bits are 5 MB
LARGEST_HEADER = 4 << 10
MOST_CODES = 10_000
_LARGEST_CODE = 4096  # numbers


@dataclass(frozen=True)
class CodeFile:
    """The codes of some pictures.

    Attributes:
        indices: Quantised codes, with shape (N, latent_dim).
        quantiser: What they mean.
        image_shape: (C, H, W) of the pictures.
        weights: The checksum of the weights that made them; empty if it is not known.
    """

    indices: Indices
    quantiser: Quantiser
    image_shape: tuple[int, int, int]
    weights: str = ""

    @property
    def codes(self) -> Codes:
        """With shape (N, latent_dim)."""
        return self.quantiser.dequantise(self.indices)


def pack(indices: Indices, bits: int) -> NDArray[np.uint8]:
    """Whole numbers below 2^bits, one after the other without gaps; the last byte is filled up with zeros.

    Args:
        indices: With any shape.
        bits: Of each number, 1 to `MOST_BITS`.
    """
    big_endian = np.ascontiguousarray(indices, ">u2").reshape(-1, 1).view(np.uint8)
    return np.packbits(np.unpackbits(big_endian, axis=1)[:, -bits:])


def unpack(packed: NDArray[np.uint8], count: int, bits: int) -> Indices:
    """What `pack` was given, with shape (count,)."""
    digits = np.unpackbits(packed, count=count * bits).reshape(count, bits)
    whole = np.zeros((count, MOST_BITS), np.uint8)
    whole[:, -bits:] = digits
    return np.packbits(whole, axis=1).view(">u2").reshape(count).astype(np.uint16)


def to_bytes(found: CodeFile) -> bytes:
    """The file.

    Raises:
        InputError: There are no codes, or more than `MOST_CODES`.
    """
    count, latent_dim = found.indices.shape
    _check_count(count)
    arrays: dict[str, NDArray[Any]] = {
        "codes": pack(found.indices, found.quantiser.bits),
        "low": found.quantiser.low.astype(np.float32),
        "high": found.quantiser.high.astype(np.float32),
    }
    metadata = {
        "format": FORMAT,
        "count": str(count),
        "latent_dim": str(latent_dim),
        "bits": str(found.quantiser.bits),
        "image_shape": " ".join(map(str, found.image_shape)),
        "weights": found.weights,
    }
    return files.arrays_to_bytes(arrays, metadata)


def from_bytes(data: bytes, latent_dim: int | None = None) -> CodeFile:
    """Reads a file of `to_bytes`.

    Args:
        data: The file.
        latent_dim: How many numbers the decoder's codes have; `None` takes any.

    Raises:
        InputError: It is too large, no such file, damaged, or its codes have another size than the decoder's.
    """
    if len(data) > LARGEST:
        raise InputError(
            N_("The file has {size:,} bytes, but a file of codes has at most {most:,}. Choose a file of fewer codes."),
            size=len(data),
            most=LARGEST,
        )
    metadata = _metadata(data)
    try:
        arrays = load(data)
        count, numbers, bits = (int(metadata[name]) for name in ("count", "latent_dim", "bits"))
        image_shape = tuple(int(side) for side in metadata["image_shape"].split())
        packed, low, high = arrays["codes"], arrays["low"], arrays["high"]
        is_whole = (
            metadata["crc32"] == files.checksum(arrays)
            and set(arrays) == {"codes", "low", "high"}
            and len(image_shape) == 3
            and 1 <= bits <= MOST_BITS
            and 1 <= numbers <= _LARGEST_CODE
            and packed.dtype == np.uint8
            and packed.shape == (-(-count * numbers * bits // 8),)
            and all(ends.dtype == np.float32 and ends.shape == (numbers,) for ends in (low, high))
            and bool(np.isfinite(low).all() and np.isfinite(high).all() and (low <= high).all())
        )
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise _damaged() from error
    if not is_whole:
        raise _damaged()
    _check_count(count)
    if latent_dim is not None and numbers != latent_dim:
        raise InputError(
            N_(
                "The file's codes have {numbers} dimensions each, but this model's decoder takes "
                "{latent_dim}. Choose the model that made the file, or a file of this model."
            ),
            numbers=numbers,
            latent_dim=latent_dim,
        )
    indices = unpack(packed, count * numbers, bits).reshape(count, numbers)
    return CodeFile(indices, Quantiser(low, high, bits), image_shape, metadata.get("weights", ""))  # type: ignore[arg-type]


def _metadata(data: bytes) -> dict[str, str]:
    """The metadata in a safetensors' header: eight bytes of its length, then JSON.

    Raises:
        InputError: It is no file of codes.
    """
    size = int.from_bytes(data[:8], "little")
    try:
        header = json.loads(data[8 : 8 + size]) if 0 < size <= LARGEST_HEADER else {}
        metadata = header["__metadata__"]
        if metadata["format"] == FORMAT:
            return {str(name): str(value) for name, value in metadata.items()}
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise InputError(
        N_(
            "This is not a file of codes. Choose one that was made here, under 'Images to codes': its name ends in {suffix}."
        ),
        suffix=SUFFIX,
    )


def _damaged() -> InputError:
    return InputError(
        N_("This file of codes is damaged: it doesn't hold what it says. Make it anew, or fetch it again.")
    )


def _check_count(count: int) -> None:
    if not 1 <= count <= MOST_CODES:
        raise InputError(
            N_("The file would hold {count:,} codes, but must hold from 1 to {most:,}. Choose fewer or more images."),
            count=count,
            most=MOST_CODES,
        )
