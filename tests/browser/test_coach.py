"""The coach and What if as a person uses them: a fault, its mended run, and a small family of runs in one chart."""

import re

from playwright.sync_api import Page, expect

from tests.browser.driving import PHONE, Server, complaints, overflow, problems, screenshot, settle
from tests.tiny_runs import train
from vae_core.config import RunConfig
from vae_core.jobs import client


def test_a_fault_is_mended_at_a_click_and_its_family_compared(page: Page, server: Server) -> None:
    run = train(epochs=4, loss__beta=60.0, name="collapsed")
    wrong = problems(page)
    page.goto(f"{server.address}/train?run={run.id}")
    settle(page)
    expect(page.get_by_text("Posterior collapse", exact=True)).to_be_visible()
    expect(page.get_by_text("Beta 60 → 1")).to_be_visible()
    screenshot(page, "coach", whole=True)
    page.locator(".st-key-coach_collapse").get_by_role("button", name="Train with the suggested fix").click()
    expect(page.get_by_text("All 4 epochs done.")).to_be_visible()
    expect(page.get_by_role("heading", name="The coach")).to_be_visible()
    expect(page.get_by_text("Posterior collapse", exact=True)).to_have_count(0)
    settle(page)
    page.get_by_text("What if …?", exact=True).click()
    settle(page)
    page.get_by_role("button", name="Queue 3 trainings").click()
    # That they are queued is said only until the first of them is there, which may be at once.
    expect(page.get_by_text("on the validation images:")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("still to come")).to_have_count(0, timeout=60_000)
    settle(page)
    screenshot(page, "what-if", whole=True)
    page.set_viewport_size(PHONE)
    settle(page)
    assert overflow(page) == 0
    assert complaints(page) == [] and wrong == []


def test_a_fault_is_told_while_it_trains_without_closing_what_is_open(page: Page, server: Server) -> None:
    wrong = problems(page)
    run = client.submit(RunConfig().replace(loss__beta=60.0, training__epochs=10_000))
    page.goto(f"{server.address}/train?run={run.id}")
    expect(page.get_by_text("Posterior collapse", exact=True).first).to_be_visible(timeout=60_000)
    numbers = page.locator("details", has_text="All checks and their values")
    numbers.locator("summary").click()
    expect(numbers).to_have_attribute("open", "")
    page.wait_for_selector(".st-key-coach_collapse .js-plotly-plot")
    page.evaluate(
        """() => {
            const find = text => [...document.querySelectorAll('details')].find(one => one.innerText.includes(text));
            window.numbers = find('All checks');
            window.card = document.querySelector('.st-key-coach_collapse');
            window.chart = document.querySelector('.st-key-coach_collapse .js-plotly-plot');
        }"""
    )
    # The evidence grows, so the coach has looked again.
    page.wait_for_function(
        "() => !window.chart.isConnected && document.querySelector('.st-key-coach_collapse .js-plotly-plot')",
        timeout=60_000,
    )
    assert page.evaluate("window.numbers.isConnected && window.numbers.open && window.card.isConnected")
    page.get_by_role("button", name="Stop it, train with the suggested fix").click()
    expect(page.get_by_text("Posterior collapse", exact=True)).to_have_count(0)
    expect(page).not_to_have_url(re.compile(run.id))
    assert complaints(page) == [] and wrong == []
