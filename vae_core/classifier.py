"""A small judge of digits: which one a picture shows, how sure that is, and 64 features to compare pictures by.

Two convolutions and 64 hidden units, trained on MNIST's training part by `scripts/make_classifier.py`, which also writes
what it reaches on the test part. The weights come with Diabolo (float16, computed with in float32).
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vae_core import datasets, files
from vae_core.errors import N_, InputError
from vae_core.liveness import alive
from vae_core.models.uninitialised import Uninitialised
from vae_core.pixels import to_tensor, to_unit

WEIGHTS = Path(__file__).with_name("classifier.safetensors")
FEATURES = 64
IMAGE_SHAPE = (1, 28, 28)
CLASSES = tuple("0123456789")
BATCH = 500


class Classifier(nn.Module):
    """Pictures of digits to their class, by way of 64 features."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 5, stride=2, padding=2),
            nn.ReLU(),
            nn.Conv2d(16, 32, 5, stride=2, padding=2),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(32 * 7 * 7, FEATURES),
            nn.ReLU(),
        )
        self.head = nn.Linear(FEATURES, len(CLASSES))

    def forward(self, x: Tensor) -> Tensor:
        """Logits with shape (N, 10), of pictures in [0, 1] with shape (N, 1, 28, 28)."""
        return self.head(self.features(x))  # type: ignore[no-any-return]


class Seen(NamedTuple):
    """What the classifier makes of N pictures.

    Attributes:
        features: What its last layer looks at, float64 with shape (N, 64), not negative.
        probabilities: Of each class, float64 with shape (N, 10).
    """

    features: NDArray[np.float64]
    probabilities: NDArray[np.float64]


@cache
def load() -> Classifier:
    """The classifier with the weights that it comes with.

    Raises:
        WorkError: Their file is missing or damaged.
    """
    return with_weights(files.read_arrays(WEIGHTS))


def with_weights(arrays: Mapping[str, NDArray[np.floating]]) -> Classifier:
    """A classifier for looking at: its parameters take no gradients."""
    with Uninitialised():
        classifier = Classifier()
    classifier.load_state_dict({name: torch.from_numpy(a).float() for name, a in arrays.items()}, assign=True)
    return classifier.eval().requires_grad_(False)


def judges(name: str) -> bool:
    """Whether a data set shows digits of the classifier's size. Elsewhere its features say little."""
    source = datasets.source(name)
    return tuple(source.image_shape) == IMAGE_SHAPE and tuple(source.class_names) == CLASSES


@torch.inference_mode()
def look(images: NDArray[np.uint8]) -> Seen:
    """Features and class probabilities of pictures, uint8 with shape (N, 1, 28, 28).

    Raises:
        InputError: There are none, or they have another shape.
        WorkError: As `load`.
    """
    if len(images) == 0 or images.shape[1:] != IMAGE_SHAPE:
        raise InputError(
            N_(
                "The digit classifier looks at images of the shape {expected}, not at {count} of {shape}. Choose a model of 'mnist' or 'digits'."
            ),
            expected=" x ".join(map(str, IMAGE_SHAPE)),
            count=len(images),
            shape=" x ".join(map(str, images.shape[1:])),
        )
    classifier = load()
    features = np.empty((len(images), FEATURES))
    probabilities = np.empty((len(images), len(CLASSES)))
    for start in range(0, len(images), BATCH):
        alive()
        here = slice(start, start + BATCH)
        found = classifier.features(to_unit(to_tensor(np.ascontiguousarray(images[here]))))
        features[here] = found.numpy()
        probabilities[here] = classifier.head(found).double().softmax(1).numpy()
    return Seen(features, probabilities)
