"""One line on a page whose pictures a fault of the run explains, and the way to the coach. Never of a healthy run."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import streamlit as st

from pages.ui import cache, coach
from pages.ui.navigation import BY_NAME
from pages.ui.text import N_, t
from vae_core import diagnosis, verdict
from vae_core.errors import DiaboloError
from vae_core.runs import Run

if TYPE_CHECKING:
    from vae_core.diagnosis import Check

HINTS: Mapping[str, Mapping[str, str]] = {
    "rate_high": {
        "reconstruct": N_("It learnt in too large steps, so its images are worse than they could be."),
    },
    "collapse": {
        "generate": N_(
            "Its images look nearly all alike because its code says next to nothing: {value:.2f} nats of an image."
        ),
        "latent": N_(
            "Its code says next to nothing of an image, {value:.2f} nats, so codes lie where chance puts them."
        ),
        "reconstruct": N_(
            "It reconstructs nearly the same image for all because its code says next to nothing: {value:.2f} nats."
        ),
    },
    "rate_low": {
        "reconstruct": N_("It learnt in too small steps, so its images are blurrier than they could be."),
    },
    "overfitting": {
        "reconstruct": N_(
            "It memorised (overfitted): on images that it doesn't learn from, such as these, it was better "
            "after epoch {best}."
        ),
    },
    "holes": {
        "generate": N_(
            "Some of its images look unreal because its latent space has holes: {value:.0%} of those drawn "
            "from N(0, I) look like no real one."
        ),
    },
    "too_short": {
        "reconstruct": N_("Its training was short: it was still getting better when it stopped."),
    },
}
"""What a fault does to what a page shows, by the fault and the page. A fault that has no line there is not told there."""
IN_USE = N_("Active dimensions: {active} of {count}.")


def hint(page: str, checks: Sequence["Check"]) -> "Check | None":
    """The gravest fault that has a line on this page."""
    faults = [check for check in diagnosis.ordered(checks) if check.is_fault]
    return next((check for check in faults if page in HINTS.get(check.kind, {})), None)


def words(page: str, check: "Check") -> str:
    """What a fault does to what a page shows."""
    said = t(HINTS[check.kind][page], **check.values)
    if page == "latent" and "active" in check.values:  # counting them takes the model, which a look at the curves lacks
        said += " " + t(IN_USE, **check.values)
    return said


def show_hint(page: str, run: Run) -> None:
    """The line, where there is something to say. A healthy run costs no look at its model, but for an autoencoder's.

    Args:
        page: The page's name in `PAGES`.
    """
    # Also without a line: a fragment below is known by its place, and a click in one that has moved is lost.
    with st.container(), suppress(DiaboloError):  # its files are damaged: the page says so
        found = hint(page, _checks(page, run))
        if found is None:
            return
        with st.container(horizontal=True, vertical_alignment="center", key="hint"):
            st.markdown(f":material/warning: {words(page, found)}", width="content")
            st.page_link(
                BY_NAME["train"].script,
                label=t("What the coach says"),
                icon=":material/healing:",
                query_params={"run": run.id},
            )


def _checks(page: str, run: Run) -> list["Check"]:
    if run.state() in coach.UNFINISHED:
        return list(coach.verdict_so_far(run).checks)
    events = cache.log(run).read()
    kinds = [diagnosis.CHECKS[kind] for kind, pages in HINTS.items() if page in pages]
    if any(kind.of_model and kind.may_be(run.config, events) for kind in kinds):
        return coach.all_checks(run)
    return list(verdict.judge(run.config, events).checks)
