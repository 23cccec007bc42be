"""Settings through the form and back, what the form refuses, and quantities in words."""

from collections.abc import Callable
from typing import Any, get_args

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.ui import forms, live_curves, orders, quantities, recipe_choice, settings, standing, time_budget
from pages.ui import state as state_names
from pages.ui.standing import Look
from vae_core import control, datasets
from vae_core.config import RunConfig, field
from vae_core.control import STATES, Phase, State, Wish, is_active
from vae_core.errors import InputError, WorkError
from vae_core.events import EpochEnd, Losses, Progress
from vae_core.jobs.orders import Progress as OrderProgress
from vae_core.models import size
from vae_core.recipes import RECIPES
from vae_core.settings import bounds

CONFIGS = [
    RunConfig(),
    RunConfig().replace(
        name="all of it",
        data__name="mnist",
        data__classes=[1, 7],
        data__validation=0.2,
        data__leave_out_digits_test=True,
        model__kind="autoencoder",
        model__network="conv",
        model__hidden=[16, 32, 64],
        model__latent_dim=256,
        model__activation="silu",
        model__likelihood="gaussian",
        model__sigma=0.01,
        loss__beta=100.0,
        training__epochs=10_000,
        training__batch_size=4096,
        training__learning_rate=1e-6,
        training__seed=2**32 - 1,
        training__threads=64,
    ),
    RunConfig().replace(
        recipe="quick",
        data__rare_class=3,
        data__rare_share=0.05,
        data__pixels="binarised",
        model__kind="conditional-vae",
        model__network="conv",
        model__hidden=[8, 8],
        model__decoder_hidden=[16, 8, 4],
        model__kernel=6,
        model__residual=True,
        loss__beta=1 / 784,
        loss__reconstruction=0.5,
        loss__kl_warmup=0.25,
        loss__free_bits=0.1,
        training__schedule="cosine",
        training__warmup=0.1,
        training__weight_decay=0.05,
        training__noise=0.3,
        training__precision="bfloat16",
    ),
    RunConfig().replace(loss__samples=5),
]


@pytest.mark.parametrize("config", CONFIGS)
def test_settings_survive_the_way_through_the_widgets_values(config: RunConfig) -> None:
    assert settings.from_values(settings.to_values(config, forms.ALL_PATHS)) == config


@pytest.mark.parametrize(
    ("text", "widths"), [("400", (400,)), ("512, 256", (512, 256)), (" 64;32 16 ", (64, 32, 16)), ("1,2048", (1, 2048))]
)
def test_widths_are_read_however_they_are_separated(text: str, widths: tuple[int, ...]) -> None:
    assert settings.parse_widths(text) == widths
    assert settings.parse_widths(settings.widths_text(widths)) == widths


@pytest.mark.parametrize(
    "text", ["", "abc", "-4", "1.5", "0", "2049", "9" * 5000, "1,2,3,4,5,6,7", "٣", "1e3", "{x}", "0x10"]
)
@pytest.mark.parametrize("path", settings.WIDTHS)
def test_other_widths_are_refused_in_words(text: str, path: str) -> None:
    with pytest.raises(InputError) as refused:
        settings.parse_widths(text, path)
    assert "hidden width" in str(refused.value) and len(str(refused.value)) < 300


def test_an_empty_decoder_is_the_encoder_in_reverse() -> None:
    assert settings.from_values({"model.decoder_hidden": " "}).model.decoder_hidden is None
    assert settings.from_values({"model.decoder_hidden": "8, 16"}).model.decoder_hidden == (8, 16)
    with pytest.raises(InputError, match="decoder's hidden widths"):
        settings.from_values({"model.decoder_hidden": "many"})


def test_the_networks_default_widths_follow_it_and_typed_ones_stay() -> None:
    assert settings.widths_for("conv", "256, 128") == "32, 64"
    assert settings.widths_for("dense", "32, 64") == "256, 128"
    assert settings.widths_for("conv", "128") == "128"
    assert settings.widths_for("conv", "") == "32, 64"


def test_what_does_not_fit_the_data_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("DIABOLO_DATA", str(tmp_path))
    settings.check(RunConfig())
    for changes, words in (
        ({"data.name": "mnist"}, "not on this machine"),
        ({"data.name": "imagenet"}, "no data set"),
        ({"data.classes": [10]}, "classes"),
        ({"data.classes": [3], "training.batch_size": 4096}, "batch size"),
        ({"data.rare_class": 10}, "rare class"),
        ({"data.rare_class": 3, "data.classes": [1, 2]}, "not among the classes"),
    ):
        with pytest.raises(InputError, match=words):
            settings.check(RunConfig().with_values(changes))


@pytest.mark.parametrize("name", ["digits", "usps"])
@pytest.mark.parametrize("kernel", [3, 4, 5, 6, 7])
def test_a_picture_can_be_halved_as_often_as_the_network_says(
    name: str, kernel: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets, "is_present", lambda name: True)
    for layers in range(1, 7):
        for widths in ({"model__hidden": [4] * layers}, {"model__decoder_hidden": [4] * layers}):
            config = RunConfig().replace(data__name=name, model__network="conv", model__kernel=kernel, **widths)
            try:
                size(config.model, datasets.source(name).image_shape)
            except InputError:
                with pytest.raises(InputError, match="halved only"):
                    settings.check(config)
            else:
                settings.check(config)


@pytest.mark.parametrize("classes", [None, [3], [0, 1, 2]])
@pytest.mark.parametrize("rare", [None, 0])
def test_the_count_of_training_pictures_is_right_for_digits(classes: list[int] | None, rare: int | None) -> None:
    rare = rare if classes is None else None
    config = RunConfig().with_values(
        {"data.classes": classes, "data.validation": 0.2, "data.rare_class": rare, "data.rare_share": 0.1}
    )
    assert abs(settings.training_images(config) - len(datasets.splits(config.data).train)) <= (rare is not None)


def the_form() -> None:
    import streamlit as st

    from pages.ui import forms
    from vae_core.config import RunConfig
    from vae_core.errors import InputError

    if "fill" in st.session_state:
        forms.fill(RunConfig.from_dict(st.session_state.pop("fill")))
    try:
        st.session_state["made"] = forms.run_form(st.container()).to_dict()
    except InputError as error:
        st.error(str(error))


def made(app: AppTest) -> RunConfig:
    assert not app.exception and not app.error, (app.exception, app.error)
    assert not app.warning, "a widget was given two values"
    return RunConfig.from_dict(app.session_state["made"])


def test_the_form_begins_with_the_defaults() -> None:
    assert made(AppTest.from_function(the_form).run()) == RunConfig()


@pytest.mark.parametrize("config", CONFIGS)
def test_a_runs_settings_can_be_filled_in(config: RunConfig) -> None:
    app = AppTest.from_function(the_form)
    app.session_state["fill"] = config.to_dict()
    filled = made(app.run())
    # An autoencoder's form has no beta, so that goes back to its default.
    assert filled == (config if config.model.kind != "autoencoder" else config.replace(loss__beta=1.0))


def test_every_number_has_the_range_of_its_field() -> None:
    numbers = [path for path in forms.ALL_PATHS if type(RunConfig().get(path)) in (int, float) and path != "version"]
    assert len(numbers) > 15
    app = AppTest.from_function(the_form)
    app.session_state[forms.key("data.rare_class")] = 1
    app.session_state[forms.key("model.likelihood")] = "gaussian"
    app.session_state[forms.key("model.network")] = "conv"
    app.run()

    def enter(change: Callable[[float, float], float]) -> int:
        """Type the same kind of number everywhere, but for the one that hides others; how many are refused."""
        for path in numbers:
            if path != "loss.samples":
                app.text_input(key=forms.key(path)).set_value(f"{change(*bounds(field(path))):.20g}")
        app.run()
        return len(reasons(app))

    for change in (lambda low, high: low, lambda low, high: high):
        assert enter(change) == 0
        config = made(app)
        assert all(config.get(path) == change(*bounds(field(path))) for path in numbers if path != "loss.samples")
    for change in (lambda low, high: low - 1e-7, lambda low, high: high * 1.001):
        assert enter(change) == len(numbers) - 1
    assert enter(lambda low, high: low) == 0
    for typed, refused in (("0", 1), ("101", 1), ("1.5", 1), ("100", 0)):
        app.text_input(key=forms.key("loss.samples")).set_value(typed).run()
        assert len(reasons(app)) == refused, typed


def reasons(app: AppTest) -> list[str]:
    """What stands below boxes that don't take what stands in them."""
    return [one.proto.body for one in app.get("html") if "reason" in one.proto.body]


def shown(app: AppTest) -> set[str]:
    widgets = (*app.toggle, *app.selectbox, *app.multiselect, *app.text_input, *app.button_group)
    return {str(widget.key).removeprefix("form.") for widget in widgets}


WEIGHTS = {"loss.beta", "loss.reconstruction", "loss.kl_warmup", "loss.free_bits"}


def test_every_setting_has_a_place_in_the_form() -> None:
    app = AppTest.from_function(the_form)
    app.session_state[forms.key("data.rare_class")] = 1
    app.session_state[forms.key("data.name")] = "mnist"
    app.session_state[forms.key("model.network")] = "conv"
    app.session_state[forms.key("model.likelihood")] = "gaussian"
    assert shown(app.run()) == set(forms.ALL_PATHS) - {"recipe"}, "the recipe's box stands above the form"


def test_only_what_matters_is_asked() -> None:
    app = AppTest.from_function(the_form).run()
    absent = {"model.sigma", "model.kernel", "data.leave_out_digits_test", "data.rare_share"}
    assert shown(app) >= WEIGHTS | {"loss.samples"} and not absent & shown(app)
    app.text_input(key="form.loss.samples").set_value("5").run()
    assert "loss.samples" in shown(app) and not WEIGHTS & shown(app)
    assert made(app).loss.samples == 5
    app.button_group(key="form.model.kind").set_value("autoencoder").run()
    assert not (WEIGHTS | {"loss.samples"}) & shown(app) and made(app).loss == RunConfig().loss
    app.button_group(key="form.model.likelihood").set_value("gaussian").run()
    app.button_group(key="form.model.network").set_value("conv").run()
    app.selectbox(key="form.data.rare_class").set_value(3).run()
    app.selectbox(key="form.data.name").select("mnist").run()
    assert shown(app) >= absent
    assert made(app).model.likelihood == "gaussian" and made(app).data.rare_class == 3


def test_the_network_brings_its_widths_and_another_data_set_its_classes() -> None:
    app = AppTest.from_function(the_form).run()
    app.button_group(key="form.model.network").set_value("conv").run()
    assert made(app).model.hidden == (32, 64)
    app.text_input(key="form.model.hidden").set_value("8").run()
    app.button_group(key="form.model.network").set_value("dense").run()
    assert made(app).model.hidden == (8,)
    app.selectbox(key="form.data.name").select("emnist-letters").run()
    app.multiselect(key="form.data.classes").set_value([3, 25]).run()
    assert made(app).data.classes == (3, 25)
    app.selectbox(key="form.data.rare_class").set_value(25).run()
    app.selectbox(key="form.data.name").select("digits").run()
    assert made(app).data.classes == (3,) and made(app).data.rare_class is None


@pytest.mark.parametrize(
    ("seconds", "an_epoch", "epochs"), [(120, 10, 12), (119, 10, 11), (5, 10, 1), (1e9, 0.001, 10_000), (0.1, 1e9, 1)]
)
def test_a_time_becomes_epochs(seconds: float, an_epoch: float, epochs: int) -> None:
    assert time_budget.epochs_in(seconds, an_epoch) == epochs


def test_what_is_changed_in_a_recipe_is_told_and_what_is_free_is_not() -> None:
    config = RECIPES["fashion-vae"].config
    free = config.replace(name="mine", data__name="digits", training__seed=5, training__threads=1)
    assert recipe_choice.differences(free, config) == []
    changed = config.replace(model__latent_dim=3, training__epochs=2)
    assert recipe_choice.differences(changed, config) == ["model.latent_dim", "training.epochs"]


def test_a_wrong_width_is_told_beside_the_form() -> None:
    app = AppTest.from_function(the_form).run()
    app.text_input(key="form.model.hidden").set_value("many").run()
    assert "'many'" in app.error[0].value and not app.exception


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "less than a second"),
        (12.4, "12 s"),
        (59.6, "1 min"),
        (200, "3 min 20 s"),
        (600, "10 min"),
        (660.7, "11 min"),
        (3600, "1 h"),
        (7500, "2 h 5 min"),
        (86_400, "1 d"),
        (100_000, "1 d 3 h"),
    ],
)
def test_times_in_words(seconds: float, words: str) -> None:
    assert quantities.duration(seconds) == words


@pytest.mark.parametrize(
    ("size", "words"), [(0, "0 bytes"), (12_345, "12 kB"), (3_400_000, "3.4 MB"), (2_000_000_000, "2.0 GB")]
)
def test_sizes_in_words(size: int, words: str) -> None:
    assert quantities.file_size(size) == words


def test_a_download_with_and_without_a_known_total() -> None:
    untold = orders.in_words("Download", "running", OrderProgress(0.0, None, 5_000_000, None))
    assert "5.0 MB received" in untold and "not told" in untold
    told = orders.in_words("Download", "running", OrderProgress(0.5, 61.0, 5_000_000, 10_000_000))
    assert "5.0 MB of 10.0 MB, about 1 min 1 s left" in told


@pytest.mark.parametrize("state", [state for state in STATES if is_active(state)])
@pytest.mark.parametrize("progress", [None, OrderProgress(0.25, 3.0), OrderProgress(0.0, None, 0, None)])
def test_every_order_says_how_it_stands(state: Any, progress: OrderProgress | None) -> None:
    for seconds in (None, 12.0):
        assert orders.in_words("A file", state, progress, seconds).startswith("A file: ")


@pytest.mark.parametrize("state", get_args(State))
def test_every_state_has_its_words_and_every_button_works_or_says_why_not(state: Any) -> None:
    seen = Look(state, error=WorkError("It broke. Try less.") if state == "failed" else None)
    assert standing.sentence(seen, None)
    assert state in state_names.STATE_TITLES and state in state_names.STATE_COLOURS and state in STATES
    for wish in get_args(Wish):
        allowed = control.allowed(wish)
        # A finished run goes on only if it was stopped before its end.
        assert bool(standing.refusal(wish, seen)) == (state not in allowed or (wish, state) == ("run", "finished"))
    assert standing.refusal("run", Look("finished", stopped=True)) == ""
    assert (standing.pace(seen, []) is None) == (state in ("paused", "finished", "failed")) == (not is_active(state))


def test_one_table_says_which_states_wait_work_and_rest() -> None:
    """What forgot one of them in a list of its own: a study that is stopping was taken for one that was never asked."""
    phases = {phase: {name for name, row in STATES.items() if row.phase == phase} for phase in get_args(Phase)}
    assert phases["waiting"] == {"queued", "interrupted"}
    assert phases["working"] == {"starting", "running", "stopping"}
    assert phases["resting"] == {"paused", "finished", "failed"}
    assert not is_active(None)


def test_a_pause_that_was_asked_for_is_not_asked_for_again() -> None:
    seen = Look("running", pending="pause")
    assert standing.refusal("pause", seen) and not standing.refusal("stop", seen)
    assert "Pausing" in standing.sentence(seen, None)


def test_a_full_disk_is_said_in_words() -> None:
    words = standing.sentence(Look("interrupted", disk_full=True), None)
    assert "disk is full" in words and "unexpectedly" in standing.sentence(Look("interrupted"), None)


def point(epoch: int, step: int, loss: float = 5.0) -> Progress:
    return Progress(epoch, step, 100, Losses(loss, loss, 0.0), 1000.0, 3.0)


def test_it_looks_often_until_the_first_point_and_then_half_as_often() -> None:
    assert standing.pace(Look("running"), []) == 0.25
    assert standing.pace(Look("running"), [point(1, 1)]) == 0.5


def test_long_curves_are_thinned_without_losing_their_mean() -> None:
    events = [point(1 + i // 1000, i, loss=float(i)) for i in range(100)] * 77
    train, validation = standing.curves(events, epochs=10)
    assert len(train["loss"]) <= standing.MOST_POINTS and len(validation["loss"]) == 0
    assert np.isclose(train["loss"].mean(), 49.5, atol=1)
    assert standing.curves([], 10)[0]["loss"].shape == (0,)


def points(epochs: list[float], losses: list[float]) -> standing.Points:
    values = np.array(losses)
    return {"epoch": np.array(epochs), "loss": values, "recon": values, "kl": values * 0}


def test_the_first_moments_do_not_flatten_the_curve() -> None:
    train = points([0, 0.5, 1, 1.5, 2], [500, 300, 210, 205, 200])
    validation = points([1, 2], [208, 201])
    early = live_curves.rows(train, points([1], [208]), "loss", log=False)
    assert early["value"].max() == 500
    late = live_curves.rows(train, validation, "loss", log=False)
    assert late["value"].tolist() == [210, 208, 205, 200, 201]
    assert late["series"].tolist() == ["Training", "Validation", "Training", "Training", "Validation"]
    assert live_curves.rows(train, validation, "loss", log=True)["value"].max() == 500
    assert live_curves.rows(train, validation, "kl", log=True).empty, "a logarithm needs more than 0"


def test_new_points_are_new_last_rows() -> None:
    before = live_curves.rows(points([0.5, 1, 1.5], [9, 8, 7]), points([1], [8.5]), "loss", log=False)
    after = live_curves.rows(points([0.5, 1, 1.5, 1.9], [9, 8, 7, 6]), points([1], [8.5]), "loss", log=False)
    assert after[: len(before)].equals(before)
    assert live_curves.rows(points([], []), points([], []), "loss", log=False).empty


def test_an_autoencoder_gets_no_elbo_and_damaged_figures_are_left_out() -> None:
    lines = standing.verdict({"mse": 0.03, "mse_mean_image": 0.06, "elbo": None, "recon": 90.0, "kl": None})
    assert len(lines) == 1 and "50%" in lines[0]
    assert standing.key_figure({"mse": 0.03, "elbo": None}) == "test MSE 0.0300 per pixel"
    assert standing.key_figure({"elbo": "x", "mse": []}) == standing.key_figure(None) == ""
    assert standing.verdict({"mse": "x", "elbo": {}, "active_units": "2"}) == []


def test_progress_in_words() -> None:
    end = EpochEnd(3, 30, 100, Losses(5, 5, 0), Losses(6, 6, 0), 12_345.6, 1.0, 75.0)
    assert standing.progress_text(end, 10) == "Epoch 3 of 10 · 12,346 images/s · 1 min 15 s left"


def test_an_error_without_words_is_still_told() -> None:
    assert "without saying why" in standing.sentence(Look("failed"), None)
