"""Links: settings to an address and back, whatever an address says; and what a page makes of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui import forms, links
from tests.processes import nobody_left
from tests.tiny_runs import train
from vae_core import runs
from vae_core.config import RunConfig, field
from vae_core.recipes import RECIPES
from vae_core.settings import bounds

APP = Path(__file__).parents[1] / "app.py"
EVERY = [config for recipe in RECIPES.values() for config in (recipe.config, *recipe.companions.values())]
NUMBERS = [path for path in links.SETTINGS if None not in bounds(field(path))]


@pytest.fixture(autouse=True)
def _own_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("DIABOLO_RUNS", str(tmp_path))
    with nobody_left(tmp_path):
        yield


@pytest.mark.parametrize("config", EVERY, ids=lambda config: config.recipe)
def test_the_settings_of_every_recipe_come_back_from_their_link(config: RunConfig) -> None:
    assert links.read(links.parameters(config)) == (config, ())


def test_a_link_names_only_what_differs() -> None:
    assert links.parameters(RunConfig()) == {}
    changed = RECIPES["quick"].config.replace(training__seed=7, name="mine", data__classes=[1, 2])
    assert links.parameters(changed) == {
        "recipe": "quick",
        "training.seed": "7",
        "name": "mine",
        "data.classes": "1,2",
    }
    assert links.read(links.parameters(changed)).config == changed


@pytest.mark.parametrize("path", NUMBERS)
def test_a_number_outside_its_range_is_brought_into_it(path: str) -> None:
    low, high = bounds(field(path))
    for text, expected in ((str(high * 10 + 1), high), ("-1e999", low), ("1e999", high)):
        config, remarks = links.read({path: text})
        assert config.get(path) == expected
        assert text in remarks[0]
    assert links.read({path: "NaN"}).config.get(path) == low


@pytest.mark.parametrize(
    "address",
    [
        {"model.kind": "transformer"},
        {"data.name": "../../etc/passwd"},
        {"model.hidden": "[[1],2]"},
        {"model.residual": "perhaps"},
        {"training.epochs": "[" * 5000},
        {"training.seed": "x" * 5000},
        {"data.classes": ""},
        {"recipe": "<script>"},
        {"name": "n" * 500},
    ],
    ids=str,
)
def test_nonsense_is_left_out_and_said(address: dict[str, str]) -> None:
    config, remarks = links.read({"model.latent_dim": "7", **address})
    assert config == RunConfig().replace(model__latent_dim=7)
    assert len(remarks) == 1
    assert len(remarks[0]) < 300


def test_what_makes_no_sense_together_does_not_take_the_rest_along() -> None:
    config, remarks = links.read({"model.latent_dim": "7", "model.kind": "autoencoder", "loss.samples": "5"})
    assert config.model.latent_dim == 7
    assert config.loss.samples in (1, 5) and len(remarks) <= 1


def opened(page: str, **parameters: str) -> AppTest:
    app = AppTest.from_file(APP, default_timeout=90)
    for name, value in parameters.items():
        app.query_params[name.replace("__", ".")] = value
    app.switch_page(f"pages/{page}.py").run()
    assert not app.exception
    return app


def value(app: AppTest, path: str) -> object:
    return next(one.value for one in [*app.text_input, *app.segmented_control] if one.key == forms.key(path))


def test_a_link_fills_the_form_and_the_address_follows_it() -> None:
    app = opened("train", recipe="quick", model__latent_dim="5000")
    assert value(app, "model.latent_dim") == "256"
    assert value(app, "training.epochs") == str(RECIPES["quick"].config.training.epochs)
    assert any("5000" in one.value for one in app.info)
    assert app.query_params["model.latent_dim"] == "256"
    app.text_input(key=forms.key("model.latent_dim")).set_value("3")
    app.run()
    assert not any("5000" in one.value for one in app.info)
    assert app.query_params["model.latent_dim"] == "3"
    assert value(app, "model.latent_dim") == "3"


def test_a_class_sees_only_what_its_link_shows() -> None:
    app = opened("train", show="training.epochs,nonsense", model__latent_dim="4", loss__beta="2.0")
    keys = {one.key for one in [*app.text_input, *app.segmented_control, *app.selectbox] if one.key}
    assert {key for key in keys if key.startswith("form.")} == {forms.key("training.epochs")}
    button = next(one for one in app.button if one.label == "Start")
    assert not button.disabled
    button.click().run()
    (started,) = [summary for summary in runs.list_runs() if not summary.starter]
    assert started.config is not None
    assert (started.config.model.latent_dim, started.config.loss.beta) == (4, 2.0)


def test_everything_is_shown_again() -> None:
    app = opened("train", show="none")
    assert not [one for one in app.text_input if (one.key or "").startswith("form.")]
    next(one for one in app.button if one.label == "Show all settings").click().run()
    assert [one for one in app.text_input if one.key == forms.key("model.latent_dim")]
    assert "show" not in app.query_params


@pytest.mark.parametrize("page", ["train", "latent"])
def test_a_link_to_a_run_that_is_not_here_offers_to_train_exactly_it(page: str) -> None:
    app = opened(page, run="20200101-000000-gone", model__latent_dim="3", training__epochs="2", training__seed="9")
    assert any("can be trained here" in one.value for one in app.markdown)
    next(one for one in app.button if one.label == "Train exactly this run").click().run()
    (started,) = [summary for summary in runs.list_runs() if not summary.starter]
    assert started.config is not None
    assert started.config.replace(training__threads=None) == RunConfig().replace(
        model__latent_dim=3, training__epochs=2, training__seed=9
    )


@pytest.mark.parametrize("page", ["train", "latent"])
def test_settings_from_a_larger_machine_train_here(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the form that a link filled, and from a link to a run that is not here: told once before, once after."""
    monkeypatch.setenv("DIABOLO_THREADS", "1")
    settings = {"training__threads": "8", "training__epochs": "2", "model__hidden": "32"}
    app = opened(page, **(settings if page == "train" else settings | {"run": "20200101-000000-gone"}))
    (before,) = [one.value for one in app.caption if "last bits" in one.value]
    assert "ask for 8 threads, but this machine has 1 to give" in before
    start = next(one for one in app.button if one.label == ("Start" if page == "train" else "Train exactly this run"))
    assert not start.disabled
    app = start.click().run()
    assert not app.exception
    (started,) = [summary for summary in runs.list_runs() if not summary.starter]
    assert started.config is not None and started.config.training.threads == 1
    app = opened("train", run=started.id)
    assert ["1 of the 8 threads" in one.value for one in app.caption if "last bits" in one.value] == [True]
    next(one for one in app.button if one.label == "Use these settings again").click().run()
    assert not [one for one in app.caption if "last bits" in one.value], "these are this machine's own"


def test_a_run_with_exactly_these_settings_is_shown_instead() -> None:
    here = train(name="mine", model__latent_dim=3)
    link = links.parameters(here.config.replace(name="of somebody else"))
    app = opened("latent", run="20200101-000000-gone", **{name.replace(".", "__"): text for name, text in link.items()})
    next(one for one in app.button if one.label == "Show it").click().run()
    assert app.query_params["run"] == here.id
    assert not any("not on this server" in one.value for one in app.markdown)


def test_the_offer_can_be_declined() -> None:
    app = opened("latent", run="20200101-000000-gone", model__latent_dim="3")
    next(one for one in app.button if one.label == "Not now").click().run()
    assert not any("can be trained here" in one.value for one in app.markdown)


def test_a_list_where_one_number_belongs_is_left_out_and_the_form_is_there() -> None:
    app = opened("train", training__epochs="[1,2]", training__seed="7", show="[]", picture="[1]", place="{}", draw="%")
    assert not app.error and any("[1,2]" in one.value.replace("\\", "") for one in app.info)
    app = opened("train", training__epochs="[1,2]", training__seed="7")
    assert value(app, "training.epochs") == str(RunConfig().training.epochs) and value(app, "training.seed") == "7"
