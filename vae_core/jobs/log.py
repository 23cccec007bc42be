"""The supervisor's log: what it started, what ended and why, for who keeps the machine. UTC, with levels, and bounded."""

import logging
import time
from logging.handlers import RotatingFileHandler
from pathlib import Path

LOG = logging.getLogger("diabolo.jobs")
FILE = "supervisor.log"
LARGEST = 1_000_000  # bytes; two older files of that size stay beside it


def log_into(folder: Path) -> None:
    """From now on the supervisor's log is written into a file of this folder."""
    handler = RotatingFileHandler(folder / FILE, maxBytes=LARGEST, backupCount=2, encoding="utf-8", delay=True)
    formatter = logging.Formatter("%(asctime)sZ %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    LOG.addHandler(handler)
    LOG.setLevel(logging.INFO)
    LOG.propagate = False
    logging.raiseExceptions = False  # a full disk ends no supervisor


def leave_log() -> None:
    """Closes the file: in a forked child, which has a log of its own."""
    for handler in list(LOG.handlers):
        LOG.removeHandler(handler)
        handler.close()
