"""The queue: how many others must make room for a job, and how long that takes."""

import pytest

from vae_core.jobs.waiting import Place, Wait, wait


def places(*threads: int, seconds: float | None = None) -> list[Place]:
    return [Place(count, seconds) for count in threads]


@pytest.mark.parametrize(
    ("working", "before", "threads", "capacity", "others"),
    [
        ((), (), 1, 2, 0),
        ((1,), (), 1, 2, 0),
        ((1, 1), (), 1, 2, 1),  # one of both is enough
        ((1, 1), (), 2, 2, 2),
        ((2,), (), 1, 2, 1),
        ((1, 1), (1,), 1, 2, 2),  # the one that came before takes the first place
        ((1, 1), (2,), 1, 2, 3),  # it needs both, and none overtakes it
        ((1,), (2,), 1, 2, 2),
        ((2,), (1,), 1, 2, 1),  # two places at once
        ((1, 1, 1, 1), (), 1, 4, 1),
        ((4,), (), 8, 4, 1),  # more than there are: alone it may
        ((), (), 8, 4, 0),
        ((1, 1), (1, 1, 1), 1, 1, 5),
    ],
)
def test_as_many_must_make_room_as_are_in_the_way(
    working: tuple[int, ...], before: tuple[int, ...], threads: int, capacity: int, others: int
) -> None:
    assert wait(places(*working), places(*before), threads, capacity).others == others


def test_the_time_is_that_of_those_in_the_way() -> None:
    assert wait([], [], 1, 2) == Wait(0, 0.0)
    assert wait([Place(1, 30), Place(1, 10)], [], 1, 2) == Wait(1, 10)
    assert wait([Place(1, 30), Place(1, 10)], [], 2, 2) == Wait(2, 30)
    assert wait([Place(1, 30), Place(1, 10)], [Place(1, 5)], 1, 2) == Wait(2, 15)
    assert wait([Place(2, 8)], [Place(2, 8), Place(2, 8)], 2, 2) == Wait(3, 24)
    assert wait([Place(1, None), Place(1, 10)], [], 1, 2) == Wait(1, 10), "the other one is not in the way"
    assert wait([Place(1, None), Place(1, 10)], [], 2, 2) == Wait(2, None)
    assert wait([Place(1, None)], [Place(1, 7)], 1, 1) == Wait(2, None)
