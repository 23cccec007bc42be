"""How many cores a process may use, as joblib counts them."""

import os
from pathlib import Path

import joblib
import pytest

from vae_core import cores


def test_they_are_counted_as_joblib_counts_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOKY_MAX_CPU_COUNT", raising=False)
    assert cores.count() == joblib.cpu_count()
    if hasattr(os, "sched_setaffinity"):
        mask = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {min(mask)})
        try:
            assert cores.count() == joblib.cpu_count() == 1
        finally:
            os.sched_setaffinity(0, mask)


@pytest.mark.parametrize(
    ("limits", "count"),
    [
        ({"cpu.max": "max 100000\n"}, 8),
        ({"cpu.max": "150000 100000\n"}, 2),
        ({"cpu.max": "300000 100000"}, 3),
        ({"cpu.max": "1000 100000"}, 1),
        ({"cpu.max": "6400000 100000"}, 8),
        ({"cpu/cpu.cfs_quota_us": "250000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 3),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 8),
        ({"cpu/cpu.cfs_quota_us": "250000\n"}, 8),
        ({"cpu.max": ""}, 8),
        ({"cpu.max": "much 100000"}, 8),
        ({"cpu.max": "200000 0"}, 8),
        ({}, 8),
    ],
)
def test_a_containers_quota_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limits: dict[str, str], count: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    for name, content in limits.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    assert cores.count(tmp_path) == count
