"""Draw: what the page shows of a picture, for every kind of model. Strokes are a browser's test."""

import io
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from pages.ui import cache, own_picture_views
from pages.ui.strangeness import exceeded_in_words, scale, verdict_in_words
from tests.processes import nobody_left
from tests.tiny_runs import train
from vae_core import latent, runs
from vae_core.anomaly import DEFAULT_SCORE, score, threshold
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
            "fives": train(
                8,
                name="fives",
                model__kind="autoencoder",
                model__latent_dim=8,
                data__classes=[5],
                training__batch_size=32,
            ),
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
    own = score(model_of(trained[name]), data.subset(slice(7, 8)), [DEFAULT_SCORE])[DEFAULT_SCORE][0]
    normal = score(model_of(trained[name]), load("digits", "validation"), [DEFAULT_SCORE])[DEFAULT_SCORE]
    assert exceeded_in_words(float((normal < own).mean()), 400) in said
    limit = threshold(normal).value
    assert verdict_in_words(own, limit, scale(normal, limit).digits) in said
    assert (app.query_params["score"], app.query_params["threshold"]) == (DEFAULT_SCORE, f"{limit:.6g}")
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


def uploaded(app: AppTest, picture: np.ndarray) -> AppTest:
    """The page with a picture of one's own, dark on light paper, as a photograph of it would be."""
    grey = np.pad(255 - np.asarray(Image.fromarray(picture).resize((280, 280))), 60, constant_values=255)
    file = io.BytesIO()
    Image.fromarray(grey).save(file, "PNG")
    app.session_state["own_picture_way"] = "upload"
    app.file_uploader(key="own_picture_file").set_value(("picture.png", file.getvalue(), "image/png")).run()
    assert not app.exception and not app.error
    return app


def test_draw_and_anomalies_agree_on_every_picture(trained: dict[str, Run]) -> None:
    """A model of fives: the same score, the same threshold, the same verdict on both pages, also by a link."""
    run, data = trained["fives"], load("digits", "test")
    detector = cache.detector(run, "digits", (5,))
    for score_name, threshold_value in ((None, None), ("latent_knn", None), (DEFAULT_SCORE, 5.0), ("pca_20", 1e9)):
        expected = detector.judge(data, score_name or DEFAULT_SCORE)
        anomalies = AppTest.from_file(APP, default_timeout=60)
        for name, value in (("score", score_name), ("threshold", threshold_value)):
            if value is not None:
                anomalies.query_params[name] = str(value)
        anomalies.query_params["run"], anomalies.query_params["view"] = run.id, "anomalies"
        anomalies.switch_page("pages/reconstruct.py").run()
        assert not anomalies.exception and not anomalies.error
        limit = anomalies.slider[0].value
        assert limit == min(
            expected.default.value if threshold_value is None else threshold_value, anomalies.slider[0].max
        )
        for number in (np.flatnonzero(data.labels == 9)[0], np.flatnonzero(data.labels == 5)[3], 0):
            draw = AppTest.from_file(APP, default_timeout=60)
            for name in ("score", "threshold"):
                draw.query_params[name] = anomalies.query_params[name]
            draw.query_params["picture"], draw.query_params["run"] = str(number), run.id
            draw.switch_page("pages/draw.py").run()
            assert not draw.exception and not draw.error
            own = float(expected.scores[number])
            digits = scale(detector.reference(score_name or DEFAULT_SCORE), limit).digits
            assert verdict_in_words(own, limit, digits) in words(draw)
            assert exceeded_in_words(float(expected.exceeded[number]), 40) in words(draw)
            assert "test images" not in draw.subheader[1].value
            for name in ("score", "threshold"):
                assert draw.query_params[name] == anomalies.query_params[name]


def test_a_nine_is_anomalous_to_a_model_of_fives(trained: dict[str, Run]) -> None:
    data = load("digits", "test")
    detector = cache.detector(trained["fives"], "digits", (5,))
    found = detector.judge(data)
    number = int(np.flatnonzero((data.labels == 9) & found.flagged & ~found.unlike)[0])
    app = opened(trained["fives"])
    app.text_input(key="own_picture_number").set_value(str(number)).run()
    said = words(app)
    assert next(one.value for one in app.subheader) == "Anomalous to this model"
    assert "**Flagged as anomalous**" in said and "from that many images, the true share may lie between" in said
    assert "Normal are the validation images of 5;" in said
    five = int(np.flatnonzero((data.labels == 5) & ~found.flagged)[0])
    app.text_input(key="own_picture_number").set_value(str(five)).run()
    assert next(one.value for one in app.subheader) == "Like what this model learnt: 5"
    assert "**Not flagged**" in words(app)


def test_what_is_no_digit_is_called_nothing_of_the_kind() -> None:
    """A brushed plate of metal, one full of scratches, and noise: none is between two digits."""
    app = opened(runs.find("starter-vae-2d"), "upload")
    chance = np.random.default_rng(0)
    scratches = np.zeros((240, 240), np.uint8)
    scratches[::24] = 255
    noise = np.kron(chance.integers(0, 2, (24, 24)) * 255, np.ones((10, 10))).astype(np.uint8)
    metal = np.clip(150 + chance.normal(0, 6, (240, 240)) + chance.normal(0, 10, (240, 1)), 0, 255).astype(np.uint8)
    for picture in (scratches, noise, metal):
        assert next(one.value for one in uploaded(app, picture).subheader) == "Nothing like what this model learnt"
    assert not any("Between" in one.value for one in [*app.subheader, *app.caption])


def test_other_labels_than_the_learnt_ones_give_no_verdict(
    trained: dict[str, Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model of clothes whose data set is not here is shown on digits, which are neither normal nor like anything."""
    monkeypatch.setenv("DIABOLO_DATA", str(tmp_path))
    folder = trained["vae"].folder.with_name("clothes")
    shutil.copytree(trained["vae"].folder, folder)
    try:
        (folder / "config.json").write_text(trained["vae"].config.replace(data__name="fashion-mnist").to_json())
        app = opened(runs.find("clothes"))
        assert "learnt other classes" in app.info[0].value and "0-9 of 'fashion" in app.info[0].value.replace("\\", "")
        assert "What the model sees" in words(app) and not any(
            one.value.startswith("Most like") for one in app.subheader
        )
        assert "lag" not in " ".join(one.value for one in app.markdown) and "threshold" not in app.query_params
    finally:
        shutil.rmtree(folder)


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
