"""The latent map under the cursor: points over decoded tiles; every move is answered by the browser itself.

Python sends the atlas and the points once a map and hears of a place only when it was kept.
"""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.ui.charts import class_colour
from pages.ui.components import legend
from pages.ui.text import language, t
from vae_core.atlas import Atlas, Places

_HERE = Path(__file__).parent
_COMPONENT = st.components.v2.component(
    "diabolo_latent_map",
    html=(_HERE / "latent_map.html").read_text(encoding="utf-8"),
    css=legend.CSS + (_HERE / "latent_map.css").read_text(encoding="utf-8"),
    js=legend.JS + (_HERE / "latent_map.js").read_text(encoding="utf-8"),
)


def payload(atlas: Atlas, places: Places, labels: NDArray[np.int64], classes: int, *, prior: bool) -> dict[str, Any]:
    """What the browser needs of a map, without any text of ours: so it may be cached.

    Args:
        labels: The class of every picture, not only of those in `places`.
        classes: How many there are.
        prior: N(0, I) has a meaning for this model.
    """
    left, right, bottom, top = atlas.extent
    shares = np.stack(
        [(places.points[:, 0] - left) / (right - left), (places.points[:, 1] - bottom) / (top - bottom)], axis=1
    )
    found: dict[str, Any] = {
        "atlas": base64.b64encode(atlas.webp).decode(),
        "tiles": atlas.tiles,
        "tile": list(atlas.tile),
        "extent": list(atlas.extent),
        # Bytes are enough for the eye, and four times smaller than numbers in JSON.
        "points": _packed(np.rint(shares.clip(0, 1) * 65535), np.uint16),
        "labels": _packed(labels[places.index], np.uint8),
        "colours": [class_colour(number) for number in range(classes)],
        "prior": prior,
        "ellipses": None,
    }
    if places.ellipses is not None:
        axes = places.ellipses[:, :2] / (right - left) * 2048  # half axes of up to an eighth of the map
        angle = places.ellipses[:, 2:] / np.pi * 255
        found["ellipses"] = _packed(np.rint(np.concatenate([axes, angle], axis=1)).clip(0, 255), np.uint8)
    return found


def latent_map(
    data: Mapping[str, Any],
    *,
    key: str,
    axes: tuple[str, str],
    names: Sequence[str],
    kept: Sequence[float] | None,
) -> tuple[float, float] | None:
    """The map.

    Args:
        data: From `payload`.
        key: Of the widget; another map needs another one.
        axes: The axes' titles.
        names: The classes.
        kept: The place that is marked, if one is.

    Returns:
        The place that the visitor kept, on the plane; `None` before.
    """
    words = {"id": key, "axes": list(axes), "names": list(names), "language": language(), "texts": _texts()}
    result = _COMPONENT(
        key=key,
        data={**data, **words, "kept": None if kept is None else list(kept)},
        default={"place": None},
        on_place_change=_heard,
        height="content",
    )
    return place_on(result.place, data["extent"])


def _heard() -> None:
    """Streamlit wants a callback to send a value at all; what it says is read from the result."""


def place_on(place: object, extent: Sequence[float]) -> tuple[float, float] | None:
    """What a browser sent, if it is a place on the map: it may send anything."""
    if not isinstance(place, list | tuple) or len(place) != 2:
        return None
    if not all(isinstance(one, int | float) and np.isfinite(one) for one in place):
        return None
    left, right, bottom, top = extent
    return min(max(float(place[0]), left), right), min(max(float(place[1]), bottom), top)


def _packed(array: NDArray[Any], kind: type[np.generic]) -> str:
    little = np.ascontiguousarray(array.astype(np.dtype(kind).newbyteorder("<")))
    return base64.b64encode(little.tobytes()).decode()


def _texts() -> dict[str, str]:
    return {
        "map": t(
            "Map of the latent space. The arrow keys move the cursor, Enter keeps its point, Escape removes the path."
        ),
        "preview": t("What the decoder draws at this point"),
        "place": t("At {x}; {y}"),
        "kept": t("Kept: {x}; {y}"),
        "keep": t("Click or tap to keep a point."),
        "points": t("Test images"),
        "tiles": t("Decoded images"),
        "density": t("Density of the data"),
        "prior": t("N(0, I)"),
        "ellipses": t("Sigma ellipses"),
        "play": t("Play the path"),
        "pause": t("Pause"),
        "clear": t("Clear the path"),
        "no_ellipses": t("An autoencoder's codes are points without a spread."),
        "no_prior": t("Nothing holds an autoencoder's codes near N(0, I)."),
    }
