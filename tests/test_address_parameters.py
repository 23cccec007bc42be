"""Whatever anybody writes into an address: each parameter of each page falls back, or says what is wrong."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as hy

from pages.ui import address, forms, language, state
from tests.test_any_text import few, texts
from vae_core import handwriting

FOLDER = Path(__file__).parents[1]
EXTENT = (-3.0, 3.0, -3.0, 3.0)


def _is_place(found: Any) -> bool:
    return found is None or (-3 <= found[0] <= 3 and -3 <= found[1] <= 3)


READERS: Mapping[str, tuple[Callable[[], Any], Callable[[Any], bool]]] = {
    "run": (
        lambda: (state.chosen_run(), state.followed_run()),
        lambda found: all(len(one or "") <= 100 for one in found),
    ),
    "picture": (lambda: state.picked_picture(1000), lambda found: found in range(1000)),
    "score": (lambda: state.chosen_score(("kl", "pca_20"), "kl"), lambda found: found in ("kl", "pca_20")),
    "threshold": (
        lambda: state.chosen_threshold("here", 5.0),
        lambda found: found is None or abs(found) < float("inf"),
    ),
    "normal": (lambda: state.chosen_normal(range(10)), lambda found: found is None or set(found) <= set(range(10))),
    "place": (lambda: state.picked_place("run", "plane", EXTENT), _is_place),
    "drawing": (
        lambda: handwriting.from_text(state.sent_drawing()),
        lambda found: found is None or found.shape == (28, 28),
    ),
    "show": (lambda: forms._shown(), lambda found: found is None or set(found) <= set(forms.SHARED)),
    "lang": (lambda: language.take_address(), lambda found: found is None),
}
"""What reads a parameter, and what it may make of any text."""
ON_PAGES = ("recipe", "runs", "view", "draw_count", "draw_temperature", "draw_seed", "walk_seed", "compare_seed")
"""What `test_nonsense.py` tries on the pages themselves: it is compared with what there is, or belongs to a widget. A link's
settings are tried in `test_any_text.py`."""


class Parameters(dict[str, str]):
    """As Streamlit's."""

    def to_dict(self) -> dict[str, str]:
        return dict(self)

    def from_dict(self, parameters: Mapping[str, str]) -> None:
        self.clear()
        self.update(parameters)


@pytest.fixture(autouse=True)
def visitor(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """A session and an address without a browser."""
    st = SimpleNamespace(session_state={}, query_params=Parameters(), context=SimpleNamespace(url=None))
    for module in (address, state, forms, language):
        monkeypatch.setattr(module, "st", st)
    yield st


@pytest.mark.parametrize("name", READERS)
def test_a_parameter_takes_any_text(name: str, visitor: SimpleNamespace) -> None:
    read, may_be = READERS[name]

    @settings(few, max_examples=50)
    @given(text=hy.one_of(texts, hy.lists(texts, min_size=2, max_size=4).map(",".join)), again=texts)
    @example(text="1e999,nan", again="nan")
    @example(text="²", again="١")
    @example(text=",".join(["9" * 19] * 3), again="-1")
    def check(text: str, again: str) -> None:
        visitor.session_state.clear()
        for written in (text, again):  # a second link in the same session
            visitor.query_params.clear()
            visitor.query_params[name] = written
            assert may_be(read())
            assert may_be(read())
            assert all(isinstance(value, str) for value in visitor.query_params.values())

    check()


def test_each_parameter_that_a_page_reads_is_tried() -> None:
    found: set[str] = set()
    for path in (FOLDER / "pages").rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        constants = dict(re.findall(r'^(_?[A-Z_]+) = "([a-z_]+)"', source, re.M))
        named = re.findall(r"\baddress\.get\(\s*([\w\"]+)", source) if path.stem != "links" else []  # of any mapping
        named += re.findall(r"_from_address\(([\w\"]+)\)", source)
        named += re.findall(r"seed_box\(([\w\"]+),", source)
        bound = len(re.findall(r'[\s(]bind="query-params",', source))
        keys = [one for one in ON_PAGES if bound and f'key="{one}"' in source]
        assert bound == len(keys), path
        named += keys
        found |= {constants.get(one, one.strip('"')) for one in named}
    assert found - {"key", "name", "SHOW"} == {*READERS, *ON_PAGES}, "but for helpers' own arguments and `forms.SHOW`"
