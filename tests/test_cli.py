"""The command line: what it prints where, how it ends, and that its figures are those of the functions behind it."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dataset_server
import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from PIL import Image

from tests.processes import WITHOUT_PRIVILEGES
from tests.tiny_runs import train, training
from vae_core import anomaly, datasets, files, metrics, runs
from vae_core.commands import cli
from vae_core.config import RunConfig
from vae_core.environment import REPOSITORY
from vae_core.events import FewerThreads
from vae_core.locks import Lock
from vae_core.models import load
from vae_core.recipes import RECIPES
from vae_core.runs import Run
from vae_core.settings import fields

TINY = ("--set", "model.hidden=32", "--set", "training.threads=1")


@pytest.fixture(scope="module", autouse=True)
def _threads_as_before() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def vae() -> Run:
    return train(epochs=2, model__latent_dim=3, name="the VAE")


@pytest.fixture(scope="module")
def fives() -> Run:
    return train(model__kind="autoencoder", data__classes=(5,), training__batch_size=32)


def ask(*words: object, status: int = 0) -> Result:
    result = CliRunner().invoke(cli, [str(word) for word in words], prog_name="python -m vae_core")
    assert result.exit_code == status, (result.output, result.exception)
    return result


def answer(*words: object, status: int = 0) -> dict[str, Any]:
    """The one object that `--json` prints, and nothing else."""
    lines = ask(*words, "--json", status=status).stdout.splitlines()
    assert len(lines) == 1
    found: dict[str, Any] = json.loads(lines[0])
    return found


def refused(*words: object) -> str:
    """The one line of a bad input."""
    result = ask(*words, status=2)
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1, result.stderr
    return result.stderr


def model(run: Run) -> Any:
    return load(run.config.model, run.weights(), (1, 28, 28))


def command(*words: object) -> list[str]:
    return [sys.executable, "-m", "vae_core", *map(str, words)]


# --- train, resume ---------------------------------------------------------------------------------------------------


def test_train_answers_with_the_run_it_made() -> None:
    found = answer("train", *TINY, "--epochs", 2, "--seed", 7, "--name", "mine", "--set", "model.kind=autoencoder")
    assert list(found) == ["run", "state", "epochs", "seconds", "cpu_seconds", "metrics"]
    assert (found["state"], found["epochs"]) == ("finished", 2)
    assert found["seconds"] > 0 and found["cpu_seconds"] > 0
    assert found["metrics"]["elbo"] is None and found["metrics"]["mse"] > 0
    run = runs.find(found["run"])
    assert (run.title, run.config.training.seed, run.config.model.hidden) == ("mine", 7, (32,))
    assert run.metrics() == found["metrics"]
    assert not run.job.is_alive()


def test_train_tells_a_line_an_epoch_on_standard_error() -> None:
    result = ask("train", *TINY, "--epochs", 2)
    assert [line.split()[:2] for line in result.stderr.splitlines()[1:]] == [["epoch", "1/2"], ["epoch", "2/2"]]
    assert "elbo" in result.stdout and "epoch 1/2" not in result.stdout


def test_settings_come_from_recipe_then_file_then_options_then_set(tmp_path: Path) -> None:
    file = tmp_path / "some.json"
    file.write_text('{"model": {"latent_dim": 5, "activation": "tanh"}, "training": {"epochs": 3, "seed": 4}}')
    found = answer("train", "--recipe", "quick", "--config", file, "--seed", 6, "--epochs", 1, *TINY)
    config = runs.find(found["run"]).config
    assert config.recipe == "quick"
    assert config.training.batch_size == RECIPES["quick"].config.training.batch_size
    assert (config.model.latent_dim, config.model.activation) == (5, "tanh")
    assert (config.training.seed, config.training.epochs, config.model.hidden) == (6, 1, (32,))


def test_a_runs_own_config_trains_the_same_weights_again(vae: Run) -> None:
    again = runs.find(answer("train", "--config", vae.folder / "config.json")["run"])
    assert_same_weights(vae, again)


def test_a_time_budget_becomes_epochs_in_the_settings() -> None:
    result = ask("train", *TINY, "--seconds", 3, "--json")
    found = json.loads(result.stdout)
    epochs = runs.find(found["run"]).config.training.epochs
    assert found["epochs"] == epochs > 1
    assert f"{epochs} epochs fit into 3 s" in result.stderr
    assert not list(runs.runs_root().glob(".new-*")), "the measurement leaves nothing behind"


def test_a_time_budget_of_a_model_that_is_told_26_classes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIABOLO_DATA", str(tmp_path))
    letters = dataset_server.idx_files("emnist-letters", dataset_server.small("emnist-letters", train=520, test=260))
    for path in datasets.DATASETS["emnist-letters"].reader.files(tmp_path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(letters[path.name])
    kind = ("--set", "model.kind=conditional-vae", "--set", "training.batch_size=260")
    found = answer("train", *TINY, *kind, "--dataset", "emnist-letters", "--seconds", 1)
    assert found["state"] == "finished" and found["epochs"] == runs.find(found["run"]).config.training.epochs


def test_settings_of_a_larger_machine_train_here(vae: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIABOLO_THREADS", "1")
    file = tmp_path / "theirs.json"
    file.write_text(vae.config.replace(training__threads=48).to_json())
    done = ask("train", "--config", file, "--json")
    assert done.stderr.count("48 threads") == 1 and "last bits" in done.stderr
    run = runs.find(json.loads(done.stdout)["run"])
    assert run.config.training.threads == 1
    assert [(e.asked, e.used) for e in runs.EventLog(run).read() if isinstance(e, FewerThreads)] == [(48, 1)]
    assert_same_weights(vae, run)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--set", "model.latent_dim=0"], "0, but must be a number from 1 to 256"),
        (["--set", "training.learning_rate=NaN"], "from 1e-06 to 1.0"),
        (["--set", "model.hidden=4096"], "less than or equal to 2048"),
        (["--set", "model.kind=gan"], "autoencoder, vae"),
        (["--set", "colour=red"], "There is no setting 'colour'"),
        (["--set", "model.latent_dim"], "--set model.latent_dim=8"),
        (["--epochs", "0"], "from 1 to 10000"),
        (["--epochs", "many"], "not a valid integer"),
        (["--seed", "-1"], "from 0 to 4294967295"),
        (["--seconds", "0"], "1<=x"),
        (["--seconds", "9", "--epochs", "2"], "not both"),
        (["--seconds", "9", "--set", "training.epochs=2"], "not both"),
        (["--recipe", "slow"], "Choose one of: quick"),
        (["--dataset", "cats"], "Choose one of: digits, mnist"),
        (["--config", "nowhere.json"], "There is no file 'nowhere.json'"),
        (["--set", "training.batch_size=4000"], "from 1 to 3600"),
        (["--set", "data.classes=11"], "classes are 0 to 9"),
        (["--colour", "red"], "--help"),
    ],
)
def test_bad_input_is_one_line_and_leaves_no_run(words: list[str], message: str) -> None:
    before = runs.list_runs()
    assert message in refused("train", *words)
    assert runs.list_runs() == before


@pytest.mark.parametrize("text", ["", "[]", "{", '{"model": {"colour": 1}}', '{"loss": {"beta": NaN}}'])
def test_a_file_that_is_no_settings_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "config.json"
    file.write_text(text)
    refused("train", "--config", file)


def test_data_that_is_not_there_names_the_command_that_fetches_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DIABOLO_DATA", str(tmp_path))
    assert "data get mnist" in refused("train", "--dataset", "mnist")


def test_a_diverging_training_fails() -> None:
    found = ask("train", *TINY, "--set", "training.learning_rate=1", "--set", "model.likelihood=gaussian",
                "--set", "model.sigma=0.01", "--set", "model.latent_dim=256", "--epochs", 5, "--set", "loss.beta=100",
                "--json", status=1)  # fmt: skip
    assert json.loads(found.stdout)["state"] == "failed"
    assert "Choose a smaller learning rate" in found.stderr


def test_resume_refuses_what_it_cannot_go_on_with(vae: Run) -> None:
    assert "finished after all of its 2 epochs" in refused("resume", vae.id)
    assert "There is no run" in refused("resume", "nothing")
    lock = Lock(vae.job.lock)
    assert lock.acquire()
    try:
        assert "Another process works at" in refused("resume", vae.id)
    finally:
        lock.close()


def test_resume_goes_on_with_a_queued_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIABOLO_RUNS", str(tmp_path))  # where no supervisor of another test would take it
    run, _ = runs.create(RunConfig().replace(model__hidden=[32], training__threads=1, training__epochs=1))
    found = answer("resume", run.id)
    assert (found["run"], found["state"], found["epochs"]) == (run.id, "finished", 1)


@pytest.mark.heavy
def test_ctrl_c_pauses_and_resume_gives_the_same_weights() -> None:
    epochs = 30
    process = subprocess.Popen(
        command("train", *TINY, "--epochs", epochs, "--set", "model.latent_dim=4", "--json"),
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("epoch 2/"):
            break
    process.send_signal(signal.SIGINT)
    output, messages = process.communicate(timeout=60)
    found = json.loads(output)
    assert (process.returncode, found["state"]) == (130, "paused"), messages
    assert f"python -m vae_core resume {found['run']}" in messages
    assert 2 <= found["epochs"] < epochs and found["metrics"] is None
    run = runs.find(found["run"])
    assert run.state() == "paused"

    done = subprocess.run(
        command("resume", run.id, "--json"), cwd=REPOSITORY, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["epochs"] == epochs
    assert_same_weights(run, runs.find(answer("train", "--config", run.folder / "config.json")["run"]))


def assert_same_weights(one: Run, other: Run) -> None:
    a, b = (files.read_arrays(run.folder / "model.safetensors") for run in (one, other))
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_array_equal(a[name], b[name])


# --- evaluate, anomaly -----------------------------------------------------------------------------------------------


def test_evaluate_computes_what_metrics_computes(vae: Run) -> None:
    found = answer("evaluate", vae.id, "--iwae", 3)
    expected = metrics.evaluate(model(vae), datasets.load("digits", "test"), iwae=3)
    keys = "run dataset split images pixels recon kl elbo nll_iwae iwae_k mse psnr ssim active_units"
    assert list(found) == keys.split()
    assert (found["run"], found["dataset"], found["split"], found["images"]) == (vae.id, "digits", "test", 1000)
    assert {key: found[key] for key in keys.split()[4:]} == pytest.approx({k: expected[k] for k in keys.split()[4:]})


def test_evaluate_never_reads_figures_back(vae: Run) -> None:
    before = answer("evaluate", vae.id, "--iwae", 0)
    path = vae.folder / "metrics.json"
    kept = path.read_bytes()
    path.write_text('{"elbo": 1.0, "mse": 0.0}')
    try:
        assert answer("evaluate", vae.id, "--iwae", 0) == before
    finally:
        path.write_bytes(kept)


def test_evaluate_of_an_autoencoder_has_no_likelihood(fives: Run) -> None:
    found = answer("evaluate", fives.id, "--pixels", "binarised", "--split", "validation")
    assert (found["images"], found["pixels"]) == (40, "binarised"), "only the class that it learnt"
    assert [found[key] for key in ("kl", "elbo", "nll_iwae", "iwae_k", "active_units")] == [None] * 5
    assert found["mse"] > 0


def test_evaluate_for_a_person_shows_the_baseline(vae: Run) -> None:
    assert "mse of the mean image" in ask("evaluate", vae.id, "--iwae", 0).stdout


@pytest.mark.mnist
def test_evaluate_on_another_data_set(vae: Run) -> None:
    found = answer("evaluate", vae.id, "--dataset", "mnist", "--iwae", 0)
    assert (found["dataset"], found["images"]) == ("mnist", 10_000)


def test_anomaly_scores_the_test_split(fives: Run, tmp_path: Path) -> None:
    file = tmp_path / "scores.csv"
    found = answer("anomaly", fives.id, "--normal", 5, "--csv", file)
    test = datasets.load("digits", "test")
    scores = anomaly.score(model(fives), test)
    aside = anomaly.score(model(fives), datasets.load("digits", "validation", classes=(5,)))
    threshold = anomaly.threshold(aside[anomaly.DEFAULT_SCORE]).value
    report = anomaly.report(scores[anomaly.DEFAULT_SCORE], test.labels == 5, threshold)
    assert (found["normal"], found["images"], found["run"]) == ([5], 1000, fives.id)
    assert (
        set(scores) < set(found["auroc"]) == {name for name, info in anomaly.SCORES.items() if not info.needs_posterior}
    )
    assert found["auroc"][anomaly.DEFAULT_SCORE] == pytest.approx(report.auroc)
    assert found["threshold"] == pytest.approx(threshold)
    assert sum(found["confusion"].values()) == 1000
    assert found["confusion"]["strange_found"] == report.confusion.strange_found
    with file.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == 1000 and sum(int(row["normal"]) for row in rows) == 100
    assert {(row["score_name"], float(row["threshold"])) for row in rows} == {(found["score"], found["threshold"])}
    assert all((float(row["score"]) > found["threshold"]) == (row["flagged"] == "1") for row in rows)
    assert all(row["score"] == row[found["score"]] for row in rows)
    confusion = found["confusion"]
    assert sum(row["flagged"] == "1" for row in rows) == confusion["strange_found"] + confusion["false_alarms"]
    assert sum(row["unlike"] == "1" for row in rows) == found["unlike"]


def test_anomaly_says_what_so_few_images_can_promise(fives: Run) -> None:
    found = answer("anomaly", fives.id)
    asked, seen = found["false_alarms"], found["rates"]["false_alarms"]
    assert (found["alpha"], asked["images"], asked["promised"]) == (0.05, 40, True)
    assert (round(asked["low"], 3), round(asked["high"], 3)) == (0.006, 0.132) and asked["expected"] == 2 / 41
    assert seen["low"] < seen["value"] == found["confusion"]["false_alarms"] / 100 < seen["high"]
    assert "from 40 images the true share of false alarms may lie from 0.6% to 13.2%" in ask("anomaly", fives.id).stdout
    strict = ask("anomaly", fives.id, "--alpha", 0.01).stdout
    assert "So few images can't promise 0.01: it takes at least 99" in strict
    for alpha in (0, 1, 5, "nan"):
        assert "0<x<1" in refused("anomaly", fives.id, "--alpha", alpha)


def test_anomaly_takes_a_threshold_of_ones_own(fives: Run) -> None:
    usual, own = answer("anomaly", fives.id), answer("anomaly", fives.id, "--threshold", 1e6)
    assert own["threshold"] == 1e6 and own["confusion"]["strange_found"] == own["confusion"]["false_alarms"] == 0
    assert own["false_alarms"] == usual["false_alarms"] and own["auroc"] == usual["auroc"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--dataset", "fashion-mnist"], "'fashion-mnist': the classes 5 of 'digits'"),
        (["--dataset", "kmnist", "--normal", 5], "'kmnist': the classes 5 of 'digits'"),
        (["--dataset", "usps"], "1 x 16 x 16"),
        (["--dataset", "cats"], "no data set 'cats'"),
        (["--normal", 7], "normal classes are 7, but this run learnt the classes 5 of 'digits'"),
        (["--normal", 5, "--normal", 11], "learnt the classes 5 of 'digits'"),
        (["--score", "smell"], "There is no score"),
        (["--score", "kl"], "needs a density"),
        (["--threshold", "nan"], "range"),
    ],
)
def test_anomaly_refuses_what_the_page_refuses(fives: Run, tmp_path: Path, words: list[object], said: str) -> None:
    out = tmp_path / "scores.csv"
    for more in ([], ["--json"]):
        assert said in refused("anomaly", fives.id, *words, "--csv", out, *more)
    assert not list(tmp_path.iterdir()), "nothing is written"


def test_anomaly_takes_the_classes_that_the_run_learnt(fives: Run, vae: Run) -> None:
    assert answer("anomaly", fives.id)["normal"] == [5]
    assert answer("anomaly", vae.id, "--normal", 7, "--normal", 5)["normal"] == [5, 7]
    assert "--normal 5" in refused("anomaly", vae.id)
    assert "0 to 9" in refused("anomaly", vae.id, "--normal", 11)
    everything = [word for number in range(10) for word in ("--normal", number)]
    assert "at least one out" in refused("anomaly", vae.id, *everything)
    assert "There is no score" in refused("anomaly", vae.id, "--normal", 5, "--score", "smell")


def test_anomaly_by_a_score_that_compares_with_training_pictures(fives: Run) -> None:
    found = answer("anomaly", fives.id, "--score", anomaly.BEST_SCORE)
    test = datasets.load("digits", "test")
    fitted = anomaly.Normal(model(fives), datasets.load("digits", "train", classes=(5,)))
    scores = anomaly.score(model(fives), test, normal=fitted)
    assert found["score"] == anomaly.BEST_SCORE
    for name, values in scores.items():
        expected = anomaly.report(values, test.labels == 5, found["threshold"])
        assert found["auroc"][name] == pytest.approx(expected.auroc, abs=1e-3)


# --- where it is run -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [["list"], ["list", "--json"], ["train", "--help"], ["data", "list"], ["diagnose", "RUN"], ["evaluate", "né"]],
    ids=" ".join,
)
def test_a_terminal_that_lacks_a_character_ends_no_command(words: list[str], vae: Run) -> None:
    before = vae.config.name
    runs.rename(vae, "fünf → 五")
    try:
        done = CliRunner(charset="ascii").invoke(cli, [vae.id if word == "RUN" else word for word in words])
    finally:
        runs.rename(vae, before)
    assert done.exit_code == (2 if "né" in words else 0), done.output
    assert "unexpected" not in done.output and done.output.isascii()
    if words == ["list"]:
        assert "f?nf ? ?" in done.stdout
    if "--json" in words:
        assert "fünf → 五" in [run["name"] for run in json.loads(done.stdout)["runs"]]


def test_list_on_a_real_terminal_of_ascii(vae: Run) -> None:
    runs.rename(vae, "été")
    done = subprocess.run(
        [sys.executable, "-m", "vae_core", "list"],
        cwd=REPOSITORY,
        env=os.environ | {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"},
        capture_output=True,
        check=False,
    )
    runs.rename(vae, "the VAE")
    assert done.returncode == 0 and b"?t?" in done.stdout and b"Traceback" not in done.stderr


def test_resume_where_nothing_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIABOLO_RUNS", str(tmp_path))
    with training(done=1, epochs=3) as run:
        pass
    script = f"{WITHOUT_PRIVILEGES}\nfrom vae_core.commands import cli\ncli(['resume', {run.id!r}])"
    run.folder.chmod(0o555)
    try:
        done = subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True)
    finally:
        run.folder.chmod(0o755)
    assert done.returncode == 2 and "can't be written to" in done.stderr and "unexpected" not in done.stderr
    assert run.state() == "paused"


# --- sample, export --------------------------------------------------------------------------------------------------


def test_sample_draws_a_sheet(vae: Run, tmp_path: Path) -> None:
    out = tmp_path / "sheet.png"
    found = answer("sample", vae.id, "-n", 6, "--seed", 3, "--out", out)
    assert (found["run"], found["files"]) == (vae.id, [str(out)])
    with Image.open(out) as picture:
        assert picture.size == (2 * (3 * 29 - 1), 2 * (2 * 29 - 1))
    first = out.read_bytes()
    ask("sample", vae.id, "-n", 6, "--seed", 3, "--out", out)
    assert out.read_bytes() == first
    ask("sample", vae.id, "-n", 6, "--seed", 4, "--out", out)
    assert out.read_bytes() != first


def test_sample_writes_single_pictures(vae: Run, tmp_path: Path) -> None:
    ask("sample", vae.id, "-n", 3, "--seed", 2, "--out", tmp_path / "a.npz")
    ask("sample", vae.id, "-n", 3, "--seed", 2, "--out", tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        names = archive.namelist()
        pixels = [np.asarray(Image.open(io.BytesIO(archive.read(name)))) for name in names[:3]]
        listing = archive.read("pictures.csv").decode().splitlines()
    assert names == [*(f"no class/synthetic-{n:05d}.png" for n in range(3)), "pictures.csv"] and len(listing) == 4
    with np.load(tmp_path / "a.npz", allow_pickle=False) as arrays:
        np.testing.assert_array_equal(np.stack(pixels), arrays["images"][:, 0])


@pytest.mark.parametrize("prior", ["normal", "fitted", "mixture"])
def test_sample_writes_arrays(fives: Run, tmp_path: Path, prior: str) -> None:
    out = tmp_path / "drawn.npz"
    result = ask("sample", fives.id, "-n", 5, "--prior", prior, "--out", out)
    assert ("--prior fitted" in result.stderr) == (prior == "normal"), "an autoencoder's codes don't follow N(0, I)"
    with np.load(out, allow_pickle=False) as arrays:
        assert arrays["images"].shape == (5, 1, 28, 28) and arrays["images"].dtype == np.uint8
        assert arrays["z"].shape == (5, 2)
        assert (int(arrays["seed"]), float(arrays["temperature"]), str(arrays["prior"])) == (0, 1.0, prior)


def test_a_class_is_asked_only_of_a_model_that_is_told_it(vae: Run, tmp_path: Path) -> None:
    result = ask("sample", vae.id, "--class", 3, "--out", tmp_path / "a.png", status=2)
    assert "not told the class" in result.stderr and not (tmp_path / "a.png").exists()


@pytest.fixture(scope="module")
def told() -> Run:
    return train(model__kind="conditional-vae", model__latent_dim=3, data__classes=(5, 7), training__batch_size=64)


@pytest.mark.parametrize("label", [3, 10, 999])
def test_only_a_learnt_class_is_asked_for(told: Run, tmp_path: Path, label: int) -> None:
    out = tmp_path / "a.npz"
    said = refused("sample", told.id, "--class", label, "--out", out)
    assert f"class {label}: it learnt the classes 5, 7 of 'digits'" in said and not list(tmp_path.iterdir())
    assert answer("sample", told.id, "-n", 2, "--class", 7, "--out", out)["class"] == 7
    with np.load(out, allow_pickle=False) as arrays:
        assert int(arrays["y"]) == 7


@pytest.mark.mnist
def test_a_conditional_model_is_told_only_what_it_learnt(told: Run) -> None:
    assert answer("evaluate", told.id, "--iwae", 0)["images"] == 200
    assert answer("evaluate", told.id, "--iwae", 0, "--dataset", "mnist")["images"] == 1028 + 892
    assert "classes 5, 7 of 'digits'" in refused("evaluate", told.id, "--dataset", "fashion-mnist")
    assert "1 x 16 x 16" in refused("evaluate", told.id, "--dataset", "usps")


def test_temperature_zero_draws_the_same_picture(vae: Run, tmp_path: Path) -> None:
    ask("sample", vae.id, "-n", 3, "--temperature", 0, "--out", tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz", allow_pickle=False) as arrays:
        assert (arrays["images"] == arrays["images"][0]).all()


@pytest.mark.parametrize(
    "words",
    [["-n", 0], ["-n", "x"], ["--seed", -1], ["--temperature", 11], ["--temperature", "nan"], ["--prior", "uniform"],
     ["--out", "sheet.jpg"], ["--out", "nowhere/sheet.png"]],
)  # fmt: skip
def test_sample_refuses_what_is_out_of_range(vae: Run, words: list[object]) -> None:
    refused("sample", vae.id, *words)


def test_export_zip_holds_the_run_and_nothing_of_its_process(vae: Run, tmp_path: Path) -> None:
    out = tmp_path / "run.zip"
    assert answer("export", vae.id, "--format", "zip", "--out", out)["files"] == [str(out)]
    with zipfile.ZipFile(out) as archive:
        names = {name.removeprefix(f"{vae.id}/") for name in archive.namelist()}
        assert archive.read(f"{vae.id}/config.json") == (vae.folder / "config.json").read_bytes()
    assert {"config.json", "events.jsonl", "metrics.json", "model.safetensors", "snapshots/000002.safetensors"} <= names
    assert not names & {"lock", "request.json", "state.json", "worker.log"}


def test_export_safetensors_carries_the_settings(vae: Run, tmp_path: Path) -> None:
    out = tmp_path / "weights.safetensors"
    ask("export", vae.id, "--format", "safetensors", "--out", out)
    weights = files.read_arrays(out)
    assert RunConfig.from_json(files.read_metadata(out)["config"]) == vae.config
    assert load(vae.config.model, weights, (1, 28, 28)).latent_dim == 3


def test_export_refuses_what_does_not_exist(vae: Run, tmp_path: Path) -> None:
    assert "safetensors" in refused("export", vae.id, "--format", "pickle")
    refused("export", vae.id)
    refused("export", vae.id, "--format", "zip", "--out", tmp_path)
    refused("export", "nothing", "--format", "zip")


# --- list, data ------------------------------------------------------------------------------------------------------


def test_list_shows_runs_and_recipes(vae: Run) -> None:
    found = answer("list")
    assert [row["name"] for row in found["recipes"]] == list(RECIPES)
    assert set(found["recipes"][0]) == {"name", "title", "question"}
    row = next(row for row in found["runs"] if row["id"] == vae.id)
    assert {**row, "metrics": None} == {
        "id": vae.id, "name": "the VAE", "state": "finished", "recipe": None, "model": "vae", "dataset": "digits",
        "epochs": 2, "metrics": None, "error": None,
    }  # fmt: skip
    assert row["metrics"] == vae.metrics()
    assert "the VAE" in ask("list").stdout


def test_list_shows_a_damaged_run_beside_the_others(vae: Run) -> None:
    bad = runs.runs_root() / "20250101-000000-damaged"
    bad.mkdir()
    (bad / "config.json").write_text("{")
    try:
        rows = {row["id"]: row for row in answer("list")["runs"]}
        assert (rows[bad.name]["state"], rows[bad.name]["model"]) == ("failed", None)
        assert "damaged" in rows[bad.name]["error"]
        assert rows[vae.id]["error"] is None
        assert "damaged" in ask("evaluate", bad.name, status=1).stderr
    finally:
        (bad / "config.json").unlink()
        bad.rmdir()


def test_data_list_shows_every_data_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DIABOLO_DATA", str(tmp_path))
    rows = {row["name"]: row for row in answer("data", "list")["datasets"]}
    assert list(rows) == list(datasets.DATASETS)
    assert all(set(row) == {"name", "present", "images", "source", "licence"} for row in rows.values())
    assert rows["digits"]["present"] and rows["digits"]["images"] == 5000
    assert not rows["mnist"]["present"] and rows["mnist"]["images"] == 70_000
    assert "fashion-mnist" in ask("data", "list").stdout


def test_data_get_of_what_is_there_does_nothing() -> None:
    result = ask("data", "get", "digits", "--json")
    assert "there already" in result.stderr
    assert json.loads(result.stdout)["datasets"][0]["present"] is True
    assert "Choose one of" in refused("data", "get", "cats")


# --- the shell -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [[], *([name] for name in cli.commands), ["data", "list"], ["data", "get"]],
    ids=lambda words: "-".join(words),
)
def test_help_explains_every_command_and_option(words: list[str]) -> None:
    text = ask(*words, "--help").stdout
    found: Any = cli
    for word in words:
        found = found.commands[word]
    for parameter in found.params:
        assert getattr(parameter, "help", True), parameter.name
    assert "python -m vae_core" in text


def test_help_of_train_lists_every_setting_with_range_and_default() -> None:
    text = " ".join(ask("train", "--help").stdout.split())
    for path, info in fields(RunConfig).items():
        if path not in ("version", "recipe"):
            assert f"{path} {info.title} [" in text, path
    assert "Latent dimensions [1 to 256; default 2]" in text
    assert "Hidden widths [numbers with commas, each 1 to 2048; default [256, 128]]" in text


def test_no_command_shows_the_help_and_is_bad_input() -> None:
    assert "Commands:" in ask(status=2).stderr
    assert "--help" in refused("dance")


def test_the_unexpected_is_one_line_unless_asked_for(vae: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise KeyError("oh")

    monkeypatch.setattr(runs, "list_runs", broken)
    assert ask("list", status=1).stderr.count("\n") == 1
    assert "Traceback (most recent call last)" in ask("--traceback", "list", status=1).stderr


@pytest.mark.parametrize("words", [["list", "--json"], ["data", "list", "--json"], ["--help"], ["train", "--help"]])
def test_light_commands_load_no_torch(words: list[str]) -> None:
    code = f"""
import sys
from vae_core.commands import cli
try:
    cli({words!r})
except SystemExit as end:
    assert end.code == 0
print("torch" in sys.modules, "streamlit" in sys.modules, file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, timeout=60)
    assert done.stderr.strip() == "False False"


def test_exit_status_and_streams_of_a_real_process() -> None:
    good = subprocess.run(command("list", "--json"), cwd=REPOSITORY, capture_output=True, text=True, timeout=60)
    assert good.returncode == 0 and good.stderr == "" and "recipes" in json.loads(good.stdout)
    bad = subprocess.run(command("evaluate", "nothing"), cwd=REPOSITORY, capture_output=True, text=True, timeout=60)
    assert (bad.returncode, bad.stdout) == (2, "") and bad.stderr.startswith("There is no run 'nothing'.")


def test_a_reader_that_goes_away_causes_no_traceback() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            command("list"), cwd=REPOSITORY, stdout=writer, stderr=subprocess.PIPE, text=True, timeout=60
        )
    finally:
        os.close(writer)
    assert "Traceback" not in done.stderr and "BrokenPipe" not in done.stderr
