"""The environment variables, all read here: `DIABOLO_DATA`, `DIABOLO_RUNS`, `DIABOLO_JOBS`,
`DIABOLO_THREADS`, `DIABOLO_SILENCE`."""

import os
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from vae_core.cores import count as count_cores
from vae_core.errors import N_, InputError
from vae_core.reasons import reason

REPOSITORY = Path(__file__).resolve().parent.parent


def _root(variable: str, default: str) -> Path:
    return Path(os.environ.get(variable) or REPOSITORY / default).expanduser().absolute()


def data_root() -> Path:
    """Where downloaded data sets lie, in torchvision's layout (`DIABOLO_DATA`, default `data/`)."""
    return _root("DIABOLO_DATA", "data")


def runs_root() -> Path:
    """Where runs lie, a folder each (`DIABOLO_RUNS`, default `runs/`)."""
    return _root("DIABOLO_RUNS", "runs")


def writable(root: Path) -> Path:
    """`root`, made where it is missing.

    Raises:
        InputError: It can't be made or written to.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=root):
            pass
    except OSError as error:
        raise InputError(
            N_(
                "The folder '{root}' can't be written to ({reason}). Set DIABOLO_RUNS and DIABOLO_DATA to folders that you may write to."
            ),
            root=str(root),
            reason=reason(error),
        ) from error
    return root


def compiled_cache(package: str) -> None:
    """Sees to it that numba can keep what it compiles of a package, before that is imported.

    It looks for a folder beside the package's files and in the account's home, and fails where neither can be written
    to, as for a service account without a home; then the run root has one.
    """
    spec = find_spec(package)
    beside = [Path(folder) / "__pycache__" for folder in (spec.submodule_search_locations or () if spec else ())]
    home = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))  # noqa: PTH111 (it fails for none) / "numba"
    given = os.environ.get("NUMBA_CACHE_DIR")
    if any(map(_is_writable, [*([Path(given)] if given else []), *beside, home])):
        return
    own = runs_root() / ".numba"
    os.environ["NUMBA_CACHE_DIR"] = str(own) if _is_writable(own) else tempfile.mkdtemp(prefix="diabolo-numba-")
    if "numba" in sys.modules:
        sys.modules["numba"].config.reload_config()


def _is_writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def jobs_backend() -> str:
    """Where jobs are run (`DIABOLO_JOBS`). Only `local`, a supervisor on this machine, exists so far."""
    backend = os.environ.get("DIABOLO_JOBS") or "local"
    if backend != "local":
        raise InputError(
            N_("DIABOLO_JOBS is '{backend}', but this version knows only 'local'. Unset it."), backend=backend
        )
    return backend


def available_threads() -> int:
    """Threads that jobs may use together: the cores this process may use (affinity and container quota), at most `DIABOLO_THREADS`."""
    cores = count_cores()
    cap = os.environ.get("DIABOLO_THREADS")
    if not cap:
        return cores
    if not cap.isdecimal() or int(cap) < 1:
        raise InputError(
            N_("DIABOLO_THREADS is '{cap}', but must be a whole number of at least 1. Correct or unset it."), cap=cap
        )
    return min(cores, int(cap))


def silence_limit() -> float:
    """Seconds without a sign of life after which a worker is ended and started again (`DIABOLO_SILENCE`, default 600)."""
    given = os.environ.get("DIABOLO_SILENCE") or "600"
    if not given.isdecimal() or not 1 <= int(given) <= 10**6:
        raise InputError(
            N_(
                "DIABOLO_SILENCE is '{given}', but must be a whole number of seconds from 1 to 1000000. Correct or unset it."
            ),
            given=given,
        )
    return float(given)


def default_threads() -> int:
    """Threads of a run that names none: half of `available_threads`, at least one.

    On two cores one thread takes 1.2 to 1.4 times the time of two, but leaves the pages quick and lets a second run
    work beside it; two threads that must share their cores with anything else were seen 20 times slower.
    """
    return max(1, available_threads() // 2)


def threads_for(asked: int | None) -> int:
    """Threads of a training whose settings ask for so many: settings from a larger machine get what there is."""
    return default_threads() if asked is None else min(asked, available_threads())
