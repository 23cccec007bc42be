"""Runs tests again and again beside two busy loops, to find those that fail by chance.

python scripts/stress_tests.py [--times 30] TESTS...   # as pytest takes them: tests/test_jobs.py::test_two_supervisors_are_one
"""

import argparse
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=30, help="how often each is run (%(default)s)")
    parser.add_argument("--loops", type=int, default=2, help="how many loops are busy beside them (%(default)s)")
    parser.add_argument("tests", nargs="+")
    given = parser.parse_args()
    failed = 0
    with busy(given.loops):
        for time in range(1, given.times + 1):
            command = [sys.executable, "-m", "pytest", "-q", "--no-header", *given.tests]
            done = subprocess.run(command, capture_output=True, text=True)
            failed += bool(done.returncode)
            print(f"{time}/{given.times}: {done.stdout.splitlines()[-1]}", flush=True)
            if done.returncode:
                print(done.stdout)
    print(f"{failed} of {given.times} failed.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
