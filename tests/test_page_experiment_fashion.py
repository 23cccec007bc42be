"""The experiment `fashion-vae` as a visitor sees it, and the lesson itself on the bundled digits."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.app_pages import experiment, headed_words
from tests.processes import nobody_left, wait
from tests.tiny_runs import train
from vae_core import runs
from vae_core.recipes.fashion import FASHION, KL_OVER_PIXELS, MEAN_OVER_PIXELS
from vae_core.runs import Run

APP = Path(__file__).parents[1] / "app.py"
SECONDS = 120.0


def trained(recipe: str, beta: float, **changes: Any) -> Run:
    return train(
        2,
        recipe=recipe,
        loss__beta=beta,
        model__hidden=[128],
        model__activation="relu",
        **{"data__name": "digits"} | changes,
    )


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Run]]:
    """The right model, and its companions; an autoencoder that says it is of the recipe, in the end."""
    root = tmp_path_factory.mktemp("fashion")
    with pytest.MonkeyPatch.context() as patch, nobody_left(root):
        patch.setenv("DIABOLO_RUNS", str(root))
        patch.setenv("DIABOLO_DATA", str(root / "nothing"))
        others = [trained(config.recipe or "", config.loss.beta) for config in FASHION.companions.values()]
        yield [trained("fashion-vae", 1.0), *others, trained("fashion-vae", 1.0, model__kind="autoencoder")]


def opened(run: Run | None = None) -> AppTest:
    app = experiment("fashion-vae", run)
    assert not app.error, app.error
    return app


def test_too_heavy_a_kl_leaves_nothing_of_the_picture(three: list[Run]) -> None:
    right, mean, light = ((run.metrics() or {}) for run in three[:3])
    assert right["kl"] > 1 and right["active_units"] > 0
    assert mean["kl"] < 0.01 and mean["active_units"] == 0 and mean["mse"] > 0.98 * mean["mse_mean_image"]
    assert light["kl"] > 2 * right["kl"] and light["elbo"] < right["elbo"]


def test_the_three_stand_side_by_side(three: list[Run]) -> None:
    app = opened(three[0])
    said = headed_words(app)
    for name in ("sum over pixels + KL", MEAN_OVER_PIXELS, KL_OVER_PIXELS):
        assert f"**{name}**" in said
    table = app.dataframe[0].value
    for row, run in enumerate(three[:3]):
        metrics = run.metrics() or {}
        assert table["−ELBO (nats)"][row] == f"{-metrics['elbo']:.1f}" and table["MSE"][row] == f"{metrics['mse']:.4f}"
        assert f"{metrics['mse']:.4f}" in said
    assert list(table["Effective beta"]) == ["1", "784", "1/784", ""]
    assert "1,000 test images of Digits" in said and "drives the posterior into the prior" in said
    assert len(app.get("imgs")) + len(app.get("image")) >= 9
    assert len(app.get("plotly_chart")) == 3


def test_what_is_missing_is_said(three: list[Run]) -> None:
    run = trained("fashion-vae", 1.0, training__seed=9)
    app = opened(run)
    assert f"Not there: {MEAN_OVER_PIXELS}, {KL_OVER_PIXELS}" in headed_words(app)
    assert len(app.dataframe[0].value) == 2 and len(app.get("plotly_chart")) == 1


def test_a_run_without_a_sampling_layer_says_so(three: list[Run]) -> None:
    app = opened(three[3])
    assert "no sampling layer" in headed_words(app) and not app.dataframe


def test_without_fashion_mnist_it_runs_on_digits(three: list[Run]) -> None:
    app = opened()
    assert "is not on this machine" in headed_words(app)
    assert app.button(key="start_full_fashion-vae").disabled
    assert not app.button(key="start_quick_fashion-vae").disabled
    assert any(button.label == "Start the 3 trainings" and not button.disabled for button in app.button)


@pytest.mark.heavy
@pytest.mark.usefixtures("supervised")
def test_one_click_starts_all_three_and_their_result_appears(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIABOLO_DATA", str(tmp_path / "data"))
    app = opened()
    assert "No run of this experiment yet" in headed_words(app)
    app.text_input(key="epochs_fashion-vae_digits").set_value("1").run()
    next(button for button in app.button if button.label == "Start the 3 trainings").click().run()
    own = [run for run in runs.all_runs() if not run.is_starter]
    assert {run.config.recipe for run in own} == {FASHION.name, *(c.recipe for c in FASHION.companions.values())}
    wait(lambda: all(run.state() == "finished" for run in own), "all three trainings", SECONDS)
    app.run()
    assert not app.exception and not app.error
    assert "What you see" in headed_words(app) and len(app.get("plotly_chart")) == 3
