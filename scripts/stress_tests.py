"""Runs tests again and again beside two busy loops, to find those that fail by chance.

python scripts/stress_tests.py [--times 30] TESTS...   # as pytest takes them: tests/test_jobs.py::test_two_supervisors_are_one
"""

import argparse
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

BUSY = "while True: pass"


@contextmanager
def busy(loops: int) -> Iterator[None]:
    """Processes that compute without end as long as the block lasts."""
    processes = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(loops)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


class Again:
    """Gives each test a number of the time, so that pytest runs it so often."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.failed: Counter[str] = Counter()

    @pytest.fixture
    def _time(self, request: pytest.FixtureRequest) -> object:
        return request.param

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        metafunc.fixturenames.append("_time")
        metafunc.parametrize("_time", range(self.times), indirect=True)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed[report.nodeid.rpartition("-")[0] or report.nodeid] += 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=30, help="how often each is run (%(default)s)")
    parser.add_argument("--loops", type=int, default=2, help="how many loops are busy beside them (%(default)s)")
    given, tests = parser.parse_known_args()
    again = Again(given.times)
    with busy(given.loops):
        status = int(pytest.main(["-q", *tests], plugins=[again]))
    print(f"{again.failed.total()} failures: {dict(again.failed)}")
    return status


if __name__ == "__main__":
    sys.exit(main())
