"""The posterior's variance as a score, and the ways between codes, where the answer is known."""

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

from vae_core import datasets, latent, paths, uncertainty
from vae_core.config import ModelConfig
from vae_core.latent import LatentPoints
from vae_core.models import Model, build


def small(kind: str = "vae") -> Model:
    return build(ModelConfig(kind=kind, latent_dim=3, hidden=(16,)), (1, 28, 28)).eval().requires_grad_(False)


def test_the_log_variance_is_that_of_the_cloud() -> None:
    sigma = np.array([[1, 1, 1], [np.e, np.e, np.e], [np.e, 1, 1 / np.e]], np.float32)
    found = uncertainty.log_variance(LatentPoints(np.zeros((3, 3), np.float32), sigma))
    np.testing.assert_allclose(found, [0, 2, 0], atol=1e-6)
    beyond = uncertainty.log_variance(LatentPoints(np.zeros((2, 1), np.float32), np.array([[0], [np.inf]], np.float32)))
    assert np.isfinite(beyond).all() and beyond[0] < -100 < 100 < beyond[1]


def test_strange_pictures_are_as_many_and_what_they_are_called() -> None:
    data = datasets.load("digits", "test").subset(slice(20))
    found = uncertainty.strangers(data)
    assert {"noise", "shuffled", "turned", "inverted"} <= set(found) <= set(uncertainty.STRANGERS)
    assert all(images.shape == data.images.shape and images.dtype == np.uint8 for images in found.values())
    np.testing.assert_array_equal(found["inverted"] + data.images, 255)
    np.testing.assert_array_equal(np.sort(found["shuffled"].reshape(20, -1)), np.sort(data.images.reshape(20, -1)))
    np.testing.assert_array_equal(np.rot90(found["turned"][0, 0], -1), data.images[0, 0])


def test_a_model_whose_variance_counts_ink_finds_what_has_more_of_it() -> None:
    model = small()
    with torch.no_grad():  # logvar = ink / 100 - 3, whatever is drawn
        first, last = model.encoder[1], model.encoder[-1]
        first.weight.fill_(1 / 784), first.bias.zero_()
        last.weight.zero_(), last.bias.zero_()
        last.weight[3:, :].fill_(1.0)
    data = datasets.load("digits", "test").subset(slice(50))
    found = uncertainty.uncertainty(model, data, {"more": 255 - data.images, "same": data.images})
    assert found.auroc == {"more": 1.0, "same": 0.5}
    assert found.normal.shape == (50,) and found.strange["more"].min() > found.normal.max()


def test_pairs_are_of_different_classes() -> None:
    labels = np.repeat([0, 1, 2], 10)
    chosen = paths.pairs(labels, 40)
    assert chosen.shape == (40, 2) and (labels[chosen[:, 0]] != labels[chosen[:, 1]]).all()
    assert len(paths.pairs(np.zeros(10, np.int64))) == 0


@pytest.mark.parametrize("kind", ["vae", "autoencoder"])
def test_the_ways_between_codes(kind: str) -> None:
    model, data = small(kind), datasets.load("digits", "test").subset(slice(60))
    mu = latent.encode(model, data).mu
    chosen = paths.pairs(data.labels, 5)
    found = paths.between(model, mu, chosen, data, steps=4, shown=2)
    assert found.images.shape == (2, 4, 1, 28, 28)
    np.testing.assert_array_equal(found.images[0, 0], latent.decode(model, mu[chosen[:1, 0]])[0])
    np.testing.assert_array_equal(found.images[0, -1], latent.decode(model, mu[chosen[:1, 1]])[0])
    ends = latent.decode(model, mu[chosen[:, 0]]).reshape(5, -1) / 255
    nearest = cdist(ends, data.images.reshape(60, -1) / 255).min(1)
    assert found.distance[0] == pytest.approx(nearest.mean(), rel=1e-4)
    assert ((found.confidence > 0.1) & (found.confidence <= 1)).all()
