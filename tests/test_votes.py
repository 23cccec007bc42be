"""Which classes the neighbours speak for."""

import numpy as np
import pytest

from pages.ui.strangeness import likeness
from vae_core.anomaly import vote

NAMES = [str(number) for number in range(10)]


@pytest.mark.parametrize(
    ("neighbours", "supported"),
    [
        ([5] * 8, (5,)),
        ([5] * 5 + [3] * 3, (5,)),
        ([0, 5, 0, 6, 0, 0, 5, 6], ()),
        ([4, 7, 4, 7, 4, 7, 4, 7], (4, 7)),
        ([7, 7, 7, 7, 4, 4, 4, 9], (7, 4)),
        ([7, 7, 7, 4, 4, 4, 9, 9], ()),
        ([7, 7, 7, 7, 4, 4, 9, 9], ()),
        ([7, 7, 7, 7, 4, 4, 1, 9], ()),
        ([0, 1, 2, 3, 4, 5, 6, 7], ()),
        ([0, 0, 1, 1, 2, 2, 3, 3], ()),
        ([3, 3, 3, 8, 8, 8, 5, 5], ()),
        ([2, 2, 2, 2, 2, 1, 0, 9], (2,)),
        ([1], (1,)),
        ([1, 2], (1, 2)),
        ([1, 2, 3], ()),
        ([1, 1, 2], (1,)),
        ([1, 1, 2, 2], (1, 2)),
        ([1, 1, 2, 3], ()),
        ([], ()),
    ],
    ids=str,
)
def test_what_a_vote_supports(neighbours: list[int], supported: tuple[int, ...]) -> None:
    found = vote(np.array(neighbours, np.int64))
    assert found.supported == supported
    assert found.total == len(neighbours) and sum(found.counts.values()) == len(neighbours)
    assert vote(neighbours[::-1]).supported == supported, "the order of the neighbours says nothing"


def test_no_vote_supports_what_has_no_more_votes_than_what_it_leaves_out() -> None:
    chance = np.random.default_rng(0)
    for count in range(1, 13):
        for classes in range(1, 6):
            for _ in range(40):
                found = vote(chance.integers(0, classes, count))
                left_out = [n for label, n in found.counts.items() if label not in found.supported]
                for label in found.supported:
                    assert found.counts[label] > max(left_out, default=0)
                    assert found.counts[label] > count / (2 * len(found.supported)), "more than half, or a quarter each"
                assert len(found.supported) < 2 or sum(left_out) < count / 4


@pytest.mark.parametrize(
    ("neighbours", "learnt", "said"),
    [
        ([0, 5, 0, 6, 0, 0, 5, 6], 10, "Like no single class: the nearest images are of 0 (4), 5 (2), 6 (2)"),
        ([4, 7] * 4, 10, "Between 4 and 7: 4 and 4 of the 8 nearest images"),
        ([4] * 6 + [7, 9], 10, "Most like 4: 6 of the 8 nearest images"),
        ([5] * 8, 1, "Like what this model learnt: 5"),
    ],
)
def test_a_vote_in_words(neighbours: list[int], learnt: int, said: str) -> None:
    assert likeness(vote(neighbours), NAMES, learnt) == said
