"""Every page with all that it folds away opened: words, code and formulas, room on a phone, and what axe-core finds."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.browser.driving import PHONE, WIDE, Server, complaints, overflow, problems, settle
from tests.browser.kept import KEPT, opening

GRAVE = ("serious", "critical")
# Streamlit 1.67 puts headings between the items of its sidebar's own list; no app can change that.
NOT_OURS = {"exclude": [['[data-testid="stSidebarNav"]']]}
EXPLAINED = '[data-testid="stExpanderDetails"] [data-testid="stMarkdownContainer"]'
ABOUT = ("Details", "How is this made?", "Why are they blurry?", "What do these numbers mean?")
ABOUT += ("How sure are these figures?", "What is the Fréchet distance?")
PARTS = (  # of the page Train
    "Training film",
    "Slow motion: one training step",
    "What if …?",
    "Export",
    "The layers of this model",
)
ADDRESSES = {
    "home": "?run=starter-vae-2d",
    "train": "train?run=starter-vae-2d",
    "generate": "generate?run=starter-vae-2d",
    "reconstruct": "reconstruct?run=starter-vae-conv-16d",
    "anomalies": "reconstruct?run=starter-vae-conv-16d&view=anomalies",
    "draw": "draw?run=starter-vae-2d&picture=18",
    "latent": "latent?run=starter-vae-2d",
    "compare": "compare?runs=starter-vae-2d,starter-ae-2d",
    "experiments": "experiments?run=starter-vae-2d",
    "how": "how?run=starter-vae-2d",
}
WITHOUT_DETAILS = ("home", "experiments")


class Unfolded(NamedTuple):
    """A page with everything open.

    Attributes:
        name: A name in `ADDRESSES`.
        page: Wide, and light at first.
        pale: The labels that could not be read when they were folded.
        wrong: What went wrong so far, as from `problems`.
    """

    name: str
    page: Page
    pale: list[str]
    wrong: list[str]


@pytest.fixture(scope="module", params=ADDRESSES)
def unfolded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Unfolded]:
    """Each page, loaded once for all tests here."""
    server: Server = KEPT.server("server", tmp_path_factory)
    with opening() as open_page:
        page = open_page()
        wrong = problems(page)
        page.goto(f"{server.address}/{ADDRESSES[request.param]}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        settle(page)
        pale = page.locator("summary").evaluate_all(
            "all => all.filter(one => getComputedStyle(one).opacity !== '1').map(one => one.innerText)"
        )
        if request.param == "how":
            for label in ("The formula", "Show the code"):
                for summary in page.get_by_text(label, exact=True).all():
                    summary.click()
            settle(page)
        elif request.param not in WITHOUT_DETAILS:
            _open_all(page)
        yield Unfolded(request.param, page, pale, wrong)


def _open_all(page: Page) -> None:
    settle(page)  # what a page tells the server by itself at first, such as its open tab, has been answered
    for name in PARTS if page.url.split("?")[0].endswith("/train") else ():
        page.get_by_test_id("stExpander").get_by_text(name, exact=True).click()
        settle(page)
    expect(_about(page).first).to_be_visible()
    for number in range(_about(page).count()):
        label = _about(page).nth(number)
        label.click()
        # What it holds comes from the server: at least a paragraph each.
        expect(label.locator("xpath=..").locator(EXPLAINED).first).to_be_attached()
        settle(page)
    expect(page.get_by_text("Show the code", exact=True).first).to_be_visible()
    for toggle in page.get_by_text("Show the code", exact=True).all():
        toggle.click()
        settle(page)


def _about(page: Page) -> Locator:
    """Everything on the page that opens to what stands behind something."""
    summaries = page.get_by_test_id("stExpander").locator("summary")
    return summaries.filter(has_text=ABOUT[0]).or_(
        summaries.filter(has=page.locator(",".join(f':text-is("{label}")' for label in ABOUT[1:])))
    )


def test_everything_that_opens_has_words_and_code_and_formulas_that_can_be_drawn(unfolded: Unfolded) -> None:
    page = unfolded.page
    if unfolded.name == "how":
        expect(page.locator(".katex").first).to_be_visible()
    if unfolded.name not in WITHOUT_DETAILS:
        expect(page.get_by_test_id("stCode").first).to_contain_text("def ")
    assert page.locator(".katex-error").count() == 0
    assert complaints(page) == []
    assert unfolded.wrong == []


def test_a_label_that_unfolds_can_be_read(unfolded: Unfolded) -> None:
    """axe-core sees it only now and then."""
    assert unfolded.pale == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(unfolded: Unfolded, scheme: str) -> None:
    page = unfolded.page
    page.set_viewport_size(WIDE)
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    expect(page.get_by_test_id("stApp")).to_have_css("color-scheme", scheme)
    settle(page)
    expect(page.get_by_role("button", name="Copy link")).to_be_visible()  # the last thing on every page
    if unfolded.name == "draw":
        expect(page.locator(".js-plotly-plot")).to_have_count(2)
    found: dict[str, Any] = Axe().run(page, NOT_OURS, {"resultTypes": ["violations"]}).response
    assert [
        f"{finding['id']} ({len(finding['nodes'])}): {finding['nodes'][0]['html'][:200]} "
        f"{finding['nodes'][0]['failureSummary'][:300]}"
        for finding in found["violations"]
        if finding["impact"] in GRAVE
    ] == []


def test_all_of_it_fits_a_phone(unfolded: Unfolded) -> None:
    unfolded.page.set_viewport_size(PHONE)
    settle(unfolded.page)
    assert overflow(unfolded.page) == 0
