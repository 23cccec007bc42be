"""Latent space: what the page decides, and what a visitor sees of real, small, trained runs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from pages.ui import cache, latent_points, latent_views
from tests.processes import nobody_left
from tests.tiny_runs import train
from vae_core import files, latent, metrics
from vae_core.control import Job, State, Status
from vae_core.jobs.studies import study_of
from vae_core.latent import LatentPoints
from vae_core.runs import Run

APP = Path(__file__).parents[1] / "app.py"
TABS = ("Points", "Sliders", "Dimensions")
KINDS = ("vae", "autoencoder", "conv", "line", "large")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Run]]:
    root = tmp_path_factory.mktemp("latent")
    with pytest.MonkeyPatch.context() as patch, nobody_left(root):
        patch.setenv("DIABOLO_RUNS", str(root))
        yield {
            "vae": train(name="plain"),
            "autoencoder": train(name="points", model__kind="autoencoder"),
            "conv": train(name="conv", model__network="conv", model__hidden=[4, 8], model__latent_dim=16),
            "line": train(name="line", model__latent_dim=1),
            "large": train(name="large", model__latent_dim=256),
        }


def opened(run: Run, tab: str = TABS[0], **session: Any) -> AppTest:
    """The page with a run chosen and a tab open."""
    app = AppTest.from_file(APP, default_timeout=60)
    app.query_params["run"] = run.id
    for key, value in ({"latent_tab": tab} | session).items():
        app.session_state[key] = value
    app.switch_page("pages/latent.py").run()
    assert not app.exception
    return app


def pictures(app: AppTest) -> list[str]:
    return [picture.url for element in app.get("image") for picture in element.proto.imgs]


def chart_key(app: AppTest) -> str:
    """The key of the map, as it stands in its id."""
    (element,) = app.get("plotly_chart")
    return str(element.proto.id.split("-", 2)[-1])


def select(app: AppTest, numbers: list[Any]) -> AppTest:
    """Selects test pictures on the map, as the browser would."""
    points = [{"customdata": [number], "curve_number": 0, "point_index": 0} for number in numbers]
    app.session_state[chart_key(app)] = {"selection": {"points": points, "point_indices": [], "box": [], "lasso": []}}
    return app.run()


# What decides


@pytest.mark.parametrize(
    ("latent_dim", "expected"),
    [
        (1, ("line",)),
        (2, ("numbers",)),
        (3, ("pca", "numbers", "tsne", "umap")),
        (256, ("pca", "numbers", "tsne", "umap")),
    ],
)
def test_the_views_of_a_latent_space(latent_dim: int, expected: tuple[str, ...]) -> None:
    assert latent_views.kinds(latent_dim) == expected


def test_no_more_points_are_drawn_than_a_browser_bears() -> None:
    assert len(latent_views.sample(10_000)) == 10_000
    index = latent_views.sample(60_000)
    assert len(index) == len(set(index.tolist())) == latent_views.MOST_POINTS
    assert (np.diff(index) > 0).all() and (index == latent_views.sample(60_000)).all()


def test_the_code_zero_lies_at_zero_in_pca() -> None:
    mu = np.random.default_rng(0).normal(5, 2, (300, 6)).astype(np.float32)
    view = latent_views.pca_view(mu, 3)
    spread = np.linalg.norm(mu - mu.mean(0), axis=1)
    assert view.prior and view.points.shape == (300, 3) and len(view.axes) == 3
    # Orthonormal axes: no point is farther from 0 than its code.
    assert (np.linalg.norm(view.points, axis=1) <= np.linalg.norm(mu, axis=1) + 1e-3).all()
    assert np.linalg.norm(view.points - view.points.mean(0), axis=1).max() <= spread.max() + 1e-3


def test_points_of_a_class_stay_in_its_row() -> None:
    labels = np.repeat(np.arange(10), 50)
    view = latent_views.line_view(np.zeros((500, 1), np.float32), labels)
    assert (np.rint(view.points[:, 1]) == labels).all()


@pytest.mark.parametrize(
    "event",
    [
        None,
        {},
        "nonsense",
        {"selection": None},
        {"selection": {"points": None}},
        {"selection": {"points": [{"customdata": None}, {}, 3, {"customdata": []}, {"customdata": ["x"]}]}},
        {"selection": {"points": [{"customdata": [number]} for number in (-1, 10, 1e12, float("nan"), float("inf"))]}},
    ],
)
def test_what_is_no_selection_selects_nothing(event: object) -> None:
    assert latent_views.selected(event, 10) == []


def test_a_selection_names_each_picture_once() -> None:
    points = [{"customdata": [4]}, {"customdata": {"0": 2}}, {"customdata": 9}, {"customdata": [4]}]
    assert latent_views.selected({"selection": {"points": points}}, 10) == [2, 4, 9]


def test_the_kl_of_each_number_is_that_of_the_metrics(trained: dict[str, Run]) -> None:
    data, points = cache.images("digits", "test"), cache.latent(trained["conv"], "digits", "test")
    found = latent_views.dimensions(points)
    expected = metrics.kl_per_dimension(cache.model(trained["conv"]), data)
    assert found.kl is not None and expected is not None
    np.testing.assert_allclose(found.kl, expected, rtol=1e-4, atol=1e-5)
    assert (np.diff(found.kl[found.order]) <= 0).all()
    assert found.active.sum() == metrics.active_units(torch.from_numpy(points.mu))
    assert (found.low <= points.mu.min(0)).all() and (found.high >= points.mu.max(0)).all(), "every code fits"


def test_a_number_that_never_moves_still_has_a_range() -> None:
    found = latent_views.dimensions(LatentPoints(np.zeros((5, 2), np.float32), None))
    assert found.kl is None and not found.active.any()
    assert (found.low < found.high).all()


def test_a_traversal_moves_one_number_a_row(trained: dict[str, Run]) -> None:
    model = cache.model(trained["vae"])
    found = latent_views.dimensions(cache.latent(trained["vae"], "digits", "test"))
    images = latent_views.traversals(model, found, np.zeros(2), 2, 5)
    assert images.shape == (10, 1, 28, 28)
    first = int(found.order[0])
    z = np.zeros((1, 2), np.float32)
    z[0, first] = found.high[first]
    np.testing.assert_array_equal(images[4], latent.decode(model, z)[0])


# What a visitor sees


@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_model_has_every_tab(trained: dict[str, Run], kind: str, tab: str) -> None:
    app = opened(trained[kind], tab)
    assert not app.error
    assert len(app.get("plotly_chart")) == (0 if tab == "Sliders" else 1)
    assert bool(pictures(app)) == (tab != "Points")


def test_the_prior_is_shown_for_a_vae_and_offered_for_an_autoencoder(trained: dict[str, Run]) -> None:
    for kind, shown in (("vae", True), ("autoencoder", False)):
        app = opened(trained[kind])
        (toggle,) = app.toggle
        assert toggle.value is shown and not toggle.disabled
        toggle.set_value(not shown).run()
        assert not app.exception
    assert "Nothing holds an autoencoder's codes" in toggle.help


def test_a_click_shows_one_picture_and_leads_to_its_sliders(trained: dict[str, Run]) -> None:
    app = select(opened(trained["vae"]), [123])
    name = cache.images("digits", "test").labels[123]
    assert f"**Test image no. 123, class {name}**" in [element.value for element in app.markdown]
    assert len(pictures(app)) == 1
    app.button(key="latent_to_sliders").click().run()
    assert app.session_state["latent_tab"] == "Sliders"
    assert app.text_input(key="latent_picture").value == "123"
    code = cache.latent(trained["vae"], "digits", "test").mu[123]
    np.testing.assert_allclose([app.slider(key=f"latent_z_{j}").value for j in (0, 1)], code, rtol=1e-5)


def test_a_lasso_shows_pictures_a_page_at_a_time(trained: dict[str, Run]) -> None:
    app = select(opened(trained["vae"]), [*range(20), 5, 99_999])
    assert "**20 images selected**" in [element.value for element in app.markdown]
    first = pictures(app)
    app.text_input(key="latent_selection_page").set_value("2").run()
    assert len(first) == 12 and len(pictures(app)) == 8
    select(app, list(range(14)))
    assert app.text_input(key="latent_selection_page").value == "2"
    assert select(app, [1, 2]) and len(pictures(app)) == 2, "a page that is gone is no page"


def test_a_larger_latent_space_is_shown_in_two_and_three_dimensions(trained: dict[str, Run]) -> None:
    app = opened(trained["conv"])
    app.segmented_control(key="latent_components").set_value(3).run()
    assert not app.exception and "Drag to turn" in app.info[-1].value
    app.segmented_control(key="latent_kind").set_value("numbers").run()
    app.selectbox(key="latent_axis_0").set_value(7).run()
    boxes = [app.selectbox(key=f"latent_axis_{place}").value for place in range(3)]
    assert not app.exception and boxes[0] == 7 and len(set(boxes)) == 3


def test_sliders_move_the_code_and_reset_brings_it_back(trained: dict[str, Run]) -> None:
    app = opened(trained["conv"], "Sliders")
    begun = pictures(app)
    assert app.button(key="latent_reset").disabled
    sliders = [slider for slider in app.slider if str(slider.key).startswith("latent_z_")]
    assert len(sliders) == 16, "eight of them under the expander"
    sliders[0].set_value(sliders[0].max).run()
    assert pictures(app) != begun and not app.button(key="latent_reset").disabled
    app.button(key="latent_reset").click().run()
    assert pictures(app) == begun
    app.button(key="latent_from_zero").click().run()
    assert {slider.value for slider in app.slider} == {0.0}
    app.text_input(key="latent_picture").set_value("5").run()
    app.button(key="latent_from_picture").click().run()
    assert app.session_state["latent_start"] == 5
    assert not app.exception and not app.error


def test_each_number_has_a_row_of_what_it_does_from_here(trained: dict[str, Run]) -> None:
    app = opened(trained["conv"], "Sliders")
    before = len(pictures(app))
    app.session_state["latent_traversals"] = True
    app.run()
    assert not app.exception and not app.error
    assert len(pictures(app)) == before + 8, "a row for each of the eight numbers that carry most"
    assert "the others stay where the sliders are" in " ".join(str(caption.value) for caption in app.caption)
    rows = pictures(app)[before:]
    app.button(key="latent_from_zero").click().run()
    assert pictures(app)[before:] != rows, "they start from the sliders"


def test_the_code_keeps_numbers_whose_sliders_are_not_shown(trained: dict[str, Run]) -> None:
    app = opened(trained["large"], "Sliders")
    order = latent_views.dimensions(cache.latent(trained["large"], "digits", "test")).order
    moved = f"latent_z_{order[8]}"
    app.slider(key=moved).set_value(app.slider(key=moved).max).run()
    changed = pictures(app)
    app.selectbox(key="latent_slider_page").set_value(3).run()
    assert moved not in [slider.key for slider in app.slider]
    assert pictures(app) == changed


@pytest.mark.parametrize("start", [-1, 10**9, "five", 2.5, None])
def test_a_start_that_is_no_picture_is_zero(trained: dict[str, Run], start: object) -> None:
    app = opened(trained["vae"], "Sliders", latent_start=start)
    assert {slider.value for slider in app.slider} == {0.0}


def test_another_run_starts_its_own_sliders(trained: dict[str, Run]) -> None:
    app = opened(trained["vae"], "Sliders")
    app.selectbox(key="run_widget").set_value(trained["conv"].id).run()
    assert not app.exception and len(app.session_state["latent_code"]) == 16


def test_a_projection_is_asked_for_and_shown_when_it_is_there(trained: dict[str, Run]) -> None:
    run = trained["conv"]
    app = opened(run)
    app.segmented_control(key="latent_kind").set_value("tsne").run()
    assert "about 10 s" in app.button(key="latent_ask_tsne").label
    assert app.toggle[0].disabled, "t-SNE has no place for N(0, I)"
    # What the job leaves behind; that it does is tested with the jobs.
    target = study_of(run, "projection", {"method": "tsne", "data": "digits"}).folder
    target.mkdir(parents=True)
    index = np.arange(0, 1000, 10)
    points = np.random.default_rng(0).standard_normal((len(index), 2)).astype(np.float32)
    files.write_arrays(target / "arrays.safetensors", {"points": points, "index": index})
    Job(target).write_status(Status(recorded="finished"))
    app.run()
    assert not app.exception and not app.error
    assert "100 of 1,000 are drawn" in "\n".join(element.value for element in app.caption)


def test_a_run_that_still_trains_is_shown_and_cannot_be_projected_yet(trained: dict[str, Run]) -> None:
    run = train(name="unfinished", model__latent_dim=4)
    (run.folder / "model.safetensors").unlink()
    (run.folder / "metrics.json").unlink()
    Job(run.folder).write_status(Status(recorded="paused", answered=99))
    app = opened(run)
    assert len(app.get("plotly_chart")) == 1, "its newest checkpoint"
    app.segmented_control(key="latent_kind").set_value("umap").run()
    asked = app.button(key="latent_ask_umap")
    assert asked.disabled and "no finished model (it is: paused)" in asked.help and "still trains" not in asked.help


@pytest.mark.parametrize("state", get_args(State))
def test_why_a_run_can_not_be_projected_yet_follows_its_state(state: State) -> None:
    said = latent_points.not_yet(state)
    assert ("still trains" in said) == (state in ("queued", "starting", "running", "stopping", "interrupted"))


# The map under the cursor; that it follows the cursor is a browser's test


def kept(app: AppTest, run: Run, plane: str, place: list[float]) -> AppTest:
    """The page after a place was kept on the map."""
    app.session_state["place"] = {"run": run.id, "plane": plane, "place": place}
    return app.run()


@pytest.mark.parametrize("name", ["vae", "autoencoder", "conv", "large"])
def test_every_model_of_two_numbers_and_more_has_a_map(trained: dict[str, Run], name: str) -> None:
    app = opened(trained[name], "Map")
    assert any("Move the pointer or a finger over the map" in one.value for one in app.markdown)
    assert any(component.key.startswith("latent_map_") for component in app.get("bidi_component"))
    assert not app.error


def test_a_line_has_no_map(trained: dict[str, Run]) -> None:
    app = opened(trained["line"], "Map")
    assert [tab.label for tab in app.tabs] == ["Points", "Sliders", "Dimensions"]
    assert not app.error


def test_a_kept_place_is_decoded_and_shown_beside_its_neighbours(trained: dict[str, Run]) -> None:
    app = kept(opened(trained["vae"], "Map"), trained["vae"], "numbers-0-1-0", [0.5, -0.25])
    assert any("0.50; -0.25" in words for words in captions(app))
    assert any("lie nearest" in words for words in captions(app))
    elsewhere = kept(opened(trained["autoencoder"], "Map"), trained["vae"], "numbers-0-1-0", [0.5, -0.25])
    assert not any("lie nearest" in words for words in captions(elsewhere))


def captions(app: AppTest) -> list[str]:
    return [picture.caption for element in app.get("image") for picture in element.proto.imgs]


def test_a_link_keeps_its_place_and_nonsense_keeps_none(trained: dict[str, Run]) -> None:
    for named, expected in (("0.5,-0.25", True), ("1e999,0", False), ("x", False), ("1,2,3", False), ("900,900", True)):
        app = AppTest.from_file(APP, default_timeout=60)
        app.query_params["run"], app.query_params["place"] = trained["vae"].id, named
        app.switch_page("pages/latent.py").run()
        assert not app.exception and not app.error
        assert any("lie nearest" in words for words in captions(app)) is expected


def test_a_larger_code_is_shown_on_a_plane_of_ones_choice(trained: dict[str, Run]) -> None:
    app = opened(trained["conv"], "Map")
    app.session_state["latent_map_kind"] = "numbers"
    app.run()
    first, second = (box for box in app.selectbox if box.label in ("Across", "Up"))
    assert first.value != second.value and first.value not in second.options
    app.text_input(key="latent_map_picture").set_value("7").run()
    assert app.session_state["picture"] == 7
    assert any("test image no. 7" in one.value for one in app.caption)
    assert not app.error
