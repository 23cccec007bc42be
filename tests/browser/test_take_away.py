"""Take it with you, and back: a run's files from the page, and the archive on a server that lacks the run."""

import io
import re
import zipfile
from pathlib import Path

import onnxruntime
import pytest
from playwright.sync_api import Page, expect

from tests.browser.driving import complaints, screenshot, serving, settle
from tests.processes import nobody_left
from tests.tiny_runs import train


def test_a_run_travels(page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    monkeypatch.setenv("DIABOLO_RUNS", str(here))
    here.mkdir()
    run = train(epochs=1, name="to travel")
    with nobody_left(here), serving(here, tmp_path / "here.log") as server:
        page.goto(f"{server.address}/train?run={run.id}")
        settle(page)
        page.get_by_text("Take it with you", exact=True).click()
        with page.expect_download() as download:
            page.get_by_role("button", name="The whole run, for somebody else (.zip)").click()
        archive = Path(download.value.path()).read_bytes()
        assert download.value.suggested_filename == f"{run.id}.zip"
        page.get_by_role("button", name="Make ONNX files").click()
        expect(page.get_by_text(re.compile(r"differ by at most \d\.\de-\d\d"))).to_be_visible(timeout=120_000)
        with page.expect_download() as download:
            page.get_by_role("button", name="Encoder and decoder (ONNX, .zip)").click()
        with zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes())) as files:
            onnxruntime.InferenceSession(files.read("decoder.onnx"))
        settle(page)
        screenshot(page, "take-away", whole=True)
        assert complaints(page) == []
    with nobody_left(there), serving(there, tmp_path / "there.log") as server:
        page.goto(f"{server.address}/train")
        settle(page)
        page.get_by_role("button", name="Import a run").click()
        chooser = page.locator('input[type="file"]')
        chooser.set_input_files({"name": "x.zip", "mimeType": "application/zip", "buffer": b"nothing"})
        expect(page.get_by_text("This is not an archive of a run")).to_be_visible()
        chooser.set_input_files({"name": "run.zip", "mimeType": "application/zip", "buffer": archive})
        expect(page.get_by_text("Here it is: “to travel”.")).to_be_visible()
        page.get_by_role("button", name="Show it").click()
        expect(page.get_by_role("heading", name="to travel")).to_be_visible()
        settle(page)
        assert run.id in page.url
        assert complaints(page) == []
