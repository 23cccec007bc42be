"""Train, driven without a browser but with a real supervisor and real trainings: what a visitor does, and what he sees."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui import forms
from pages.ui.text import plain
from tests.dataset_server import DatasetServer, offer_small, supervising
from tests.tiny_runs import train
from vae_core import datasets, runs
from vae_core.config import RunConfig
from vae_core.control import State
from vae_core.jobs import client
from vae_core.jobs.exports import export_of
from vae_core.models import size
from vae_core.models.layers import layers
from vae_core.recipes import RECIPES
from vae_core.runs import Run

APP = Path(__file__).parents[1] / "app.py"
LONG = 10_000  # epochs: nobody waits for these
SECONDS = 60.0  # the deadline for whatever is waited for


@pytest.fixture(autouse=True)
def _bundled_digits_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIABOLO_DATA", str(tmp_path / "data"))


def opened(run: Run | str | None = None, *unfolded: str, lang: str = "en") -> AppTest:
    """The page as a link or F5 opens it, and what is then unfolded on it."""
    app = AppTest.from_file(APP, default_timeout=60)
    app.query_params["lang"] = lang
    for key in unfolded:
        app.session_state[key] = True
    app.run()
    if run is not None:
        app.query_params["run"] = run if isinstance(run, str) else run.id
    return unbroken(app.switch_page("pages/train.py").run())


def unbroken(app: AppTest) -> AppTest:
    assert not app.exception, app.exception
    assert not any("Something went wrong" in error.value for error in app.error), app.error
    return app


def said(app: AppTest) -> str:
    """All that stands on the page, as a person reads it."""
    blocks = (*app.subheader, *app.markdown, *app.caption, *app.warning, *app.error)
    bars = (element.proto.text for element in app.get("progress"))
    return " ".join([str(block.value) for block in blocks] + list(bars)).replace("\\", "")


def until(app: AppTest, words: str) -> AppTest:
    """Looks again until the words stand on the page."""
    return wait(app, lambda: words in said(app), words)


def wait(app: AppTest, condition: Callable[[], bool], what: str) -> AppTest:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"{what!r} did not come: {said(app)}"
        unbroken(app.run())
    return app


def started(epochs: int, app: AppTest | None = None, widths: str = "32") -> tuple[AppTest, Run]:
    """A run that was started by the button."""
    app = app or opened()
    app.text_input(key=forms.key("model.hidden")).set_value(widths)
    app.text_input(key=forms.key("training.epochs")).set_value(str(epochs)).run()
    button(app, "Start").click().run()
    address = unbroken(app).query_params["run"]
    return app, runs.find(address if isinstance(address, str) else address[0])


def links(app: AppTest) -> set[str]:
    return {link.proto.label for link in app.get("page_link")}


def files(app: AppTest) -> list[str]:
    """The files that can be saved."""
    return [element.proto.label for element in app.get("download_button")]


def button(app: AppTest, label: str) -> object:
    return next(found for found in app.button if found.label == label)


def press(app: AppTest, label: str) -> AppTest:
    found = button(app, label)
    assert not found.disabled, f"{label}: {found.help}"
    return unbroken(found.click().run())


@pytest.mark.heavy
def test_a_training_from_start_to_finish(supervised: Path) -> None:
    app, run = started(3)
    assert run.config.training.epochs == 3 and run.config.model.hidden == (32,)
    until(app, "All 3 epochs done")
    assert run.state() == "finished"
    text = said(app)
    assert "ELBO" in text and "1,000 test images" in text and "After epoch 3" in text
    assert len(app.get("vega_lite_chart")) == 3
    assert "Pause" not in [found.label for found in app.button], "there is nothing to pause any more"
    assert {"Generate", "Draw", "Latent space", "Compare"} <= links(app), "but much to do with the model"
    assert [one.label for one in app.button if one.proto.type == "primary"] == ["Play with it"]

    reloaded = opened(run)
    assert plain(run.title) in [heading.value for heading in reloaded.subheader]
    app.switch_page("pages/home.py").run()
    app.query_params.clear()  # as the browser does
    assert "All 3 epochs done" in said(unbroken(app.switch_page("pages/train.py").run()))

    press(app, "Use these settings again")
    assert app.text_input(key=forms.key("model.hidden")).value == "32" and "run" not in app.query_params


@pytest.mark.heavy
def test_pause_resume_stop_and_go_on(supervised: Path) -> None:
    app, run = started(LONG)
    until(app, "images/s")
    assert not button(app, "Stop").disabled and button(app, "Resume").help == "It is training."
    press(app, "Pause")
    until(app, "Paused in epoch")
    assert run.state() == "paused"
    press(app, "Resume")
    until(app, "images/s")
    press(app, "Stop")
    until(app, "Stopped in epoch")
    assert run.state() == "finished" and "ELBO" in said(app)
    press(app, "Resume")
    until(app, "images/s")


@pytest.mark.heavy
def test_runs_queue_up_and_say_what_they_wait_for(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIABOLO_THREADS", "1")
    app, first = started(LONG)
    until(app, "images/s")
    press(app, "New training")
    assert plain(first.title) in " ".join(str(block.value) for block in app.markdown), "the queue is visible"
    app, second = started(LONG, app)
    until(app, "Waiting until 1 other")
    assert second.state() == "queued" and first.id != second.id
    press(app, "Pause")
    until(app, "Paused before it began")
    assert "not begun" in button(app, "Stop").help
    press(app, "Resume")
    client.delete(first)
    until(app, "images/s")


@pytest.mark.heavy
def test_a_running_run_is_stopped_and_deleted(supervised: Path) -> None:
    app, run = started(LONG)
    until(app, "images/s")
    press(app, "Delete for good")
    assert not run.folder.exists()
    assert "A new training" in said(app) and "run" not in app.query_params


@pytest.mark.heavy
def test_a_run_that_diverges_says_so_and_what_helps(root: Path) -> None:
    changes = {"model__likelihood": "gaussian", "model__sigma": 0.01, "model__hidden": [512, 512, 512, 512]}
    run = train(3, training__learning_rate=1.0, training__batch_size=16, model__activation="relu", **changes)
    assert run.state() == "failed"
    text = said(opened(run))
    assert "no longer a finite number" in text and "smaller learning rate" in text


def test_a_recipe_fills_the_form_says_what_is_changed_and_is_kept_with_the_run(root: Path) -> None:
    app = opened()
    app.selectbox(key=forms.key("recipe")).select("fashion-vae").run()
    recipe = RECIPES["fashion-vae"]
    assert recipe.question in said(app) and "not on this machine" in said(app)
    assert app.text_input(key=forms.key("model.hidden")).value == "128"
    assert "Changed in the recipe" not in said(app)
    app.selectbox(key=forms.key("data.name")).select("digits").run()
    app.text_input(key=forms.key("model.latent_dim")).set_value("5").run()
    assert "Changed in the recipe" in said(app) and "Latent dimensions" in said(app)
    press(app, "Back to the recipe")
    assert app.text_input(key=forms.key("model.latent_dim")).value == "2"
    app.selectbox(key=forms.key("data.name")).select("digits").run()
    app, run = started(1, app, "16")
    assert run.config.recipe == "fashion-vae" and run.config.data.name == "digits"
    client.delete(run)


def test_a_link_fills_in_its_recipe_once(root: Path) -> None:
    app = AppTest.from_file(APP, default_timeout=60).run()
    app.query_params["recipe"] = "quick"
    unbroken(app.switch_page("pages/train.py").run())
    assert app.selectbox(key=forms.key("recipe")).value == "quick"
    app.selectbox(key=forms.key("recipe")).select("").run()
    assert "recipe" not in app.query_params  # the address follows the form
    assert app.text_input(key=forms.key("model.latent_dim")).value == str(RECIPES["quick"].config.model.latent_dim)
    app.query_params["recipe"] = "no such recipe"
    assert "A new training" in said(unbroken(app.run()))


def test_the_architecture_is_drawn_and_told_before_it_is_trained(root: Path) -> None:
    app = opened()
    app.session_state["form.architecture"] = True
    wait(app, lambda: bool(app.dataframe), "the table of layers")
    table = app.dataframe[0].value
    assert f"{size(RunConfig().model, (1, 28, 28)).parameters:,}" == table["Parameters"].iloc[-1]
    assert len(app.get("imgs")) + len(app.get("image")) == 1
    app.text_input(key=forms.key("model.decoder_hidden")).set_value("64").run()
    assert list(app.dataframe[0].value["Puts out"]).count("64") == 1
    app.text_input(key=forms.key("model.decoder_hidden")).set_value("64, x").run()
    assert "decoder's hidden widths" in said(app) and button(app, "Start").disabled


def test_the_layers_of_a_run_are_told_when_asked_for(root: Path) -> None:
    run = train(model__network="conv", model__hidden=[4, 8])
    app = opened(run)
    assert "The layers of this model" in [expander.label for expander in app.expander]

    def tables() -> list[object]:
        return [found.value for found in app.dataframe if "Multiply-adds" in found.value]

    assert not tables(), "folded"
    app.session_state[f"layers_{run.id}"] = True
    wait(app, lambda: bool(tables()), "the table of layers")
    rows = layers(run.config.model, (1, 28, 28))
    (table,) = tables()
    assert list(table["Multiply-adds"])[:-1] == [f"{row.multiply_adds:,}" for row in rows]
    assert "parameters in all" in said(app) and "multiply-add" in said(app)
    assert "write more of them" not in said(app), "these widths are what they are"


@pytest.mark.heavy
def test_a_time_becomes_epochs(supervised: Path) -> None:
    client.ensure_supervisor()  # `app.py` asks for one too, but AppTest leaves it out once a page was switched to
    app = opened()
    wait(app, lambda: any(found.key == "form.take_epochs" for found in app.button), "the machine's speed")
    app.text_input(key="form.minutes").set_value("0.5").run()
    offered = app.button(key="form.take_epochs")
    epochs = int(offered.label.split()[1].replace(",", ""))
    unbroken(offered.click().run())
    assert app.text_input(key=forms.key("training.epochs")).value == str(epochs)


def test_a_run_gets_another_name(root: Path) -> None:
    run = train()
    app = opened(run)
    name = app.text_input(key=f"upkeep.name.{run.id}").set_value("My [first](x) one")
    assert name.form_id and name.form_id == button(app, "Save the name").form_id, "in a form Enter saves"
    press(app, "Save the name")
    assert run.title == "My [first](x) one"
    assert plain(run.title) in [heading.value for heading in app.subheader]


def test_a_starter_is_only_looked_at(root: Path) -> None:
    starter = next(run for run in runs.all_runs() if run.is_starter)
    app = opened(starter)
    assert not {"Pause", "Resume", "Stop"} & {found.label for found in app.button} and "Compare" in links(app)
    # The buttons in a popover that can't be opened can't be pressed; whoever does it all the same is refused.
    button(app, "Delete for good").click().run()
    assert starter.folder.is_dir() and "came with Diabolo" in " ".join(error.value for error in app.error)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("model.hidden", "many", "'many'"),
        ("model.hidden", "5000", "1 to 2048"),
        ("model.hidden", "8 8 8 8 8 8 8", "one to 6"),
        ("data.name", "imagenet", "no data set 'imagenet'"),
        ("training.batch_size", 4096, "batch size"),
    ],
)
def test_settings_that_cannot_be_are_told_and_start_is_off(root: Path, key: str, value: object, words: str) -> None:
    app = AppTest.from_file(APP, default_timeout=60).run()
    app.session_state[forms.key(key)] = value
    unbroken(app.switch_page("pages/train.py").run())
    assert words in said(app)
    assert button(app, "Start").disabled and words in button(app, "Start").help
    assert not root.exists() or not [run for run in runs.all_runs() if not run.is_starter]


def test_too_many_convolutions_are_told(root: Path) -> None:
    app = opened()
    app.button_group(key=forms.key("model.network")).set_value("conv").run()
    app.text_input(key=forms.key("model.hidden")).set_value("4, 4, 4, 4, 4, 4").run()
    assert "halved only" in said(unbroken(app)) and button(app, "Start").disabled


@pytest.mark.parametrize("address", ["nothing", "../../etc", "x" * 5000, "%00"])
def test_an_address_that_names_no_run_shows_the_form(root: Path, address: str) -> None:
    app = opened(address)
    assert "There is no run" in said(app) and "A new training" in said(app)
    assert not button(app, "Start").disabled
    app.text_input(key=forms.key("training.epochs")).set_value("2").run()
    assert "There is no run" in said(unbroken(app)), "it is still asked for, so it is still said"
    app.query_params.pop("run")
    assert "There is no run" not in said(unbroken(app.run()))


@pytest.mark.heavy
def test_a_data_set_is_fetched_by_a_button(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = DatasetServer()
    try:
        offer_small(server, monkeypatch, "kmnist")
        server.behaviour = lambda path: "missing"
        with supervising():
            app = opened()
            app.selectbox(key=forms.key("data.name")).select("kmnist").run()
            assert "not on this machine" in said(app) and button(app, "Start").disabled
            press(app, "Download Kuzushiji-MNIST")
            assert "status 404" in said(until(app, "bundled digits still work")) and not datasets.is_present("kmnist")

            server.behaviour = lambda path: "stops half way"
            press(app, "Download Kuzushiji-MNIST")
            until(app, "You may leave this page")
            reloaded = opened()
            reloaded.selectbox(key=forms.key("data.name")).select("kmnist").run()
            assert "You may leave this page" in said(reloaded), "after F5, too"
            until(app, "did not answer within 0.5 s")

            server.behaviour = lambda path: "good"
            press(app, "Download Kuzushiji-MNIST")
            wait(app, lambda: not button(app, "Start").disabled, "the data set")
            assert datasets.is_present("kmnist")
    finally:
        server.stop()


FILES = ("config.json", "events.jsonl", "metrics.json", "model.safetensors", "resume.safetensors", "state.json")


@pytest.mark.parametrize(
    "name", [*FILES, "request.json", "snapshots/000000.safetensors", "snapshots/000001.safetensors"]
)
def test_a_damaged_run_is_told_in_words_and_can_be_deleted(root: Path, name: str) -> None:
    run = train()
    path = run.folder / name
    whole = path.read_bytes()
    middle = len(whole) // 2
    flipped = whole[:middle] + bytes([whole[middle] ^ 0x10]) + whole[middle + 1 :]
    for content in (whole[:middle], flipped, b"", None):
        if content is None:
            path.unlink()
        else:
            path.write_bytes(content)
        said(opened(run))
    press(opened(run), "Delete for good")
    assert not run.folder.exists()


@pytest.mark.heavy
def test_what_it_costs_is_told_before_the_start(supervised: Path) -> None:
    config = RunConfig().replace(training__epochs=7)
    client.ensure_supervisor()  # `app.py` asks for one too, but AppTest leaves it out once a page was switched to
    app = opened()
    app.text_input(key=forms.key("training.epochs")).set_value("7").run()
    until(app, f"{size(config.model, (1, 28, 28)).parameters:,}")
    assert "3,600** images" in said(app) and "each seen **7** times" in said(app)
    wait(app, lambda: "not measured yet" not in said(app), "the estimated time")
    app.button_group(key=forms.key("model.kind")).set_value("autoencoder").run()
    until(app, f"{size(config.replace(model__kind='autoencoder').model, (1, 28, 28)).parameters:,}")


def test_another_page_proposes_settings(root: Path) -> None:
    app = AppTest.from_file(APP, default_timeout=60).run()
    app.session_state["proposal"] = {"data.classes": [5], "model.kind": "autoencoder"}
    unbroken(app.switch_page("pages/train.py").run())
    assert app.multiselect(key=forms.key("data.classes")).value == [5]
    assert app.button_group(key=forms.key("model.kind")).value == "autoencoder"


def test_what_was_typed_stays_across_a_page_switch(root: Path) -> None:
    app = opened()
    app.text_input(key=forms.key("model.hidden")).set_value("64").run()
    app.switch_page("pages/home.py").run()
    unbroken(app.switch_page("pages/train.py").run())
    assert app.text_input(key=forms.key("model.hidden")).value == "64"


@pytest.mark.heavy
def test_a_run_and_its_film_are_asked_for_followed_and_then_there(supervised: Path) -> None:
    run = train(name="to be taken away")
    app = opened(run, f"take_away_{run.id}", f"film_{run.id}")
    assert not app.get("download_button"), "nothing is made before it is asked for"
    press(app, "The whole run, for somebody else (.zip)")
    assert "You may leave this page" in said(app) or "Ready" in said(app)
    app.switch_page("pages/home.py").run()
    reloaded = opened(run)
    wait(reloaded, lambda: export_of(run, "zip").made() is not None, "the archive")
    app = opened(run, f"take_away_{run.id}", f"film_{run.id}")
    assert files(app) == ["The whole run, for somebody else (.zip)"] and "Ready, " in said(app)
    press(app, "Film as GIF")
    wait(app, lambda: "Film as GIF" in files(app), "the film")
    runs.rename(run, "another name")
    app.run()
    assert "As it was after epoch 1." in said(app)
    press(app, "Make it anew")
    wait(app, lambda: "As it was" not in said(app) and len(files(app)) == 2, "the new archive")


@pytest.mark.heavy
def test_what_failed_says_why_in_the_visitor_s_language_and_can_be_tried_again(supervised: Path) -> None:
    run = train()
    weights = run.folder / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-4] + b"nope")
    app = opened(run, f"take_away_{run.id}", lang="fr")
    label = next(found.label for found in app.button if found.label.endswith("(.zip)") and "ONNX" not in found.label)
    press(app, label)
    wait(app, lambda: export_of(run, "zip").state() == "failed", "the failure")
    reasons = [error.value.replace("\\", "") for error in unbroken(app.run()).error]
    assert any(f"{run.id}/model.safetensors\u00a0» est endommagé" in reason for reason in reasons), reasons
    weights.write_bytes(whole)
    press(app, label)
    wait(app, lambda: label in files(app), "the archive")
    assert "Prêt, " in said(app)


def test_every_state_has_a_colour() -> None:
    from pages.ui.state import STATE_COLOURS

    assert set(STATE_COLOURS) == set(State.__args__)
