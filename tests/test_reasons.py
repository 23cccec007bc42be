"""Reasons that Python and pydantic tell in English are told in the visitor's language."""

import errno
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from safetensors import SafetensorError

from pages.ui import links, settings, text
from pages.ui.number_text import Span, read
from pages.ui.settings import from_values
from pages.ui.text import describe, t
from vae_core import files
from vae_core.config import DataConfig, ModelConfig, RunConfig
from vae_core.control import Status
from vae_core.datasets import splits
from vae_core.errors import DiaboloError, InputError, WorkError
from vae_core.events import from_json
from vae_core.models import build, load
from vae_core.reasons import reason
from vae_core.settings import bounds, fields
from vae_core.trainer import Trainer

ENGLISH = (
    "should",
    "Input",
    "valid number",
    "expected",
    "must",
    "Expecting",
    "No space",
    "Choose",
    "Correct",
    "device",
    "its ",
)


DOTTED = re.compile("|".join(re.escape(path) for path in fields(RunConfig) if "." in path))


@pytest.fixture(autouse=True)
def _french(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "language", lambda: "fr")


def in_french(error: DiaboloError) -> str:
    words = describe(error)
    assert words and not [one for one in ENGLISH if re.search(rf"\b{one}", words)], words
    assert not DOTTED.search(words), words
    return words


@pytest.mark.parametrize(
    "value", [None, True, "x\u0000", "a" * 200, -1, 1e9, 0.5, [], [[1]], [99999], list(range(2000)), {}, {"a": 1}]
)
def test_every_setting_refuses_every_kind_of_value_in_french(value: Any) -> None:
    for path in fields(RunConfig):
        if path != "version":
            try:
                RunConfig().with_values({path: value})
            except InputError as error:
                in_french(error)
    for part in ("data", "model", "loss", "training"):
        with pytest.raises(InputError) as refused:
            RunConfig.from_dict({part: value if value != {} else 3})
        in_french(refused.value)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"training": {"epochs": 1.5}}', "[" * 100_000, '{"a": NaN}'], ids=range(6)
)
def test_a_damaged_file_of_settings_is_told_in_french(content: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        RunConfig.from_json(content)
    in_french(refused.value)
    (tmp_path / "config.json").write_text(content)
    try:
        files.read_json(tmp_path / "config.json")
    except WorkError as error:
        in_french(files.damaged(tmp_path / "config.json", refused.value))
        in_french(error)


def test_a_reason_within_a_reason_is_kept_in_a_runs_folder_and_told_in_french() -> None:
    inner = WorkError("too deeply nested")
    outer = WorkError("This archive can't be used: {reason}", reason=inner)
    assert str(outer) == "This archive can't be used: too deeply nested"
    kept = Status(recorded="failed", message=outer.message, values=json.loads(json.dumps(outer.values))).error
    assert kept is not None and "trop d’imbrications" in in_french(kept) and str(kept) == str(outer)


def test_an_event_that_can_not_be_read_is_told_in_french() -> None:
    with pytest.raises(WorkError) as refused:
        from_json('{"type": "nonsense"}')
    in_french(refused.value)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS, errno.ENOENT, errno.ECONNREFUSED])
def test_what_the_system_says_is_told_in_french(number: int) -> None:
    found = reason(OSError(number, os.strerror(number)))
    assert isinstance(found, DiaboloError) and str(found) == os.strerror(number)
    assert describe(found) != str(found)


WRONG = {
    "a text": "abc",
    "a list": [[1]],
    "nothing": None,
    "too small": -1,
    "too large": 2**40,
    "a fraction": 0.30001,
    "too small a fraction": 1e-9,
    "too many": list(range(2000)),
}


@pytest.mark.parametrize("path", [path for path, info in fields(RunConfig).items() if info.title and path != "version"])
def test_a_wrong_value_is_told_by_the_settings_title_in_french(path: str) -> None:
    info = fields(RunConfig)[path]
    title, seen = t(info.title or ""), 0
    part, _, name = path.rpartition(".")
    for value in WRONG.values():
        for ask in (
            lambda value=value: from_values({path: value}),
            lambda value=value: RunConfig.from_json(json.dumps({part: {name: value}} if part else {name: value})),
        ):
            try:
                ask()
            except InputError as error:
                words, seen = in_french(error), seen + 1
                assert title in words or path in settings.WIDTHS, words
        remarks = links.read({path: json.dumps(value)[:150]}).remarks
        assert not [one for one in remarks if DOTTED.search(one) or title.lower() not in one.lower()]
    assert seen
    low, high = bounds(info)
    if low is not None:
        with pytest.raises(InputError) as refused:
            read("1e99", Span(low, high), title)
        assert title in in_french(refused.value)


def test_a_choice_is_told_by_its_title_and_a_number_in_the_visitors_form() -> None:
    with pytest.raises(InputError) as refused:
        RunConfig().with_values({"model.kind": "gan"})
    assert "auto-encodeur" in describe(refused.value).lower() and "autoencoder" in str(refused.value)
    with pytest.raises(InputError) as refused:
        RunConfig().with_values({"training.noise": 2.5})
    assert "2,5" in describe(refused.value) and "'training.noise' is 2.5" in str(refused.value)
    with pytest.raises(InputError) as refused:
        RunConfig.from_dict({"modle": 1})
    assert "model.latent_dim" in str(refused.value)
    assert "modle" in in_french(refused.value)


@pytest.mark.parametrize(
    "cause",
    [SafetensorError("Error while deserializing header"), RuntimeError("size mismatch for"), OSError(9999, "x")],
)
def test_a_librarys_words_stand_in_the_log_alone(cause: Exception, caplog: pytest.LogCaptureFixture) -> None:
    error = files.damaged(Path("a/b/model.safetensors"), cause)
    assert str(cause) not in describe(error) + str(error) and str(cause) in caplog.text
    in_french(error)


def test_files_cut_short_and_weights_of_others_are_told_in_french(tmp_path: Path) -> None:
    config = ModelConfig(hidden=(8,))
    arrays = {name: tensor.numpy() for name, tensor in build(config, (1, 8, 8)).state_dict().items()}
    files.write_arrays(tmp_path / "whole.safetensors", arrays)
    whole = (tmp_path / "whole.safetensors").read_bytes()
    for broken in (whole[:100], whole[:-5], b"", b"\xff" * 200, whole[:-1] + bytes([whole[-1] ^ 1])):
        (tmp_path / "broken.safetensors").write_bytes(broken)
        with pytest.raises(WorkError) as refused:
            files.read_arrays(tmp_path / "broken.safetensors")
        in_french(refused.value)
    trainer = Trainer(RunConfig(model=config), splits(DataConfig()))
    for other in (arrays | {"more": arrays["decoder.0.bias"]}, {}, {name: array[:1] for name, array in arrays.items()}):
        with pytest.raises(WorkError) as refused:
            load(config, other, (1, 8, 8))
        in_french(refused.value)
        with pytest.raises(WorkError) as refused:
            trainer.restore({f"model.{name}": array for name, array in other.items()})
        in_french(refused.value)
