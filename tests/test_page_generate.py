"""Generate: what the page decides, and what a visitor sees of real, small, trained runs."""

import io
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from pages.ui import cache, generation
from tests.processes import nobody_left
from tests.tiny_runs import train
from vae_core import files, latent, runs
from vae_core.config import RunConfig
from vae_core.control import Job, Status
from vae_core.drawing import draw
from vae_core.jobs import studies
from vae_core.jobs.orders import STOPPED
from vae_core.jobs.studies import study_of
from vae_core.latent import Plane
from vae_core.priors import fitted_mixture, fitting_codes
from vae_core.runs import Run
from vae_core.studies import mixture

APP = Path(__file__).parents[1] / "app.py"
TABS = ("New images", "Map", "Interpolate")
KINDS = ("vae", "autoencoder", "conv", "line")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Run]]:
    root = tmp_path_factory.mktemp("generate")
    with pytest.MonkeyPatch.context() as patch, nobody_left(root):
        patch.setenv("DIABOLO_RUNS", str(root))
        yield {
            "vae": train(name="plain"),
            "autoencoder": train(name="points", model__kind="autoencoder"),
            "conv": train(name="conv", model__network="conv", model__hidden=[4, 8], model__latent_dim=16),
            "line": train(name="line", model__latent_dim=1),
            "conditional": train(name="told", model__kind="conditional-vae"),
        }


def opened(run: Run, tab: str = TABS[0], **address: str) -> AppTest:
    """The page with a run chosen and a tab open."""
    app = AppTest.from_file(APP, default_timeout=60)
    app.query_params.update({"run": run.id} | address)
    app.session_state["generate_tab"] = tab
    app.switch_page("pages/generate.py").run()
    assert not app.exception
    return app


def pictures(app: AppTest) -> list[str]:
    return [picture.url for element in app.get("image") for picture in element.proto.imgs]


def captions(app: AppTest) -> str:
    shown = [picture.caption for element in app.get("image") for picture in element.proto.imgs]
    return "\n".join(shown + [element.value for element in app.caption])


# What decides


def test_the_same_seed_draws_the_same_pictures_and_fewer_are_the_first_of_more(trained: dict[str, Run]) -> None:
    model = cache.model(trained["vae"])
    few, many, other = (draw(model, n, seed) for n, seed in ((4, 7), (9, 7), (4, 8)))
    np.testing.assert_array_equal(few.images, many.images[:4])
    np.testing.assert_array_equal(few.z, many.z[:4])
    assert (few.z != other.z).any()
    assert few.png() == draw(model, 4, 7).png()


def test_temperature_stretches_codes(trained: dict[str, Run]) -> None:
    model = cache.model(trained["conv"])
    one, half, none = (draw(model, 5, 3, heat) for heat in (1.0, 0.5, 0.0))
    np.testing.assert_allclose(half.z, one.z / 2, rtol=1e-6)
    assert (none.z == 0).all() and (none.images == none.images[0]).all()


def test_a_file_of_arrays_holds_all_it_takes_to_draw_again(trained: dict[str, Run]) -> None:
    model = cache.model(trained["autoencoder"])
    gaussian = cache.code_fit(trained["autoencoder"], "digits").gaussian
    made = draw(model, 6, 2**32 - 1, 0.8, gaussian)
    with np.load(io.BytesIO(made.npz()), allow_pickle=False) as file:
        assert set(file) == {"images", "z", "seed", "temperature", "prior"}
        assert file["images"].dtype == np.uint8 and file["images"].shape == (6, 1, 28, 28)
        assert file["z"].dtype == np.float32 and file["z"].shape == (6, 2)
        assert str(file["prior"]) == "fitted"
        again = draw(model, 6, int(file["seed"]), float(file["temperature"]), gaussian)
        np.testing.assert_array_equal(again.images, file["images"])


@pytest.mark.parametrize("latent_dim", [1, 2, 16, 256])
def test_the_mean_distance_of_the_prior(latent_dim: int) -> None:
    drawn = np.linalg.norm(np.random.default_rng(0).standard_normal((20_000, latent_dim)), axis=1).mean()
    assert generation.prior_distance(latent_dim) == pytest.approx(drawn, rel=0.02)


def test_a_gaussian_is_fitted_to_training_pictures(trained: dict[str, Run]) -> None:
    found = cache.code_fit(trained["autoencoder"], "digits")
    codes = latent.encode(cache.model(trained["autoencoder"]), cache.images("digits", "train")).mu
    assert found.pictures == len(codes) == 3600
    np.testing.assert_allclose(found.gaussian.mean, codes.mean(0), rtol=1e-4)
    assert found.distance == pytest.approx(float(np.linalg.norm(codes, axis=1).mean()), rel=1e-5)


def test_places_of_a_plane_become_codes_with_the_others_at_zero() -> None:
    codes = generation.plane_codes(np.array([[1, 2]], np.float32), 5, (3, 0))
    np.testing.assert_array_equal(codes, [[2, 0, 0, 1, 0]])


def test_the_widest_plane_leads_back_to_the_places_it_came_from() -> None:
    mu = np.random.default_rng(0).standard_normal((200, 6)).astype(np.float32) * [9, 1, 1, 5, 1, 1]
    plane = generation.widest_plane(mu.astype(np.float32))
    assert isinstance(plane, Plane) and generation.widest_dimensions(mu) == (0, 3)
    grid = generation.plane_grid(mu, 4, plane, by_prior=False)
    codes = generation.plane_codes(grid, 6, plane)
    np.testing.assert_allclose(generation.plane_places(codes, plane), grid, atol=1e-4)


def test_a_line_follows_the_prior_or_the_codes() -> None:
    mu = np.linspace(10, 20, 101, dtype=np.float32)[:, None]
    assert generation.line_codes(mu, 3, by_prior=True)[1] == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(generation.line_codes(mu, 3, by_prior=False)[:, 0], [10.1, 15, 19.9], atol=1e-3)


def test_a_picture_is_found_by_its_class() -> None:
    labels = np.array([3, 1, 3, 2])
    assert {generation.find_picture(labels, 3, seed) for seed in range(20)} == {0, 2}
    assert {generation.find_picture(labels, None, seed) for seed in range(40)} == {0, 1, 2, 3}
    assert generation.find_picture(labels, 9, 0) in range(4), "no image of that class: any"


@pytest.mark.parametrize("count", [1, 25, 100])
@pytest.mark.parametrize("side", [8, 28, 64, 1000])
def test_a_sheet_fits_its_place(count: int, side: int) -> None:
    scale = generation.sheet_scale(count, side)
    assert scale == 1 or scale * (side + 1) * math.ceil(math.sqrt(count)) <= 640


def test_an_animation_goes_there_and_back() -> None:
    images = np.random.default_rng(0).integers(0, 255, (5, 1, 8, 8), dtype=np.uint8)
    with Image.open(io.BytesIO(generation.gif(images))) as moving:
        assert moving.n_frames == 8


# What a visitor sees


@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_model_has_every_tab(trained: dict[str, Run], kind: str, tab: str) -> None:
    app = opened(trained[kind], tab)
    assert not app.error
    assert pictures(app) and all(url.startswith("data:image/") for url in pictures(app))
    assert len(app.get("download_button")) >= 1


def test_the_seed_decides_the_sheet_and_resample_draws_a_new_one(trained: dict[str, Run]) -> None:
    app, again = opened(trained["vae"], draw_seed="11"), opened(trained["vae"], draw_seed="11")
    assert app.text_input(key="draw_seed").value == "11"
    assert pictures(app) == pictures(again)
    app.button(key="draw_seed_again").click().run()
    new = app.text_input(key="draw_seed").value
    assert new != "11" and pictures(app) != pictures(again)
    again.text_input(key="draw_seed").set_value(new).run()
    assert pictures(app) == pictures(again)


@pytest.mark.parametrize("value", ["1000", "-1", "0", "nan", "1e400", "<b>", "99999999999999999999"])
def test_numbers_from_the_address_stay_in_range(trained: dict[str, Run], value: str) -> None:
    app = opened(trained["vae"], draw_count=value, draw_seed=value, draw_temperature=value)
    assert not app.error
    assert 1 <= app.slider(key="draw_count").value <= generation.MOST
    assert 0 <= int(app.text_input(key="draw_seed").value) < 2**32
    assert 0 <= app.slider(key="draw_temperature").value <= 2


def test_an_autoencoder_is_drawn_from_both_distributions(trained: dict[str, Run]) -> None:
    app = opened(trained["autoencoder"])
    assert len(pictures(app)) == 2 and len(set(pictures(app))) == 2
    found = cache.code_fit(trained["autoencoder"], "digits")
    assert f"{found.distance:.1f} from 0 on average" in app.info[0].value
    assert [element.value for element in app.subheader] == ["From N(0, I)", "From the fitted Gaussian"]
    assert len(pictures(opened(trained["vae"]))) == 1


def test_draws_from_what_was_fitted_to_the_codes(trained: dict[str, Run]) -> None:
    app = opened(trained["vae"])
    seen = {pictures(app)[0]}
    app.segmented_control(key="draw_prior_vae").set_value("fitted").run()
    assert not app.exception and "new images from the fitted Gaussian" in captions(app)
    seen.add(pictures(app)[0])
    app.segmented_control(key="draw_prior_vae").set_value("mixture").run()
    app = fitted(app, trained["vae"])
    assert "new images from the fitted mixture" in captions(app)
    seen.add(pictures(app)[0])
    assert len(seen) == 3
    points = opened(trained["autoencoder"])
    before = pictures(points)
    points.segmented_control(key="draw_prior_autoencoder").set_value("mixture").run()
    points = fitted(points, trained["autoencoder"])
    assert [element.value for element in points.subheader] == ["From N(0, I)", "From the fitted mixture"]
    assert pictures(points)[0] == before[0] and pictures(points)[1] != before[1]


def fitted(app: AppTest, run: Run) -> AppTest:
    """The page once the job was done that it has asked for, and whose progress it shows."""
    asked = study_of(run, "mixture", {"data": "digits", "components": 10})
    assert not app.exception and asked.state() == "queued"
    assert app.button(key=f"stop_{asked.folder.name}").label == "Stop"
    studies.compute(asked.folder)
    job = Job(asked.folder)
    job.write_status(Status("finished", answered=job.request().number))
    return app.run()


def test_a_mixture_that_can_not_be_fitted_says_why_and_is_fitted_again(trained: dict[str, Run]) -> None:
    run = train(name="few", data__classes=[7])
    asked = study_of(run, "mixture", {"data": "digits", "components": 10})
    asked.folder.mkdir(parents=True)  # as a job leaves it that was stopped
    files.write_json(asked.folder / "study.json", asked.values)
    stopped = Status("failed", answered=Job(asked.folder).ask("run"), message=STOPPED)
    Job(asked.folder).write_status(stopped)
    app = opened(run)
    app.segmented_control(key="draw_prior_vae").set_value("mixture").run()
    assert not app.exception and "It was stopped" in app.info[0].value and not pictures(app)
    app.button(key=f"fit_{asked.folder.name}").click().run()
    fitted(app, run)
    whole = latent.encode(cache.model(run), cache.images("digits", "train").only((7,)))
    found = mixture.mixture(asked.arrays() or {})
    assert np.array_equal(found.means, fitted_mixture(fitting_codes(whole), 10).means), "of what the run has learnt"


def test_a_conditional_model_is_asked_for_a_class(trained: dict[str, Run]) -> None:
    app = opened(trained["conditional"])
    open_class = pictures(app)
    app.selectbox(key="draw_class").set_value(7).run()
    assert not app.exception and "class 7" in captions(app) and pictures(app) != open_class
    made = draw(cache.model(trained["conditional"]), 4, 0, y=7)
    with np.load(io.BytesIO(made.npz()), allow_pickle=False) as file:
        assert int(file["y"]) == 7
    assert not [box for box in opened(trained["vae"]).selectbox if box.key == "draw_class"]


def test_a_larger_latent_space_is_cut_along_two_numbers(trained: dict[str, Run]) -> None:
    app = opened(trained["conv"], "Map")
    assert "first principal component" in captions(app)
    app.segmented_control(key="manifold_plane").set_value("two").run()
    app.selectbox(key="manifold_across").set_value(4).run()
    app.selectbox(key="manifold_up").set_value(9).run()
    assert not app.exception and not app.error
    assert "Across: latent dimension 5" in captions(app) and "Up: latent dimension 10" in captions(app)
    assert "all but these two are 0" in captions(app)
    app.selectbox(key="manifold_across").set_value(9).run()
    assert not app.exception and app.selectbox(key="manifold_up").value != 9


def test_a_walk_between_pictures_and_between_codes(trained: dict[str, Run]) -> None:
    app = opened(trained["vae"], TABS[2])
    assert len(pictures(app)) == 3, "both originals, and the way"
    app.selectbox(key="walk_to_class").set_value(7).run()
    labels = cache.images("digits", "test").labels
    assert labels[int(app.text_input(key="walk_to_number").value)] == 7
    app.button(key="walk_to_again").click().run()
    assert labels[int(app.text_input(key="walk_to_number").value)] == 7
    app.segmented_control(key="walk_between").set_value("codes").run()
    straight = pictures(app)
    app.segmented_control(key="walk_kind").set_value("spherical").run()
    assert len(straight) == len(pictures(app)) == 1 and straight != pictures(app)
    app.toggle(key="walk_plays").set_value(True).run()
    assert not app.exception and any(url.startswith("data:image/gif") for url in pictures(app))


def test_a_run_without_weights_says_so(trained: dict[str, Run]) -> None:
    run, lock = runs.create(RunConfig().replace(name="just begun"), hold=True)
    assert lock is not None
    try:
        app = opened(run)
        assert "'just begun' has no weights yet" in app.info[0].value
        assert pictures(app), "another run is shown meanwhile"
    finally:
        lock.close()
        runs.delete(run)


def test_who_finds_the_pictures_blurry_is_shown_a_longer_code(trained: dict[str, Run]) -> None:
    links = {link.proto.label: link.proto for link in opened(trained["vae"]).get("page_link")}
    sharper = next(proto for label, proto in links.items() if "sharper" in label)
    assert "16 latent dimensions" in sharper.label and "model.latent_dim=16" in sharper.query_string
    assert not [link for link in opened(trained["conv"]).get("page_link") if "sharper" in link.proto.label]
