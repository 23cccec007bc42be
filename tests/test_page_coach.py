"""The coach and What if, below a run on the page Train."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui import cache, coach_charts, what_if_charts
from pages.ui.what_if_charts import Row, Trial
from tests.tiny_runs import stopped, train, training
from vae_core import runs
from vae_core.events import EpochEnd
from vae_core.jobs import client
from vae_core.runs import EventLog, Run

APP = Path(__file__).parents[1] / "app.py"


def opened(run: Run, **session: object) -> AppTest:
    app = AppTest.from_file(APP, default_timeout=60)
    app.query_params["run"] = run.id
    for key, value in session.items():
        app.session_state[key] = value
    app.switch_page("pages/train.py").run()
    assert not app.exception and not app.error
    return app


def words(app: AppTest) -> str:
    return "\n".join(one.value for one in [*app.markdown, *app.caption, *app.success, *app.info])


def mending(app: AppTest) -> list[str]:
    """The coach's buttons, by their keys."""
    return [one.key for one in app.button if one.key and one.key.startswith("mend_")]


def own(app: AppTest) -> list[runs.Summary]:
    return [summary for summary in runs.list_runs() if not summary.starter]


def test_a_starter_has_no_fault_and_shows_its_numbers(root: Path) -> None:
    app = opened(runs.find("starter-vae-2d"))
    assert "All 6 checks passed" in words(app)
    assert {"Posterior collapse", "Too short a training"} <= set(app.dataframe[-1].value["Check"])


def test_a_fault_is_shown_with_its_number_and_queues_the_mended_run(root: Path) -> None:
    run = train(epochs=4, loss__beta=60.0, model__hidden=[64])
    app = opened(run)
    said = words(app)
    assert "**Posterior collapse**" in said and "next to nothing" in said
    next(one for one in app.button if one.key == "mend_collapse").click().run()
    assert not app.exception and not app.error
    mended = next(summary for summary in own(app) if summary.id != run.id)
    assert mended.config is not None
    assert (mended.config.loss.beta, mended.config.loss.kl_warmup) == (1.0, 0.3)
    assert mended.config.model == run.config.model
    assert app.query_params["run"] == mended.id


def test_a_stopped_run_is_not_judged_and_says_so(root: Path) -> None:
    run = stopped(2, model__hidden=[16], loss__beta=0.5)
    done = max(event.epoch for event in EventLog(run).read() if isinstance(event, EpochEnd))
    app = opened(run)
    assert f"Not judged: stopped after epoch {done} of 1000." in words(app)
    assert "checks passed" not in words(app) and "length of their code" not in words(app)
    assert mending(app) == []


def test_a_run_stopped_at_its_first_step_has_not_collapsed(root: Path) -> None:
    app = opened(stopped(0, model__hidden=[16]))
    assert "Not judged: it ended in epoch 1 of 1000" in words(app)
    assert "Posterior collapse" not in words(app) and mending(app) == []


def test_a_divergence_is_all_that_is_told_and_its_button_goes_to_a_rate_that_works(root: Path) -> None:
    run = train(epochs=4, training__learning_rate=1.0, model__hidden=[256, 128])
    assert run.state() == "failed" and (run.folder / "model.safetensors").exists()
    app = opened(run)
    assert "The training diverged" in words(app) and mending(app) == ["mend_rate_high"]
    assert "Learning rate 1 → 0.002" in words(app).replace("\\", "")
    app.button(key="mend_rate_high").click().run()
    (mended,) = [summary for summary in own(app) if summary.id != run.id]
    assert mended.config is not None and mended.config.training.learning_rate == 2e-3


def test_a_run_without_a_record_of_its_training_is_not_judged(root: Path) -> None:
    run = train(epochs=4, model__hidden=[16])
    (run.folder / "events.jsonl").unlink()  # an archive may lack it
    assert "Not judged: there is no record of its training." in words(opened(run))


def test_a_check_beyond_its_limit_that_is_no_fault_says_why(root: Path) -> None:
    run = train(epochs=6, training__learning_rate=1e-5, model__hidden=[64])
    table = opened(run).dataframe[-1].value.set_index("Check")
    assert table.loc["Learning rate too low", "Fault"] == "yes"
    assert table.loc["Holes in the map of codes", "Fault"].startswith("no: It may come from too low a learning rate")


COLLAPSING = {"loss__beta": 60.0, "model__hidden": [64]}


def never(*arguments: object) -> None:
    raise AssertionError("a model was looked at")


def test_a_healthy_run_is_watched_while_it_trains(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "model_checks", never)
    with training(3) as run:
        app = opened(run)
        assert run.state() == "running"
        assert "mostly from epoch 4 on" in words(app) and not mending(app)
    with training(5) as run:
        app = opened(run)
        assert "The 4 checks of the curves passed so far" in words(app) and not mending(app)
        shown = set(app.dataframe[-1].value["Check"])
        assert "Learning rate too low" in shown and "Too short a training" not in shown
    assert run.state() == "paused"
    assert "The 4 checks of the curves passed so far" in words(opened(run)), "it may still go on"


def test_a_run_of_few_epochs_has_no_coach_before_its_end(root: Path) -> None:
    with training(1, epochs=4) as run:
        assert "The coach" not in [heading.value for heading in opened(run).subheader]


def test_a_fault_is_told_while_it_trains_and_the_mended_run_takes_its_place(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "model_checks", never)
    with training(5, **COLLAPSING) as run:
        app = opened(run)
        assert "**Posterior collapse**" in words(app) and "then stops this one" in words(app)
        assert mending(app) == ["mend_instead_collapse", "mend_collapse"]
        app.button(key="mend_instead_collapse").click().run()
        assert not app.exception and not app.error
        assert run.job.pending() == "stop" and run.state() == "stopping"
        (mended,) = [summary for summary in own(app) if summary.id != run.id]
        assert mended.config is not None and mended.config.loss.beta == 1.0
        assert app.query_params["run"] == mended.id
        assert opened(run).button(key="mend_instead_collapse").disabled, "it is stopping already"


def test_the_mended_run_is_queued_beside_the_one_that_trains(root: Path) -> None:
    with training(5, **COLLAPSING) as run:
        app = opened(run)
        app.button(key="mend_collapse").click().run()
        assert not app.exception and not app.error
        assert run.job.pending() is None and run.state() == "running"
        (mended,) = [summary for summary in own(app) if summary.id != run.id]
        assert mended.config is not None and mended.config.loss.beta == 1.0


def test_nothing_is_stopped_where_the_mended_run_finds_no_room(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with training(5, **COLLAPSING) as run:
        app = opened(run)
        monkeypatch.setattr(client, "MOST_WAITING", 1)
        app.button(key="mend_instead_collapse").click().run()
        assert any("work or wait already" in error.value for error in app.error)
        assert run.job.pending() is None


def test_every_kind_of_evidence_is_drawn() -> None:
    import numpy as np

    from vae_core.diagnosis import CHECKS, Check

    series = {
        "collapse": {"kl": np.ones(3)},
        "dead_units": {"dead": np.ones(2)},
        "holes": {"real": np.ones(5), "drawn": np.ones(5)},
        "overfitting": {"train": np.ones(5), "validation": np.ones(5)},
    }
    live = {"collapse": {"kl_so_far": np.ones(5)}, "rate_high": {"loss": np.ones(5), "before": np.ones(5)}}
    drawn = [(kind, series.get(kind, {"loss": np.ones(5)})) for kind in CHECKS] + list(live.items())
    for kind, parts in drawn:
        found = Check(kind, 1.0, 0.5, True, series=parts)
        figure, caption = coach_charts.evidence(found)
        assert len(figure.data) == len(found.series)
        assert figure.layout.xaxis.title.text and figure.layout.yaxis.title.text and caption.endswith(".")


def test_what_if_queues_a_training_for_each_value(root: Path) -> None:
    run = train(epochs=1, model__hidden=[16])
    app = opened(run, **{f"what_if_{run.id}": True})
    values = next(one for one in app.multiselect if one.key == "what_if_values_model.latent_dim")
    values.set_value(["4", "8"]).run()
    button = next(one for one in app.button if one.key == "what_if_queue")
    assert button.label == "Queue 2 trainings"
    button.click().run()
    assert not app.exception and not app.error
    queued = [summary.config for summary in own(app) if summary.id != run.id]
    assert sorted(config.model.latent_dim for config in queued if config) == [4, 8]
    assert all(config and config.model.hidden == (16,) and config.training.epochs == 1 for config in queued)


def test_what_if_shows_the_runs_that_differ_in_that_alone(root: Path) -> None:
    run = train(epochs=1, model__hidden=[16])
    train(epochs=1, model__hidden=[16], model__latent_dim=4)
    train(epochs=1, model__hidden=[16], model__latent_dim=4, loss__beta=4.0)
    app = opened(run, **{f"what_if_{run.id}": True})
    table = app.dataframe[-1].value
    assert sorted(table["Latent dimensions"]) == ["2", "4"]
    assert table["−ELBO (nats)"].notna().all()
    app.multiselect(key="what_if_settings").set_value(["model.latent_dim", "loss.beta"]).run()
    assert not app.exception and not app.error
    assert len(app.dataframe[-1].value) == 3


def test_what_if_leaves_out_what_did_not_do_its_epochs_and_says_so(root: Path) -> None:
    run = train(epochs=4, model__hidden=[16])
    train(epochs=4, model__hidden=[16], model__latent_dim=4)
    begun = [
        stopped(2, epochs=1000, model__hidden=[16]),
        stopped(0, epochs=4, model__hidden=[16], model__latent_dim=8),
    ]
    lost = train(epochs=4, model__hidden=[16], model__latent_dim=16)
    (lost.folder / "events.jsonl").unlink()
    app = opened(run, **{f"what_if_{run.id}": True})
    assert sorted(app.dataframe[-1].value["Latent dimensions"]) == ["2", "4"]
    said = words(app).replace("\\", "")
    (line,) = [line for line in said.splitlines() if line.startswith("Left out, for they did not do all")]
    assert "8-D" in line and "16-D" in line and "4-D" not in line
    app.multiselect(key="what_if_settings").set_value(["training.epochs"]).run()
    assert not app.exception and not app.error
    assert "2-D" in words(app).replace("\\", "").partition("Left out")[2], "stopped: it is none of 1000 epochs"
    assert not any("1000" in list(table.value.get("Epochs", [])) for table in app.dataframe)
    # The page of the stopped run itself.
    for one in (*begun, lost):
        app = opened(one, **{f"what_if_{one.id}": True})
        assert "Left out" in words(app)


def test_what_if_shows_runs_with_the_same_settings_as_one_point(root: Path) -> None:
    run = train(epochs=1, model__hidden=[16])
    train(epochs=1, model__hidden=[16])
    train(epochs=1, model__hidden=[16], training__seed=1)
    train(epochs=1, model__hidden=[16], model__latent_dim=4)
    app = opened(run, **{f"what_if_{run.id}": True})
    app.multiselect(key="what_if_settings").set_value(["model.latent_dim"]).run()
    table = app.dataframe[-1].value
    assert list(table["Latent dimensions"]) == ["2", "4"] and list(table["Seeds"]) == [2, 1]
    assert table["± −ELBO (nats)"][0] > 0 and table["± −ELBO (nats)"].isna()[1]
    assert "standard deviation between them" in words(app)
    assert "the same seed as another are counted once: 1." in words(app)
    app.multiselect(key="what_if_settings").set_value(["training.seed"]).run()
    assert list(app.dataframe[-1].value["Seed"]) == ["0", "1"]


def test_a_repeat_is_a_mean_over_seeds_and_never_a_second_point() -> None:
    def trial(seed: int, recon: float, latent: int = 2, *, base: bool = False) -> Trial:
        return Trial("a", {"model.latent_dim": latent}, seed, {"recon": recon}, base, f"{latent}-{seed}-{recon}")

    rows = what_if_charts.rows(
        [trial(0, 100.0), trial(1, 104.0), trial(0, 101.0, base=True), trial(0, 90.0, 4), trial(0, 90.0, 4)]
    )
    assert [(row.values["model.latent_dim"], row.seeds, row.repeats) for row in rows] == [(2, 2, 1), (4, 1, 1)]
    assert rows[0].metrics["recon"] == pytest.approx((101 + 104) / 2), "of its own seed the run itself speaks"
    assert rows[0].spread["recon"] == pytest.approx(3 / 2**0.5) and rows[1].spread == {}
    assert rows[0].is_base and rows[0].run_id == "2-0-101.0"
    figure, said = what_if_charts.chart(rows, ["model.latent_dim"], "recon", ["a"], lambda path, value: str(value))
    assert list(figure.data[0].x) == ["2", "4"] and "counted once: 2." in said
    assert list(figure.data[0].error_y.array) == pytest.approx([3 / 2**0.5, 0.0])


def test_what_if_says_what_is_wrong_before_anything_is_queued(root: Path) -> None:
    run = train(epochs=1, model__hidden=[16])
    app = opened(run, **{f"what_if_{run.id}": True})
    app.multiselect(key="what_if_values_model.latent_dim").set_value([]).run()
    assert next(one for one in app.button if one.key == "what_if_queue").disabled
    assert "Nothing would differ" in words(app)


def test_a_chart_of_two_settings_is_a_map_with_a_hole_where_no_run_is() -> None:
    rows = [
        Row("a", {"model.latent_dim": 2, "loss.beta": 1.0}, {"recon": 104.0}, True),
        Row("b", {"model.latent_dim": 16, "loss.beta": 1.0}, {"recon": 102.0}, False),
        Row("c", {"model.latent_dim": 2, "loss.beta": 4.0}, {"recon": 105.0}, False),
    ]
    assert what_if_charts.figures(rows) == ["recon"]
    figure, said = what_if_charts.chart(
        rows, ["model.latent_dim", "loss.beta"], "recon", ["a", "b"], lambda p, v: str(v)
    )
    (heat,) = figure.data
    assert list(heat.x) == ["2", "16"] and list(heat.y) == ["1.0", "4.0"]
    assert heat.z[0][1] == 102.0 and heat.z[1][1] != heat.z[1][1]
    assert "102 with 16, 1.0" in said and "105 with 2, 4.0" in said


def test_a_sweep_that_the_queue_has_no_room_for_is_refused_whole(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = train(epochs=1, model__hidden=[16])
    monkeypatch.setattr(client, "MOST_WAITING", 2)
    app = opened(run, **{f"what_if_{run.id}": True})
    assert next(one for one in app.button if one.key == "what_if_queue").disabled
    assert "only 2 more may wait now" in words(app)
