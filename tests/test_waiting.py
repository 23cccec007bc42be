"""The queue: how many others must make room for a job, and how long that takes."""

from pathlib import Path

import pytest

from tests.tiny_runs import training
from vae_core import runs
from vae_core.config import RunConfig
from vae_core.errors import InputError
from vae_core.jobs.tasks import Task
from vae_core.jobs.waiting import Place, Wait, wait, wait_of, wait_of_new


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


def test_the_queue_is_that_of_the_run_root(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIABOLO_THREADS", "1")
    with training(1) as working:
        assert working.state() == "running"
        first, _ = runs.create(RunConfig().replace(training__threads=1))
        second, _ = runs.create(RunConfig().replace(training__threads=1))
        assert first.job.request().time <= second.job.request().time

        def seconds(task: Task) -> float | None:
            if task.folder == second.folder:
                raise InputError("its settings can't be judged")
            return 5.0

        assert wait_of(first.folder, 1, seconds) == Wait(1, 5.0)
        assert wait_of(second.folder, 1, seconds) == Wait(2, 10.0)
        assert wait_of_new(1, seconds) == Wait(3, None)
        assert wait_of_new(1).others == 3
        monkeypatch.setenv("DIABOLO_THREADS", "2")
        assert wait_of(first.folder, 1).others == 0 and wait_of(second.folder, 1).others == 1
    (root / "nobody's folder").mkdir()
    assert wait_of_new(1).others == 1, "nobody works any more: the two that wait come first, both at once"
