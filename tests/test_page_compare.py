"""Compare: what a visitor sees of real runs side by side."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.comparing import words
from pages.ui.comparing.figures import Compared
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
    assert "Reconstruction:" in seen and "New pictures from N(0, I):" in seen and "Time:" in seen
    table, settings = app.dataframe[0].value, app.dataframe[1].value
    assert list(table.columns)[:3] == [
        "VAE, 2 numbers · starter",
        "Autoencoder, 2 numbers · starter",
        "PCA, 2 components",
    ]
    assert table.loc["−ELBO (nats)"].iloc[1] == "–", "an autoencoder has no likelihood"
    assert "±" in table.loc["MSE a pixel"].iloc[0]
    assert list(settings.index) == ["Model"], "only what differs"


def test_the_runs_of_an_address_are_compared(trained: dict[str, Run]) -> None:
    app = opened(trained["short"], trained["long"])
    assert app.multiselect[0].value == [trained["short"].id, trained["long"].id]
    seen = text(app)
    assert "**PCA, 8 components** errs least" in seen and "**long** with" in seen and "short errs most" in seen
    assert "The codes are not equally large (short: 2, long: 8 numbers)" in seen
    settings = app.dataframe[1].value
    assert settings.loc["Latent size"].tolist() == ["2", "8"] and settings.loc["Epochs"].tolist() == ["1", "4"]
    assert "Seed" not in settings.index
    # PCA with as many components as the larger code.
    assert "PCA, 8 components" in app.dataframe[0].value.columns


def test_all_kinds_of_model_stand_side_by_side(trained: dict[str, Run]) -> None:
    app = opened(*trained.values())
    assert list(app.dataframe[0].value.columns)[:5] == ["short", "long", "points", "told", "line"]
    assert len(app.get("plotly_chart")) == 1 + len(trained), "the curves, and a map for each"


def test_without_pca(trained: dict[str, Run]) -> None:
    app = opened(trained["short"], trained["points"])
    app.checkbox[0].uncheck().run()
    assert not app.exception and not any("PCA" in column for column in app.dataframe[0].value.columns)


def test_one_model_is_too_few_and_the_page_says_so(trained: dict[str, Run]) -> None:
    app = opened(trained["short"])
    assert "Choose at least two models" in text(app)
    assert not app.dataframe


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
    assert "too little to tell" in words.verdict(close, {"a": 2, "b": 2})[0]
    far = compared(a=[0.1, 0.2, 0.3], b=[0.2, 0.3, 0.41])
    assert (
        "**a** errs least, 0.2000 a pixel: 34% less than **b** with 0.3033" in words.verdict(far, {"a": 2, "b": 2})[0]
    )


def test_a_model_whose_pictures_are_as_real_is_not_held_against_the_best() -> None:
    def drawn(*distances: tuple[float, ...]) -> str:
        names = "abc"[: len(distances)]
        measured = {
            name: Measured({"mse": np.array([0.1, 0.2])}, distance=one)
            for name, one in zip(names, distances, strict=True)
        }
        found = Compared({name: name for name in names}, measured, {}, (1.0, 1.1), "grey", {}, 2)
        return next(line for line in words.verdict(found, {}) if "New pictures" in line)

    alike = drawn((20.0, 22.0), (20.5, 22.5))
    assert "**a**, **b**" in alike and "too near to tell apart" in alike and "against" not in alike
    apart = drawn((20.0, 20.1), (30.0, 30.1))
    assert "**a** draws the most real-looking" in apart and "20.1, against 30.1 for **b**" in apart
    first = drawn((20.0, 22.0), (20.5, 22.5), (60.0, 61.0))
    assert "**a**, **b**" in first and "against 60.5 for **c**" in first


def test_likelihoods_of_different_kinds_are_not_compared() -> None:
    kinds = {"a": "bernoulli", "b": "gaussian"}
    found = compared(kinds, a=[0.1, 0.2, 0.3], b=[0.2, 0.3, 0.41])
    assert "not to be compared" in "".join(words.verdict(found, {"a": 2, "b": 2}))
    alike = compared(dict.fromkeys(kinds, "bernoulli"), a=[0.1, 0.2, 0.3], b=[0.2, 0.3, 0.41])
    assert "finds the pictures likeliest" in "".join(words.verdict(alike, {"a": 2, "b": 2}))


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
    columns = list(app.dataframe[0].value.columns)
    assert len(set(columns)) == len(columns) == 5, "three runs, PCA, and real pictures"


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
        "The same pictures, the same draws",
        "Figures",
        "Settings that differ",
        "Curves",
        "Where the codes lie",
    ]
