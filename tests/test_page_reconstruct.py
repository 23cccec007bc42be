"""Reconstruct and anomalies: what the page decides, and what a visitor sees of real, small, trained runs."""

import math
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from pages.ui import cache, reconstruction
from pages.ui.strangeness import in_words, ink_correlation, only_these, scale
from tests.app_pages import words
from tests.processes import nobody_left
from tests.tiny_runs import train
from vae_core import anomaly, metrics, runs
from vae_core.config import RunConfig
from vae_core.datasets import load
from vae_core.models import build
from vae_core.pixels import to_unit
from vae_core.runs import Run

APP = Path(__file__).parents[1] / "app.py"


@dataclass(frozen=True)
class Trained:
    """One run of each sort."""

    vae: Run
    autoencoder: Run
    fives: Run


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trained]:
    root = tmp_path_factory.mktemp("reconstruct")
    with pytest.MonkeyPatch.context() as patch, nobody_left(root):
        patch.setenv("DIABOLO_RUNS", str(root))
        yield Trained(
            vae=train(name="all digits"),
            autoencoder=train(name="point codes", model__kind="autoencoder", model__latent_dim=8),
            fives=train(
                8,
                name="fives",
                model__kind="autoencoder",
                model__latent_dim=8,
                data__classes=[5],
                training__batch_size=32,
            ),
        )


def opened(run: Run, view: str | None = None) -> AppTest:
    """The page with a run chosen, in one of its two views."""
    app = AppTest.from_file(APP, default_timeout=60).run()
    app.session_state["run"] = run.id
    app.switch_page("pages/reconstruct.py").run()
    if view:
        app.segmented_control(key="view").set_value(view).run()
    assert not app.exception
    return app


def sentence(app: AppTest) -> str:
    return next(element.value for element in app.markdown if element.value.startswith("Detection rate (recall)"))


# What decides


def test_reconstructions_come_from_the_posterior_mean() -> None:
    model, data = build(RunConfig().model, (1, 28, 28)), load("digits", "test")
    found = reconstruction.reconstruct(model, data, [3, 999])
    again = reconstruction.reconstruct(model, data, [3, 999])
    with torch.no_grad():
        x = to_unit(torch.from_numpy(data.images[[3, 999]]))
        expected = model.decode(model.encode(x).mu).mean.numpy()
    np.testing.assert_allclose(found.recons, expected, atol=1e-6)
    assert np.array_equal(found.recons, again.recons)
    assert set(found.errors) == set(anomaly.available(model))
    np.testing.assert_allclose(found.errors["squared_error"], ((x.numpy() - expected) ** 2).sum((1, 2, 3)), rtol=1e-4)
    np.testing.assert_allclose(found.pixel_error(1), np.abs(x.numpy() - expected)[1, 0], atol=1e-6)


def test_the_mean_image_is_the_best_constant_answer() -> None:
    data = load("digits", "test")
    base = reconstruction.mean_image_baseline(data, None)
    assert base.squared_error.shape == (1000,)
    assert base.squared_error.mean() / 784 == pytest.approx(metrics.mse_of_mean_image(data))
    fives = reconstruction.mean_image_baseline(data, (5,))
    is_five = data.labels == 5
    assert fives.squared_error[is_five].mean() < base.squared_error[is_five].mean()
    assert fives.squared_error[~is_five].mean() > base.squared_error[~is_five].mean()


def test_random_pictures_depend_on_the_seed_alone() -> None:
    few, many = reconstruction.random_numbers(6, 1000, 4), reconstruction.random_numbers(24, 1000, 4)
    assert np.array_equal(few, many[:6])
    assert len(set(many.tolist())) == 24
    assert not np.array_equal(few, reconstruction.random_numbers(6, 1000, 5))
    assert len(reconstruction.random_numbers(24, 7, 0)) == 7


def test_a_picture_by_its_class_and_back() -> None:
    data = load("digits", "test")
    for number in (0, 17, 999):
        assert reconstruction.number_in_class(data, *reconstruction.place_in_class(data, number)) == number
    last = np.flatnonzero(data.labels == 3)[-1]
    assert reconstruction.number_in_class(data, 3, 10**6) == last
    assert reconstruction.number_in_class(data, 3, -5) == np.flatnonzero(data.labels == 3)[0]


@pytest.mark.parametrize(
    "scores", [[0.7, 1.3, 8.6], [105.0, 900.0], [2.0, 2.0], [0.0, 0.0], [1e-6, 3e-6], [-4.0, 12.0]], ids=str
)
def test_a_threshold_reaches_from_everything_to_nothing(scores: list[float]) -> None:
    values = np.array(scores)
    places = scale(values, float(values[0]))
    assert (values > places.low).all() and not (values > places.high).any()
    assert places.low <= places.clamp(values[0]) == values[0] <= places.high
    assert places.clamp(-math.inf) == places.low and places.clamp(math.inf) == places.high
    assert 0 < (places.high - places.low) / places.step < 410
    assert scale(values, 1e4).high >= 1e4


def test_counts_in_words() -> None:
    found = anomaly.Confusion(strange_found=812, strange_missed=80, false_alarms=5, normal_passed=103)
    assert in_words(found) == (
        "Detection rate (recall): **812 of 892** anomalous images (91%). False alarms: **5** among 108 normal ones (5%; with so few, the "
        "true share lies between 2% and 10%)."
    )


def test_how_much_a_score_follows_the_ink() -> None:
    images = load("digits", "test").images
    ink = images.reshape(1000, -1).sum(1, dtype=np.int64)
    assert ink_correlation(ink.astype(float) ** 3, images) == pytest.approx(1)
    assert ink_correlation(-ink.astype(float), images) == pytest.approx(-1)
    assert abs(ink_correlation(np.random.default_rng(0).normal(size=1000), images)) < 0.1
    assert ink_correlation(np.ones(1000), images) == 0


def test_only_these_classes() -> None:
    config = RunConfig().with_values(only_these("digits", (7, 3)))
    assert config.data.classes == (3, 7)


# What a visitor sees


@pytest.mark.parametrize("kind", ["vae", "autoencoder"])
def test_random_pictures_with_their_figures(trained: Trained, kind: str) -> None:
    run = getattr(trained, kind)
    app = opened(run)
    assert [metric.label for metric in app.metric] == ["Error of this model", "Error of the mean image"]
    errors = cache.scores(run, "digits")["squared_error"]
    assert app.metric[0].value == f"{errors.mean():.1f}"
    assert ("posterior mean, not from a random draw" in words(app)) == (kind == "vae")
    assert ("decoded from the image's code" in words(app)) == (kind == "autoencoder")
    cards = [element.value for element in app.markdown if "(mean image" in element.value]
    assert len(cards) == 6
    number = reconstruction.random_numbers(6, 1000, 0)[0]
    assert f"image {number}" in cards[0] and f"Error {errors[number]:.1f}" in cards[0]
    assert all(("KL" in card and "−ELBO" in card) == (kind == "vae") for card in cards)

    app.button[0].click().run()
    assert app.text_input(key="recon_seed").value == "1"
    assert [element.value for element in app.markdown if "(mean image" in element.value] != cards
    app.text_input(key="recon_seed").set_value("0")
    app.selectbox(key="recon_count").set_value(24).run()
    assert [element.value for element in app.markdown if "(mean image" in element.value][:6] == cards


def test_one_picture_by_class_and_place(trained: Trained) -> None:
    app = opened(trained.vae)
    app.segmented_control(key="recon_mode").set_value("one").run()
    data = load("digits", "test")
    app.selectbox(key="recon_class").set_value(7).run()
    app.text_input(key="recon_place").set_value("5").run()
    number = np.flatnonzero(data.labels == 7)[4]
    assert app.session_state["picture"] == number
    assert f"**7** · image {number}" in words(app)
    app.text_input(key="recon_place").set_value(str(10**6)).run()
    assert data.labels[app.session_state["picture"]] == 7
    assert not app.exception and not app.error


def test_looking_closer_at_a_random_picture(trained: Trained) -> None:
    app = opened(trained.vae)
    app.button(key="closer2").click().run()
    number = reconstruction.random_numbers(6, 1000, 0)[2]
    assert app.segmented_control(key="recon_mode").value == "one"
    assert f"image {number}" in words(app)


@pytest.mark.parametrize("picture", [-3, 10**9, "nonsense", 2.7])
def test_a_picked_picture_that_is_not_there(trained: Trained, picture: object) -> None:
    app = opened(trained.vae)
    app.session_state["picture"] = picture
    app.segmented_control(key="recon_mode").set_value("one").run()
    assert not app.exception and not app.error


def test_a_model_of_fives_finds_the_others(trained: Trained) -> None:
    app = opened(trained.fives, "anomalies")
    assert "learnt only **5**" in words(app) and not app.warning
    data = load("digits", "test")
    scores = cache.scores(trained.fives, "digits")[anomaly.DEFAULT_SCORE]
    validation = load("digits", "validation", classes=(5,))
    with torch.no_grad():
        own = anomaly.score(cache.model(trained.fives), validation)[anomaly.DEFAULT_SCORE]
    slider = app.slider[0]
    assert slider.value == np.sort(own)[-2], "two of 41 is the largest share that 5 % allows"
    normal = data.labels == 5
    assert sentence(app) == in_words(anomaly.confusion(scores, normal, slider.value))
    assert f"{len(validation)} normal validation images: 5% false alarms asked" in words(app)
    assert "the true share may lie between 0.6% and 13.2%" in words(app)
    assert [heading.value for heading in app.subheader] == [
        "The most anomalous images",
        "The most typical images",
        "All scores",
    ]
    assert len(app.get("plotly_chart")) == 2
    assert app.get("download_button")


def test_the_threshold_at_its_ends(trained: Trained) -> None:
    app = opened(trained.fives, "anomalies")
    reset = next(button for button in app.button if button.label == "Back to the default")
    assert reset.disabled and reset.help
    slider = app.slider[0]
    default = slider.value
    slider.set_value(slider.min).run()
    assert "**900 of 900** anomalous images (100%). False alarms: **100** among 100" in sentence(app)
    app.slider[0].set_value(slider.max).run()
    assert "**0 of 900** anomalous images (0%). False alarms: **0** among 100" in sentence(app)
    assert float(app.query_params["threshold"]) == pytest.approx(slider.max)
    next(button for button in app.button if button.label == "Back to the default").click().run()
    assert app.slider[0].value == default
    assert not app.exception and not app.error


def test_each_score_has_a_threshold_of_its_own(trained: Trained) -> None:
    app = opened(trained.vae, "anomalies")
    assert app.selectbox(key="anomaly_score").options == [anomaly.SCORES[name].title for name in anomaly.SCORES]
    app.selectbox(key="anomaly_score").set_value("negative_elbo").run()
    assert "grows with the ink" in words(app) and "rank correlation with ink" in words(app)
    assert app.slider[0].max > 50
    assert not app.exception and not app.error
    assert opened(trained.autoencoder, "anomalies").selectbox(key="anomaly_score").options == [
        info.title for info in anomaly.SCORES.values() if not info.needs_posterior
    ]


def linked(run: Run, **parameters: str) -> AppTest:
    """The page of anomalies as a link or F5 opens it."""
    app = AppTest.from_file(APP, default_timeout=60)
    for name, value in {"run": run.id, "view": "anomalies", **parameters}.items():
        app.query_params[name] = value
    app.switch_page("pages/reconstruct.py").run()
    assert not app.exception and not app.error
    return app


def address(app: AppTest) -> dict[str, str]:
    return {name: app.query_params[name] for name in ("score", "threshold")}


def test_score_and_threshold_stand_in_the_address_and_come_back(trained: Trained) -> None:
    app = opened(trained.fives, "anomalies")
    default = app.slider[0].value
    assert address(app) == {"score": anomaly.DEFAULT_SCORE, "threshold": f"{default:.6g}"}
    app.selectbox(key="anomaly_score").set_value("latent_knn").run()
    assert address(app) == {"score": "latent_knn", "threshold": f"{app.slider[0].value:.6g}"}
    wanted = app.slider[0].min + 7 * app.slider[0].step
    app.slider[0].set_value(wanted).run()
    kept = address(app)
    assert float(kept["threshold"]) == pytest.approx(wanted)
    again = linked(trained.fives, **kept)
    assert again.selectbox(key="anomaly_score").value == "latent_knn" and address(again) == kept
    assert again.slider[0].value == pytest.approx(wanted) and sentence(again) == sentence(app)
    next(button for button in again.button if button.label == "Back to the default").click().run()
    assert address(again)["threshold"] != kept["threshold"]
    again.switch_page("pages/home.py").run()
    again.switch_page("pages/reconstruct.py").run()
    assert address(again)["score"] == "latent_knn", "the session keeps it across a page switch"
    same = linked(trained.fives, threshold=f"{default:.6g}")
    assert same.slider[0].value == default, "the default's six digits are the default itself"


@pytest.mark.parametrize(
    ("named", "found"), [("-1e300", "min"), ("1e300", "max"), ("nan", None), ("inf", None), ("much", None), ("", None)]
)
def test_a_threshold_in_an_address_is_brought_into_its_range(trained: Trained, named: str, found: str | None) -> None:
    app = linked(trained.fives, threshold=named, score="no such score")
    slider = app.slider[0]
    default = cache.detector(trained.fives, "digits", (5,)).default().value
    assert slider.value == (default if found is None else getattr(slider, found))
    assert address(app) == {"score": anomaly.DEFAULT_SCORE, "threshold": f"{slider.value:.6g}"}


@pytest.mark.parametrize(("named", "found"), [("3,7", [3, 7]), ("7,x,99,-1", [7]), ("", [])])
def test_normal_classes_in_an_address(trained: Trained, named: str, found: list[int]) -> None:
    app = linked(trained.vae, normal=named)
    assert app.pills(key="anomaly_normal").value == found
    if found:
        assert f"among {100 * len(found)} normal ones" in sentence(app)
        assert app.query_params["normal"] == ",".join(map(str, found))


def test_the_table_holds_the_verdict_that_is_shown(trained: Trained) -> None:
    app = opened(trained.fives, "anomalies")
    app.slider[0].set_value(app.slider[0].min + 40 * app.slider[0].step).run()
    data, detector = load("digits", "test"), cache.detector(trained.fives, "digits", (5,))
    verdicts = detector.judge(data, at=app.slider[0].value)
    table = anomaly.to_csv(data, cache.strangeness(trained.fives, "digits", (5,)), data.labels == 5, verdicts).decode()
    flagged = sum(line.split(",")[7] == "1" for line in table.splitlines()[1:])
    found = anomaly.confusion(verdicts.scores, data.labels == 5, app.slider[0].value)
    assert flagged == found.strange_found + found.false_alarms and sentence(app) == in_words(found)


def test_a_model_of_all_classes_says_so_and_leads_to_train(trained: Trained) -> None:
    app = opened(trained.vae, "anomalies")
    assert "learnt all classes" in app.warning[0].value
    app.pills(key="anomaly_normal").set_value([3, 7]).run()
    assert "among 200 normal ones" in sentence(app)
    button = next(button for button in app.button if button.label == "Train a model on only these")
    button.click().run()
    assert app.title[0].value == "Train"
    assert not app.exception


@pytest.mark.parametrize("normal", [[], list(range(10))], ids=["none", "all"])
def test_something_has_to_be_normal_and_something_strange(trained: Trained, normal: list[int]) -> None:
    app = opened(trained.vae, "anomalies")
    app.pills(key="anomaly_normal").set_value(normal).run()
    assert "at least one" in app.info[0].value
    button = next(button for button in app.button if button.label == "Train a model on only these")
    assert button.disabled and button.help
    assert not app.error and not app.exception and not app.slider


@pytest.mark.parametrize("view", [None, "anomalies"])
@pytest.mark.parametrize("how", ["flipped", "other settings"])
def test_damaged_weights_give_one_message(trained: Trained, how: str, view: str | None) -> None:
    root = trained.vae.folder.parent
    broken = Run(f"broken-{how.replace(' ', '-')}-{view or 'first'}".lower(), root / "unused")
    folder = root / broken.id
    shutil.copytree(trained.vae.folder, folder)
    weights = folder / "model.safetensors"
    if how == "flipped":
        content = bytearray(weights.read_bytes())
        content[-500] ^= 1
        weights.write_bytes(content)
    else:
        other = RunConfig.from_json((folder / "config.json").read_text()).replace(model__latent_dim=3)
        (folder / "config.json").write_text(other.to_json())
    try:
        app = opened(runs.find(broken.id))
        if view:
            app.session_state["view"] = view
            app.run()
        assert len(app.error) == 1 and not app.exception
        assert "Delete this run" in app.error[0].value
        app.selectbox(key="run_widget").set_value(trained.vae.id).run()
        assert not app.error
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def foreign(trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Run]]:
    """Makes a run of a data set that is not on this machine, seemingly."""
    monkeypatch.setenv("DIABOLO_DATA", str(tmp_path))
    made = []

    def make(name: str) -> Run:
        folder = trained.vae.folder.with_name(f"foreign-{name}")
        shutil.copytree(trained.vae.folder, folder)
        made.append(folder)
        (folder / "config.json").write_text(trained.vae.config.replace(data__name=name).to_json())
        return runs.find(folder.name)

    yield make
    for folder in made:
        shutil.rmtree(folder)


def test_a_run_whose_data_are_not_here_is_shown_on_the_digits(foreign: Callable[[str], Run]) -> None:
    app = opened(foreign("mnist"), "anomalies")
    assert "among the images it learnt from" in words(app)
    assert "expect a few more false alarms" in words(app)
    assert sentence(app) and not app.error


def test_other_classes_can_not_be_judged(foreign: Callable[[str], Run]) -> None:
    run = foreign("fashion-mnist")
    assert opened(run).metric
    app = opened(run, "anomalies")
    assert "learnt other classes" in app.info[0].value
    assert not app.slider and not app.error


@pytest.mark.parametrize("content", [b"", b"nonsense"], ids=["empty", "nonsense"])
def test_a_run_that_is_not_readable_leaves_the_others(trained: Trained, content: bytes) -> None:
    folder = trained.vae.folder.with_name("broken-whole")
    shutil.copytree(trained.vae.folder, folder)
    (folder / "model.safetensors").write_bytes(content)
    try:
        app = opened(Run(folder.name, folder))
        assert app.selectbox(key="run_widget").value != folder.name
        assert app.metric and len(app.error) == 1
        said = app.error[0].value.replace("\\", "")  # escaped for Markdown
        assert "model.safetensors" in said and "damaged" in said
    finally:
        shutil.rmtree(folder)


def test_without_any_model_the_page_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIABOLO_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(runs, "STARTERS", tmp_path / "starters")
    with nobody_left(tmp_path / "runs"):
        app = AppTest.from_file(APP, default_timeout=60).run()
        app.switch_page("pages/reconstruct.py").run()
        assert "Train one first" in app.info[0].value
        assert not app.exception and not app.error
