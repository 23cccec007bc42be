"""The digit classifier that comes with Diabolo: what it promises, and that its file is the one the script makes."""

import numpy as np
import pytest
import torch

from vae_core import classifier, datasets, files
from vae_core.errors import InputError
from vae_core.pixels import to_unit


def test_it_knows_the_bundled_digits_and_is_small() -> None:
    data = datasets.load("digits", "test")
    seen = classifier.look(data.images)
    assert seen.features.shape == (1000, classifier.FEATURES) == (1000, 64) and seen.features.dtype == np.float64
    assert (seen.features >= 0).all()
    np.testing.assert_allclose(seen.probabilities.sum(1), 1)
    # They are in MNIST's training part, from which it learnt: that it knows unseen ones is the next test.
    assert (seen.probabilities.argmax(1) == data.labels).mean() > 0.97
    assert classifier.WEIGHTS.stat().st_size < 300_000
    assert float(files.read_metadata(classifier.WEIGHTS)["test_accuracy"]) > 0.98


@pytest.mark.mnist
def test_it_knows_98_percent_of_mnists_test_part() -> None:
    data = datasets.load("mnist", "test")
    right = (classifier.look(data.images).probabilities.argmax(1) == data.labels).mean()
    assert right > 0.98
    assert right == pytest.approx(float(files.read_metadata(classifier.WEIGHTS)["test_accuracy"]), abs=5e-4)


def test_features_and_probabilities_are_those_of_one_pass() -> None:
    images = datasets.load("digits", "test").images[:7]
    model = classifier.load()
    with torch.inference_mode():
        logits = model(to_unit(torch.from_numpy(images)))
    np.testing.assert_allclose(classifier.look(images).probabilities, logits.double().softmax(1), atol=1e-6)
    assert not any(p.requires_grad for p in model.parameters())


@pytest.mark.parametrize("shape", [(0, 1, 28, 28), (3, 1, 16, 16), (3, 3, 28, 28)])
def test_pictures_that_it_can_not_look_at(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="1 x 28 x 28"):
        classifier.look(np.zeros(shape, np.uint8))


def test_which_data_sets_it_judges() -> None:
    found = {name for name in datasets.DATASETS if classifier.judges(name)}
    assert {"digits", "mnist"} <= found
    assert not found & {"fashion-mnist", "emnist-letters", "usps"}
