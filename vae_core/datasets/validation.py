"""The validation part: cut from the training part, the same share of each class, always the same images."""

import numpy as np
from numpy.typing import NDArray

from vae_core.config import field
from vae_core.errors import N_, InputError
from vae_core.settings import bounds

_SEED = 20_250_101  # fixed for good: another seed would put images on which old runs trained into their validation


def validation_mask(labels: NDArray[np.int64], share: float) -> NDArray[np.bool_]:
    """Which images are kept aside, bool (N,): `share` of them all to the nearest image, stratified.

    Classes get their exact quota rounded down, then one more where the remainder is largest; a class of two images or
    more gives at least one. A larger share holds all images of a smaller one, but for that rounding.

    Raises:
        InputError: The share is outside the range of the setting `data.validation`.
    """
    low, high = bounds(field("data.validation"))
    if not low <= share <= high:
        raise InputError(
            N_("The validation share is {share}, but must be from {low} to {high}. Choose one in that range."),
            share=share,
            low=low,
            high=high,
        )
    counts = np.bincount(labels)
    quota = np.floor(counts * share).astype(int)
    remainder = counts * share - quota
    missing = round(len(labels) * share) - int(quota.sum())
    quota[np.argsort(-remainder, kind="stable")[: max(0, missing)]] += 1
    quota = np.maximum(quota, np.minimum(counts // 2, 1))
    generator = np.random.default_rng(_SEED)
    mask = np.zeros(len(labels), bool)
    for label in range(len(counts)):
        mask[generator.permutation(np.flatnonzero(labels == label))[: quota[label]]] = True
    return mask
