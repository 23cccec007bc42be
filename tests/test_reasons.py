"""Reasons that Python and pydantic tell in English are told in the visitor's language."""

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from pages.ui import text
from pages.ui.text import describe
from vae_core import files
from vae_core.config import RunConfig
from vae_core.control import Status
from vae_core.errors import DiaboloError, InputError, WorkError
from vae_core.events import from_json
from vae_core.reasons import reason
from vae_core.settings import fields

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


@pytest.fixture(autouse=True)
def _french(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "language", lambda: "fr")


def in_french(error: DiaboloError) -> str:
    words = describe(error)
    assert words and not [one for one in ENGLISH if one in words], words
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
        assert "NaN" in str(error) or in_french(error)


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
