"""Draw: what the page shows of a picture, for every kind of model. Strokes are a browser's test."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.ui import own_picture_views
from tests.processes import nobody_left
from tests.tiny_runs import train
from vae_core import latent
from vae_core.anomaly import DEFAULT_SCORE, score
from vae_core.datasets import load, source
from vae_core.models import Model
from vae_core.models import load as load_model
from vae_core.runs import Run

APP = Path(__file__).parents[1] / "app.py"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Run]]:
    root = tmp_path_factory.mktemp("draw")
    with pytest.MonkeyPatch.context() as patch, nobody_left(root):
        patch.setenv("DIABOLO_RUNS", str(root))
        yield {
            "vae": train(name="vae"),
            "autoencoder": train(name="points", model__kind="autoencoder"),
            "conditional": train(name="told", model__kind="conditional-vae", model__latent_dim=8),
            "line": train(name="line", model__latent_dim=1),
        }


def opened(run: Run, way: str = "test") -> AppTest:
    app = AppTest.from_file(APP, default_timeout=60)
    app.query_params["run"] = run.id
    app.session_state["own_picture_way"] = way
    app.switch_page("pages/draw.py").run()
    assert not app.exception and not app.error
    return app


def words(app: AppTest) -> str:
    shown = [one.value for one in [*app.caption, *app.subheader, *app.info, *app.markdown]]
    return "\n".join([*shown, *(p.caption for element in app.get("image") for p in element.proto.imgs)])


def model_of(run: Run) -> Model:
    return load_model(run.config.model, run.weights(), source("digits").image_shape, 10)


@pytest.mark.parametrize("name", ["vae", "autoencoder", "conditional", "line"])
def test_every_model_looks_at_a_test_picture(trained: dict[str, Run], name: str) -> None:
    app = opened(trained[name])
    app.text_input(key="own_picture_number").set_value("7").run()
    assert not app.exception and not app.error
    said = words(app)
    data = load("digits", "test")
    scores = score(model_of(trained[name]), data, [DEFAULT_SCORE])[DEFAULT_SCORE]
    assert f"Stranger than {(scores < scores[7]).mean():.0%} of the test pictures" in said
    assert app.session_state["picture"] == 7
    assert ("Decoded from codes drawn" in said) == (name != "autoencoder")
    assert ("a point without a spread" in said) == (name == "autoencoder")
    assert len(app.get("plotly_chart")) == 2


@pytest.mark.parametrize("way", ["draw", "upload"])
def test_without_a_picture_the_page_says_what_will_come(trained: dict[str, Run], way: str) -> None:
    app = opened(trained["vae"], way)
    assert "appears here" in words(app)
    assert not app.get("plotly_chart")


def test_resampling_draws_anew(trained: dict[str, Run]) -> None:
    app = opened(trained["vae"])

    def drawn() -> str:
        return next(p.url for e in app.get("image") for p in e.proto.imgs if "drawn from its posterior" in p.caption)

    before = drawn()
    next(one for one in app.button if one.label == "Resample").click().run()
    assert drawn() != before


def test_a_picture_alone_gets_the_score_that_it_has_among_others(trained: dict[str, Run]) -> None:
    model, data = model_of(trained["vae"]), load("digits", "test")
    together = score(model, data, [DEFAULT_SCORE])[DEFAULT_SCORE]
    alone = [own_picture_views.strangeness(model, picture) for picture in data.images[:20]]
    np.testing.assert_allclose(alone, together[:20], rtol=1e-5)


def test_what_is_drawn_from_the_posterior_lies_round_its_mean(trained: dict[str, Run]) -> None:
    model = model_of(trained["vae"])
    seen = own_picture_views.look(model, load("digits", "test").images[0])
    points = latent.encode(model, load("digits", "test").subset(slice(1)))
    np.testing.assert_allclose(seen.mu, points.mu[0], atol=1e-5)
    assert seen.sigma is not None and points.sigma is not None
    np.testing.assert_allclose(seen.sigma, points.sigma[0], rtol=1e-4)
    drawn = own_picture_views.drawn(model, seen, 4, seed=1)
    eps = np.random.default_rng(1).standard_normal((4, 2), np.float32)
    np.testing.assert_array_equal(drawn, latent.decode(model, seen.mu + seen.sigma * eps))
