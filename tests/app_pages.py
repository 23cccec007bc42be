"""What tests of several pages do with them."""

from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

from vae_core import files
from vae_core.control import Job, Status
from vae_core.jobs.studies import study_of
from vae_core.runs import Run
from vae_core.studies import Findings

APP = Path(__file__).parents[1] / "app.py"


def experiment(recipe: str, run: Run | None = None, **session: Any) -> AppTest:
    """The page of an experiment, with a run chosen."""
    app = AppTest.from_file(APP, default_timeout=120)
    app.query_params["recipe"] = recipe
    for key, value in (({"run": run.id} if run else {}) | session).items():
        app.session_state[key] = value
    app.switch_page("pages/experiments.py").run()
    assert not app.exception, app.exception
    return app


def words(app: AppTest) -> str:
    """What stands on a page as running text."""
    return "\n".join(element.value for element in [*app.markdown, *app.caption])


def headed_words(app: AppTest) -> str:
    """That, with its headings and what it tells beside."""
    return "\n".join(str(element.value) for element in [*app.subheader, *app.markdown, *app.caption, *app.info])


def keep(findings: Findings, run: Run, name: str, settings: dict[str, Any]) -> None:
    """Keeps a study's findings with the run, as a job of its own keeps them."""
    folder = study_of(run, name, settings).folder
    folder.mkdir(parents=True, exist_ok=True)
    files.write_arrays(folder / "arrays.safetensors", findings.arrays)
    files.write_json(folder / "figures.json", {**findings.figures, "seconds": 1.0})
    Job(folder).write_status(Status("finished"))
