"""AE or VAE: what the study finds, what the page says about it, and what a visitor sees."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.experiments import ae_or_vae_charts, ae_or_vae_words
from tests.app_pages import experiment, headed_words, keep
from tests.processes import nobody_left
from tests.tiny_runs import train
from vae_core import files
from vae_core.config import RunConfig
from vae_core.control import Job, Status
from vae_core.jobs import studies
from vae_core.jobs.studies import study_of
from vae_core.recipes.ae_or_vae import AE_OR_VAE, AUTOENCODER, BOTH, DENOISING, KL_ONLY, RECONSTRUCTION_ONLY
from vae_core.runs import Run
from vae_core.significance import Difference
from vae_core.studies import Findings, study

APP = Path(__file__).parents[1] / "app.py"
EPOCHS = 3
NORMAL, HALF = {"normal": [20.0, 21.0, 22.0], "mixture-10": [4.0, 4.2]}, np.array([1.0, 0.6, 1.0])


def small(config: RunConfig, **changes: Any) -> Run:
    """One of the experiment's trainings, on digits and narrower."""
    return train(
        EPOCHS,
        recipe=config.recipe,
        data__pixels=config.data.pixels,
        model__kind=config.model.kind,
        model__latent_dim=min(config.model.latent_dim, 8),
        model__hidden=[64],
        loss__beta=config.loss.beta,
        loss__reconstruction=config.loss.reconstruction,
        training__noise=config.training.noise,
        **changes,
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Run]]:
    root = tmp_path_factory.mktemp("ae_or_vae")
    with pytest.MonkeyPatch.context() as patch, nobody_left(root):
        patch.setenv("DIABOLO_RUNS", str(root))
        made = {"": small(AE_OR_VAE.config)} | {key: small(config) for key, config in AE_OR_VAE.companions.items()}
        for key in ("", AUTOENCODER):  # as the jobs do that the page asks for
            asked = study_of(made[key], "mixture", {"data": "digits", "components": 10})
            asked.folder.mkdir(parents=True)
            files.write_json(asked.folder / "study.json", asked.values)
            studies.compute(asked.folder)
            Job(asked.folder).write_status(Status("finished"))
        yield made


@pytest.fixture(scope="module")
def found(trained: Mapping[str, Run]) -> Findings:
    """The study's findings, kept with the run as a job of its own keeps them."""
    run, module, shares = trained[""], study("quality"), []
    findings = module.compute(run, module.Settings.from_dict({"data": "digits"}), shares.append)
    assert shares == sorted(shares) and shares[-1] == pytest.approx(1)
    keep(findings, run, "quality", {"data": "digits"})
    return findings


def opened(run: Run) -> AppTest:
    app = experiment("ae-vs-vae", run)
    assert not app.error, app.error
    return app


# What decides


def test_the_study_compares_as_many_pictures_as_there_are(found: Findings) -> None:
    figures = found.figures
    assert figures["images"] == 1000 and list(figures["distances"]) == list(ae_or_vae_charts.SOURCES)
    assert all(len(values) == 3 for values in (*figures["distances"].values(), figures["floor"]))
    assert np.mean(figures["floor"]) < np.mean(figures["distances"]["normal"]) < figures["mean_image"]
    assert np.mean(figures["distances"]["mixture-50"]) < np.mean(figures["distances"]["normal"])
    assert {"real", "reconstructions", *figures["distances"]} == set(found.arrays)


def test_three_trainings_of_one_model(trained: Mapping[str, Run]) -> None:
    metrics = {key: trained[key].metrics() or {} for key in (RECONSTRUCTION_ONLY, KL_ONLY, BOTH)}
    assert metrics[KL_ONLY]["kl"] < 0.05 < metrics[BOTH]["kl"] < metrics[RECONSTRUCTION_ONLY]["kl"]
    assert metrics[KL_ONLY]["mse"] > metrics[BOTH]["mse"]


def test_what_is_said_about_draws_follows_the_figures() -> None:
    first, *others = ae_or_vae_words.drawn(NORMAL, {"normal": [209.0, 210.0, 211.0]}, [2.0, 2.0])
    assert "the VAE's are nearer to real ones by a factor of 10.0" in first
    assert "mixture of 10: 4.1, which is 2.0 times" in others[0]
    swapped = ae_or_vae_words.drawn(NORMAL, {"normal": [9.9, 10.0, 10.1]}, [2.0])[0]
    assert "the autoencoder's are nearer to real ones by a factor of 2.1" in swapped
    assert len(ae_or_vae_words.drawn(NORMAL, None, [2.0])) == 2 and "One training each" in others[-1]


@pytest.mark.parametrize("ae", [[21.4, 22.4, 20.4], [10.0], [20.0 + 2.1 * 0.82, 21.0 + 2.1 * 0.82, 22.0 + 2.1 * 0.82]])
def test_draws_that_chance_explains_are_no_measurable_difference(ae: list[float]) -> None:
    said = ae_or_vae_words.drawn(NORMAL, {"normal": ae}, [2.0])[0]
    assert "no measurable difference" in said and "nearer" not in said


def test_no_source_is_called_the_best_that_is_not() -> None:
    near = {"normal": [20.0, 21.0, 22.0], "mixture-10": [4.0, 4.1, 4.2], "mixture-50": [4.05, 4.15, 4.1]}
    said = ae_or_vae_words.drawn(near, None, [2.0])[0]
    assert "without a measurable difference" in said and "a mixture of 10" in said and "a mixture of 50" in said
    assert "N(0, I)" not in said


@pytest.mark.parametrize(
    ("ae", "vae", "only"), [(9.0, 1.0, True), (0.2, 0.9, True), (1.1, 1.0, False), (9.0, 3.0, False), (1.0, 4.0, False)]
)
def test_only_codes_that_lie_where_the_prior_does_are_said_to(ae: float, vae: float, only: bool) -> None:
    assert ("only the VAE's lie" in ae_or_vae_words.reach(ae, vae, 1.0)) == only


@pytest.mark.parametrize(
    ("mse", "kl", "said"),
    [
        (0.04, 5.0, "images are reconstructed"),
        (0.06, 5.0, "hardly better"),
        (0.04, 0.0, "hardly better"),
        (0.07, 5.0, "no measurable difference"),
        (0.08, 5.0, "no better"),
    ],
)
def test_pictures_come_back_only_where_they_do(mse: float, kl: float, said: str) -> None:
    one = {"kl": kl, "mse": mse, "mse_mean_image": 0.07, "spread": 1.0}
    hard = np.random.default_rng(0).uniform(-0.01, 0.01, 200)
    errors = {BOTH: hard + mse, ae_or_vae_words.MEAN_IMAGE: hard * 1.1 + 0.07 - 1e-9}
    sentence, _ = ae_or_vae_words.trainings({BOTH: one}, errors)
    found = [
        words
        for words in ("images are reconstructed", "hardly better", "no better", "no measurable")
        if words in sentence
    ]
    assert len(found) == 1 and said.startswith(found[0])


def test_the_best_pictures_back_are_only_called_so_where_they_are() -> None:
    hard = np.random.default_rng(0).uniform(0.02, 0.08, 200)
    figures = {
        name: {"kl": 1.0, "mse": 0.05, "mse_mean_image": 0.07, "spread": 1.0}
        for name in (RECONSTRUCTION_ONLY, BOTH, KL_ONLY)
    }
    apart = {RECONSTRUCTION_ONLY: hard - 0.01, BOTH: hard + np.resize([-1e-3, 1e-3], 200), KL_ONLY: hard + 0.01}
    assert "the best reconstructions" in ae_or_vae_words.trainings(figures, apart)[0]
    for alike in (dict.fromkeys(figures, hard), apart | {RECONSTRUCTION_ONLY: hard}, {}):
        assert "the best reconstructions" not in ae_or_vae_words.trainings(figures, alike)[0]


def test_what_is_said_about_ways_follows_the_figures() -> None:
    chance = np.random.default_rng(0)

    def of_pairs(line: np.ndarray) -> np.ndarray:
        values = line + chance.normal(0, 0.01, (40, len(line)))
        return values - values.mean(0) + line

    flat = of_pairs(np.array([1.0, 0.98, 1.0]))
    half, far, near = of_pairs(HALF), of_pairs(np.array([5.0, 7.0, 5.0])), of_pairs(np.array([5.0, 5.5, 5.0]))
    assert "leads through more that is no digit" in ae_or_vae_words.between((flat, near), (half, far))[0]
    assert "the autoencoder has the better path" in ae_or_vae_words.between((half, far), (flat, near))[0]
    assert "no measurable difference" in ae_or_vae_words.between((flat, near), (flat, far))[0]
    noisy = of_pairs(np.array([1.0, 0.981, 1.0]))
    assert "no measurable difference" in ae_or_vae_words.between((flat, near), (noisy, far))[0]
    assert "+0.50 for the VAE and by +2.00" in ae_or_vae_words.between((flat, near), (flat, far))[1]


def test_what_is_said_about_variance_follows_the_figures() -> None:
    def above(auroc: float, p: float = 1e-9) -> Difference:
        return Difference(auroc - 0.5, 0.01, 100, p)

    said = " ".join(ae_or_vae_words.variance({"Noise": above(0.9), "Turned": above(0.1), "Shuffled": above(0.52, 0.1)}))
    assert "AUROC above 0.5): Noise (0.90)" in said and "below 0.5): Turned (0.10)" in said
    assert "No measurable difference: Shuffled (0.52)" in said and "not to be trusted" in said
    assert "all of these" in ae_or_vae_words.variance({"Noise": above(0.9)})[-1]
    assert "No measurable" in ae_or_vae_words.variance({"a": above(0.6, 0.03), "b": above(0.6, 0.04)})[0], "two at once"


def test_what_is_said_about_noise_follows_the_figures() -> None:
    chance = np.random.default_rng(0)

    def said(noise: float, *means: float) -> str:
        spread = chance.normal(0, 0.001, (3, 100))
        return ae_or_vae_words.denoised(noise, *(spread - spread.mean(1, keepdims=True) + np.array(means)[:, None]))[1]

    assert "by a factor of 4.0" in said(0.4, 0.1, 0.04, 0.01)
    assert "more of the image" in said(0.0, 0.0, 0.003, 0.01)
    assert "the plain autoencoder is better" in said(0.1, 0.1, 0.01, 0.02)
    assert "no measurable difference between both" in said(0.1, 0.1, 0.02, 0.0201)
    assert "not measurably nearer to the clean images" in said(0.1, 0.02, 0.05, 0.02)


def test_charts_show_what_they_are_given() -> None:
    bars = ae_or_vae_charts.distances({"VAE": NORMAL, "AE": {"normal": [200.0]}}, [2.0])
    assert [bar.name for bar in bars.data] == ["VAE", "AE", "Real training images: 2"]
    assert list(bars.data[0].y) == [21.0, 4.1] and list(bars.data[2].y) == [2.0, 2.0]
    assert (
        bars.layout.yaxis.type == "log"
        and 10 ** bars.layout.yaxis.range[0] < 2 < 200 < 10 ** bars.layout.yaxis.range[1]
    )
    lines = ae_or_vae_charts.ways({"VAE": (HALF, HALF), "AE": (HALF, HALF)})
    assert len(lines.data) == 4 and list(lines.data[0].x) == [0, 0.5, 1]
    boxes = ae_or_vae_charts.variances(np.arange(101.0), {"Noise": np.zeros(5)})
    assert boxes.data[-1].median == (50.0,) and boxes.data[0].name == "Noise"


# What a visitor sees


def test_all_parts_of_the_answer(trained: Mapping[str, Run], found: Findings) -> None:
    app = opened(trained[""])
    said = headed_words(app)
    assert list(app.dataframe[0].value["MSE"]) == [
        f"{(trained[key].metrics() or {})['mse']:.4f}" for key in ("", AUTOENCODER, DENOISING)
    ]
    for title in (
        "New images",
        "Where the codes lie",
        "Interpolation between digits",
        "One small model, three losses",
        "Removing noise",
        "Is the VAE less sure of anomalous images?",
    ):
        assert title in [element.value for element in app.subheader]
    assert f"{np.mean(found.figures['floor']):.3g}" in said, "the floor"
    assert "Not finished yet" not in said
    shown = [picture.caption for element in app.get("image") for picture in element.proto.imgs]
    assert shown.count("From a mixture of 10 fitted to its codes") == 2
    assert [button.label for button in app.button if button.label.startswith("Measure")] == [
        "Measure the autoencoder's images"
    ]
    assert said.count("What you see") == 6
    (noise,) = [slider for slider in app.slider if slider.label == "Noise"]
    assert noise.value == trained[DENOISING].config.training.noise
    noise.set_value(0.0).run()
    assert not app.exception and "Noise of 0.00 puts the images 0.0000" in headed_words(app)


def test_a_vae_alone_shows_what_it_can(trained: Mapping[str, Run]) -> None:
    app = opened(small(AE_OR_VAE.config, training__seed=5))
    said = headed_words(app)
    assert f"Not there: {AUTOENCODER}, {DENOISING}" in said
    assert "New images" in said and "Interpolation between digits" not in said and "Removing noise" not in said


def test_an_autoencoder_of_the_recipe_says_so(trained: Mapping[str, Run]) -> None:
    app = opened(small(AE_OR_VAE.config.replace(model__kind="autoencoder"), training__seed=6))
    assert "This run is an autoencoder" in headed_words(app)
