"""Spot the stranger: the study of all classes, what the page says of a trained run, and what a visitor can do with it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import roc_auc_score
from streamlit.testing.v1 import AppTest

from pages.ui.experiments import anomaly_charts, anomaly_words, groups
from pages.ui.experiments.anomaly_words import Answer, Tutorial
from tests.app_pages import APP, experiment, keep, words
from tests.processes import nobody_left
from tests.tiny_runs import train
from vae_core import anomaly, datasets, runs
from vae_core.config import RunConfig
from vae_core.datasets import load
from vae_core.errors import InputError
from vae_core.models import load as load_model
from vae_core.recipes import RECIPES
from vae_core.recipes.anomaly import ANOMALY, BETTER
from vae_core.runs import Run
from vae_core.studies import Findings, study

STUDY = {"data": "digits", "epochs": 2, "latent_dim": 4}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Run, Run]]:
    """The recipe's run and its companion, on the bundled digits, as long as the recipe asks for."""
    root = tmp_path_factory.mktemp("anomaly")
    small: dict[str, Any] = {"model__kind": "autoencoder", "data__classes": [5], "data__validation": 0.2}
    with pytest.MonkeyPatch.context() as patch, nobody_left(root):
        patch.setenv("DIABOLO_RUNS", str(root))
        first = train(10, recipe="anomaly-fives", model__latent_dim=8, training__batch_size=16, **small)
        companion = f"anomaly-fives/{BETTER}"
        yield first, train(24, recipe=companion, model__latent_dim=8, training__batch_size=16, **small)


@pytest.fixture(scope="module")
def found(both: tuple[Run, Run]) -> Findings:
    """The study's findings, kept with the companion as a job of its own keeps them."""
    shares: list[float] = []
    module = study("strangers")
    findings = module.compute(both[1], module.Settings.from_dict(STUDY), shares.append)
    assert shares == sorted(shares) and shares[0] > 0 and shares[-1] == pytest.approx(1)
    keep(findings, both[1], "strangers", STUDY)
    return findings


def opened(run: Run | None = None, **session: Any) -> AppTest:
    return experiment("anomaly-fives", run, **session)


# The study


def test_every_class_is_judged_by_every_score(found: Findings) -> None:
    names = [*found.figures["scores"], *found.figures["baselines"]]
    auroc = found.arrays["auroc"]
    assert names == [name for name, info in anomaly.SCORES.items() if not info.needs_posterior]
    assert auroc.shape == (len(names), 10) and (auroc >= 0).all() and (auroc <= 1).all()
    assert found.figures["classes"] == list(range(10)) and found.figures["images"] == 1000
    assert found.figures["best"] == anomaly.BEST_SCORE
    assert (found.figures["epochs"], found.figures["latent_dim"]) == (2, 4)
    assert len(found.figures["cpu_seconds"]) == 10 and min(found.figures["cpu_seconds"]) > 0


def test_the_baseline_of_a_class_is_what_its_mean_picture_gives(found: Findings) -> None:
    train, test = load("digits", "train", validation=0.2), load("digits", "test")
    row = [*found.figures["scores"], *found.figures["baselines"]].index("mean_image")
    for number in (0, 8):
        mean = (train.images[train.labels == number] / 255).mean(0)
        error = np.square(test.images / 255 - mean).sum((1, 2, 3))
        assert found.arrays["auroc"][row, number] == pytest.approx(
            roc_auc_score(test.labels != number, error), abs=1e-4
        )


def test_a_study_that_is_stopped_ends(both: tuple[Run, Run]) -> None:
    class Stopped(Exception):
        pass

    def report(share: float) -> None:
        raise Stopped

    module = study("strangers")
    with pytest.raises(Stopped):
        module.compute(both[0], module.Settings.from_dict(STUDY), report)


def test_a_batch_larger_than_a_class_is_an_error(both: tuple[Run, Run], tmp_path: Path) -> None:
    class Other:
        config = both[0].config.replace(training__batch_size=4096)

    module = study("strangers")
    with pytest.raises(InputError, match=r"batch_size' is 4096.*from 1 to 320"):
        module.compute(Other(), module.Settings.from_dict(STUDY), lambda share: None)  # type: ignore[arg-type]


# What is decided


def test_a_companion_keeps_its_proportion_of_the_epochs() -> None:
    configs = groups.configs(ANOMALY, {"data.name": "digits", "data.classes": [3], "training.epochs": 5})
    assert [config.training.epochs for config in configs.values()] == [5, 12]
    assert all(config.data.classes == (3,) and config.data.name == "digits" for config in configs.values())
    short = groups.configs(ANOMALY, {"training.epochs": 1})
    assert [config.training.epochs for config in short.values()] == [1, 2]


def test_companions_are_found(both: tuple[Run, Run]) -> None:
    assert groups.together(ANOMALY, both[0]) == {BETTER: both[1]}


def test_published_figures_stand_only_beside_their_own_pictures() -> None:
    assert anomaly_words.is_published("mnist", (5,))
    assert not anomaly_words.is_published("digits", (5,)) and not anomaly_words.is_published("mnist", (3,))
    assert anomaly_words.published_means("mnist") and not anomaly_words.published_means("digits")


STRANGE = np.random.default_rng(0).random(4_000) < 0.5
HARD = np.random.default_rng(1).normal(0, 1, 4_000)


def known(answer: Answer, seed: int = 0, spread: float = 1e-3) -> Answer:
    """With a value a picture, whose figures are the answer's."""
    generator = np.random.default_rng(seed)
    noise = generator.normal(0, spread, 200)
    # Of two normal distributions of width 1, this far apart, the AUROC is that of the answer.
    apart = STRANGE * np.sqrt(2) * norm.ppf(answer.auroc)
    scores = apart + 0.95 * HARD + np.sqrt(1 - 0.95**2) * generator.normal(0, 1, 4_000)
    return replace(answer, errors=answer.validation + noise - noise.mean(), scores=scores)


MEAN, PCA = known(Answer("mean", 0.06, 0.07, 0.72), 1), known(Answer("pca", 0.02, 0.04, 0.95), 2)


def test_sentences_follow_the_figures() -> None:
    good = known(Answer("A", 0.02, 0.05, 0.98, 0.985))
    said = anomaly_words.sentences(MEAN, PCA, [good], tutorial=Tutorial(), normal="5", strange=STRANGE)
    assert "0.0616" in said[0] and "**0.0600**" in said[0]
    assert "3.0 times as large" in said[1] and "**98.0%**" in said[1] and "**98.5%**" in said[1]
    assert "A, is above that with 98.0%" in said[2] and "One training each" in said[2]
    raw = known(Answer("B", 0.055, 0.06, 0.7, 0.75))
    said = anomaly_words.sentences(MEAN, PCA, [raw], tutorial=None, normal="5", strange=STRANGE)
    assert len(said) == 2 and "has not learnt much yet" in said[0] and "**no model here is better**" in said[1]
    assert "hardly less than the mean image's 0.0600" in said[0]


@pytest.mark.parametrize("error", [0.0611, 0.06, 0.059999])
def test_more_than_the_mean_picture_is_not_called_less(error: float) -> None:
    worse = known(Answer("B", error, 0.06, 0.7, 0.75))
    said = anomaly_words.sentences(MEAN, PCA, [worse], tutorial=None, normal="5")[0]
    words = "no less than" if error >= 0.06 else "no measurable difference from"
    assert f"{error:.4f} on normal images, {words}" in said and "hardly less" not in said


def test_a_gain_that_few_pictures_do_not_show_is_none() -> None:
    raw = known(Answer("B", 0.055, 0.06, 0.7, 0.75), spread=0.1)
    said = anomaly_words.sentences(MEAN, PCA, [raw], tutorial=None, normal="5")[0]
    assert "no measurable difference from the mean image's 0.0600" in said


def test_pca_and_the_models_are_compared_by_the_same_score() -> None:
    """The score with neighbours, which PCA does not have, has no say: 99 % of the pairs are not held against PCA's 95."""
    tie = known(Answer("A", 0.02, 0.05, 0.9501, 0.99))
    said = anomaly_words.sentences(MEAN, PCA, [tie], tutorial=None, normal="5", strange=STRANGE)
    assert "A, has 95.0%: no measurable difference" in said[-1] and "above" not in said[-1]
    twin = replace(PCA, name="A", best=0.99)
    assert (
        "no measurable difference (0.0 ±"
        in anomaly_words.sentences(MEAN, PCA, [twin], tutorial=None, normal="5", strange=STRANGE)[-1]
    )
    unknown = anomaly_words.sentences(MEAN, PCA, [tie], tutorial=None, normal="5")[-1]
    assert "above" not in unknown and "better" not in unknown


def test_published_errors_are_only_called_the_mean_pictures_where_they_are() -> None:
    far, model = known(Answer("mean", 0.04, 0.07, 0.72)), known(Answer("A", 0.02, 0.05, 0.96, 0.985))
    said = anomaly_words.sentences(far, PCA, [model], tutorial=Tutorial(), normal="5")[0]
    assert "0.0616" in said and "nearly the same" not in said


@pytest.mark.parametrize(
    ("score", "is_normal", "expected"),
    [
        (3.0, False, "**anomalous**, rightly"),
        (3.0, True, "**anomalous**, wrongly"),
        (1.0, False, "**normal**, wrongly"),
    ],
)
def test_a_verdict(score: float, is_normal: bool, expected: str) -> None:
    assert expected in anomaly_words.verdict("A 7", score, 2.0, is_normal=is_normal)


def test_the_chart_of_all_classes_shows_mean_and_worst() -> None:
    auroc = np.array([0.99, 0.9, 0.96])
    figure = anomaly_charts.class_bars(
        ["a", "b", "c"], auroc, baselines={"PCA": auroc - 0.02}, published={"DCAE, published": 0.897}
    )
    bars, marks, mean, published = figure.data
    assert (np.array(bars.y) + bars.base).tolist() == pytest.approx(auroc.tolist())
    assert bars.marker.color[1] != bars.marker.color[0] == bars.marker.color[2]
    assert marks.name == "PCA" and mean.y[0] == pytest.approx(0.95) and published.y[0] == 0.897
    assert figure.layout.xaxis.title.text and "AUROC" in figure.layout.yaxis.title.text


def test_the_table_of_classes_is_in_order() -> None:
    figures = {"scores": ["a"], "baselines": ["b"], "classes": [0, 1], "cpu_seconds": [1, 3], "train_images": [90, 110]}
    figures["images"] = 10_000
    auroc = np.array([[0.9, 0.98], [0.7, 0.8]])
    titles = {"a": "A", "b": "B"}
    rows = anomaly_words.classes_table(titles, ["0", "1"], figures, auroc, {"DCAE, published": 0.897})
    assert [row["Score"] for row in rows] == ["A", "DCAE, published", "B"]
    assert rows[0] == {"Score": "A", "Mean AUROC": "0.940", "Worst class": "0.900 (0)"}
    said = anomaly_words.classes_sentences("A", ["0", "1"], figures, auroc[0], published=True)
    assert "**94.0%**" in said[0] and "**0** (90.0%)" in said[0] and "2.0 CPU-seconds" in said[1]
    assert "above what was published for DCAE (89.7%)." in said[2]
    assert "does not reach what was published for Deep SVDD (94.8%), OCGAN (97.5%)." in said[2]
    few = anomaly_words.classes_sentences("A", ["0", "1"], figures | {"images": 60}, auroc[0], published=True)[2]
    assert "No measurable difference from what was published for DCAE" in few and "above" not in few


# What a visitor sees


def test_the_result_stands_beside_the_mean_picture(both: tuple[Run, Run]) -> None:
    app = opened(both[0])
    assert not app.error and not app.warning
    assert "What you see" in words(app) and "Published" not in words(app)
    run = both[0]
    model = load_model(run.config.model, run.weights(), (1, 28, 28))
    train, aside = (load("digits", split, validation=0.2, classes=(5,)) for split in ("train", "validation"))
    fitted = anomaly.Normal(model, train)
    expected = anomaly.score(model, aside, ["mean_image", "squared_error"], normal=fitted)
    column = "Validation error (5)"
    values = app.dataframe[0].value[column].tolist()
    assert values[0] == f"{expected['mean_image'].mean() / 784:.4f}"
    assert values[2] == f"{expected['squared_error'].mean() / 784:.4f}"
    assert len(app.get("plotly_chart")) == 2, "the study was not asked for yet"
    assert "A 7: score" in words(app)
    scores = app.dataframe[1].value["Score"].tolist()
    assert {"PCA-20 error (no model)", "Latent neighbours", "Error / norm + neighbours"} <= set(scores)


def test_another_stranger_and_another_score(both: tuple[Run, Run]) -> None:
    app = opened(both[0])
    app.pills(key="stranger_(5,)").set_value(0).run()
    assert "A 0: score" in words(app)
    app.selectbox(key="spread_score").set_value("latent_knn").run()
    assert "five nearest among the codes" in words(app)
    assert not app.exception and not app.error


def test_all_classes_in_turn(both: tuple[Run, Run], found: Findings) -> None:
    app = opened(both[0])
    app.text_input(key=f"all_epochs_{both[1].id}").set_value("2")
    app.text_input(key=f"all_size_{both[1].id}").set_value("4").run()
    row = found.figures["scores"].index(anomaly.BEST_SCORE)
    assert f"**{found.arrays['auroc'][row].mean():.1%}** of all pairs" in words(app)
    assert "can't be compared" in words(app)
    assert len(app.get("plotly_chart")) == 3
    assert not app.error


def test_the_visitors_digit_is_what_is_trained(both: tuple[Run, Run], monkeypatch: pytest.MonkeyPatch) -> None:
    submitted = []
    monkeypatch.setattr("vae_core.jobs.client.submit_all", lambda configs: submitted.extend(configs) or both[:1])
    monkeypatch.setattr(groups, "data_sets", lambda recipe: ["digits"])
    app = opened(both[0])
    epochs = app.text_input(key="epochs_anomaly-fives_digits").value
    assert epochs == str(RECIPES["anomaly-fives"].bundled_epochs)
    app.selectbox(key="anomaly_class").set_value(3)
    app.text_input(key="epochs_anomaly-fives_digits").set_value("1").run()
    assert "1/15 of the images" in words(app)
    next(button for button in app.button if button.label == "Start the 2 trainings").click().run()
    assert [config.data.classes for config in submitted] == [(3,), (3,)]
    assert [config.training.epochs for config in submitted] == [1, 2]
    assert not app.exception and not app.error


def test_one_click_starts_it_quickly_on_the_bundled_digits(
    both: tuple[Run, Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    submitted: list[RunConfig] = []
    monkeypatch.setattr("vae_core.jobs.client.submit_all", lambda configs: submitted.extend(configs) or both[:1])
    app = opened(both[0])
    app.button(key="start_quick_anomaly-fives").click().run()
    recipe = RECIPES["anomaly-fives"]
    assert [config.data.name for config in submitted] == ["digits", "digits"]
    assert [config.training.epochs for config in submitted] == [recipe.bundled_epochs, 144]
    full = app.button(key="start_full_anomaly-fives")
    if datasets.is_present("mnist"):
        full.click().run()
        assert [(c.data.name, c.training.epochs) for c in submitted[2:]] == [("mnist", 10), ("mnist", 24)]
    else:
        assert full.disabled and "MNIST is not on this machine" in full.help
    assert not app.exception and not app.error


def test_a_class_sees_what_its_link_shows_and_trains_what_its_teacher_chose(
    both: tuple[Run, Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    submitted: list[RunConfig] = []
    monkeypatch.setattr("vae_core.jobs.client.submit_all", lambda configs: submitted.extend(configs) or both[:1])
    link = {
        "show": "training.epochs",
        "data.name": "digits",
        "data.classes": "7",
        "training.epochs": "3",
        "model.kind": "x",
    }
    app = AppTest.from_file(APP, default_timeout=60)
    app.query_params.update({"recipe": "anomaly-fives"} | link)
    app.switch_page("pages/experiments.py").run()
    assert not app.selectbox(key="run_anomaly-fives").disabled
    labels = [button.label for button in app.button]
    assert "Start the 2 trainings" in labels and not any("version" in label for label in labels)
    assert not any(box.key == "anomaly_class" for box in app.selectbox), "what the link does not show"
    epochs = app.text_input(key="epochs_anomaly-fives_digits")
    assert epochs.value == "3"
    epochs.set_value("2").run()
    app.button(key="start_class_anomaly-fives").click().run()
    assert [config.data.classes for config in submitted] == [(7,), (7,)]
    assert [config.training.epochs for config in submitted] == [2, 5]
    app.switch_page("pages/train.py").run()
    app.switch_page("pages/experiments.py").run()
    assert any(button.label == "Show all settings" for button in app.button), "also after another page"
    next(button for button in app.button if button.label == "Show all settings").click().run()
    assert app.button(key="start_quick_anomaly-fives") and "show" not in app.query_params
    assert not app.exception and not app.error


def test_the_epochs_follow_the_data_set(both: tuple[Run, Run], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "data_sets", lambda recipe: ["mnist", "digits"])
    monkeypatch.setattr("pages.ui.settings.check", lambda config: None)
    app = opened(both[0])
    epochs, data = "epochs_anomaly-fives_{}", "data_anomaly-fives"
    assert app.text_input(key=epochs.format("mnist")).value == "10" and "of the images of" not in words(app)
    app.button_group(key=data).set_value("digits").run()
    assert app.text_input(key=epochs.format("digits")).value == "60"
    assert "60 instead of 10" in words(app)
    app.button_group(key=data).set_value("mnist").run()
    assert app.text_input(key=epochs.format("mnist")).value == "10"
    assert not app.exception and not app.error


def test_a_run_of_all_classes_has_no_strangers(both: tuple[Run, Run]) -> None:
    whole = train(recipe="anomaly-fives", model__kind="autoencoder")
    try:
        assert any("nothing is anomalous to it" in info.value for info in opened(whole).info)
    finally:
        runs.delete(whole)
