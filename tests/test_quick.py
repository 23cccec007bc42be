"""What `make quick` runs: enough tests, none of which starts a process, opens a page or trains for long."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests import quick
from vae_core import datasets, training
from vae_core.config import RunConfig
from vae_core.environment import REPOSITORY

TESTS = Path(__file__).parent
FEWEST = 1_200


def test_there_are_enough(pytestconfig: pytest.Config) -> None:
    found, files = pytestconfig.stash[quick.COUNTED]
    if not files >= set(TESTS.glob("test_*.py")):  # some tests are run alone, so the others are not known
        command = [sys.executable, "-m", "pytest", "-m", "quick", "--ignore", "tests/browser", "--collect-only", "-q"]
        told = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
        number = re.search(r"(\d+)/\d+ tests collected", told)
        assert number, told[-1000:]
        found = int(number[1])
    assert found >= FEWEST


def test_what_is_not_quick_raises_while_one_runs() -> None:
    with quick.held():
        with pytest.raises(AssertionError, match="starts a process"):
            subprocess.run([sys.executable, "-c", ""])
        with pytest.raises(AssertionError, match="starts a process"):
            os.fork()
        with pytest.raises(AssertionError, match="opens a page"):
            AppTest.from_string("").run()
    assert subprocess.run([sys.executable, "-c", ""]).returncode == 0


def test_a_training_of_more_than_a_second_raises_while_one_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quick, "MOST_TRAINING", 0.05)
    config = RunConfig().replace(training__epochs=1_000, training__threads=1)
    with quick.held(), pytest.raises(AssertionError, match="trains for more than a second"):
        for _ in training.train(config, datasets.splits(config.data)):
            pass


def _by_itself() -> None:
    subprocess.run([])


def _through_a_helper() -> None:
    [_by_itself() for _ in range(1)]


def _through_a_module() -> None:
    for _ in training.train(RunConfig(), datasets.splits(RunConfig().data)):
        pass


class _ThroughAClass:
    def opened(self) -> AppTest:
        return AppTest.from_string("")


def _slow_name_of_something_else() -> None:
    assert datasets.splits(RunConfig().data).train


@pytest.mark.parametrize("slow", [_by_itself, _through_a_helper, _through_a_module, _ThroughAClass])
def test_what_a_test_uses_is_found(slow: object) -> None:
    assert quick.uses_what_is_slow(slow)
    assert not quick.uses_what_is_slow(_slow_name_of_something_else)
