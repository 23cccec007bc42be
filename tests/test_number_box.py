"""Boxes for numbers on the pages: what is none stays visible with its reason, and no button uses another number."""

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui import forms
from vae_core import runs

APP = Path(__file__).parents[1] / "app.py"
RATE, EPOCHS, NOISE = (forms.key(path) for path in ("training.learning_rate", "training.epochs", "training.noise"))
STARTER = "starter-vae-2d"


def opened(page: str, **address: str) -> AppTest:
    """A page in French."""
    app = AppTest.from_file(APP, default_timeout=90)
    for name, value in {"lang": "fr", **address}.items():
        app.query_params[name.replace("__", ".")] = value
    app.session_state["language"] = "fr"
    return unbroken(app.switch_page(f"pages/{page}.py").run())


def unbroken(app: AppTest) -> AppTest:
    assert not app.exception and not app.error, (app.exception, app.error)
    return app


def reasons(app: AppTest) -> list[str]:
    return [one.proto.body for one in app.get("html") if "reason" in one.proto.body]


def button(app: AppTest, label: str) -> Any:
    return next(one for one in app.button if one.label == label)


def speak(app: AppTest, language: str) -> None:
    """What the switch in the header does; AppTest leaves out what `app.py` shows, once a page was switched to."""
    app.session_state["language"] = language
    unbroken(app.run())


def enter(app: AppTest, key: str, typed: str) -> str:
    """Type into a box; what stands in it afterwards."""
    unbroken(app.text_input(key=key).set_value(typed).run())
    return str(app.text_input(key=key).value)


def test_what_is_typed_in_french_is_what_is_trained(root: Path) -> None:
    app = opened("train")
    assert app.text_input(key=RATE).value == "0,002"
    assert enter(app, RATE, "0,001") == "0,001" and enter(app, NOISE, "5e-1") == "0,5"
    assert enter(app, forms.key("loss.beta"), "0.5") == "0,5"
    assert enter(app, forms.key("training.threads"), "1") == "1"
    assert app.query_params["training.learning_rate"] == "0.001", "an address is written in one way"
    button(app, "Démarrer").click().run()
    (started,) = [one for one in runs.list_runs() if not one.starter]
    assert started.config is not None
    assert (started.config.training.learning_rate, started.config.loss.beta) == (0.001, 0.5)
    assert (started.config.training.noise, started.config.training.threads) == (0.5, 1)


def test_what_is_no_number_stays_and_nothing_is_trained(root: Path) -> None:
    app = opened("train")
    for key, typed, said in (
        (RATE, "abc", "«\u00a0abc\u00a0» n’est pas un nombre. Écrivez-en un de 0,000001 à 1, par exemple 0,002."),
        (RATE, "", "rien n’est écrit"),
        (RATE, "1,5", "1,5 est hors limites"),
        (EPOCHS, "10 001", "de 1 à 10\u202f000"),
        (EPOCHS, "2,5", "n’est pas un nombre entier"),
        (EPOCHS, "[a](http://b.c)<i>", "[a](http://b.c)&lt;i&gt;"),
    ):
        assert enter(app, key, typed) == typed
        (reason,) = reasons(app)
        assert said in reason and 'role="alert"' in reason
        start = button(app, "Démarrer")
        assert start.disabled and len(start.help) > 20 and "](http" not in start.help
        enter(app, key, "1")
        assert not reasons(app) and not button(app, "Démarrer").disabled
    assert not [one for one in runs.list_runs() if not one.starter]


def test_a_box_follows_its_language_a_preset_and_a_link() -> None:
    app = opened("train", training__learning_rate="0.0005", training__noise="nonsense")
    assert app.text_input(key=RATE).value == "0,0005" and app.text_input(key=NOISE).value == "0"
    enter(app, EPOCHS, "beaucoup")
    enter(app, NOISE, "1,000")  # one, in French
    speak(app, "en")
    assert app.text_input(key=RATE).value == "0.0005" and app.text_input(key=NOISE).value == "1"
    assert app.text_input(key=EPOCHS).value == "beaucoup" and "is not a number" in reasons(app)[0]
    enter(app, NOISE, "0.25")
    speak(app, "fr")
    assert app.text_input(key=NOISE).value == "0,25"
    unbroken(app.selectbox(key=forms.key("recipe")).select("quick").run())
    assert not reasons(app) and app.text_input(key=EPOCHS).value == "40"


def test_a_class_that_sees_few_settings_trains_no_former_value() -> None:
    app = opened("train", show="training.epochs")
    enter(app, EPOCHS, "")
    assert button(app, "Démarrer").disabled
    app = opened("train", show="training.epochs", training__learning_rate="0.5")
    assert not button(app, "Démarrer").disabled


@pytest.mark.parametrize(
    ("page", "key", "address"),
    [
        ("generate", "draw_seed", {}),
        ("reconstruct", "recon_seed", {}),
        ("reconstruct", "recon_place", {"picture": "5"}),
        ("draw", "own_picture_number", {"picture": "5"}),
        ("experiments", "epochs_anomaly-fives_digits", {"recipe": "anomaly-fives"}),
    ],
)
def test_every_page_keeps_what_is_no_number_and_says_why(
    page: str, key: str, address: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIABOLO_DATA", str(tmp_path))  # the bundled digits alone
    app = opened(page, run=STARTER, **address)
    images, address_before = len(app.get("imgs")), dict(app.query_params)
    assert enter(app, key, "1,5x") == "1,5x" and "1,5x" in reasons(app)[0]
    assert dict(app.query_params) == address_before
    assert len(app.get("imgs")) <= images
    if page == "experiments":
        assert [one.disabled for one in app.button if "Lancer les" in one.label] == [True]
    enter(app, key, "1")
    assert not reasons(app)
