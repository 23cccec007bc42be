"""The session, the boundary and the home page, driven without a browser: what a visitor is shown, and what is kept."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.text import plain
from tests.processes import nobody_left
from tests.tiny_runs import train
from vae_core import runs
from vae_core.config import RunConfig
from vae_core.control import Status
from vae_core.runs import Run


@pytest.fixture
def make_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Run]:
    """Makes finished runs in an empty run root, without starters."""
    monkeypatch.setenv("DIABOLO_RUNS", str(tmp_path / "own"))
    monkeypatch.setattr(runs, "STARTERS", tmp_path / "starters")

    def make(name: str, kind: str = "vae") -> Run:
        run, lock = runs.create(RunConfig().replace(name=name, model__kind=kind), hold=True)
        assert lock is not None
        run.job.write_status(Status(recorded="finished", answered=run.job.request().number))
        lock.close()
        return run

    return make


APP = Path(__file__).parents[1] / "app.py"


def chooser() -> None:
    import streamlit as st

    from pages.ui.run_choice import choose_run

    st.write(f"chosen: {choose_run(st.container(), st.session_state.get('kinds'))}")


def chosen(app: AppTest) -> str:
    assert not app.exception, app.exception
    return str(app.markdown[-1].value).removeprefix("chosen: ")


def test_the_newest_run_is_shown_first_and_written_into_the_address(make_run: Callable[..., Run]) -> None:
    make_run("one")
    newest = make_run("two")
    app = AppTest.from_function(chooser).run()
    assert chosen(app) == newest.id
    assert app.query_params["run"] == newest.id


def test_a_link_opens_its_run_and_a_choice_replaces_it(make_run: Callable[..., Run]) -> None:
    linked, other = make_run("one"), make_run("two")
    app = AppTest.from_function(chooser)
    app.query_params["run"] = linked.id
    assert chosen(app.run()) == linked.id
    app.selectbox[0].select(other.id)
    assert chosen(app.run()) == other.id
    assert app.query_params["run"] == other.id
    app.query_params.clear()  # as a page switch does
    assert chosen(app.run()) == other.id
    assert app.query_params["run"] == other.id


@pytest.mark.parametrize("address", ["nothing", "../../etc", "x" * 5000, "", "%00"])
def test_an_address_that_names_no_run_is_not_believed(address: str, make_run: Callable[..., Run]) -> None:
    run = make_run("one")
    app = AppTest.from_function(chooser)
    app.query_params["run"] = address
    assert chosen(app.run()) == run.id
    assert len(app.warning) == bool(address), "whoever followed a link is told that it leads elsewhere"
    assert chosen(app.run()) == run.id and not app.warning


def test_a_link_to_a_damaged_run_says_so(make_run: Callable[..., Run]) -> None:
    run, damaged = make_run("one"), make_run("two")
    (damaged.folder / "config.json").write_text("{")
    app = AppTest.from_function(chooser)
    app.query_params["run"] = damaged.id
    assert chosen(app.run()) == run.id
    assert "config\\.json" in app.error[0].value and len(app.error) == 1


def test_a_page_for_one_kind_does_not_forget_the_choice_for_the_others(make_run: Callable[..., Run]) -> None:
    autoencoder, vae = make_run("ae", "autoencoder"), make_run("vae")
    app = AppTest.from_function(chooser)
    app.query_params["run"] = autoencoder.id
    assert chosen(app.run()) == autoencoder.id
    app.session_state["kinds"] = ["vae"]
    assert chosen(app.run()) == vae.id
    app.session_state["kinds"] = None
    app.query_params.clear()
    assert chosen(app.run()) == autoencoder.id


def test_a_deleted_run_gives_way(make_run: Callable[..., Run]) -> None:
    left, gone = make_run("one"), make_run("two")
    app = AppTest.from_function(chooser).run()
    assert chosen(app) == gone.id
    runs.delete(gone)
    assert chosen(app.run()) == left.id


@pytest.mark.heavy
def test_a_run_that_was_deleted_under_one_s_eyes_is_told_once(root: Path) -> None:
    run = train(name="Gone one")
    for name in ("train", "generate", "reconstruct", "draw", "latent"):
        app = AppTest.from_file(APP, default_timeout=60)
        app.query_params.update({"run": run.id, "runs": f"{run.id},starter-vae-2d,starter-ae-2d"})
        app.switch_page(f"pages/{name}.py").run()
        assert not app.exception and not app.warning, name
        away = run.folder.rename(run.folder.with_name("elsewhere"))
        app.run()
        told = [one.value for one in app.warning]
        assert told == [plain("Deleted meanwhile, so no longer shown: Gone one.")], name
        assert not app.exception and not app.error, name
        assert "Delete for good" not in [one.label for one in app.button]
        assert not app.run().exception and not any("Deleted" in one.value for one in app.warning), "once"
        away.rename(run.folder)


def deleted_meanwhile() -> None:
    import streamlit as st

    from pages.ui import state
    from pages.ui.boundary import guarded

    st.session_state.setdefault("runs", 0)
    st.session_state["runs"] += 1
    if st.session_state["runs"] == 1:
        state.show_runs({"20200101-000000-gone": "Gone one"})  # deleted while the page is written
    else:
        state.leave_runs()
        st.write(dict(state.missed_runs()))
    with guarded():
        st.button("Resample")


def test_what_is_left_of_a_deleted_run_runs_the_page_anew() -> None:
    app = AppTest.from_function(deleted_meanwhile).run()
    assert app.session_state["runs"] == 2 and not app.exception
    assert "Gone one" in str(app.json[0].value) and [one.label for one in app.button] == ["Resample"]


def test_runs_without_a_model_are_not_offered(make_run: Callable[..., Run]) -> None:
    finished = make_run("one")
    runs.create(RunConfig())
    (make_run("damaged").folder / "config.json").write_text("{")
    app = AppTest.from_function(chooser).run()
    assert (chosen(app), app.selectbox[0].options) == (finished.id, ["one"])


def test_runs_of_the_same_name_are_told_apart(make_run: Callable[..., Run]) -> None:
    ids = [make_run("twin").id for _ in range(2)]
    options = AppTest.from_function(chooser).run().selectbox[0].options
    assert sorted(option[-4:] for option in options) == sorted(run_id[-4:] for run_id in ids)
    assert all(option.startswith("twin · ") for option in options)


def failing() -> None:
    import streamlit as st

    from pages.ui.boundary import guarded
    from vae_core.errors import InputError

    with guarded():
        raise InputError("'{what}' is wrong. Choose *another*.", what="![x](http://example.org/x.png)")
    with guarded():
        raise ZeroDivisionError("secret detail")

    @guarded()
    def stops() -> None:
        st.stop()

    stops()
    st.write("never shown")


def test_a_failure_is_told_in_words_and_stop_passes() -> None:
    app = AppTest.from_function(failing).run()
    told, unexpected = (error.value for error in app.error)
    assert told == plain("'![x](http://example.org/x.png)' is wrong. Choose *another*.")
    assert "Reload the page" in unexpected and "secret" not in unexpected
    assert not app.exception and not app.markdown


@pytest.mark.parametrize(
    "typed", ["*a* _b_ `c` [d](e) ![f](g) <b> # h | $i$ :material/home: ~j~ \\", "http://a.b", "WWW.a.b"]
)
def test_plain_text_is_shown_as_it_is(typed: str) -> None:
    shown = plain(typed)
    assert shown.replace("\u2060", "").replace("\\", "") == typed.replace("\\", "")
    assert "http://" not in shown and "www." not in shown.lower()


def test_home_lists_good_and_damaged_runs(make_run: Callable[..., Run]) -> None:
    make_run("good one")
    damaged = make_run("bad one")
    (damaged.folder / "config.json").write_text("{")
    with nobody_left(damaged.folder.parent):
        app = AppTest.from_file("../app.py", default_timeout=30).run()
    text = " ".join(str(block.value) for block in app.markdown)
    assert not app.exception and not app.error
    assert "good one" in text and plain(damaged.id) in text and "damaged" in text
