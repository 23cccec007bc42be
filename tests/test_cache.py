"""What all visitors share can't be changed by one of them."""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import nn

from pages.ui import cache
from tests.tiny_runs import train
from vae_core.runs import Run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIABOLO_RUNS", str(tmp_path_factory.mktemp("runs")))
        yield train(epochs=2)


def arrays(value: object, seen: set[int]) -> Iterator[np.ndarray]:
    """All arrays in something, by another way than the cache's own: through whatever it refers to."""
    if id(value) in seen or isinstance(value, str | bytes | int | float | type | nn.Module) or inspect.isroutine(value):
        return
    seen.add(id(value))
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from arrays(inner, seen)
    elif isinstance(value, Sequence | set | frozenset):
        for inner in value:
            yield from arrays(inner, seen)
    for inner in getattr(value, "__dict__", {}).values():
        yield from arrays(inner, seen)


def shared(run: Run) -> dict[str, Callable[[], object]]:
    """Every function of the cache that is shared, with arguments."""
    version = run.weights_version()
    data = ("digits", "test")
    cut = ("digits", "train", False, 0.1)
    config = run.config
    return {
        "_images": lambda: cache._images(*cut),
        "baseline": lambda: cache.baseline(*data, None),
        "_log": lambda: cache._log(run.id),
        "_model": lambda: cache._model(run.id, version),
        "_latent": lambda: cache._latent(run.id, version, *data),
        "_fitting_codes": lambda: cache._fitting_codes(run.id, version, "digits"),
        "_code_fit": lambda: cache._code_fit(run.id, version, "digits"),
        "_progress_pictures": lambda: cache._progress_pictures(run.id, 0, 2),
        "_thumbnail": lambda: cache._thumbnail(run.id, 2),
        "_model_checks": lambda: cache._model_checks(run.id, version, "digits"),
        "_slow_motion": lambda: cache._slow_motion(run.id, version, "digits", 0, 4),
        "_film": lambda: cache._film(run.id, (0, 1, 2)),
        "_counting": lambda: cache._counting(),
        "size": lambda: cache.size(config.model, (1, 28, 28), 10),
        "layers": lambda: cache.layers(config.model, (1, 28, 28), 10),
        "check_batch": lambda: cache.check_batch(config),
        "run_size": lambda: cache.run_size(run.id),
        "_scores": lambda: cache._scores(run.id, version, *data),
        "_detector": lambda: cache._detector(run.id, version, cut, (5,)),
        "_strangeness": lambda: cache._strangeness(run.id, version, cut, "test", (5,)),
        "_ways": lambda: cache._ways(run.id, version, *data),
        "_uncertainty": lambda: cache._uncertainty(run.id, version, *data),
        "_per_image": lambda: cache._per_image(run.id, version, *data),
        "_measured": lambda: cache._measured(run.id, version, *data, "grey"),
        "_real_cloud": lambda: cache._real_cloud(*data),
        "real_distances": lambda: cache.real_distances(*data),
        "_all_pca": lambda: cache._all_pca("digits"),
        "pca": lambda: cache.pca("digits", 5),
        "measured_pca": lambda: cache.measured_pca(*data, 5),
    }


LEFT_OUT = {
    "supervisor": "starts a process and gives nothing",
    "_training_seconds": "gives a number, once the machine was measured",
    "_latent_map": "st.cache_data: each visitor gets a copy",
    "_film_payload": "st.cache_data: each visitor gets a copy",
    "_live_codes": "st.cache_data: each visitor gets a copy",
}
"""What is not walked, and why."""


def test_every_array_that_the_cache_gives_out_is_read_only(run: Run) -> None:
    functions = shared(run)
    cached = {name for name, one in vars(cache).items() if hasattr(one, "clear") and hasattr(one, "__wrapped__")}
    assert cached == set(functions) | set(LEFT_OUT), "a new one gets a row here"
    found = {name: list(arrays(call(), set())) for name, call in functions.items()}
    assert {name for name, inside in found.items() if any(one.flags.writeable for one in inside)} == set()
    assert sum(map(len, found.values())) > 30 and len([name for name in found if found[name]]) > 12
    with pytest.raises(ValueError, match="read-only"):
        cache.images("digits", "test").images[0] += 1


def test_images_are_there_once_however_they_are_asked_for(run: Run) -> None:
    whole = cache.images("digits", "train")
    assert cache.images("digits", "train", False) is whole and cache.images("digits", "train", False, 0.1) is whole
    assert cache.images("digits", "train", validation=0.1, leave_out_digits_test=False) is whole
    assert cache.images("digits", "test", False, 0.2) is cache.images("digits", "test")
    assert cache.images("digits", "train", False, 0.2) is not whole
    assert whole.only(tuple(range(10))) is whole and whole.only((5,)).images.base is None


def test_freezing_reaches_whatever_is_inside_and_what_it_is_a_part_of(tmp_path: Path) -> None:
    @dataclass
    class Ours:
        inside: Any

    Ours.__module__ = "vae_core.something"
    whole = np.arange(12.0)
    one, two, three = np.zeros(1), np.zeros(1), np.zeros(1)
    value = {"a": [Ours((whole[3:], {"b": one}))], "c": Ours({two.tobytes(): two}), "d": Ours(Ours([three]))}
    value["itself"] = value  # type: ignore[assignment]
    cache.freeze(value)
    assert not any(array.flags.writeable for array in (whole, one, two, three))
