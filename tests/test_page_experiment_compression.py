"""784 pixels in 2 dimensions: what its studies find, what the page says about it, and what a visitor can do with it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.experiments import compression_charts, compression_words
from tests.app_pages import experiment, keep, words
from tests.processes import nobody_left
from tests.tiny_runs import train
from vae_core import code_files, compression, files, latent
from vae_core.datasets import load
from vae_core.errors import InputError
from vae_core.models import load as load_model
from vae_core.runs import Run
from vae_core.studies import Findings, study

APP = Path(__file__).parents[1] / "app.py"
EPOCHS = 8
SWEEP = {"data": "digits", "epochs": 1, "sizes": [1, 3]}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    root = tmp_path_factory.mktemp("compression")
    with pytest.MonkeyPatch.context() as patch, nobody_left(root):
        patch.setenv("DIABOLO_RUNS", str(root))
        yield train(
            EPOCHS,
            name="in two",
            recipe="compress-392",
            model__kind="autoencoder",
            model__hidden=[64],
            training__batch_size=32,
        )


@pytest.fixture(scope="module")
def found(run: Run) -> Findings:
    return computed(run, "compression", {"data": "digits"})


@pytest.fixture(scope="module")
def swept(run: Run) -> Findings:
    return computed(run, "sweep", SWEEP)


def computed(run: Run, name: str, settings: dict[str, Any]) -> Findings:
    """A study's findings, kept with the run as a job of its own keeps them."""
    shares: list[float] = []
    module = study(name)
    findings = module.compute(run, module.Settings.from_dict(settings), shares.append)
    assert shares == sorted(shares) and shares[0] > 0 and shares[-1] == pytest.approx(1)
    keep(findings, run, name, settings)
    return findings


def opened(run: Run, **session: Any) -> AppTest:
    return experiment("compress-392", run, **session)


def button(app: AppTest, label: str) -> Any:
    return next(button for button in app.button if button.label == label)


# What the studies find


def test_the_study_says_what_the_run_itself_says(run: Run, found: Findings) -> None:
    figures, metrics = found.figures, run.metrics()
    assert metrics is not None
    assert figures["mse"] == pytest.approx(metrics["mse"], rel=1e-4)
    assert figures["cross_entropy"] == pytest.approx(metrics["recon"] / 784, rel=1e-4)
    assert figures["cross_entropy_floor"] < figures["cross_entropy"] < figures["cross_entropy_mean_image"]
    assert (figures["images"], figures["train_images"], figures["pixels"]) == (1000, 3600, 784)
    errors, equivalent = found.arrays["pca_errors"], figures["pca_equivalent"]
    assert errors[equivalent] <= figures["mse"] < errors[equivalent - 1]
    assert found.arrays["ae_mse"][-1] == pytest.approx(figures["mse"], rel=1e-3)
    assert found.arrays["pca_mse"][-1] == pytest.approx(errors[2], rel=1e-3)
    labels = load("digits", "test").labels
    assert labels[np.unique(labels, return_index=True)[1]].tolist() == list(range(10))
    assert {found.arrays[name].shape for name in ("originals", "ae", "pca")} == {(10, 1, 28, 28)}
    assert found.arrays["quantised"].shape == (16, 10, 1, 28, 28)
    assert np.abs(found.arrays["quantised"][-1].astype(int) - found.arrays["ae"]).max() <= 1


def test_a_run_of_some_classes_is_judged_on_those(run: Run) -> None:
    ones = train(model__kind="autoencoder", data__classes=[1])
    module = study("compression")
    figures = module.compute(ones, module.Settings(), lambda share: None).figures
    assert figures["images"] == 100 and figures["train_images"] < 3600
    assert figures["mse"] == pytest.approx((ones.metrics() or {})["mse"], rel=1e-4)


def test_a_sweep_is_of_the_runs_own_settings(run: Run, found: Findings, swept: Findings) -> None:
    figures = swept.figures
    assert (figures["sizes"], figures["epochs"], figures["run_size"], figures["run_epochs"]) == ([1, 3], 1, 2, EPOCHS)
    assert figures["run_mse"] == pytest.approx(found.figures["mse"])
    np.testing.assert_allclose(swept.arrays["pca_errors"], found.arrays["pca_errors"])
    same = train(model__kind="autoencoder", model__hidden=[64], model__latent_dim=3, training__batch_size=32)
    assert figures["mse"][1] == pytest.approx((same.metrics() or {})["mse"], rel=1e-4)


def test_a_sweeps_settings() -> None:
    module = study("sweep")
    assert module.Settings.from_dict({"sizes": [8, 1, 8]}).to_dict()["sizes"] == [1, 8]
    for wrong in ({"sizes": []}, {"sizes": [0]}, {"sizes": [65]}, {"epochs": 0}, {"epochs": 101}):
        with pytest.raises(InputError):
            module.Settings.from_dict(wrong)


# What is said


FIGURES = {"latent_dim": 2, "pixels": 784, "images": 1000, "train_images": 3600, "mse": 0.35, "raw_bits": 6272}
ERRORS = np.array([0.6, 0.5, 0.4, 0.3, 0.2])


@pytest.mark.parametrize(
    ("equivalent", "said"),
    [
        (3, "has 0.4000 with the same dimension, and needs **3** to be as good"),
        (2, "is no worse: it has 0.4000 with the same dimension. Train longer: nonlinearity"),
        (
            1,
            "is **better**: it has 0.4000 with the same dimension, and needs only **1** to be as good. Train longer: nonlinearity",
        ),
        (None, "is never as good"),
        (0, "no better than answering every image with the mean image (0.6000)"),
    ],
)
def test_the_words_follow_the_figures(equivalent: int | None, said: str) -> None:
    sentence = compression_words.against_pca({**FIGURES, "pca_equivalent": equivalent}, ERRORS)
    assert said in sentence and "**0.3500**" in sentence


def test_a_study_of_an_earlier_version_says_that_it_compares_means_alone() -> None:
    older = {"each": np.full(9, 0.35)}
    assert "keeps means alone" in compression_words.against_pca({**FIGURES, "pca_equivalent": 2}, ERRORS, older)
    figures = {"sizes": [1, 2], "mse": [0.25, 0.35], "pca_equivalent": [4, 3], "epochs": 7}
    *_, said = compression_words.sweep(figures, ERRORS, older)
    assert "keeps means alone" in said


def pictures(own: float, pca: float, spread: float = 0.01, seed: int = 0) -> dict[str, np.ndarray]:
    """Errors of the same pictures, of a model and of PCA, of those means."""
    generator = np.random.default_rng(seed)
    hard, noise = generator.uniform(-0.1, 0.1, 200), generator.normal(0, spread, 200)
    return {"each": own + hard - hard.mean(), "pca_each": pca + hard - hard.mean() + noise - noise.mean()}


@pytest.mark.parametrize(
    ("own", "pca", "equivalent", "said"),
    [
        (0.35, 0.4, 3, "has 0.4000 with the same dimension, and needs **3** to be as good"),
        (0.35, 0.3501, 3, "no measurable difference from PCA"),
        (0.35, 0.3499, 2, "no measurable difference from PCA"),
        (0.35, 0.3, 1, "is **better**: it has 0.3000 with the same dimension. It needs only **1** to be as good."),
        (0.35, 0.3, 2, "is **better**: it has 0.3000 with the same dimension. Train longer"),
    ],
)
def test_the_same_pictures_decide_whether_pca_is_better(own: float, pca: float, equivalent: int, said: str) -> None:
    figures = {**FIGURES, "pca_equivalent": equivalent}
    sentence = compression_words.against_pca(figures, ERRORS, pictures(own, pca))
    assert said in sentence and "One training each" in sentence


def test_pca_is_clipped_where_it_is_held_against_a_model(found: Findings) -> None:
    from vae_core.compression import fit_pca

    pca, test = fit_pca(load("digits", "train")).first(2), load("digits", "test")
    expected = np.square(pca.decode(pca.encode(test)) - test.images / 255).mean((1, 2, 3))
    np.testing.assert_allclose(found.arrays["pca_each"], expected, rtol=1e-3)
    assert found.arrays["each"].mean() == pytest.approx(found.figures["mse"])
    assert found.arrays["pca_each"].mean() < found.arrays["pca_errors"][2]


def test_fewer_numbers_are_advised_only_where_there_are_some() -> None:
    errors = np.linspace(0.6, 0.1, 12)
    said = compression_words.against_pca({**FIGURES, "latent_dim": 8, "pca_equivalent": 6}, errors)
    assert "or choose fewer dimensions" in said


def test_more_than_the_mean_image_has_is_not_between() -> None:
    figures = {"cross_entropy_mean_image": 0.26, "cross_entropy_floor": 0.09}
    assert "between 0.2600" in compression_words.cross_entropy({**figures, "cross_entropy": 0.2})
    for own in (0.26, 0.3):
        said = compression_words.cross_entropy({**figures, "cross_entropy": own})
        assert "no less than 0.2600" in said and "between" not in said
    nats = np.random.default_rng(0).normal(0.26, 0.05, 100)
    alike = {"nats": nats - 0.0001, "mean_nats": nats + np.resize([-0.01, 0.01], 100)}
    said = compression_words.cross_entropy({**figures, "cross_entropy": 0.2599}, alike)
    assert "no measurable difference from 0.2600" in said and "between" not in said
    apart = {"nats": nats - 0.06, "mean_nats": alike["mean_nats"]}
    assert "between 0.2600" in compression_words.cross_entropy({**figures, "cross_entropy": 0.2}, apart)


def test_bits_are_fewer_or_not() -> None:
    assert compression_words.fewer(8, 6272) == "**1/784** of"
    assert compression_words.fewer(4000, 6272) == "**1/1.6** of"
    assert compression_words.fewer(6272, 6272) == compression_words.fewer(9000, 6272) == "**no fewer** than"


def test_bits_that_are_not_enough_are_not_called_so() -> None:
    rates = {"ae_mse": np.array([0.9, 0.5]), "ae_bits": np.array([2, 4]), "ae_entropy_bits": np.array([1.5, 3.0])}
    assert "**2** bits per latent dimension are enough" in compression_words.bits({**FIGURES, "mse": 0.5}, rates)
    said = compression_words.bits({**FIGURES, "mse": 0.35}, rates)
    assert "Even **2** bits" in said and "0.5000 instead of 0.3500" in said and "are enough" not in said


def test_enough_bits_are_the_fewest_with_the_same_error() -> None:
    assert compression_words.enough_bits(np.array([0.9, 0.5, 0.353, 0.35]), 0.35) == 3
    assert compression_words.enough_bits(np.array([0.9, 0.5]), 0.35) == 2


def test_the_decoder_is_not_free() -> None:
    rates = {"ae_mse": np.array([0.35]), "ae_bits": np.array([2])}
    said = compression_words.fair_price({**FIGURES, "zipped_bits": 1002.0}, rates, 1000)
    assert "1,002 bits each, **1/6.3** of" in said and "after 32 images" in said
    # Nothing is won where the code is longer than the packed picture.
    assert "after" not in compression_words.fair_price({**FIGURES, "zipped_bits": 1.0}, rates, 1000)


def test_a_sweep_in_words() -> None:
    figures = {"sizes": [1, 2, 4], "mse": [0.25, 0.35, 0.3], "pca_equivalent": [4, 3, 3], "epochs": 7}
    said = "\n".join(compression_words.sweep(figures, ERRORS))
    assert "largest with **1**: PCA's error is 2.00 times as large" in said
    assert "For codes of dimension 4 PCA is **better** than a model of 7 epochs" in said
    behind = compression_words.sweep(figures | {"mse": [0.9, 0.9, 0.9]}, ERRORS)
    assert "No model is better than PCA" in behind[-1] and "7 epochs" in behind[-1]
    never = compression_words.sweep(figures | {"pca_equivalent": [4, None, 3]}, ERRORS)
    assert "with 4, –, 3" in never[0] and "–: better than PCA" in never[0] and "–" not in said


def test_a_sweep_tells_apart_what_the_pictures_do() -> None:
    figures = {"sizes": [1, 2, 4, 8], "mse": [0.25, 0.25, 0.3, 0.35], "pca_equivalent": [4, 3, 3, 5], "epochs": 7}
    rows = [pictures(0.25, 0.5), pictures(0.25, 0.5001, seed=1), pictures(0.3, 0.3001), pictures(0.35, 0.2)]
    arrays = {name: np.array([row[name] for row in rows]) for name in ("each", "pca_each")}
    said = "\n".join(compression_words.sweep(figures, ERRORS, arrays))
    assert "largest with **1**, **2**, without a measurable difference" in said or "largest with **2**, **1**" in said
    assert "For codes of dimension 4 there is no measurable difference from PCA" in said
    assert "For codes of dimension 8 PCA is **better**" in said and "One training each" in said
    same = dict.fromkeys(arrays, arrays["each"])
    nothing = "\n".join(compression_words.sweep(figures, ERRORS, same))
    assert "No model is better than PCA" in nothing and "**better**" not in nothing and "largest" not in nothing


def test_the_charts_say_what_they_show(found: Findings, swept: Findings) -> None:
    figures, arrays = found.figures, found.arrays
    equivalent = figures["pca_equivalent"]
    charts: list[go.Figure] = [
        compression_charts.against_pca(arrays["pca_errors"], 2, figures["mse"], equivalent, "in two"),
        compression_charts.rate_distortion(arrays, 2, equivalent),
        compression_charts.sweep(swept.arrays["pca_errors"], swept.figures, "in two"),
    ]
    for chart in charts:
        assert chart.layout.xaxis.title.text and "MSE" in chart.layout.yaxis.title.text
    names = [trace.name for trace in charts[0].data]
    assert names == ["PCA", "the same error", f"PCA with {equivalent}", "in two"]
    assert list(charts[2].data[1].x) == [1, 3] and list(charts[2].data[2].x) == [2]
    assert [len(trace.x) for trace in charts[1].data] == [16] * 4
    assert len(compression_charts.against_pca(arrays["pca_errors"], 2, 0.0, None, "in two").data) == 2


# What a visitor sees


def test_before_anything_is_measured_the_page_offers_it(run: Run) -> None:
    fresh = train(name="fresh", recipe="compress-392", model__kind="autoencoder")
    app = opened(fresh, **{"sweep_sizes": (2, 4)})
    labels = [button.label for button in app.button]
    assert "Measure the code" in labels and "Train 2 models" in labels
    assert "parameters turn an image into its code" in words(app)
    app.pills(key="sweep_sizes").set_value([]).run()
    assert "Choose at least one number of dimensions" in app.info[0].value
    assert not app.error and not app.exception


def test_the_result_in_words_and_pictures(run: Run, found: Findings) -> None:
    app = opened(run)
    figures = found.figures
    assert app.metric[0].value == f"{figures['mse']:.4f}" and app.metric[2].value == str(figures["pca_equivalent"])
    said = compression_words.against_pca(figures, found.arrays["pca_errors"], found.arrays)
    assert said in words(app) and "One training each" in said
    assert app.metric[1].value == f"{found.arrays['pca_each'].mean():.4f}"
    app.slider(key="compression_bits").set_value(1).run()
    assert "**2** bits per image" in words(app)
    assert f"Error **{found.arrays['ae_mse'][0]:.4f}**" in words(app)
    assert not app.error and not app.exception


def test_a_sweep_is_shown(run: Run, swept: Findings) -> None:
    app = opened(run, **{"sweep_sizes": [1, 3], f"sweep_epochs_{run.id}": 1})
    assert "Models with codes of dimension 1, 3 are as good as PCA with" in words(app)
    assert not app.error and not app.exception


def test_pictures_become_a_file_and_a_file_becomes_pictures(run: Run, found: Findings) -> None:
    app = opened(run)
    app.pills(key="codes_classes").set_value([7]).run()
    app.slider(key="codes_bits").set_value(3).run()
    assert "**100** test images: 78 kB of pixels become **75 bytes** of codes" in words(app)
    sevens = load("digits", "test").only((7,))
    model = load_model(run.config.model, run.weights(), (1, 28, 28))
    scale = compression.Quantiser(found.arrays["low"], found.arrays["high"], 3)
    weights = files.read_metadata(run.folder / "model.safetensors")["crc32"]
    made = code_files.CodeFile(scale.quantise(compression.encode(model, sevens)), scale, (1, 28, 28), weights)
    upload = app.get("file_uploader")[0]
    upload.set_value([("my.codes.safetensors", code_files.to_bytes(made), "application/octet-stream")]).run()
    assert "**100** images from" in words(app) and "2-D codes, bits per dimension: 3" in words(app)
    assert not app.error and not app.warning and not app.exception
    assert len(latent.decode(model, made.codes)) == 100


@pytest.mark.parametrize(
    ("numbers", "weights", "said"),
    [(2, "another", "Another model made these codes"), (3, "", "3 dimensions each, but this model's decoder takes 2")],
)
def test_a_file_of_another_model(run: Run, found: Findings, numbers: int, weights: str, said: str) -> None:
    scale = compression.Quantiser(np.zeros(numbers, np.float32), np.ones(numbers, np.float32), 4)
    made = code_files.CodeFile(np.zeros((5, numbers), np.uint16), scale, (1, 28, 28), weights)
    app = opened(run)
    upload = app.get("file_uploader")[0]
    upload.set_value([("other.safetensors", code_files.to_bytes(made), "application/octet-stream")]).run()
    told = [element.value.replace("\\", "") for element in [*app.error, *app.warning]]
    assert len(told) == 1 and said in told[0] and not app.exception


def test_a_file_that_is_none(run: Run, found: Findings) -> None:
    app = opened(run)
    app.get("file_uploader")[0].set_value([("photo.safetensors", b"nonsense", "application/octet-stream")]).run()
    assert "not a file of codes" in app.error[0].value and not app.exception
