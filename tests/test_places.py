"""A fragment is known by its place: what comes and goes above it may not move it, or a click in it is lost meanwhile."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block, Node

from tests.tiny_runs import train, training
from vae_core.runs import Run

APP = Path(__file__).parents[1] / "app.py"


def opened(page: str, run: Run, *, linked: Mapping[str, str] | None = None) -> AppTest:
    """A page, with what a link to a run that is not here brought with it."""
    app = AppTest.from_file(APP, default_timeout=60)
    app.query_params["run"] = run.id
    if linked is not None:
        app.session_state["linked_settings"] = linked
    app.switch_page(f"pages/{page}.py").run()
    assert not app.exception
    return app


def place(app: AppTest, label: str) -> tuple[int, ...]:
    """Where an expander stands: its number in each block around it."""

    def search(node: Node, above: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        if getattr(node, "label", None) == label:
            yield above
        if isinstance(node, Block):
            for number, child in node.children.items():
                yield from search(child, (*above, number))

    (found,) = search(app.main, ())
    return found


def test_the_end_of_a_training_moves_nothing(root: Path) -> None:
    with training(2) as run:
        before = opened("train", run)
    after = opened("train", train(epochs=1))
    assert "What do these numbers mean?" in [expander.label for expander in after.expander]
    for label in ("Training film", "The layers of this model", "What if …?", "Export"):
        assert place(after, label) == place(before, label)


@pytest.mark.parametrize("page", ["generate", "latent", "reconstruct"])
def test_a_hint_moves_nothing(root: Path, page: str) -> None:
    def film(run: Run) -> tuple[tuple[int, ...], bool]:
        app = opened(page, run)
        return place(app, "Training film"), any(e.proto.label == "What the coach says" for e in app.get("page_link"))

    with training(1) as silent:
        before, is_hinted = film(silent)
        assert not is_hinted
    after, is_hinted = film(train(epochs=4, loss__beta=60.0, model__hidden=[64], model__latent_dim=16))
    assert is_hinted
    assert after == before


@pytest.mark.parametrize("page", ["train", "latent"])
def test_what_a_link_has_to_be_told_moves_nothing(root: Path, page: str) -> None:
    run = train(epochs=1)
    quiet = opened(page, run)
    offered = opened(page, run, linked={"recipe": "quick"})
    assert any("is not on this server" in text.value for text in offered.markdown)
    assert place(offered, "Training film") == place(quiet, "Training film")
