"""How it works: the numbers of one picture's way, and the page with and without a model to tell it with."""

import math
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from pages.ui import cache
from pages.ui.lessons import LESSONS
from pages.ui.walkthrough import FAVOURITE, cloud, invent, teacher, walk
from tests.app_pages import words
from tests.processes import nobody_left
from tests.tiny_runs import train
from vae_core import losses, runs
from vae_core.config import LossConfig, ModelConfig, RunConfig
from vae_core.datasets import load
from vae_core.models import build, size
from vae_core.pixels import to_unit
from vae_core.runs import Run, Summary

APP = Path(__file__).parents[1] / "app.py"


@pytest.fixture
def run_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty run root, without starters."""
    monkeypatch.setenv("DIABOLO_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(runs, "STARTERS", tmp_path / "starters")
    with nobody_left(tmp_path / "runs"):
        yield tmp_path / "runs"


def opened() -> AppTest:
    app = AppTest.from_file(APP, default_timeout=60).run()
    app.switch_page("pages/how.py").run()
    assert not app.exception
    return app


def summary(name: str, kind: str = "vae", latent_dim: int = 2, state: str = "finished") -> Summary:
    config = RunConfig().replace(model__kind=kind, model__latent_dim=latent_dim)
    return Summary(name, name, state, False, config)  # type: ignore[arg-type]


@pytest.mark.parametrize("latent_dim", [1, 2, 12])
@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_a_walk_is_what_training_counts(latent_dim: int, likelihood: str) -> None:
    model = build(ModelConfig(latent_dim=latent_dim, hidden=(32,), likelihood=likelihood), (1, 28, 28))
    image = load("digits", "test").images[4]
    found = walk(model, image, beta=2.0, seed=3)
    np.testing.assert_allclose(found.z, found.mu + found.sigma * found.eps, atol=1e-6)
    kl = 0.5 * (found.mu**2 + found.sigma**2 - 1 - 2 * np.log(found.sigma))
    np.testing.assert_allclose(found.kl, kl, atol=1e-5)
    x = to_unit(torch.from_numpy(image[None].copy()))
    with torch.no_grad():
        decoded = model.decode(torch.from_numpy(found.z[None]))
    np.testing.assert_allclose(found.picture, decoded.mean[0].numpy(), atol=1e-6)
    assert found.recon == pytest.approx(float(decoded.nll(x)), rel=1e-5)
    assert found.loss == pytest.approx(found.recon + 2 * kl.sum(), rel=1e-4)
    assert found.bits == pytest.approx(kl.sum() / math.log(2), abs=1e-4)
    assert np.array_equal(walk(model, image, beta=2.0, seed=3).z, found.z)
    assert not np.array_equal(walk(model, image, beta=2.0, seed=4).z, found.z)
    assert len(cloud(found).data[0].x) == min(latent_dim, 8)


def test_a_walk_counts_the_reconstruction_as_the_run_does() -> None:
    model = build(ModelConfig(hidden=(32,)), (1, 28, 28))
    image = load("digits", "test").images[4]
    config = LossConfig(reconstruction=0.25, beta=0.5, kl_warmup=0.5)
    weight, beta = losses.weights(config)
    found = walk(model, image, beta=beta, weight=weight)
    assert found.loss == pytest.approx(float(losses.weighted(found.recon, float(found.kl.sum()), config)), rel=1e-5)
    assert losses.weights(config, 0.25) == (0.25, 0.25)


def test_inventions_depend_on_the_seed_alone() -> None:
    model = build(RunConfig().model, (1, 28, 28))
    assert np.array_equal(invent(model, 1), invent(model, 1))
    assert not np.array_equal(invent(model, 1), invent(model, 2))
    assert invent(model, 0, 3).shape == (3, 1, 28, 28)


def test_the_story_is_told_with_the_starter_else_with_the_smallest_code() -> None:
    vae_16, vae_2, starter = summary("a", latent_dim=16), summary("b"), summary(FAVOURITE, latent_dim=4)
    assert teacher([vae_16, vae_2, starter]) == starter
    assert teacher([vae_16, vae_2]) == vae_2
    assert teacher([summary("c", state="running"), summary("d", kind="autoencoder"), vae_16]) == vae_16
    assert teacher([summary("c", state="running"), Summary("e", "e", "failed", False)]) is None


def test_numbers_and_pictures_of_one_digit(run_root: Path) -> None:
    run = train(loss__beta=0.5, loss__reconstruction=0.25)
    app = opened()
    assert [header.value for header in app.header] == [*(lesson.title for lesson in LESSONS.values()), "Now try it"]
    assert len(app.get("plotly_chart")) == 1
    assert len(app.get("page_link")) == 3
    assert len(app.latex) == sum(len(lesson.behind.formulas) for lesson in LESSONS.values())
    digit = app.pills(key="how_digit").value
    data = load("digits", "test")
    image = data.images[np.flatnonzero(data.labels == digit)[0]]
    found = walk(cache.model(run), image, beta=0.5, weight=0.25)
    assert found.loss < found.recon and "0.25 · " in words(app) and "counts 0.25 times" in words(app)
    assert [metric.value for metric in app.metric] == [
        f"{value:.1f} nats" for value in (found.recon, float(found.kl.sum()), found.loss)
    ]

    app.pills(key="how_digit").set_value(8).run()
    next(button for button in app.button if button.label == "Another one").click().run()
    image = data.images[np.flatnonzero(data.labels == 8)[1]]
    found = walk(cache.model(run), image, beta=0.5, weight=0.25)
    assert app.metric[2].value == f"{found.loss:.1f} nats"
    before = app.metric[1].value
    app.button(key="draw").click().run()
    again = walk(cache.model(run), image, beta=0.5, weight=0.25, seed=100)
    assert app.metric[1].value == before
    assert app.metric[0].value == f"{again.recon:.1f} nats"
    app.button(key="others").click().run()
    assert not app.exception and not app.error


def test_the_layers_of_the_model_are_told_when_asked_for(run_root: Path) -> None:
    run = train(model__hidden=[48, 24])
    app = opened()
    assert "The layers of this model" in [expander.label for expander in app.expander]
    assert not app.dataframe, "folded"
    app.session_state[f"layers_{run.id}"] = True
    deadline = time.monotonic() + 60
    while not app.dataframe:
        assert time.monotonic() < deadline, "the table of layers did not come"
        app.run()
    table = app.dataframe[0].value
    config = RunConfig().replace(model__hidden=[48, 24])
    assert list(table["Puts out"]).count("48") == 2
    assert table["Parameters"].iloc[-1] == f"{size(config.model, (1, 28, 28)).parameters:,}"
    assert table["Multiply-adds"].iloc[-1] == table["Parameters"].iloc[-1], "in dense layers each is used once"
    assert "multiply-add" in words(app) and not app.exception and not app.error


def test_a_long_code_is_cut_and_says_so(run_root: Path) -> None:
    train(model__latent_dim=11)
    assert "And 3 more values." in words(opened())


def test_without_a_vae_the_story_is_still_told(run_root: Path) -> None:
    train(model__kind="autoencoder")
    app = opened()
    assert "there is none yet" in app.info[0].value
    assert [header.value for header in app.header] == [*(lesson.title for lesson in LESSONS.values()), "Now try it"]
    assert len(app.get("page_link")) == 4
    assert app.code and app.latex and not app.error


def test_damaged_weights_give_one_message(run_root: Path) -> None:
    run: Run = train()
    weights = run.folder / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-500] ^= 1
    weights.write_bytes(content)
    app = opened()
    assert len(app.error) == 1 and "Delete this run" in app.error[0].value


def test_the_lesson_can_be_told_with_ones_own_model(run_root: Path) -> None:
    first, own = train(model__latent_dim=2), train(model__latent_dim=5)
    app = opened()
    assert not [box for box in app.segmented_control if box.key == "how_teacher"], "none was chosen yet"
    app.query_params["run"] = own.id
    app.switch_page("pages/generate.py").run()
    app.switch_page("pages/how.py").run()
    assert app.segmented_control(key="how_teacher").value == own.id and "5 latent dimensions" in words(app)
    app.segmented_control(key="how_teacher").set_value(first.id).run()
    assert not app.exception and not app.error and "2 latent dimensions" in words(app)
