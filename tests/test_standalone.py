"""A run as a program of its own: it compiles for every recipe, and run alone it comes to the same weights."""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.tiny_runs import train
from vae_core import standalone
from vae_core.config import RunConfig
from vae_core.errors import InputError
from vae_core.recipes import RECIPES
from vae_core.runs import Run

EVERY = [config for recipe in RECIPES.values() for config in (recipe.config, *recipe.companions.values())]
KINDS: dict[str, dict[str, Any]] = {
    "vae": {"model__latent_dim": 3, "loss__beta": 2.0},
    "autoencoder": {"model__kind": "autoencoder", "model__likelihood": "gaussian", "training__noise": 0.3},
    "conditional": {"model__kind": "conditional-vae", "model__activation": "silu", "data__rare_class": 8},
    "conv": {"model__network": "conv", "model__hidden": [4, 8], "model__residual": True, "model__kernel": 4},
    "scheduled": {
        "model__hidden": [32, 32],
        "model__residual": True,
        "model__decoder_hidden": [24, 24],
        "training__schedule": "cosine",
        "training__warmup": 0.1,
        "training__weight_decay": 0.05,
        "loss__kl_warmup": 0.5,
        "loss__free_bits": 0.1,
        "data__pixels": "binarised",
        "data__classes": [3, 5],
    },
}
ON_MNIST: dict[str, Any] = {"data__name": "mnist", "data__classes": [3], "data__leave_out_digits_test": True}
ALONE = """
import runpy, sys

def refuse(event, details):
    if event.startswith("socket.") or event == "urllib.Request":
        raise AssertionError(f"It wants the network: {event} {details}")

sys.addaudithook(refuse)
sys.modules["vae_core"] = None  # cannot be imported
if sys.argv[2] == "digits":
    sys.modules["torchvision"] = None
runpy.run_path(sys.argv[1], run_name="__main__")
"""
KEEP = """
np.savez(OUT, **{f"encoder.{n}": p.detach().numpy() for n, p in encoder.named_parameters()},
         **{f"decoder.{n}": p.detach().numpy() for n, p in decoder.named_parameters()})
"""


@pytest.mark.parametrize("config", [c for c in EVERY if c.loss.samples == 1], ids=lambda config: config.recipe)
def test_the_program_of_every_recipe_can_be_read(config: RunConfig) -> None:
    for part in standalone.sections(config, 'a "title" \\ of """ anybody'):
        ast.parse(part.code)
        assert "<<" not in part.code.replace("<<=", "") and "~\n" not in part.code


def alone(program: str, folder: Path, data: str) -> str:
    """What a program prints that has no network and no Diabolo, and no torchvision where it has the digits in it."""
    path = folder / "again.py"
    path.write_text(program)
    command = [sys.executable, "-c", ALONE, str(path), data]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.heavy
@pytest.mark.parametrize("kind", [*KINDS, pytest.param("mnist", marks=pytest.mark.mnist)])
def test_it_comes_to_the_same_weights(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIABOLO_RUNS", str(tmp_path / "runs"))
    run = train(epochs=2, name="to be written out", **KINDS.get(kind, ON_MNIST))
    program = standalone.to_script(run).decode()
    if kind == "mnist":  # where torchvision would have put it
        (tmp_path / "data").symlink_to(Path(os.environ["DIABOLO_DATA"]).resolve())
    program = program.replace("import base64\n", f"import base64\nOUT = {str(tmp_path / 'out.npz')!r}\n") + KEEP
    printed = alone(program, tmp_path, run.config.data.name)
    ours, theirs = run.weights(), dict(np.load(tmp_path / "out.npz"))
    assert set(ours) == set(theirs)
    for name in ours:
        np.testing.assert_array_equal(theirs[name], ours[name], err_msg=name)
    metrics = run.metrics() or {}
    assert told(printed, "MSE") == pytest.approx(metrics["mse"], rel=1e-3)
    if metrics["elbo"] is not None:
        assert told(printed, "ELBO") == pytest.approx(metrics["elbo"], rel=1e-3)


def told(output: str, name: str) -> float:
    """A figure that the program printed."""
    found = re.search(rf"{name} (-?[\d.]+)", output)
    assert found, output
    return float(found[1])


@pytest.mark.heavy
def test_the_notebook_is_the_same_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIABOLO_RUNS", str(tmp_path / "runs"))
    run = train(epochs=1, name="a notebook")
    book = json.loads(standalone.to_notebook(run))
    assert (book["nbformat"], len({cell["id"] for cell in book["cells"]})) == (4, len(book["cells"]))
    assert [len(cell["source"]) > 90 for cell in book["cells"]] == [bool(cell["metadata"]) for cell in book["cells"]], (
        "folded"
    )
    code = "\n".join("".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == "code")
    assert told(alone(code, tmp_path, "digits"), "MSE") == pytest.approx((run.metrics() or {})["mse"], rel=1e-3)


@pytest.mark.parametrize("changes", [{"data__name": "usps"}, {"loss__samples": 5}])
def test_what_it_does_not_know_is_said(changes: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="Export the whole run instead"):
        standalone.sections(RunConfig().replace(**changes))


def test_a_file_of_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIABOLO_RUNS", str(tmp_path))
    run: Run = train(epochs=1)
    assert standalone.to_script(run) == standalone.to_script(run)
    assert len(standalone.to_script(run)) < 1_000_000, "the digits in it are packed"
    assert b"/" + str(tmp_path).encode() not in standalone.to_script(run)
