"""Fill up the rare class: what its study finds, what the page says about it, and what a visitor can do with it."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from streamlit.testing.v1 import AppTest

from pages.ui.experiments import oversampling as page
from pages.ui.experiments import oversampling_charts
from tests.app_pages import experiment, keep, words
from tests.processes import nobody_left
from tests.tiny_runs import train
from vae_core import latent
from vae_core.config import RunConfig
from vae_core.datasets import load
from vae_core.errors import InputError
from vae_core.fillings import METHODS
from vae_core.jobs.makers import maker
from vae_core.jobs.studies import study_of
from vae_core.models import load as load_model
from vae_core.recipes import RECIPES
from vae_core.runs import Run
from vae_core.studies import Findings, study
from vae_core.studies import oversampling as module

APP = Path(__file__).parents[1] / "app.py"
WAYS = ("nothing", "copies", "smote", "vae", "cvae-posterior-3", "real")
SETTINGS = {"methods": list(WAYS), "seeds": 2, "epochs": 1}
RARE = 8


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    root = tmp_path_factory.mktemp("oversampling")
    with pytest.MonkeyPatch.context() as patch, nobody_left(root):
        patch.setenv("DIABOLO_RUNS", str(root))
        patch.setattr(module, "RARE_STEPS", 10)
        yield train(
            2,
            recipe="oversample",
            model__kind="conditional-vae",
            model__latent_dim=4,
            data__rare_class=RARE,
            data__rare_share=0.05,
        )


@pytest.fixture(scope="module")
def found(run: Run) -> Findings:
    shares: list[float] = []
    findings = module.compute(run, module.Settings.from_dict(SETTINGS), shares.append)
    assert shares == sorted(shares) and shares[0] > 0 and shares[-1] == pytest.approx(1)
    return findings


def opened(run: Run, **session: Any) -> AppTest:
    return experiment("oversample", run, **session)


# What the study finds


def test_the_study_judges_every_way_with_every_seed(found: Findings) -> None:
    figures = found.figures
    assert (figures["rare"], figures["kept"], figures["added"]) == (RARE, 18, 342)
    assert (figures["test_images"], figures["test_rare"]) == (1000, 100)
    assert tuple(figures["methods"]) == WAYS
    for row in figures["methods"].values():
        assert set(row) == set(oversampling_charts.METRICS)
        assert all(len(values) == 2 and 0 <= min(values) <= max(values) <= 1 for values in row.values())
    f1 = {way: np.mean(row["f1"]) for way, row in figures["methods"].items()}
    assert f1["nothing"] < min(f1["copies"], f1["real"])
    assert set(figures["copies"]) == {"copies", "smote", "vae", "cvae-posterior-3"}
    assert figures["copies"]["copies"]["drawn_to_learnt"] == 1 and figures["copies"]["copies"]["distance"] == 0


def test_what_was_made_can_be_made_again(run: Run, found: Findings) -> None:
    for way in ("smote", "vae", "cvae-posterior-3"):
        filled = module.drawn(run, found.arrays, way)
        assert len(filled.data) == 18 + 342 and filled.synthetic.tolist() == [False] * 18 + [True] * 342
        assert (filled.data.labels == RARE).all()
        np.testing.assert_array_equal(filled.data.images[:18], found.arrays["real"])
        np.testing.assert_array_equal(filled.data.images[18 : 18 + module.GALLERY], found.arrays[f"{way}.images"])
        gaps = (found.arrays[f"{way}.images"] / 255 - found.arrays["real"][found.arrays[f"{way}.nearest"]] / 255) ** 2
        np.testing.assert_allclose(np.sqrt(gaps.sum((1, 2, 3))), found.arrays[f"{way}.distance"])


def test_the_real_images_come_from_training_and_the_judges_from_the_test_split(run: Run) -> None:
    parts = module.parts_of(run.config)
    np.testing.assert_array_equal(parts.splits.test.images, load("digits", "test").images)
    assert (parts.real.labels == RARE).sum() == 360 and (parts.splits.train.labels == RARE).sum() == 18


def test_a_run_of_some_classes_is_judged_on_those() -> None:
    config = RunConfig.from_dict(
        {"model": {"kind": "conditional-vae"}, "data": {"classes": [1, 8], "rare_class": 8, "rare_share": 0.1}}
    )
    assert set(module.parts_of(config).splits.test.labels) == {1, 8}


@pytest.mark.parametrize("pictures", [2, 4, 53, 5000])
def test_the_vae_of_the_rare_class_learns_long_enough(pictures: int) -> None:
    hyper = module.rare_config(pictures).training
    assert hyper.batch_size <= pictures
    assert hyper.epochs * -(-pictures // hyper.batch_size) >= module.RARE_STEPS


def test_wrong_settings_are_errors(run: Run) -> None:
    with pytest.raises(InputError, match=r"methods.*wish is none of nothing, copies"):
        study_of(run, "oversampling", {"methods": ["wish"]})
    with pytest.raises(InputError, match="seeds"):
        study_of(run, "oversampling", {"seeds": 0})
    backwards = study_of(run, "oversampling", {"methods": list(WAYS)[::-1]})
    assert backwards.folder == study_of(run, "oversampling", {"methods": list(WAYS)}).folder
    plain = train(data__rare_class=RARE)
    with pytest.raises(InputError, match="conditional VAE that learnt with a rare class"):
        study("oversampling").compute(plain, module.Settings(), lambda share: None)


def test_snapshots_show_the_rare_class(run: Run) -> None:
    model = load_model(run.config.model, run.weights(), (1, 28, 28))
    z = torch.randn(16, 4, generator=torch.Generator().manual_seed(0)).numpy()
    drawn = latent.decode(model, z, RARE).astype(int)
    assert np.abs(run.snapshot(2)["samples"] - drawn).max() <= 1
    assert np.abs(latent.decode(model, z, 0) - drawn).max() > 1


# What the page says


def row(f1: float, deviation: float = 0.0) -> dict[str, list[float]]:
    values = [f1 - deviation, f1, f1 + deviation]
    return dict.fromkeys(oversampling_charts.METRICS, values)


def figures(**f1: Any) -> dict[str, Any]:
    methods = {name.replace("_", "-"): row(*value) for name, value in f1.items()}
    return {"kept": 53, "added": 5362, "test_rare": 974, "methods": methods}


def said(**f1: Any) -> str:
    return "\n".join(oversampling_charts.sentences(figures(**f1), "8"))


def test_it_is_said_when_augmentation_is_better() -> None:
    text = said(nothing=(0.3,), smote=(0.8, 0.01), affine=(0.924, 0.01), cvae_posterior_3=(0.892, 0.005))
    assert (
        "**Affine augmentation does better than these drawings" in text
        and "0.924 ± 0.010 against 0.892 ± 0.005" in text
    )
    assert "SMOTE reaches 0.800 ± 0.010: these drawings do better" in text
    assert "finds **30%** of the 974" in text


def test_what_lies_within_the_spread_is_no_win() -> None:
    text = said(smote=(0.91, 0.02), affine=(0.89, 0.02), cvae_posterior_3=(0.9, 0.02))
    assert text.count("no measurable difference from these drawings") == 2 and "better" not in text


def test_it_is_said_when_the_drawings_lose_or_are_missing() -> None:
    assert "**SMOTE does better than these drawings" in said(smote=(0.95,), cvae_posterior_3=(0.9,))
    assert "Drawn freely from N(0, I) instead: F1 0.950" in said(cvae_prior=(0.95,), cvae_posterior_3=(0.9,))
    alike = said(cvae_prior=(0.91, 0.02), cvae_posterior_3=(0.9, 0.02))
    assert "F1 0.910 ± 0.020, no measurable difference" in alike
    assert "Where it draws from matters" in said(cvae_prior=(0.8,), cvae_posterior_3=(0.9,))
    assert said(smote=(0.8,), affine=(0.9,)) == "SMOTE reaches an F1 of 0.800, affine augmentation 0.900."
    assert "too little to help" in said(vae=(0.5,), copies=(0.7,)) and "beats plain" in said(vae=(0.8,), copies=(0.7,))
    assert "no measurable difference from plain copies" in said(vae=(0.7,), copies=(0.7,))
    assert "no measurable difference from plain copies" in said(vae=(0.71, 0.02), copies=(0.7, 0.02))
    assert "no measurable difference from Copies" in said(copies=(0.9, 0.02), real=(0.91, 0.02))
    assert "nothing made replaces" not in said(real=(0.9,)) + said(nothing=(0.3,), real=(0.9,))
    assert "nothing made replaces" in said(copies=(0.7,), real=(0.9,))
    assert "nothing made replaces" not in said(copies=(0.95,), real=(0.9,))
    assert said(weights=(0.9,)) == ""


def test_three_classifiers_need_more_than_two_standard_errors() -> None:
    # 0.01 of spread in three classifiers each: a standard error of 0.0082, four degrees of freedom, so 2.8 of them.
    assert "no measurable difference" in said(smote=(0.9, 0.01), cvae_posterior_3=(0.9 + 2.1 * 0.0082, 0.01))
    assert "these drawings do better" in said(smote=(0.9, 0.01), cvae_posterior_3=(0.9 + 4 * 0.0082, 0.01))


def test_one_classifier_each_tells_no_difference() -> None:
    alone = figures(smote=(0.8,), cvae_posterior_3=(0.9,), vae=(0.5,), copies=(0.7,), real=(0.99,))
    for row_of in alone["methods"].values():
        row_of.update({metric: values[:1] for metric, values in row_of.items()})
    text = "\n".join(oversampling_charts.sentences(alone, "8"))
    assert "better" not in text.replace("better five", "") and "replaces" not in text and "too little" not in text
    assert text.count("no measurable difference") == 3 and "One classifier of each method tells no spread" in text


@pytest.mark.parametrize("count", [3, 4, 5])
def test_ways_that_are_equal_are_seldom_told_apart(count: int) -> None:
    generator = np.random.default_rng(count)
    ways = ("smote", "affine", "cvae-prior", "cvae-posterior-3", "vae", "copies")
    claims = ("better", "beats", "too little", "matters")
    false = 0
    for _ in range(200):
        drawn = {
            name: {"f1": f1, "recall": f1}
            for name, f1 in zip(ways, generator.normal(0.9, 0.01, (6, count)), strict=True)
        }
        text = " ".join(oversampling_charts.sentences({"kept": 1, "added": 1, "test_rare": 1, "methods": drawn}, "8"))
        false += any(claim in text for claim in claims)
    assert false / 200 <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 200)


@pytest.mark.parametrize(("share", "expected"), [(1.0, "repeat"), (0.84, "near what was learnt"), (0.5, "no copies")])
def test_copies_are_called_copies(share: float, expected: str) -> None:
    assert expected in oversampling_charts.copy_sentence("A way", {"drawn_to_learnt": share, "closer": 0.7})


def test_the_chart_has_every_way_once_and_its_spread() -> None:
    figure = oversampling_charts.comparison({name: row(0.5, 0.1) for name in METHODS}, "recall")
    means = [trace for trace in figure.data if trace.showlegend is not False]
    assert sum(len(trace.y) for trace in means) == len(METHODS)
    assert all(deviation == pytest.approx(0.1) for trace in means for deviation in trace.error_x.array)
    assert "Recall" in figure.layout.xaxis.title.text
    assert sum(len(trace.y) for trace in figure.data if trace.showlegend is False) == 3 * len(METHODS)


def test_made_pictures_are_framed_and_real_ones_are_not_in_that_colour(found: Findings) -> None:
    made, real = found.arrays["smote.images"][0], found.arrays["real"][0]
    picture = np.asarray(Image.open(io.BytesIO(oversampling_charts.pair(made, real))).convert("RGB"))
    frame = oversampling_charts.FRAME * 3
    colours = {tuple(int(v) for v in picture[0, x]) for x in (0, picture.shape[1] - 1)}
    assert len(colours) == 2
    np.testing.assert_array_equal(picture[frame : frame + 84 : 3, frame : frame + 84 : 3, 0], made[0])


# What a visitor does


def test_a_visitor_asks_for_the_comparison(run: Run) -> None:
    app = opened(run)
    assert "Which oversampling method helps?" in [element.value for element in app.subheader]
    (button,) = [button for button in app.button if button.label == "Compare the methods"]
    assert not button.disabled and "3 small classifiers" in words(app)
    ways = next(group for group in app.button_group if group.label == "Oversampling methods")
    ways.set_value([]).run()
    assert "Choose at least one oversampling method" in app.info[-1].value and not app.exception


def test_a_visitor_sees_the_comparison_and_changes_what_is_shown(run: Run, found: Findings) -> None:
    keep(found, run, "oversampling", SETTINGS)
    app = opened(run, **{f"fill_seeds_{run.id}": 2, f"fill_epochs_{run.id}": 1, f"fill_ways_{run.id}": list(WAYS)})
    assert not app.error and len(app.get("plotly_chart")) == 1
    text = words(app)
    assert "18 real training images and gets 342 more" in text and text.count("**Synthetic**") == page.SHOWN
    files = ["Images as folders (zip)", "Images as NPZ", "Images as CSV"]
    assert [button.label for button in app.button if button.label in files] == files, "each is made by a click"
    way = next(box for box in app.selectbox if box.key == f"fill_shown_{run.id}")
    assert way.value == "cvae-posterior-3" and "copies" not in [option.lower() for option in way.options]
    way.set_value("smote").run()
    assert not app.exception and "SMOTE: " in words(app)
    metric = next(group for group in app.button_group if group.label == "Judged by")
    metric.set_value("recall").run()
    assert not app.exception and "Recall of each oversampling method" in words(app)
    slider = next(slider for slider in app.select_slider if slider.label == "After epoch")
    slider.set_value(0).run()
    assert not app.exception and "after epoch 0" in words(app)


def test_the_files_hold_what_the_gallery_shows(run: Run, found: Findings) -> None:
    keep(found, run, "oversampling", SETTINGS)
    row, shares = maker("oversampled-npz"), []
    content = row.make(run, row.Settings.from_dict(SETTINGS | {"way": "cvae-posterior-3"}), shares.append)
    arrays = np.load(io.BytesIO(content.data))
    assert arrays["synthetic"].sum() == 342
    np.testing.assert_array_equal(
        arrays["images"][arrays["synthetic"]][: module.GALLERY], found.arrays["cvae-posterior-3.images"]
    )


def test_the_settings_make_a_class_rare(run: Run) -> None:
    app = opened(run)
    assert "training images of the class are kept" in words(app)
    app.text_input(key="rare_share").set_value("5.0").run()
    (box,) = [box for box in app.selectbox if str(box.key).startswith("rare_class_")]
    box.set_value(5).run()
    assert not app.exception and not app.warning
    assert RECIPES["oversample"].config.data.rare_class == RARE


def test_a_run_without_a_rare_class_says_so() -> None:
    app = opened(train(recipe="oversample"))
    assert any("no rare class" in element.value for element in app.info)
