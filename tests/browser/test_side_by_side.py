"""Compare and slow motion as a person uses them: models are added, curves turned, a step is followed frame by frame."""

import re

from playwright.sync_api import Page, expect

from tests.browser.driving import Server, complaints, problems, screenshot, settle

NUMBER = r"(-?\d+\.\d\d)"


def test_a_third_model_joins_the_comparison(page: Page, server: Server) -> None:
    wrong = problems(page)
    page.goto(f"{server.address}/compare")
    expect(page.get_by_text("What you see")).to_be_visible()
    settle(page)
    page.get_by_role("combobox", name="Models, from two to six").click()
    page.get_by_role("option", name="Convolutional VAE, 16-D latent space").click()
    expect(page).to_have_url(re.compile("starter-vae-conv-16d"))
    expect(page.get_by_text("The codes are not equally large")).to_be_visible(timeout=60_000)
    settle(page)
    page.keyboard.press("Escape")
    # Each model has its rows of pictures, and PCA too.
    for name in (
        "VAE, 2-D latent space",
        "Autoencoder, 2-D latent space",
        "Convolutional VAE, 16-D latent space",
        "PCA, 16 components",
    ):
        assert page.get_by_role("img", name=re.compile(name)).count() >= 2, name
    page.get_by_test_id("stButtonGroup").get_by_text("Training time", exact=True).click()
    settle(page)
    expect(page.locator(".js-plotly-plot").first.get_by_text("Training time (seconds)").first).to_be_visible()
    screenshot(page, "compare-three", whole=True)
    assert complaints(page) == [] and wrong == []


def test_a_step_is_followed_frame_by_frame(page: Page, server: Server) -> None:
    page.goto(f"{server.address}/train?run=starter-vae-2d")
    settle(page)
    page.get_by_text("Slow motion: one training step", exact=True).click()
    forward = page.get_by_role("button", name="Next", exact=True)
    expect(forward).to_be_enabled()
    expect(page.get_by_role("button", name="Back", exact=True)).to_be_disabled()
    seen = []
    for _ in range(6):
        settle(page)
        seen.append(page.get_by_test_id("stMain").inner_text())
        if forward.is_disabled():
            break
        forward.click()
        settle(page)
    assert len(seen) == 6 and len(set(seen)) == 6, "six frames, each another one"
    drawn = next(text for text in seen if "One code is drawn from the cloud" in text)
    found = re.search(rf"{NUMBER} \+ {NUMBER} × {NUMBER} = {NUMBER}", drawn)
    assert found is not None
    mu, sigma, eps, z = map(float, found.groups())
    assert abs(mu + sigma * eps - z) < 0.02, "what is told is what was drawn, to two digits"
    assert complaints(page) == []
