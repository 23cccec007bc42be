"""What stands behind the charts: the code that is shown is the code that runs, and a page shows each."""

import importlib
import inspect
import re
from pathlib import Path
from textwrap import dedent

import pytest

from pages.ui.explanations import EXPLANATIONS, source
from pages.ui.lessons import LESSONS

ROOT = Path(__file__).parents[1]
ALL = {**EXPLANATIONS, **{f"lesson {name}": lesson.behind for name, lesson in LESSONS.items()}}
PAGES = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "pages").rglob("*.py"))


@pytest.mark.parametrize("name", sorted({name for explanation in ALL.values() for name in explanation.code}))
def test_the_code_that_is_shown_is_the_code_that_runs(name: str) -> None:
    module, _, path = name.partition(":")
    running: object = importlib.import_module(module)
    for part in path.split("."):
        running = inspect.getattr_static(running, part)
    running = running.fget if isinstance(running, property) else running
    assert callable(running)
    found = source(name)
    assert found.code == dedent(inspect.getsource(inspect.unwrap(running))).rstrip()
    file, _, told = found.place.partition(", ")
    assert (ROOT / file).is_file() and told == path


@pytest.mark.parametrize("name", EXPLANATIONS)
def test_every_explanation_stands_behind_something(name: str) -> None:
    assert EXPLANATIONS[name].text
    assert re.search(rf'(about=|show_about\(|show_details\("\w+", |about = .*)"{name}"', PAGES), "no page shows it"


def test_what_is_not_there_is_not_shown() -> None:
    with pytest.raises(StopIteration):
        source("vae_core.losses:nothing_of_that_name")
