"""`vae_core.compression` and `vae_core.code_files`: held against independent computations, and against files that lie."""

import json
import struct
import zlib
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from vae_core import code_files, compression, files, latent, metrics
from vae_core.code_files import CodeFile
from vae_core.compression import MOST_BITS, PCACode, Quantiser
from vae_core.config import ModelConfig
from vae_core.datasets import ImageData, load
from vae_core.errors import InputError
from vae_core.models import Model, build
from vae_core.pixels import to_unit

CODES = np.random.default_rng(0).normal(size=(500, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def train() -> ImageData:
    return load("digits", "train").subset(slice(1000))


@pytest.fixture(scope="module")
def test() -> ImageData:
    return load("digits", "test").subset(slice(300))


@pytest.fixture(scope="module")
def pca(train: ImageData) -> PCACode:
    return compression.fit_pca(train)


@pytest.fixture(scope="module")
def reference(train: ImageData) -> PCA:
    """The same by another way: a sparse singular value decomposition of the images themselves."""
    return PCA(64, svd_solver="arpack").fit(rows(train))


def recons(reference: PCA, data: ImageData, n: int) -> NDArray[np.float64]:
    """scikit-learn's reconstructions with n numbers, as rows."""
    z = reference.transform(rows(data))
    z[:, n:] = 0
    return np.asarray(reference.inverse_transform(z))


def rows(data: ImageData) -> NDArray[np.float64]:
    return data.images.reshape(len(data), -1) / 255


# PCA


def test_pca_errors_are_those_of_the_reconstructions(pca: PCACode, reference: PCA, test: ImageData) -> None:
    errors = compression.pca_errors(pca, test)
    assert errors.shape == (785,)
    for n in (0, 1, 2, 11, 64):
        assert errors[n] == pytest.approx(((recons(reference, test, n) - rows(test)) ** 2).mean(), rel=1e-4)
    assert errors[784] == pytest.approx(0, abs=1e-7)
    assert (np.diff(errors) <= 0).all()


def test_pca_of_fewer_images_than_pixels(train: ImageData, test: ImageData) -> None:
    few = train.subset(slice(30))
    found = compression.fit_pca(few)
    assert found.directions.shape == (30, 784)
    expected = ((recons(PCA(30, svd_solver="full").fit(rows(few)), test, 7) - rows(test)) ** 2).mean()
    assert compression.pca_errors(found, test)[7] == pytest.approx(expected, rel=1e-4)


def test_pca_there_and_back(pca: PCACode, reference: PCA, test: ImageData) -> None:
    first = pca.first(5)
    pictures = first.decode(first.encode(test))
    assert pictures.shape == (300, 1, 28, 28)
    np.testing.assert_allclose(pictures.reshape(300, -1), recons(reference, test, 5).clip(0, 1), atol=1e-3)


@pytest.mark.parametrize(("mse", "expected"), [(0.6, 0), (0.5, 0), (0.31, 2), (0.3, 2), (0.1, 3), (0.05, None)])
def test_equivalent_dimensions_are_the_fewest_that_match(mse: float, expected: int | None) -> None:
    assert compression.equivalent_dimensions(np.array([0.5, 0.4, 0.3, 0.1]), mse) == expected


# Bits


@pytest.mark.parametrize("bits", [1, 3, 8, 16])
def test_a_quantised_number_is_off_by_half_a_cell_at_most(bits: int) -> None:
    scale = compression.quantiser(CODES, bits)
    indices = scale.quantise(CODES)
    assert indices.min() == 0 and indices.max() == 2**bits - 1
    off = np.abs(scale.dequantise(indices).astype(np.float64) - CODES)
    assert (off <= scale.step / 2 + 1e-6).all()
    # Doing it again changes nothing.
    assert np.array_equal(scale.quantise(scale.dequantise(indices)), indices)


def test_what_lies_outside_is_taken_to_the_nearest_cell() -> None:
    scale = Quantiser(np.zeros(1, np.float32), np.ones(1, np.float32), 2)
    z = np.array([[-9.0], [0.0], [0.3], [0.99], [1.0], [7.0]], np.float32)
    assert scale.quantise(z).ravel().tolist() == [0, 0, 1, 3, 3, 3]
    assert scale.dequantise(np.array([[0], [3]], np.uint16)).ravel().tolist() == [0.125, 0.875]


def test_a_number_that_never_changes_stays_what_it_is() -> None:
    z = np.full((5, 1), 2.5, np.float32)
    scale = compression.quantiser(z, 4)
    assert np.array_equal(scale.dequantise(scale.quantise(z)), z)


@pytest.mark.parametrize("bits", [0, 17, -1])
def test_bits_out_of_range_are_named(bits: int) -> None:
    with pytest.raises(InputError, match=rf"'bits' is {bits}, but must be from 1 to 16"):
        compression.quantiser(CODES, bits)


def test_the_entropy_coded_rate_is_the_cross_entropy_of_the_cells() -> None:
    train = np.array([[0], [0], [0], [1]], np.uint16)
    test = np.array([[0], [1], [2]], np.uint16)
    # A count more for each of the four cells: 4/8, 2/8, 1/8, 1/8.
    assert compression.entropy_coded_bits(train, test, 2) == pytest.approx((1 + 2 + 3) / 3)


def test_the_entropy_coded_rate_of_even_codes_is_the_plain_one() -> None:
    even = np.arange(2**12, dtype=np.uint16)[:, None].repeat(2, axis=1)
    for bits in (8, 12):
        assert compression.entropy_coded_bits(even, even, 12) == pytest.approx(24)
        assert compression.entropy_coded_bits(even >> (12 - bits), even >> (12 - bits), bits) == pytest.approx(2 * bits)


def test_more_bits_cost_more_and_err_less(train: ImageData, test: ImageData) -> None:
    model = build(ModelConfig(kind="autoencoder", latent_dim=3), train.image_shape)
    z, seen = compression.encode(model, test), compression.encode(model, train)
    shares: list[float] = []
    rates = compression.rate_distortion(model, seen, z, test, shares.append)
    assert rates.bits.tolist() == [3 * b for b in range(1, MOST_BITS + 1)] and shares[-1] == 1
    assert (np.diff(rates.entropy_bits) > 0).all() and (rates.entropy_bits <= rates.bits + 0.5).all()
    assert rates.mse[-1] == pytest.approx(metrics.evaluate(model, test)["mse"], rel=1e-4)


def test_quantising_a_pca_code_costs_what_its_pictures_say(pca: PCACode, train: ImageData, test: ImageData) -> None:
    errors = compression.pca_errors(pca, test)
    pca = pca.first(4)
    seen, z = pca.encode(train), pca.encode(test)
    rates = compression.pca_rate_distortion(seen, z, float(errors[4]), 784)
    for bits in (1, 5):
        scale = compression.quantiser(seen, bits)
        recon = scale.dequantise(scale.quantise(z)) @ pca.directions + pca.mean
        assert rates.mse[bits - 1] == pytest.approx(((recon - rows(test)) ** 2).mean(), rel=1e-4)


def test_bits_without_a_model(test: ImageData) -> None:
    assert compression.raw_bits((1, 28, 28)) == 6272
    assert compression.zipped_bits(test) == 8 * len(zlib.compress(test.images.tobytes(), 9)) / 300


def test_cross_entropies_in_nats_a_pixel(train: ImageData, test: ImageData) -> None:
    x = to_unit(torch.from_numpy(test.images)).double()
    assert compression.cross_entropy_floor(test) == pytest.approx(float(F.binary_cross_entropy(x, x)), rel=1e-5)
    mean = torch.from_numpy(train.images.mean(0) / 255).clamp(0.5 / 255, 1 - 0.5 / 255)
    expected = float(F.binary_cross_entropy(mean.expand_as(x), x))
    assert compression.cross_entropy_of_mean_image(train, test) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("kind", ["autoencoder", "vae", "conditional-vae"])
def test_a_code_is_made_and_read_without_the_class(kind: str, test: ImageData) -> None:
    model: Model = build(ModelConfig(kind=kind), test.image_shape)  # type: ignore[arg-type]
    z = compression.encode(model, test)
    others = replace(test, labels=np.zeros_like(test.labels))
    assert np.array_equal(z, compression.encode(model, others))
    with torch.inference_mode():
        x = to_unit(torch.from_numpy(test.images))
        expected = float((model.decode(model.encode(x).mu).mean - x).square().mean())
    assert compression.reconstruction_mse(model, z, test) == pytest.approx(expected, rel=1e-4)


# Files of codes


def made(bits: int = 5, count: int = 500) -> CodeFile:
    scale = compression.quantiser(CODES, bits)
    return CodeFile(scale.quantise(CODES[:count]), scale, (1, 28, 28), "0badcafe")


@pytest.mark.parametrize("bits", range(1, 17))
def test_packed_numbers_come_back(bits: int) -> None:
    numbers = np.random.default_rng(bits).integers(0, 2**bits, 101).astype(np.uint16)
    packed = code_files.pack(numbers, bits)
    assert packed.nbytes == -(-101 * bits // 8)
    assert np.array_equal(code_files.unpack(packed, 101, bits), numbers)
    # The same digits, written out by Python.
    digits = "".join(f"{number:0{bits}b}" for number in numbers.tolist())
    assert packed.tobytes() == int(digits.ljust(packed.nbytes * 8, "0"), 2).to_bytes(packed.nbytes, "big")


@pytest.mark.parametrize("bits", [1, 5, 16])
def test_a_file_comes_back_as_it_was(bits: int) -> None:
    sent = made(bits)
    content = code_files.to_bytes(sent)
    found = code_files.from_bytes(content, 3)
    assert np.array_equal(found.indices, sent.indices) and np.array_equal(found.codes, sent.codes)
    assert (found.quantiser.bits, found.image_shape, found.weights) == (bits, (1, 28, 28), "0badcafe")
    assert len(content) < 500 * 3 * bits / 8 + 700  # what stands beside the codes
    assert code_files.from_bytes(content).indices.shape == (500, 3)


def test_encoder_here_decoder_there(train: ImageData, test: ImageData) -> None:
    model = build(ModelConfig(kind="autoencoder", latent_dim=3), train.image_shape)
    scale = compression.quantiser(compression.encode(model, train), 12)
    sent = code_files.to_bytes(CodeFile(scale.quantise(compression.encode(model, test)), scale, test.image_shape))
    pictures = latent.decode(model, code_files.from_bytes(sent, 3).codes).astype(int)
    assert np.abs(pictures - latent.decode(model, compression.encode(model, test))).max() <= 1


def test_codes_of_another_size_are_refused() -> None:
    with pytest.raises(InputError, match="codes have 3 dimensions each, but this model's decoder takes 2"):
        code_files.from_bytes(code_files.to_bytes(made()), 2)


def test_every_flipped_bit_is_noticed() -> None:
    content = code_files.to_bytes(made(count=3))
    sent = made(count=3)
    for place in range(len(content)):
        flipped = bytearray(content)
        flipped[place] ^= 1
        try:
            found = code_files.from_bytes(bytes(flipped), 3)
        except InputError:
            continue
        # What is told beside the codes and has no checksum of its own: the shape and whose weights they were.
        assert np.array_equal(found.codes, sent.codes)


def test_every_shortened_file_is_refused() -> None:
    content = code_files.to_bytes(made(count=3))
    for length in range(len(content)):
        with pytest.raises(InputError):
            code_files.from_bytes(content[:length])


def lying(change: Callable[[dict[str, str]], None]) -> bytes:
    content = code_files.to_bytes(made(count=3))
    size = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8 : 8 + size])
    change(header["__metadata__"])
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + content[8 + size :]


@pytest.mark.parametrize(
    "told",
    [
        {"count": "1000000000000"},
        {"count": "-3"},
        {"count": "0"},
        {"count": "three"},
        {"bits": "0"},
        {"bits": "17"},
        {"latent_dim": "4"},
        {"latent_dim": "0"},
        {"image_shape": "28"},
        {"crc32": "00000000"},
    ],
    ids=str,
)
def test_a_file_that_lies_is_refused(told: dict[str, str]) -> None:
    with pytest.raises(InputError, match="damaged"):
        code_files.from_bytes(lying(lambda metadata: metadata.update(told)))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04 a zip",
        b"\x89PNG\r\n\x1a\n" * 40,
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", 9000) + b"[" * 9000,
        struct.pack("<Q", 2) + b"[]",
        files.arrays_to_bytes({"codes": np.zeros(3, np.uint8)}, {"format": "another"}),
        files.arrays_to_bytes({f"w{i}": np.zeros(1) for i in range(2000)}, {"format": code_files.FORMAT}),
    ],
    ids=["empty", "zip", "png", "endless header", "deep header", "list", "other safetensors", "many arrays"],
)
def test_another_file_is_refused(content: bytes) -> None:
    with pytest.raises(InputError, match=r"not a file of codes.*codes\.safetensors"):
        code_files.from_bytes(content)


def test_a_file_with_an_endless_range_is_refused() -> None:
    bad = made(count=3)
    high = bad.quantiser.high.copy()
    high[0] = np.inf
    with pytest.raises(InputError, match="damaged"):
        code_files.from_bytes(code_files.to_bytes(replace(bad, quantiser=replace(bad.quantiser, high=high))))


def test_too_large_a_file_is_refused_before_it_is_looked_at() -> None:
    with pytest.raises(InputError, match=r"8,388,609 bytes, but .* at most 8,388,608"):
        code_files.from_bytes(bytes(code_files.LARGEST + 1))


@pytest.mark.parametrize("count", [0, code_files.MOST_CODES + 1])
def test_no_codes_or_too_many_make_no_file(count: int) -> None:
    scale = compression.quantiser(CODES, 4)
    with pytest.raises(InputError, match="from 1 to 10,000"):
        code_files.to_bytes(CodeFile(np.zeros((count, 3), np.uint16), scale, (1, 28, 28)))
