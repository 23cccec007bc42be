"""Hints: a page says which fault of a run explains what it shows, and says nothing of a healthy one."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui import cache, coach
from pages.ui.hints import HINTS, hint, words
from pages.ui.navigation import BY_NAME
from tests.test_page_coach import never
from tests.tiny_runs import train, training
from vae_core import runs
from vae_core.diagnosis import CHECKS, Check
from vae_core.runs import Run

APP = Path(__file__).parents[1] / "app.py"
PAGES = sorted({page for pages in HINTS.values() for page in pages})


def said(page: str, run: Run) -> list[str]:
    """The hints on a page."""
    app = AppTest.from_file(APP, default_timeout=60)
    app.query_params["run"] = run.id
    app.switch_page(f"pages/{page}.py").run()
    assert not app.exception and not app.error
    links = [link.proto for link in app.get("page_link") if link.proto.label == "What the coach says"]
    assert all(link.query_string == f"run={run.id}" for link in links)
    found = [one.value for one in app.markdown if ":material/warning:" in one.value]
    assert len(found) == len(links)
    return found


def test_the_table_names_faults_and_pages_that_there_are() -> None:
    assert set(HINTS) <= set(CHECKS)
    assert set(PAGES) <= set(BY_NAME)


def test_the_gravest_fault_that_has_a_line_on_the_page_is_told() -> None:
    short, dead, nothing = (Check(kind, 0.0, 1.0, True) for kind in ("too_short", "dead_units", "collapse"))
    healthy = Check("collapse", 5.0, 1.0, False)
    assert hint("reconstruct", [short, dead, nothing]) == nothing
    assert hint("reconstruct", [short, dead, healthy]) == short
    assert hint("latent", [short, dead, healthy]) is None
    assert hint("generate", []) is None


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("name", ["starter-vae-2d", "starter-vae-conv-16d", "starter-ae-2d"])
def test_of_a_healthy_run_nothing_is_said(root: Path, monkeypatch: pytest.MonkeyPatch, name: str, page: str) -> None:
    if name != "starter-ae-2d":
        monkeypatch.setattr(cache, "model_checks", never)  # its curves acquit it, so the page needn't wait
    assert said(page, runs.find(name)) == []


def test_a_collapse_is_told_on_every_page_that_it_explains(root: Path) -> None:
    run = train(epochs=4, loss__beta=60.0, model__hidden=[64], model__latent_dim=16)
    for page in ("generate", "latent", "reconstruct"):
        (line,) = said(page, run)
        assert "next to nothing" in line and "{" not in line
    assert "Active dimensions: 0 of 16." in said("latent", run)[0]


def test_an_autoencoders_holes_are_told_where_pictures_are_drawn(root: Path) -> None:
    run = train(epochs=6, model__kind="autoencoder", model__latent_dim=32, model__hidden=[256, 128])
    (line,) = said("generate", run)
    assert "holes" in line and "%" in line
    assert said("latent", run) == []


def test_a_short_training_is_told_where_its_blur_is_seen_and_only_when_it_is_over(root: Path) -> None:
    (line,) = said("reconstruct", train(epochs=4))
    assert "was short" in line
    with training(4) as run:
        assert said("reconstruct", run) == []


def test_a_run_that_trains_is_judged_by_its_curves(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "model_checks", never)
    with training(5, loss__beta=60.0, model__hidden=[64]) as run:
        assert "next to nothing" in said("latent", run)[0]


def test_too_high_a_rate_is_told_with_what_it_did(root: Path) -> None:
    run = train(epochs=4, training__learning_rate=0.05, model__hidden=[128, 64])
    (found,) = [check for check in coach.all_checks(run) if check.kind == "rate_high" and check.is_fault]
    assert "too large steps" in words("reconstruct", found)
    assert words("reconstruct", found) in said("reconstruct", run)[0]
