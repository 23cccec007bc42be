"""Bytes to numbers and back, black and white by chance, noise."""

import numpy as np
import pytest
import torch
from torch import Generator

from vae_core.pixels import binarise, noisy, to_bytes, to_tensor, to_unit


def test_bytes_come_back() -> None:
    images = torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16)
    x = to_unit(images)
    assert x.min() == 0 and x.max() == 1
    np.testing.assert_array_equal(to_bytes(x), images.numpy())


def test_a_pixel_is_white_with_the_probability_of_its_grey() -> None:
    x = torch.linspace(0, 1, 11).repeat(20_000, 1)
    drawn = binarise(x, Generator().manual_seed(0))
    assert set(drawn.unique().tolist()) == {0.0, 1.0} and drawn.dtype == x.dtype
    assert drawn.mean(0).tolist() == pytest.approx(x[0].tolist(), abs=0.02)
    assert (drawn[:, 0] == 0).all() and (drawn[:, -1] == 1).all(), "black and white stay"


def test_noise_has_its_size_and_stays_a_picture() -> None:
    x = torch.full((100_000,), 0.5)
    found = noisy(x, 0.1, Generator().manual_seed(0))
    assert found.std().item() == pytest.approx(0.1, rel=0.02)
    wild = noisy(x, 2.0, Generator().manual_seed(0))
    assert wild.min() == 0 and wild.max() == 1
    assert torch.equal(noisy(x, 0.1, Generator().manual_seed(1)), noisy(x, 0.1, Generator().manual_seed(1)))


def test_a_tensor_never_writes_into_an_array_that_is_read_only() -> None:
    array = np.arange(3.0)
    to_tensor(array)[0] = 7
    assert array[0] == 7, "the same memory"
    array.setflags(write=False)
    to_tensor(array)[1] = 7
    assert array[1] == 1
