"""The codes of test images while a model learns: a map that moves from each snapshot to the next, in the browser."""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.ui.charts import class_colour
from pages.ui.components import legend
from pages.ui.text import t
from vae_core.film import Film

_HERE = Path(__file__).parent
_COMPONENT = st.components.v2.component(
    "diabolo_live_codes",
    html=(_HERE / "live_codes.html").read_text(encoding="utf-8"),
    css=legend.CSS + (_HERE / "live_codes.css").read_text(encoding="utf-8"),
    js=legend.JS + (_HERE / "live_codes.js").read_text(encoding="utf-8"),
)
_STEPS = 65535  # of a coordinate: two bytes


def payload(frame: Film, classes: int) -> dict[str, Any]:
    """What the browser needs of one frame, without any text: so it may be cached."""
    # What is turned in the browser reaches further at its corners.
    room = 1.2 if frame.is_plane else 1.0
    left, right, bottom, top = np.array(frame.extent) * room + np.repeat(_middle(frame), 2) * (1 - room)
    places = 0.5 + (frame.shares()[-1] - 0.5) / room
    return {
        "epoch": int(frame.epochs[-1]),
        "places": base64.b64encode(np.rint(places * _STEPS).astype("<u2").tobytes()).decode(),
        "labels": frame.labels.tolist(),
        "colours": [class_colour(number) for number in range(classes)],
        "extent": [float(left), float(right), float(bottom), float(top)],
        "turns": frame.is_plane,
    }


def _middle(frame: Film) -> NDArray[np.float64]:
    left, right, bottom, top = frame.extent
    return np.array([(left + right) / 2, (bottom + top) / 2])


def live_codes(data: Mapping[str, Any] | None, *, key: str, names: Sequence[str], rings: bool, dimensions: int) -> None:
    """The map; empty, and as large, without data.

    Args:
        data: From `payload`.
        key: Of the widget.
        names: The classes.
        rings: Draw N(0, I) as circles at 1, 2 and 3 sigma.
        dimensions: How many the codes have.
    """
    shown = (
        {**data, "rings": rings, "names": list(names), "x": _axes(dimensions)[0], "y": _axes(dimensions)[1]}
        if data
        else {"places": "", "labels": [], "names": [], "colours": [], "x": "", "y": ""}
    )
    _COMPONENT(
        key=key, data={"run": key, **shown, "words": _words(data, rings=rings, dimensions=dimensions)}, height="content"
    )


def _axes(dimensions: int) -> tuple[str, str]:
    if dimensions == 1:
        return t("Latent dimension 1"), t("Class")
    if dimensions == 2:
        return t("Latent dimension 1"), t("Latent dimension 2")
    return t("The plane in which the codes differ most (PCA)"), ""


def _words(data: Mapping[str, Any] | None, *, rings: bool, dimensions: int) -> str:
    if data is None:
        return t("The latent space: the first codes come when the training begins.")
    words = [
        t(
            "After epoch {epoch}. The latent space: the codes of {count} test images, coloured by class.",
            epoch=data["epoch"],
            count=len(data["labels"]),
        )
    ]
    if rings and dimensions > 1:
        words.append(t("Dotted: N(0, I) at 1, 2 and 3 σ."))
    return " ".join(words)
