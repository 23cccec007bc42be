"""How well a rare class is told from the others after it was filled up, and whether what was made is only copied.

One small classifier judges every method: it learns from the filled training set and is asked about real images that no
method has seen. Its recall says how many images of the rare class it finds, its precision how many of those that it
calls rare are, F1 is their harmonic mean, and the balanced accuracy is the mean recall of all classes.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import balanced_accuracy_score, f1_score, precision_score, recall_score, roc_auc_score
from sklearn.neighbors import NearestNeighbors
from threadpoolctl import threadpool_limits
from torch import Generator, nn

from vae_core.datasets import ImageData
from vae_core.fillings import HIDDEN
from vae_core.liveness import alive, long_call
from vae_core.optimizer import AdamW
from vae_core.oversampling import Filled
from vae_core.pixels import to_unit

BATCH = 128
LEARNING_RATE = 1e-3


class Judgement(NamedTuple):
    """What a classifier reached on real images; each from 0 to 1."""

    recall: float
    precision: float
    f1: float
    balanced_accuracy: float


def train_classifier(
    filled: Filled, epochs: int, seed: int, report: Callable[[float], None] | None = None
) -> nn.Module:
    """A network pixels-128-classes, ReLU, trained by Adam on a cross-entropy.

    Args:
        filled: The training set.
        epochs: How often it sees it.
        seed: Of its weights and the order of the images.
        report: Told after each epoch how much is done, from 0 to 1.
    """
    data = filled.data
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = nn.Sequential(
            nn.Flatten(),
            nn.Linear(int(np.prod(data.image_shape)), HIDDEN),
            nn.ReLU(),
            nn.Linear(HIDDEN, len(data.class_names)),
        )
    loss = nn.CrossEntropyLoss(torch.from_numpy(filled.weights))
    optimizer = AdamW(network.named_parameters(), LEARNING_RATE)
    generator = Generator().manual_seed(seed)
    for epoch in range(epochs):
        order = torch.randperm(len(data), generator=generator).numpy()
        images, labels = torch.from_numpy(data.images.take(order, 0)), torch.from_numpy(data.labels[order])
        for x, y in zip(images.split(BATCH), labels.split(BATCH), strict=True):
            alive()
            optimizer.zero_grad()
            loss(network(to_unit(x)), y).backward()
            optimizer.step()
        if report is not None:
            report((epoch + 1) / epochs)
    return network.eval()


@torch.inference_mode()
def judge(network: nn.Module, data: ImageData, rare: int) -> Judgement:
    """How well a classifier knows the rare class among real images."""
    guess = torch.cat([network(to_unit(x)).argmax(1) for x in torch.from_numpy(data.images).split(1000)]).numpy()
    only = {"labels": [rare], "average": "macro", "zero_division": 0.0}
    return Judgement(
        float(recall_score(data.labels, guess, **only)),
        float(precision_score(data.labels, guess, **only)),
        float(f1_score(data.labels, guess, **only)),
        float(balanced_accuracy_score(data.labels, guess)),
    )


class Nearest(NamedTuple):
    """Of each image the nearest one of others.

    Attributes:
        distance: Euclidean, over pixels in [0, 1], float64 with shape (N,).
        which: The number of the nearest one, int64 with shape (N,).
    """

    distance: NDArray[np.float64]
    which: NDArray[np.int64]


def nearest(images: NDArray[np.uint8], others: NDArray[np.uint8]) -> Nearest:
    """The nearest of `others`, with shape (M, C, H, W), M at least 1, to each of `images`, with shape (N, C, H, W)."""
    flat, other = _flat(images), _flat(others)
    with threadpool_limits(1), long_call():
        which = NearestNeighbors(n_neighbors=1, algorithm="brute", n_jobs=1).fit(other).kneighbors(flat)[1][:, 0]
    # Taken anew: scikit-learn's is a difference of squares, which leaves a copy 1e-7 away from itself.
    return Nearest(np.linalg.norm(flat - other[which], axis=1), which)


def _flat(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    return images.reshape(len(images), -1) / 255.0


class CopyCheck(NamedTuple):
    """Whether made images are copies of the training images.

    Attributes:
        distance: The median distance of a made image to its nearest training image.
        real_distance: The same of real images that were not learnt from.
        closer: How often a made image lies closer to its nearest training image than a real one that was not learnt
            from does: 0.5 for images like real ones, 1 for copies. Smooth images lie closer to everything.
        drawn_to_learnt: How often a made image lies closer to the training images than to as many real ones that were
            not learnt from: 0.5 by chance, 1 for copies, however smooth (the idea of Meehan et al. 2020, which compares
            with images that were held out).
    """

    distance: float
    real_distance: float
    closer: float
    drawn_to_learnt: float


HELD_OUT_DRAWS = 5


def copy_check(
    made: NDArray[np.uint8], learnt: NDArray[np.uint8], unseen: NDArray[np.uint8], seed: int = 0
) -> CopyCheck:
    """Compares made images with those they were made from.

    Args:
        made: uint8 with shape (N, C, H, W), N at least 1.
        learnt: The real images of the class in the training set, with shape (M, C, H, W).
        unseen: Real images of the class that nothing learnt from.
        seed: Of the draws of as many unseen images as learnt ones.
    """
    own, real = nearest(made, learnt).distance, nearest(unseen, learnt).distance
    # The probability that one draw is below another is the area under the ROC curve; ties count half.
    closer = roc_auc_score(np.repeat([0, 1], [len(own), len(real)]), np.concatenate([own, real]))
    chance = np.random.default_rng(seed)
    size = min(len(learnt), len(unseen))
    drawn = []
    for _ in range(HELD_OUT_DRAWS):
        some = nearest(made, learnt[chance.permutation(len(learnt))[:size]]).distance
        other = nearest(made, unseen[chance.permutation(len(unseen))[:size]]).distance
        drawn.append(np.mean(some < other) + np.mean(some == other) / 2)
    return CopyCheck(float(np.median(own)), float(np.median(real)), float(closer), float(np.mean(drawn)))
