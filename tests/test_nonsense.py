"""What pages make of damaged runs and of nonsense in an address: one sentence each, and all else as ever."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.navigation import BY_NAME
from tests.processes import nobody_left
from tests.tiny_runs import train
from vae_core import runs
from vae_core.runs import Run

APP = Path(__file__).parents[1] / "app.py"


@pytest.fixture(scope="module", autouse=True)
def _own_runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    root = tmp_path_factory.mktemp("nonsense")
    with pytest.MonkeyPatch.context() as patch, nobody_left(root):
        patch.setenv("DIABOLO_RUNS", str(root))
        train(name="Good one")
        yield


def opened(name: str, **address: str | list[str]) -> AppTest:
    app = AppTest.from_file(APP, default_timeout=60)
    for key, value in address.items():
        app.query_params[key] = value
    app.switch_page(f"pages/{name}.py").run()
    assert not app.exception
    assert app.title[0].value == (BY_NAME[name].heading or BY_NAME[name].title)
    return app


def truncate(run: Run) -> None:
    path = run.folder / "model.safetensors"
    os.truncate(path, path.stat().st_size // 2)


def flip(run: Run) -> None:
    path = run.folder / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[-100] ^= 1
    path.write_bytes(data)


def break_settings(run: Run) -> None:
    (run.folder / "config.json").write_text('{"schema": 1, "model": {')


@pytest.mark.parametrize(
    ("damage", "file"),
    [(truncate, "model.safetensors"), (flip, "model.safetensors"), (break_settings, "config.json")],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_damage_is_said_once_on_each_page_and_hides_no_other_run(damage: Callable[[Run], None], file: str) -> None:
    run = train(name="Broken one")
    damage(run)
    for name in ("generate", "reconstruct", "latent", "train"):
        said = [error.value.replace("\\", "") for error in opened(name, run=run.id).error]
        # Train shows the curves of a run whose weights alone are of no use.
        assert len(said) == (0 if damage is flip and name == "train" else 1), name
        assert all(f"{run.id}/{file}' is damaged" in text for text in said)
    listed = "\n".join(one.value for one in opened("home").markdown)
    assert "Good one" in listed
    if damage is not flip:  # which the list, that reads no whole file, can't know
        assert "damaged" in listed
    runs.delete(run)


RUNS: tuple[dict[str, str | list[str]], ...] = (
    {"run": "../../etc"},
    {"run": "gone"},
    {"run": ["\0<script>alert(1)</script>", "two"]},
    {"run": "x" * 3000},
)
NONSENSE: dict[str, tuple[dict[str, str | list[str]], ...]] = {
    "home": RUNS[:1],
    "train": RUNS,
    "generate": (
        *RUNS,
        {"draw_seed": "1e999", "draw_count": "1e999", "draw_temperature": "nan"},
        {"draw_seed": "-5", "draw_count": "-5", "draw_temperature": "1e999"},
        {"draw_seed": "0x10", "draw_count": "abc", "draw_temperature": ""},
    ),
    "reconstruct": (*RUNS, {"view": "nothing", "recon_seed": "1e999"}),
    "latent": RUNS,
    "how": RUNS[:1],
    "compare": ({"runs": "[1,2],,\0", "compare_seed": "-1e999", "recipe": "[]", "lang": "{}"},),
    "experiments": ({"recipe": "../..", "show": "[[[[", "training.epochs": "[1,2]"},),
    "draw": ({"drawing": "[" * 2000, "threshold": "nan", "score": "\0", "normal": "9,²,[", "picture": "-1e999"},),
}
EVERYTHING = {
    "picture": "²",
    "score": "{",
    "threshold": "1e999",
    "normal": "9" * 5000,
    "place": "nan,inf",
    "view": "anomalies",
    "walk_seed": "٣",
    "lang": "xx",
}
for _name in ("reconstruct", "latent", "generate"):
    NONSENSE[_name] += (EVERYTHING,)


@pytest.mark.parametrize(
    ("name", "address"),
    [(name, address) for name, addresses in NONSENSE.items() for address in addresses],
    ids=lambda value: str(value)[:40],
)
def test_nonsense_in_an_address_breaks_nothing(name: str, address: dict[str, str | list[str]]) -> None:
    app = opened(name, **address)
    assert [error.value for error in app.error] == []
    if "run" in address and name not in ("home", "how"):
        assert len([warning.value for warning in app.warning if "There is no run" in warning.value]) == 1
