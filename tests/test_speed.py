"""The estimate of a training's time against the training itself."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from vae_core.config import RunConfig
from vae_core.datasets import splits
from vae_core.jobs import speed
from vae_core.training import train

pytestmark = pytest.mark.heavy


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("runs")
    speed.folder(root).mkdir(parents=True)
    speed.compute(speed.folder(root))
    return root


@pytest.mark.parametrize(
    "changes",
    [
        {"model__hidden": (1024, 512), "training__batch_size": 128},
        {"model__hidden": (64,), "training__batch_size": 8},
        {"model__network": "conv", "model__hidden": (8, 16)},
    ],
)
def test_an_estimate_is_about_right(
    measured: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, object]
) -> None:
    """Within a factor of four: the machine may be busy with anything, but small batches were once off by fifteen."""
    monkeypatch.setenv("DIABOLO_RUNS", str(measured))
    config = RunConfig().replace(training__epochs=2, **changes)
    data = splits(config.data)
    told = speed.estimate(config, len(data.train), data.train.image_shape)
    start = time.perf_counter()
    for _ in train(config, data):
        pass
    took = time.perf_counter() - start
    assert told is not None and took / 4 < told < took * 4


@pytest.mark.parametrize(
    "text", ["", "{", "{}", '{"step": 0, "dense": 1}', '{"step": 1e-4, "dense": "fast"}', '{"step": 1}']
)
def test_without_a_measurement_there_is_no_estimate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("DIABOLO_RUNS", str(tmp_path))
    assert speed.estimate(RunConfig(), 3600, (1, 28, 28)) is None
    speed.folder(tmp_path).mkdir(parents=True)
    (speed.folder(tmp_path) / "speed.json").write_text(text)
    assert speed.estimate(RunConfig(), 3600, (1, 28, 28)) is None


def test_an_estimate_counts_the_classes_of_the_data_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIABOLO_RUNS", str(tmp_path))
    speed.folder(tmp_path).mkdir(parents=True)
    (speed.folder(tmp_path) / "speed.json").write_text('{"step": 1e-4, "dense": 1e-4, "conv": 1e-4}')
    config = RunConfig().replace(model__kind="conditional-vae")
    letters = config.replace(data__name="emnist-letters")
    of_ten, of_letters = (speed.estimate(one, 3600, (1, 28, 28)) for one in (config, letters))
    assert of_ten is not None and of_letters is not None and of_letters > of_ten
