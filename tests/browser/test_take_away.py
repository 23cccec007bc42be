"""Take it with you, and back: a run's files from the page, and the archive on a server that lacks the run."""

import io
import re
import zipfile

import onnxruntime
from playwright.sync_api import Page, expect

from tests.browser.driving import Server, complaints, saved, screenshot, settle
from tests.tiny_runs import train


def taken(page: Page, label: str) -> tuple[str, bytes]:
    """Asks for a file, waits until it is there, and saves it: its name and its content."""
    page.get_by_role("button", name=label).click()
    button = page.get_by_test_id("stDownloadButton").get_by_role("button", name=label)
    expect(button).to_be_visible(timeout=120_000)
    settle(page)
    return saved(page, button)


def test_a_run_travels(page: Page, server: Server, elsewhere: Server) -> None:
    run = train(epochs=1, name="to travel")
    page.goto(f"{server.address}/train?run={run.id}")
    settle(page)
    page.get_by_text("Export", exact=True).click()
    name, archive = taken(page, "The whole run, for somebody else (.zip)")
    assert name == f"{run.id}.zip"
    _, halves = taken(page, "Encoder and decoder (ONNX, .zip)")
    expect(page.get_by_text(re.compile(r"differ by at most \d\.\de-\d\d"))).to_be_visible()
    with zipfile.ZipFile(io.BytesIO(halves)) as files:
        onnxruntime.InferenceSession(files.read("decoder.onnx"))
    settle(page)
    screenshot(page, "take-away", whole=True)
    assert complaints(page) == []
    page.goto(f"{elsewhere.address}/train")
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


def test_in_french_from_the_click_to_the_file_or_the_reason(page: Page, server: Server) -> None:
    run = train(epochs=1, name="à emporter")
    page.goto(f"{server.address}/train?run={run.id}&lang=fr")
    settle(page)
    page.get_by_text("Film de l’entraînement", exact=True).click()
    expect(page.locator(".film[data-ready]")).to_be_visible()
    name, film = taken(page, "Film en GIF")
    assert (name, film[:6]) == (f"{run.id}-film.gif", b"GIF89a")
    expect(page.get_by_text(re.compile("Prêt, .*un clic de plus l’enregistre"))).to_be_visible()
    page.get_by_text("Exporter", exact=True).click()
    # An export under way is found again after F5: the folded part stands open.
    page.get_by_role("button", name="Encodeur et décodeur (ONNX, .zip)").click()
    expect(page.get_by_text("Vous pouvez quitter cette page")).to_be_visible()
    page.reload()
    stop = page.get_by_test_id("stExpander").get_by_role("button", name="Arrêter")
    expect(stop).to_be_visible()
    screenshot(page, "export-french")
    stop.click()
    expect(page.get_by_text("Arrêté. Relancez")).to_be_visible()
    weights = run.folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4] + b"nope")
    page.get_by_role("button", name="Encodeur et décodeur (ONNX, .zip)").click()
    reason = page.get_by_test_id("stAlertContentError")
    expect(reason.filter(has_text="model.safetensors").first).to_contain_text("est endommagé")
    screenshot(page, "export-failed-french", whole=True)
