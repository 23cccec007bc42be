"""The evidence of a fault as a chart and in words. Imports no Streamlit."""

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from pages.ui.charts import NORMAL, STRANGE, template
from pages.ui.text import N_, t

if TYPE_CHECKING:
    from vae_core.diagnosis import Check

HEIGHT = 230
NAMES = {
    "loss": N_("Training"),
    "before": N_("Before the training"),
    "train": N_("Training"),
    "validation": N_("Validation"),
    "kl": N_("KL of each dimension"),
    "kl_so_far": N_("KL"),
    "dead": N_("Dead units"),
    "real": N_("Real images"),
    "drawn": N_("Drawn images"),
}


def evidence(check: "Check") -> tuple[go.Figure, str]:
    """What a check's number was read from.

    Returns:
        The chart, and its caption.
    """
    if "kl_so_far" in check.series:
        return _lines(check, t("Epoch"), t("nats per image")), t(
            "What the code says of an image at the end of each epoch, in nats."
        )
    if check.kind == "collapse":
        return _bars(check, t("Latent dimension, the fullest first"), t("nats")), t(
            "What each latent dimension says of an image, in nats."
        )
    if check.kind == "dead_units":
        return _bars(check, t("Hidden layer"), t("share of its units")), t(
            "The share of each layer's units that are 0 for every image."
        )
    if check.kind == "holes":
        return _lines(check, t("Image, the nearest first"), t("pixel distance")), t(
            "How far drawn images lie from the nearest real one, and how far real ones do that the model never saw."
        )
    return _lines(check, t("Epoch"), t("nats per image")), t("The loss at the end of each epoch.")


def _bars(check: "Check", x: str, y: str) -> go.Figure:
    ((name, values),) = check.series.items()
    figure = go.Figure()
    figure.add_bar(x=np.arange(1, len(values) + 1), y=values, name=t(NAMES[name]), marker={"color": NORMAL})
    return template(figure, height=HEIGHT, x=x, y=y)


def _lines(check: "Check", x: str, y: str) -> go.Figure:
    figure = go.Figure()
    for (name, values), colour in zip(check.series.items(), (NORMAL, STRANGE), strict=False):
        figure.add_scatter(
            x=np.arange(1, len(values) + 1),
            y=values,
            mode="lines",
            name=t(NAMES[name]),
            line={"color": colour, "width": 2},
        )
    return template(figure, height=HEIGHT, x=x, y=y)
