"""A model's layers as a drawing and as a table. Imports no Streamlit and no torch.

The drawing is an hourglass that stands upright, so that it fits a phone: a bar for each layer, as wide as the logarithm
of the numbers that it puts out, with its name to the right.
"""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pages.ui.charts import CLASS_COLOURS, NORMAL, STRANGE
from pages.ui.text import N_, t, written

if TYPE_CHECKING:
    from vae_core.models.layers import Layer

COLOURS = {"encoder": NORMAL, "code": STRANGE, "decoder": CLASS_COLOURS[4]}
BENDS = {
    "relu": N_("ReLU"),
    "gelu": N_("GELU"),
    "silu": N_("SiLU"),
    "tanh": N_("tanh"),
    "sigmoid": N_("sigmoid"),
}
NAMES = {"picture": N_("image"), "z": N_("code z")}
SHORT = {
    "Image": N_("Image"),
    "Reshape": N_("Image"),
    "Dense": N_("Dense"),
    "Convolution": N_("Conv"),
    "Transposed convolution": N_("Conv"),
}
"""The kinds of layer as the drawing names them, where there is little room."""

# Inside a picture, a browser takes the scheme of the page around it. The colours are the themes' textColor.
STYLE = "<style>svg{color:#1c2a2e;font-family:sans-serif}@media(prefers-color-scheme:dark){svg{color:#e4ebec}}</style>"
WIDTH, GLASS, MARGIN = 360, 132, 18  # of the drawing, of its widest bar, and of the room to its left
ROW, BAR = 34, 16
TEXT, LINE = 12.5, 14


def number_text(count: int) -> str:
    """`3136` as `3,136`, or as the visitor's language writes it."""
    return written(count, ",")


def size_text(shape: Sequence[int]) -> str:
    """`(32, 14, 14)` as `32 × 14 × 14`."""
    return " × ".join(map(number_text, shape))


def title(layer: Layer) -> str:
    """What a layer is, in a few words."""
    words = t(layer.kind)
    if layer.kernel:
        words += f" {layer.kernel} × {layer.kernel}"
    parts = [words]
    if layer.activation:
        parts.append(t(BENDS[layer.activation]))
    if layer.residual:
        parts.append(t("residual"))
    if layer.told:
        parts.append(t("told the class"))
    return ", ".join(parts)


def table(layers: Sequence[Layer]) -> list[dict[str, str]]:
    """A row a layer: its name in the file of weights, what it is, what it puts out, parameters, multiply-adds; sums last."""
    heads = t("Name"), t("Layer"), t("Puts out"), t("Parameters"), t("Multiply-adds")
    rows = [
        (
            t(NAMES.get(layer.name, layer.name)),
            title(layer),
            size_text(layer.shape),
            number_text(layer.parameters),
            number_text(layer.multiply_adds),
        )
        for layer in layers
    ]
    rows.append((t("All"), "", "", number_text(parameters(layers)), number_text(multiply_adds(layers))))
    return [dict(zip(heads, row, strict=True)) for row in rows]


def parameters(layers: Sequence[Layer]) -> int:
    """The parameters of all layers."""
    return sum(layer.parameters for layer in layers)


def multiply_adds(layers: Sequence[Layer]) -> int:
    """The multiply-adds of all layers, for one picture."""
    return sum(layer.multiply_adds for layer in layers)


def drawn(layers: Sequence[Layer]) -> list[Layer]:
    """The layers that are worth a bar: those that hold parameters, the code, and the picture at both ends."""
    last = len(layers) - 1
    return [
        layer for number, layer in enumerate(layers) if layer.parameters or layer.part == "code" or number in (0, last)
    ]


def summary(layers: Sequence[Layer]) -> str:
    """The drawing in a sentence, for those who can't see it."""
    numbers = [number_text(layer.numbers) for layer in drawn(layers)]
    return t("An hourglass of layers, from top to bottom with this many values: {numbers}.", numbers=", ".join(numbers))


def hourglass(layers: Sequence[Layer]) -> str:
    """The drawing as SVG, for `st.image`: its text and lines are dark in the light theme and light in the dark one."""
    rows = drawn(layers)
    most = math.log(1 + max(layer.numbers for layer in rows))
    widths = [max(6.0, GLASS * math.log(1 + layer.numbers) / most) for layer in rows]
    middle, height = MARGIN + GLASS / 2, ROW * len(rows) + 4
    is_sampled = any(layer.name == "z" for layer in rows)
    parts = []
    for number, (layer, width) in enumerate(zip(rows, widths, strict=True)):
        top = 4 + number * ROW
        if number:
            parts.append(_between(middle, widths[number - 1], width, top))
        if layer.residual:
            parts.append(_arc(middle, widths[number - 1], width, top))
        # What a VAE's encoder says is two things: where the cloud of codes lies, and how wide it is.
        is_cloud = is_sampled and layer.part == "code" and layer.name != "z"
        parts.append(_bar(layer, middle, width, top, halves=2 if is_cloud else 1))
        words = t("μ and log σ²: {count} + {count}", count=layer.numbers // 2) if is_cloud else _words(layer)
        lines = [words, t("told the class")] if layer.told else [words]  # side by side they would be cut off
        parts += [
            f'<text x="{MARGIN + GLASS + 12}" y="{top + BAR - 4 + LINE * line}" fill="currentColor" font-size="{TEXT}">'
            f"{html.escape(text)}</text>"
            for line, text in enumerate(lines)
        ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}">'
        f"{STYLE}{''.join(parts)}</svg>"
    )


def _between(middle: float, above: float, width: float, top: float) -> str:
    """What joins two bars: the weights."""
    corners = (
        (middle - above / 2, top - ROW + BAR),
        (middle + above / 2, top - ROW + BAR),
        (middle + width / 2, top),
        (middle - width / 2, top),
    )
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
    return f'<polygon points="{points}" fill="currentColor" fill-opacity="0.09"/>'


def _arc(middle: float, above: float, width: float, top: float) -> str:
    """What goes round a residual layer."""
    start, end = middle - above / 2, middle - width / 2
    left, before, after = min(start, end) - 14, top - ROW + BAR / 2, top + BAR / 2
    return (
        f'<path d="M {start:.1f} {before:.1f} C {left:.1f} {before:.1f}, {left:.1f} {after:.1f}, {end:.1f} {after:.1f}" '
        'fill="none" stroke="currentColor" stroke-opacity="0.6" stroke-width="1.5"/>'
    )


def _bar(layer: Layer, middle: float, width: float, top: float, *, halves: int) -> str:
    gap = 2.0 * (halves - 1)
    side = (width - gap) / halves
    return "".join(
        f'<rect x="{middle - width / 2 + half * (side + gap):.1f}" y="{top}" width="{side:.1f}" height="{BAR}" rx="3" '
        f'fill="{COLOURS[layer.part]}"/>'
        for half in range(halves)
    )


def _words(layer: Layer) -> str:
    if layer.part == "code":
        return t("code: {count}", count=layer.numbers)
    bend = f", {t(BENDS[layer.activation])}" if layer.activation else ""
    return f"{t(SHORT[layer.kind])} {size_text(layer.shape)}{bend}"
