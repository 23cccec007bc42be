"""Runs in a list: no two have one label, and what tells them apart is what differs."""

from pages.ui import text
from pages.ui.run_names import differences, labels
from vae_core.config import RunConfig
from vae_core.runs import Summary, title

BASE = RunConfig().replace(training__epochs=8)


def summary(run_id: str, config: RunConfig, state: str = "finished", starter: bool = False) -> Summary:
    return Summary(run_id, title(config), state, starter, config)  # type: ignore[arg-type]


def test_a_name_of_its_own_is_left_alone() -> None:
    one = summary("20261125-044300000-a-0001", BASE)
    other = summary("20261125-044400000-b-0002", BASE.replace(model__latent_dim=16), "running")
    assert labels([one, other]) == {one.id: one.name, other.id: f"{other.name} · training"}


def test_runs_of_one_name_say_in_what_they_differ() -> None:
    one = summary("20261125-044300000-a-0001", BASE)
    other = summary("20261125-044400000-a-0002", BASE.replace(training__epochs=30))
    found = differences([one, other])
    assert found == {one.id: f"{one.name} · Epochs 8", other.id: f"{one.name} · Epochs 30"}


def test_at_most_two_differences_are_told() -> None:
    one = summary("20261125-044300000-a-0001", BASE)
    changed = BASE.replace(training__epochs=30, loss__beta=2.0, training__learning_rate=0.002, training__batch_size=64)
    assert differences([one, summary("20261125-044400000-a-0002", changed)])[one.id].count("·") == 2


def test_equal_settings_are_told_apart_by_their_moment() -> None:
    runs = [summary(f"20261125-0443{n}0000-a-000{n}", BASE) for n in (0, 1)]  # within one minute
    later = summary("20261125-051200000-a-0003", BASE)
    found = differences([*runs, later])
    assert found[later.id] == f"{later.name} · 11-25 05:12"
    assert [found[run.id] for run in runs] == [f"{later.name} · 11-25 04:43 · 000{n}" for n in (0, 1)]


def test_no_two_labels_are_the_same_whatever_people_write() -> None:
    named = BASE.replace(name="mine")
    runs = [summary("imported", named), summary("imported-1a2b", named)]
    runs.append(summary("20261125-044300000-a-0001", BASE.replace(name="mine · Epochs 8")))
    runs.append(summary("20261125-044300000-a-0002", named.replace(training__epochs=9)))
    found = labels(runs)
    assert len(set(found.values())) == len(runs) and set(found) == {run.id for run in runs}


def test_a_damaged_run_has_its_name() -> None:
    damaged = Summary("20261125-044300000-a-0001", "mine", "failed", False)
    assert differences([damaged, summary("20261125-044400000-a-0002", BASE.replace(name="mine"))])


def test_settings_are_told_in_the_visitors_language(monkeypatch: object) -> None:
    one = summary("20261125-044300000-a-0001", BASE)
    other = summary("20261125-044400000-a-0002", BASE.replace(training__epochs=30))
    monkeypatch.setattr(text, "language", lambda: "fr")  # type: ignore[attr-defined]
    assert differences([one, other])[one.id].endswith(" · Époques 8")
