"""Encoder and decoder as ONNX: what ONNX Runtime computes from the file, against PyTorch."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from click.testing import CliRunner

from tests.tiny_runs import train
from vae_core import onnx_export
from vae_core.commands import cli
from vae_core.datasets import load as data
from vae_core.datasets import source
from vae_core.errors import WorkError
from vae_core.models import load

MODELS = {
    "vae": {"model__latent_dim": 3},
    "autoencoder": {"model__kind": "autoencoder", "model__likelihood": "gaussian"},
    "conditional": {"model__kind": "conditional-vae", "model__activation": "silu", "model__residual": True},
    "conv": {"model__network": "conv", "model__hidden": [4, 8], "model__latent_dim": 5},
}


@pytest.fixture
def _own_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIABOLO_RUNS", str(tmp_path))


@pytest.mark.usefixtures("_own_root")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", MODELS)
def test_other_programs_compute_the_same(name: str) -> None:
    run = train(epochs=1, **MODELS[name])
    made = onnx_export.to_onnx(run)
    assert made.difference <= onnx_export.MOST_DIFFERENCE
    model = load(run.config.model, run.weights(), source("digits").image_shape, 10)
    pictures = data("digits", "test").subset(slice(7))
    x = pictures.images.astype(np.float32) / 255
    y = torch.from_numpy(pictures.labels) if model.is_conditional else None
    feeds = {"x": x}
    if y is not None:
        feeds["y"] = np.eye(10, dtype=np.float32)[pictures.labels]
    mu, *rest = onnxruntime.InferenceSession(made.encoder).run(None, feeds)
    posterior = model.encode(torch.from_numpy(x), y)
    np.testing.assert_allclose(mu, posterior.mu.numpy(), atol=1e-4)
    assert len(rest) == (0 if name == "autoencoder" else 1)
    feeds = {"z": mu} | ({"y": feeds["y"]} if y is not None else {})
    (picture,) = onnxruntime.InferenceSession(made.decoder).run(None, feeds)
    np.testing.assert_allclose(picture, model.decode(posterior.mu, y).mean.numpy(), atol=1e-4)


@pytest.mark.usefixtures("_own_root")
@pytest.mark.filterwarnings("ignore")
def test_the_command_says_how_far_they_differ(tmp_path: Path) -> None:
    run = train(epochs=1)
    out = tmp_path / "model.onnx.zip"
    done = CliRunner().invoke(cli, ["export", run.id, "--format", "onnx", "--out", str(out), "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout.splitlines()[-1])
    assert 0 <= found["max_difference"] <= onnx_export.MOST_DIFFERENCE
    with zipfile.ZipFile(io.BytesIO(out.read_bytes())) as archive:
        assert set(archive.namelist()) == {"encoder.onnx", "decoder.onnx", "about.json", "README.txt"}
        about = json.loads(archive.read("about.json"))
    assert about["config"] == run.config.to_dict() and about["run"] == run.id


@pytest.mark.usefixtures("_own_root")
@pytest.mark.filterwarnings("ignore")
def test_files_that_compute_something_else_are_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    run = train(epochs=1)
    monkeypatch.setattr(onnx_export, "MOST_DIFFERENCE", -1.0)
    with pytest.raises(WorkError, match="something else"):
        onnx_export.to_onnx(run)
