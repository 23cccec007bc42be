"""Home: what a visitor sees at first, without torch, and whatever state his runs are in."""

import subprocess
import sys
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui import runs_list
from pages.ui.experiments import EXPERIMENTS
from pages.ui.text import plain
from tests.tiny_runs import train
from vae_core import runs
from vae_core.config import RunConfig
from vae_core.recipes import RECIPES

APP = Path(__file__).parents[1] / "app.py"


def opened() -> AppTest:
    app = AppTest.from_file(APP, default_timeout=60).run()
    assert not app.exception and not app.error, (app.exception, app.error)
    return app


def said(app: AppTest) -> str:
    return " ".join(str(block.value) for block in (*app.markdown, *app.caption)).replace("\\", "")


def links(app: AppTest) -> list[tuple[str, str, str]]:
    """Every link to a page: where to, its words, its parameters."""
    protos = [element.proto for element in app.get("page_link")]
    return [(proto.page, proto.label, proto.query_string) for proto in protos]


def test_the_first_visit_has_a_picture_three_ways_on_and_starters(root: Path) -> None:
    app = opened()
    starters = [run for run in runs.all_runs() if run.is_starter]
    assert len(app.get("image")) == 1 + len(RECIPES) + len(starters), "cards show what they are about"
    ways = {page: query for page, label, query in links(app) if label.startswith("**")}
    assert ways == {"latent": "run=starter-vae-2d", "train": "", "how": ""}
    assert starters and all(run.title in said(app) for run in starters)
    assert "None of your own yet" in said(app)


def test_each_recipe_leads_to_where_it_can_start(root: Path) -> None:
    app = opened()
    found = {query.removeprefix("recipe="): page for page, _, query in links(app) if query.startswith("recipe=")}
    assert found == {name: "experiments" if name in EXPERIMENTS else "train" for name in RECIPES}
    assert all(row.question in said(app) for row in RECIPES.values())


def test_runs_are_listed_with_their_figures_and_links(root: Path) -> None:
    vae, autoencoder = train(), train(model__kind="autoencoder", name="*mine*")
    app = opened()
    text = said(app)
    assert f"test ELBO {(vae.metrics() or {})['elbo']:.1f} nats per image" in text
    assert f"test MSE {(autoencoder.metrics() or {})['mse']:.4f} per pixel" in text
    assert "epoch 1 of 1" in text and " kB" in text
    assert plain("*mine*") in " ".join(str(block.value) for block in app.markdown)
    pages = {page for page, _, query in links(app) if query == f"run={vae.id}"}
    assert pages == {"train", "generate", "reconstruct", "latent"}


def test_a_run_without_a_model_leads_only_to_where_it_is_followed(root: Path) -> None:
    run, lock = runs.create(RunConfig(), hold=True)  # held: nobody starts it
    assert lock is not None
    assert {page for page, _, query in links(opened()) if query == f"run={run.id}"} == {"train"}
    lock.close()


def test_damaged_runs_are_listed_and_keep_no_other_from_it(root: Path) -> None:
    good = train(name="good one")
    for number, content in enumerate(("{", '{"schema": 9}', "", "\x00" * 9)):
        bad = train(name=f"bad {number}")
        (bad.folder / "config.json").write_text(content)
    (train(name="no settings").folder / "config.json").unlink()
    text = said(opened())
    assert good.title in text
    assert text.count("damaged") >= 4 and "missing" in text


def test_many_runs_are_folded(root: Path) -> None:
    for number in range(runs_list.SHOWN + 1):
        _, lock = runs.create(RunConfig().replace(name=f"run {number}"), hold=True)
        assert lock is not None
        lock.close()
        (root / runs.all_runs()[0].id / "request.json").unlink()  # nobody starts it
    app = opened()
    assert app.expander[0].label.endswith(" more")


@pytest.mark.heavy
def test_home_opens_without_torch_however_many_runs_there_are(supervised: Path) -> None:
    train()
    code = f"""
import sys
from streamlit.testing.v1 import AppTest
app = AppTest.from_file({str(APP)!r}, default_timeout=60).run()
assert not app.exception and not app.error, (app.exception, app.error)
print(app.title[0].value, "torch" in sys.modules)
"""
    told = subprocess.run([sys.executable, "-c", code], cwd=APP.parent, capture_output=True, text=True, check=True)
    assert told.stdout.splitlines()[-1] == "Diabolo False"


def test_ones_own_runs_come_before_the_recipes(root: Path) -> None:
    assert [one.value for one in opened().subheader] == ["Recipes", "Runs"]
    train()
    assert [one.value for one in opened().subheader] == ["Runs", "Recipes"]


def test_two_runs_of_one_name_are_told_apart(root: Path) -> None:
    for epochs in (1, 2):
        train(epochs=epochs)
    text = said(opened())
    assert "Epochs 1" in text and "Epochs 2" in text
