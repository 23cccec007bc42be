"""Texts follow the choice: no fixed number, class, share, state or kind of model where the visitor has chosen another."""

import re
from typing import Any, get_args

import numpy as np
import pytest
from click.testing import CliRunner

from pages.ui import cost, standing, state
from pages.ui.comparing.choice import note
from pages.ui.experiments import EXPERIMENTS, groups, oversampling_charts
from pages.ui.experiments.oversampling import classifier_layers
from pages.ui.model_kinds import has_posterior, posterior_means, told_class, told_classes
from pages.ui.read_aloud import read_as
from pages.ui.runs_list import details
from pages.ui.shown import shown_data
from pages.ui.standing import Look
from tests.tiny_runs import train
from vae_core import datasets, runs
from vae_core.commands import cli
from vae_core.config import RunConfig
from vae_core.control import State
from vae_core.jobs.waiting import Wait
from vae_core.recipes import RECIPES
from vae_core.runs import Summary

KINDS = ("autoencoder", "vae", "conditional-vae")


def of_kind(kind: str) -> RunConfig:
    return RunConfig().replace(model__kind=kind)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_experiments_question_holds_whatever_its_form_says(name: str) -> None:
    """Class, share, length of the code and data set are chosen below these words."""
    recipe = RECIPES[name]
    said = f"{recipe.question} {recipe.look_at}"
    for fixed in (
        "hundred",
        "ten ways",
        "eights",
        "only 2 dimensions",
        "16 dimensions",
        "16 latent",
        "784-128",
        "draw clothes",
        "only ever seen fives",
    ):
        assert fixed not in said, fixed
    if name == "oversample":
        assert not re.search(r"\d", said)


@pytest.mark.parametrize("kind", KINDS)
def test_only_a_cloud_has_a_posterior_mean(kind: str) -> None:
    assert has_posterior(kind) == bool(posterior_means([kind])) == (kind != "autoencoder")


@pytest.mark.parametrize("kind", KINDS)
def test_who_is_told_the_class_says_so_in_the_list_and_beside_its_figures(kind: str) -> None:
    is_told = kind == "conditional-vae"
    config = of_kind(kind)
    assert bool(told_class(config)) == is_told
    others = {"this": config, "another": of_kind("vae")}
    assert told_classes(others) == (
        "Told the class of each image, which the others have to find out: this." if is_told else ""
    )
    assert told_classes({"a": of_kind("conditional-vae"), "b": of_kind("conditional-vae")}) == ""
    line = details(Summary("starter-vae-2d", "x", "finished", False, config, 1, {"elbo": -100.0, "mse": 0.01}))
    assert ("told the class" in line) == is_told


def test_the_commands_say_who_is_told_the_class(root: Any) -> None:
    told, plain = train(model__kind="conditional-vae", name="told"), train(name="plain")
    for run, expected in ((told, True), (plain, False)):
        done = CliRunner().invoke(cli, ["evaluate", run.id, "--iwae", "0"])
        assert done.exit_code == 0 and ("told the class of each image" in done.output) == expected
    listed = CliRunner().invoke(cli, ["list"]).output
    assert f"which others have to find out: {told.id}" in listed


@pytest.mark.parametrize("stopped", [False, True])
@pytest.mark.parametrize("how", get_args(State))
def test_a_run_that_was_stopped_is_not_called_finished(how: State, stopped: bool) -> None:
    title = state.state_title(how, stopped=stopped)
    assert title == ("stopped" if stopped and how == "finished" else state.STATE_TITLES[how])
    if how == "finished":
        seen = Look(how, stopped=stopped)
        said = [standing.sentence(seen, None), standing.refusal("pause", seen), standing.refusal("stop", seen)]
        assert all(("stopped" in line.lower()) == stopped for line in said)
        assert Summary("x", "x", how, False, metrics={"stopped": stopped}).stopped == stopped


@pytest.mark.parametrize("others", [0, 1, 2, 7])
def test_a_waiting_run_names_how_many_must_make_room(others: int) -> None:
    said = standing.sentence(Look("queued"), None, others)
    assert said.startswith(
        {0: "Starts", 1: "Waiting until 1 other job makes"}.get(others, f"Waiting until {others} other jobs make")
    )


@pytest.mark.parametrize(
    ("wait", "said"),
    [
        (Wait(0, 0.0), ""),
        (Wait(1, 90.0), "until one other job makes room: about"),
        (Wait(3, 90.0), "until 3 other jobs make room: about"),
        (Wait(1, None), "one other job makes room; nobody knows yet"),
        (Wait(2, None), "2 other jobs make room; nobody knows yet"),
    ],
)
def test_the_estimated_time_knows_the_queue(wait: Wait, said: str) -> None:
    assert said in cost.queue_words(wait) and bool(cost.queue_words(wait)) == bool(said)


@pytest.mark.parametrize("label", [0, 8])
def test_synthetic_pictures_are_counted_by_what_they_are_read_as(label: int) -> None:
    data = datasets.load("digits", "test")
    own, others = data.only((label,)).images[:6], data.only((1,)).images[:10]
    assert re.fullmatch(
        rf"[5-7] of 16 are read as {label} by a digit classifier\.",
        read_as(np.concatenate([own, others]), "digits", label),
    )
    assert read_as(own, "fashion-mnist", label) == "", "nobody here can read clothes"


@pytest.mark.parametrize("seeds", [1, 3])
@pytest.mark.parametrize("ways", [("nothing", "smote"), ("nothing", "cvae-posterior-3")])
def test_a_table_of_single_classifiers_shows_no_spread(seeds: int, ways: tuple[str, ...]) -> None:
    methods = {way: {"f1": [0.5] * seeds, "recall": [0.5] * seeds} for way in ways}
    figures = {"methods": methods, "test_images": 1000, "test_rare": 100, "kept": 18, "added": 342}
    said = oversampling_charts.legend(figures, "8") + oversampling_charts.dots(methods)
    assert ("standard deviation" in said) == (seeds > 1) and ("one classifier each" in said) == (seeds == 1)
    assert ("Width 3" in said) == ("cvae-posterior-3" in ways)


@pytest.mark.parametrize(
    ("name", "layers"), [("digits", "784-128-10"), ("usps", "256-128-10"), ("emnist-letters", "784-128-26")]
)
def test_the_classifiers_layers_are_those_of_the_data(name: str, layers: str) -> None:
    assert classifier_layers(datasets.source(name)) == layers


@pytest.mark.parametrize(("share", "gone"), [(1.0, "no lower"), (0.995, "hardly lower"), (0.5, "50% lower")])
def test_a_gain_of_nothing_is_not_called_one(share: float, gone: str) -> None:
    said = standing.verdict({"mse": 0.06 * share, "mse_mean_image": 0.06})[0]
    assert gone in said and ("50%" in said) == (share == 0.5)


def test_stopped_runs_of_an_experiment_are_named(root: Any) -> None:
    run = train(epochs=2)
    assert groups.stopped_in_words({"": run}, lambda one: 2) == ""
    metrics = run.folder / "metrics.json"
    metrics.write_text(
        metrics.read_text().replace('"stopped": false', '"stopped": true').replace('"stopped":false', '"stopped":true')
    )
    assert groups.stopped_in_words({"": run}, lambda one: 1) == (
        "This run was stopped in epoch 1 of 2. Its figures are those of that moment."
    )


@pytest.mark.parametrize(("kind", "classes", "told"), [("vae", (5, 7), False), ("conditional-vae", (5, 7), True)])
def test_who_learnt_few_classes_says_so_where_all_are_compared(
    root: Any, kind: str, classes: tuple[int, ...], told: bool
) -> None:
    changes = {"model__kind": kind, "data__classes": classes}
    found = {"few": runs.create(of_kind(kind).replace(**changes))[0], "all": runs.create(of_kind("vae"))[0]}
    words = note(found, {"few": "Few", "all": "All"}, shown_data(found["all"]))
    assert "never seen the others: Few (5, 7)." in words and "All" not in words
    assert ("classes here that it never learnt: Few." in words) == told
    assert "Few" not in note({"all": found["all"]}, {"all": "All"}, shown_data(found["all"]))
