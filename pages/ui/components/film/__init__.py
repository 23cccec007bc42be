"""The film of a training: one scrubber moves curves, pictures and points together, all in the browser."""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from pages.ui.charts import NORMAL, STRANGE, class_colour
from pages.ui.components import legend
from pages.ui.standing import Points
from pages.ui.text import language, t
from vae_core.film import COLUMNS, Film

_HERE = Path(__file__).parent
_COMPONENT = st.components.v2.component(
    "diabolo_film",
    html=(_HERE / "film.html").read_text(encoding="utf-8"),
    css=legend.CSS + (_HERE / "film.css").read_text(encoding="utf-8"),
    js=legend.JS + (_HERE / "film.js").read_text(encoding="utf-8"),
)
MOST_POINTS = 200  # of a curve


def payload(film: Film, classes: int) -> dict[str, Any]:
    """What the browser needs of a film, without any text: so it may be cached."""
    return {
        "sprite": base64.b64encode(film.sprite()).decode(),
        "columns": COLUMNS,
        "tile": list(film.originals.shape[2:]),
        "epochs": film.epochs.tolist(),
        # A byte for each coordinate: the picture is not much wider.
        "places": base64.b64encode(np.rint(film.shares() * 255).astype(np.uint8).tobytes()).decode(),
        "labels": film.labels.tolist(),
        "colours": [class_colour(number) for number in range(classes)],
    }


def film_player(
    data: Mapping[str, Any],
    curves: tuple[Points, Points],
    *,
    key: str,
    names: Sequence[str],
    epoch: int | None,
    wide: bool,
) -> int | None:
    """The player.

    Args:
        data: From `payload`.
        curves: While it learns, and on validation pictures: see `standing.curves`.
        key: Of the widget.
        names: The classes.
        epoch: Where the film stands; its end for `None`.
        wide: The codes have more numbers than the map shows.

    Returns:
        The epoch at which the visitor left the scrubber; `None` before.
    """
    train, validation = curves
    lines = [_line(train, NORMAL), _line(validation, STRANGE)]
    words = {"names": list(names), "language": language(), "texts": _texts(wide)}
    result = _COMPONENT(
        key=key,
        data={**data, "id": f"{key}-{len(data['epochs'])}", "epoch": epoch, "curves": lines, **words},
        default={"epoch": None},
        on_epoch_change=_heard,
        height="content",
    )
    return result.epoch if result.epoch in data["epochs"] else None


def _line(points: Points, colour: str) -> dict[str, Any]:
    every = 1 + len(points["epoch"]) // MOST_POINTS
    rows = zip(points["epoch"][::every].tolist(), points["loss"][::every].tolist(), strict=True)
    return {"colour": colour, "points": [[round(x, 3), round(y, 3)] for x, y in rows if np.isfinite(y)]}


def _heard() -> None:
    """Streamlit wants a callback to send a value at all; the epoch is read from the result."""


def _texts(wide: bool) -> dict[str, str]:
    return {
        "scrubber": t("Epoch"),
        "play": t("Play"),
        "pause": t("Pause"),
        "speed": t("Speed"),
        "start": t("Before the training"),
        "frame": t("After epoch {epoch}"),
        "loss": t("After epoch {epoch}: {loss} nats on the validation images"),
        "curve": t("Loss in nats, by epoch. Solid: training. Dashed: validation."),
        "recon": t("Above, test images; below, their reconstructions."),
        "samples": t("The same 16 random codes, decoded."),
        "places": t("The codes of the same test images, on the plane on which they differ most at the end.")
        if wide
        else t("The codes of the same test images, coloured by class."),
    }
