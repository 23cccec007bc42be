"""Compare: what a visitor sees of real runs side by side."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.comparing import words
from pages.ui.comparing.figures import Compared
from pages.ui.model_kinds import posterior_means
from tests.processes import nobody_left
from tests.tiny_runs import train
from vae_core.comparison import Measured
from vae_core.runs import Run

APP = Path(__file__).parents[1] / "app.py"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Run]]:
    root = tmp_path_factory.mktemp("compare")
    with pytest.MonkeyPatch.context() as patch, nobody_left(root):
        patch.setenv("DIABOLO_RUNS", str(root))
        yield {
            "short": train(name="short"),
            "long": train(name="long", epochs=4, model__latent_dim=8),
            "points": train(name="points", model__kind="autoencoder"),
            "told": train(name="told", model__kind="conditional-vae"),
            "line": train(name="line", model__latent_dim=1),
        }


def opened(*chosen: Run, **parameters: str) -> AppTest:
    app = AppTest.from_file(APP, default_timeout=90)
    if chosen:
        app.query_params["runs"] = ",".join(run.id for run in chosen)
    for key, value in parameters.items():
        app.query_params[key] = value
    app.switch_page("pages/compare.py").run()
    assert not app.exception
    return app


def text(app: AppTest) -> str:
    return "\n".join([one.value for one in [*app.markdown, *app.caption, *app.info, *app.warning, *app.error]])


def test_a_first_visitor_sees_the_starters_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIABOLO_RUNS", str(tmp_path))
    app = opened()
    assert app.multiselect[0].value == ["starter-vae-2d", "starter-ae-2d"]
    seen = text(app)
    assert "Reconstruction:" in seen and "New images from N(0, I):" in seen and "Time:" in seen
    table, settings = app.table[0].value, app.table[1].value
    assert [name.replace("\\", "") for name in table.columns][:3] == [
        "VAE, 2-D latent space · starter",
        "Autoencoder, 2-D latent space · starter",
        "PCA, 2 components",
    ]
    assert table.loc["−ELBO (nats)"].iloc[1] == "–", "an autoencoder has no likelihood"
    assert "±" in table.loc["MSE per pixel"].iloc[0]
    assert "The codes (of VAEs the posterior means) of 1,000 test images" in seen
    assert list(settings.index) == ["Model"], "only what differs"


def test_the_runs_of_an_address_are_compared(trained: dict[str, Run]) -> None:
    app = opened(trained["short"], trained["long"])
    assert app.multiselect[0].value == [trained["short"].id, trained["long"].id]
    seen = text(app)
    assert (
        "**PCA, 8 components** has the lowest error" in seen
        and "**long** with" in seen
        and "short has the highest error" in seen
    )
    assert "The codes are not equally large (dimensions: short: 2, long: 8)" in seen
    settings = app.table[1].value
    assert settings.loc["Latent dimensions"].tolist() == ["2", "8"] and settings.loc["Epochs"].tolist() == ["1", "4"]
    assert "Seed" not in settings.index
    assert "Told the class" not in app.table[0].value.index and "Told the class" not in seen
    assert "stopped" not in seen
    # PCA with as many components as the larger code.
    assert "PCA, 8 components" in app.table[0].value.columns


def test_all_kinds_of_model_stand_side_by_side(trained: dict[str, Run]) -> None:
    app = opened(*trained.values())
    assert list(app.table[0].value.columns)[:5] == ["short", "long", "points", "told", "line"]
    assert len(app.get("plotly_chart")) == 1 + len(trained), "the curves, and a map for each"


def test_without_pca(trained: dict[str, Run]) -> None:
    app = opened(trained["short"], trained["points"])
    app.checkbox[0].uncheck().run()
    assert not app.exception and not any("PCA" in column for column in app.table[0].value.columns)


def test_one_model_is_too_few_and_the_page_says_so(trained: dict[str, Run]) -> None:
    app = opened(trained["short"])
    assert "Choose at least two models" in text(app)
    assert not app.table


@pytest.mark.parametrize("named", ["gone", "gone,../../etc", ",,,", "x" * 5000])
def test_an_address_that_names_nothing_does_no_harm(trained: dict[str, Run], named: str) -> None:
    app = opened(runs=named)
    assert "Choose at least two models" in text(app)
    assert all(part in "".join(one.value for one in app.warning) for part in ("left out",))


def test_more_than_six_of_an_address_are_cut(trained: dict[str, Run]) -> None:
    run = trained["short"]
    app = opened(runs=",".join([run.id, trained["long"].id, *(f"gone-{n}" for n in range(50))]))
    assert app.multiselect[0].value == [run.id, trained["long"].id]


def compared(likelihoods: Mapping[str, str] | None = None, **values: list[float]) -> Compared:
    measured = {name: Measured({"mse": np.array(v), "negative_elbo": np.array(v)}) for name, v in values.items()}
    return Compared({name: name for name in values}, measured, {}, (), "grey", likelihoods or {}, 3)


def test_the_verdict_calls_no_difference_that_the_pictures_do_not_show() -> None:
    close = compared(a=[0.1, 0.2, 0.3], b=[0.3, 0.1, 0.21])
    said = words.verdict(close, {"a": 2, "b": 2})[0]
    assert "**a**, **b** do not differ measurably" in said and "has the lowest error" not in said
    far = compared(a=[0.1, 0.2, 0.3], b=[0.2, 0.3, 0.41])
    assert (
        "**a** has the lowest error, 0.2000 per pixel: 34% less than **b** with 0.3033"
        in words.verdict(far, {"a": 2, "b": 2})[0]
    )


@pytest.mark.parametrize("count", [2, 3, 6])
def test_the_same_figures_are_never_called_better(count: int) -> None:
    values = np.random.default_rng(0).uniform(0, 1, 50).tolist()
    found = " ".join(words.verdict(compared(**dict.fromkeys("abcdef"[:count], values)), {}))
    assert found.count("do not differ measurably") == 2 and "least" not in found and "most" not in found
    assert "highest likelihood bound" not in found


def test_the_order_of_the_models_changes_no_verdict() -> None:
    generator = np.random.default_rng(1)
    hard = generator.uniform(0, 1, 40)
    values = {name: (hard + gap + generator.normal(0, 0.01, 40)).tolist() for name, gap in (("a", 0.5), ("b", 0.0))}
    first, second = (words.verdict(compared(**found), {}) for found in (values, dict(reversed(values.items()))))
    assert (
        first == second
        and "**b** has the lowest error" in first[0]
        and "**b** has the highest likelihood bound" in first[1]
    )


def test_a_small_share_is_not_called_nothing() -> None:
    values = np.random.default_rng(2).uniform(0.1, 0.2, 200)
    said = words.verdict(compared(a=values.tolist(), b=(values * 1.004).tolist()), {})[0]
    assert "0.4% less than **b**" in said


def with_distances(floor: tuple[float, ...] = (1.0, 1.1), **distances: tuple[float, ...]) -> Compared:
    measured = {name: Measured({"mse": np.array([0.1, 0.2])}, distance=one) for name, one in distances.items()}
    return Compared({name: name for name in distances}, measured, {}, floor, "grey", {}, 2)


def test_three_draws_need_more_than_two_standard_errors() -> None:
    error = (2 * 0.1**2 / 3) ** 0.5  # of the difference of two means of three draws that spread by 0.1
    draws = np.array([19.9, 20.0, 20.1])
    near, far = (
        next(
            line
            for line in words.verdict(with_distances(a=tuple(draws), b=tuple(draws + times * error)), {})
            if "New" in line
        )
        for times in (2.1, 4.0)
    )
    assert "**a**, **b** do not differ measurably" in near and "3 draws each" in near
    assert "**a** draws the most real-looking" in far


def test_pca_is_held_against_the_models_by_the_same_distance() -> None:
    lines = words.verdict(with_distances(a=(30.0, 30.1, 30.2), b=(40.0, 40.1, 40.2), pca=(20.0, 20.1, 20.2)), {})
    said = next(line for line in lines if "New images" in line)
    assert "**pca** draws the most real-looking" in said and "40.1 for **b**" in said
    assert "as wide as its codes" in lines[-1]


def test_one_training_each_is_named_and_the_spread_over_seeds_is_used_where_it_is_known() -> None:
    generator = np.random.default_rng(3)
    hard = generator.uniform(0.1, 0.2, 400)

    def seeds(*means: float) -> list[list[float]]:
        return [(hard + mean + generator.normal(0, 0.001, 400)).tolist() for mean in means]

    rows = seeds(0.00, 0.03, 0.06) + seeds(0.04, 0.07, 0.10)
    found = compared(**dict(zip("abcdef", rows, strict=True)))
    alone = words.verdict(found, {})
    assert "One training each: how much trainings with other seeds differ is not included" in alone[-1]
    assert "Holm" in alone[-1] and not any("**Trainings" in line for line in alone)
    both = replace(found, repeats=[["a", "b", "c"], ["d", "e", "f"]])
    said = next(line for line in words.verdict(both, {}) if "**Trainings**" in line)
    assert said.count("no measurable difference between **a** (3 trainings) and **d** (3 trainings)") == 2
    assert "−ELBO: no" in said and "Fréchet" not in said, "nobody judged their drawings"
    assert "One training each" not in words.verdict(both, {})[-1]
    apart = compared(**dict(zip("abcdef", seeds(0.0, 0.001, 0.002) + seeds(0.05, 0.051, 0.052), strict=True)))
    said = next(line for line in words.verdict(replace(apart, repeats=both.repeats), {}) if "**Trainings**" in line)
    assert "reconstruction: **a** (3 trainings) is best" in said and "below **d** (3 trainings)" in said
    drawn = {key: replace(one, distance=(20.0 + row,)) for row, (key, one) in enumerate(apart.measured.items())}
    said = next(
        line
        for line in words.verdict(replace(apart, measured=drawn, repeats=both.repeats), {})
        if "**Trainings**" in line
    )
    assert "Fréchet distance: **a** (3 trainings) is best, 3.0 ±" in said
    one = words.verdict(replace(found, repeats=[["a", "b"]]), {})
    assert any("differ in nothing but the seed" in line for line in one) and "One training each" in one[-1]


def test_who_is_told_the_class_is_named() -> None:
    found = compared(a=[0.1, 0.2, 0.3], b=[0.2, 0.3, 0.41])
    assert not any("Told the class" in line for line in words.verdict(found, {}))
    (said,) = (line for line in words.verdict(replace(found, told=["b"]), {}) if "Told the class" in line)
    assert "**b** is told the class" in said


def test_a_model_that_is_told_the_class_says_so_wherever_it_stands(trained: dict[str, Run]) -> None:
    app = opened(trained["short"], trained["told"])
    seen, table = text(app), app.table[0].value
    assert "**told** is told the class of every image" in seen and "Told the class: such a model" in seen
    assert table.loc["Told the class"].tolist()[:3] == ["no", "yes", "no"]
    assert "told (told the class)" in app.get("plotly_chart")[0].proto.spec


@pytest.mark.parametrize(
    ("kinds", "said"),
    [
        (["vae", "conditional-vae"], " (posterior means)"),
        (["vae", "autoencoder"], " (of VAEs the posterior means)"),
        (["autoencoder"], ""),
    ],
)
def test_codes_of_points_are_not_called_posterior_means(kinds: list[str], said: str) -> None:
    assert posterior_means(kinds) == said


def test_a_run_that_was_stopped_says_so(trained: dict[str, Run]) -> None:
    found = replace(compared(a=[0.1, 0.2, 0.3], b=[0.2, 0.3, 0.41]), stopped={"b": (3, 40)})
    assert "b was stopped in epoch 3 of 40." in words.verdict(found, {})[-1]


def test_a_model_whose_pictures_are_as_real_is_not_held_against_the_best() -> None:
    def drawn(*distances: tuple[float, ...]) -> str:
        names = "abc"[: len(distances)]
        measured = {
            name: Measured({"mse": np.array([0.1, 0.2])}, distance=one)
            for name, one in zip(names, distances, strict=True)
        }
        found = Compared({name: name for name in names}, measured, {}, (1.0, 1.1), "grey", {}, 2)
        return next(line for line in words.verdict(found, {}) if "New images" in line)

    alike = drawn((20.0, 22.0), (20.5, 22.5))
    assert "**a**, **b**" in alike and "do not differ measurably" in alike and "against" not in alike
    apart = drawn((20.0, 20.1), (30.0, 30.1))
    assert "**a** draws the most real-looking" in apart and "20.1, against 30.1 for **b**" in apart
    first = drawn((20.0, 22.0), (20.5, 22.5), (60.0, 61.0))
    assert "**a**, **b**" in first and "against 60.5 for **c**" in first


def test_likelihoods_of_different_kinds_are_not_compared() -> None:
    kinds = {"a": "bernoulli", "b": "gaussian"}
    found = compared(kinds, a=[0.1, 0.2, 0.3], b=[0.2, 0.3, 0.41])
    assert "not comparable" in "".join(words.verdict(found, {"a": 2, "b": 2}))
    alike = compared(dict.fromkeys(kinds, "bernoulli"), a=[0.1, 0.2, 0.3], b=[0.2, 0.3, 0.41])
    assert "has the highest likelihood bound" in "".join(words.verdict(alike, {"a": 2, "b": 2}))


def test_a_name_is_shown_and_never_obeyed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIABOLO_RUNS", str(tmp_path))
    with nobody_left(tmp_path):
        first, second = train(name="[x](http://evil.test) <b>"), train(name="plain", model__latent_dim=3)
        app = opened(first, second)
    seen = text(app)
    assert "[x](http" not in seen and "evil" in seen
    (chart, *_) = app.get("plotly_chart")
    assert "<b>" not in chart.proto.spec and "&lt;b&gt;" in chart.proto.spec.replace("\\u0026", "&")


def test_runs_that_can_not_be_told_apart_by_name_are_by_their_ids(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIABOLO_RUNS", str(tmp_path))
    with nobody_left(tmp_path):
        first, second = train(name="same"), train(name="same", model__latent_dim=3)
        third = train(name=f"same · {first.id[-4:]}")
        app = opened(first, second, third)
    columns = list(app.table[0].value.columns)
    assert len(set(columns)) == len(columns) == 5, "three runs, PCA, and real images"


def test_the_model_one_comes_from_is_compared(trained: dict[str, Run]) -> None:
    app = AppTest.from_file(APP, default_timeout=90)
    app.query_params["run"] = trained["points"].id  # a link to what was trained
    app.switch_page("pages/train.py").run()
    app.query_params.clear()  # as the browser does
    app.switch_page("pages/compare.py").run()
    starters = ["starter-vae-2d", "starter-ae-2d"]
    assert app.multiselect[0].value == [trained["points"].id, *starters]
    app.query_params["run"] = trained["long"].id
    app.switch_page("pages/generate.py").run()
    app.query_params.clear()
    app.switch_page("pages/compare.py").run()
    assert app.multiselect[0].value == [trained["points"].id, *starters, trained["long"].id], "and the next one too"
    app.multiselect[0].set_value(starters).run()
    assert app.multiselect[0].value == starters, "but not against the visitor's will"
    assert app.run().multiselect[0].value == starters and not app.exception


def test_who_has_trained_and_opens_compare_sees_the_newest(trained: dict[str, Run]) -> None:
    assert opened().multiselect[0].value == [trained["line"].id, "starter-vae-2d", "starter-ae-2d"]


def test_pictures_come_before_figures(trained: dict[str, Run]) -> None:
    headings = [one.value for one in opened(trained["short"], trained["long"]).subheader]
    assert headings == [
        "The same images, the same draws",
        "Figures",
        "Settings that differ",
        "Curves",
        "Where the codes lie",
    ]
