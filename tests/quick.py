"""Which tests are quick, for `make quick`: decided by what they use, and held to it while they run."""

import inspect
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any, Never

import pytest

SLOW = {
    "subprocess",
    "multiprocessing",
    "streamlit.testing.v1.app_test.AppTest",
    "click.testing.CliRunner",
    "vae_core.training.train",
    "vae_core.jobs.worker.work",
    "vae_core.latent.project",  # t-SNE, and UMAP, which compiles for half a minute
    "vae_core.studies.study",
    "vae_core.onnx_export.to_onnx",
    "test_anomaly.fives",  # trains for two seconds
    "dataset_server.DatasetServer",  # many a test waits for what it does not send
    "tests.dataset_server.DatasetServer",
}
"""What takes a process or more than a moment."""
STARTS = {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.exec", "os.system"}
"""What Python's audit calls the start of a process."""
MOST_TRAINING = 1.0  # seconds of processor time
COUNTED = pytest.StashKey[tuple[int, set[Path]]]()
"""How many quick tests there are among those that were collected, and the files of all of these."""


def is_quick(item: pytest.Item) -> bool:
    """Whether a test, its fixtures, its parameters and the helpers that they call name nothing that is slow."""
    if not isinstance(item, pytest.Function) or any(
        map(item.get_closest_marker, ("heavy", "browser", "mnist", "slow"))
    ):
        return False
    fixtures = [one.func for found in item._fixtureinfo.name2fixturedefs.values() for one in found]
    given = item.callspec.params.values() if hasattr(item, "callspec") else ()
    return not uses_what_is_slow(item.function, *fixtures, *given)


def uses_what_is_slow(*used: object) -> bool:
    return any(_name(found) in SLOW for found in _reached(list(used)))


def _name(found: object) -> str:
    if isinstance(found, ModuleType):
        return found.__name__
    return f"{getattr(found, '__module__', '')}.{getattr(found, '__qualname__', '')}"


def _reached(todo: list[Any]) -> Iterator[object]:
    """All that is named in functions and classes of the tests, and in those of the tests that they name."""
    seen: set[object] = set()
    while todo:
        found = todo.pop()
        for function in vars(found).values() if inspect.isclass(found) else (inspect.unwrap(found),):
            if not isinstance(function, FunctionType) or function.__code__ in seen:
                continue
            seen.add(function.__code__)
            names = set(_names(function.__code__))
            known = [function.__globals__[name] for name in names if name in function.__globals__]
            known += [
                vars(one)[name] for one in known if isinstance(one, ModuleType) for name in names & vars(one).keys()
            ]
            for one in known:
                yield one
                if callable(one) and (getattr(one, "__module__", None) or "").startswith(("tests.", "test_")):
                    todo.append(one)


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _names(inner)


_held = False


def _audit(event: str, details: tuple[object, ...]) -> None:
    if _held and event in STARTS and "lscpu" not in str(details[:2]):  # by which joblib counts the cores, once
        raise AssertionError(f"A quick test starts a process ({event}): name what starts it in tests/quick.py.")


sys.addaudithook(_audit)


@contextmanager
def held() -> Iterator[None]:
    """While a quick test runs, a process or a page raises, and so does a training of more than a second."""
    global _held
    with pytest.MonkeyPatch.context() as patch:
        if "streamlit.testing.v1" in sys.modules:
            patch.setattr("streamlit.testing.v1.app_test.AppTest._run", _no_page)
        if "vae_core.trainer" in sys.modules:
            from vae_core.trainer import Trainer

            patch.setattr(Trainer, "_step", _timed(Trainer._step))
        _held = True
        try:
            yield
        finally:
            _held = False


def _no_page(*arguments: object, **named: object) -> Never:
    raise AssertionError("A quick test opens a page: name what opens it in tests/quick.py.")


def _timed(step: Callable[..., Any]) -> Callable[..., Any]:
    taken = 0.0

    @wraps(step)
    def timed(*arguments: Any) -> Any:
        nonlocal taken
        begun = time.thread_time()
        found = step(*arguments)
        taken += time.thread_time() - begun
        assert taken < MOST_TRAINING, "A quick test trains for more than a second: name what trains in tests/quick.py."
        return found

    return timed
