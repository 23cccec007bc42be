"""What the form of a run decides: widths from text, what a model of these settings needs, why it can't start.

Imports no Streamlit and no torch.
"""

from collections.abc import Mapping
from typing import Any, get_args

import annotated_types

from pages.ui.text import N_, tn
from vae_core import datasets
from vae_core.config import DEFAULT_HIDDEN, RunConfig, field
from vae_core.environment import threads_for
from vae_core.errors import InputError
from vae_core.settings import bounds

Widths = tuple[int, ...]


def widths_text(widths: Widths) -> str:
    """`(512, 256)` as it is typed: `512, 256`."""
    return ", ".join(map(str, widths))


WIDTHS = ("model.hidden", "model.decoder_hidden")
"""The settings that are typed as text. The decoder's may be empty: then it has the encoder's in reverse."""


def parse_widths(text: str, path: str = "model.hidden") -> Widths:
    """What a person typed as hidden widths: whole numbers with commas, semicolons or blanks between.

    Args:
        text: As typed.
        path: Of which setting in `WIDTHS`.

    Raises:
        InputError: It is something else, or outside the setting's limits.
    """
    low, high, most = width_limits()
    words = text.replace(",", " ").replace(";", " ").split()
    if not 1 <= len(words) <= most or not all(word.isascii() and word.isdecimal() for word in words):
        refused = {
            "model.hidden": N_(
                "The hidden widths are '{text}', but must be one to {most} whole numbers with commas between, "
                "such as 512, 256."
            ),
            "model.decoder_hidden": N_(
                "The decoder's hidden widths are '{text}', but must be one to {most} whole numbers with commas "
                "between, such as 256, 512, or nothing at all: then they are the encoder's in reverse."
            ),
        }[path]
        raise InputError(refused, text=text[:60], most=most)
    for word in words:
        if len(word) > 9 or not low <= int(word) <= high:
            raise InputError(
                N_("A hidden width is {width}, but must be from {low} to {high}. Choose one in that range."),
                width=word[:20],
                low=low,
                high=high,
            )
    return tuple(map(int, words))


def width_limits() -> tuple[int, int, int]:
    """The smallest and the largest hidden width, and the most layers."""
    info = field("model.hidden")
    low, high = bounds(get_args(get_args(info.annotation)[0])[1])
    most = next(m.max_length for m in info.metadata if isinstance(m, annotated_types.MaxLen))
    return low, high, most


def widths_for(network: str, typed: str) -> str:
    """The text of the hidden widths after the network was changed: what a person wrote stays, a default gives way."""
    is_default = typed.strip() in {widths_text(widths) for widths in DEFAULT_HIDDEN.values()}
    return widths_text(DEFAULT_HIDDEN[network]) if is_default or not typed.strip() else typed


def halvings(shape: tuple[int, int, int], kernel: int) -> int:
    """How often a picture of (C, H, W) can be halved by convolutions of that kernel before one pixel is left.

    An odd kernel rounds the half up, an even one down.
    """
    side, count = max(shape[1:]), 0
    while side > 1:
        side = max((side + kernel % 2) // 2, 1)
        count += 1
    return count


def training_images(config: RunConfig) -> int:
    """About how many pictures such a run learns from; classes count as if they were equally large.

    Raises:
        InputError: There is no such data set.
    """
    source = datasets.source(config.data.name)
    count = len(source.class_names)
    share = (count if config.data.classes is None else len(config.data.classes)) / count
    if config.data.rare_class is not None:
        share -= (1 - config.data.rare_share) / count
    left_out = datasets.source("digits").sizes["test"] if config.data.leave_out_digits_test else 0
    total = source.sizes["train"] - left_out
    return max(1, round(total * share * (1 - config.data.validation)))


def threads_remark(config: RunConfig) -> str:
    """What to know before settings from a larger machine are trained on this one; empty where it has enough threads."""
    asked, used = config.training.threads, threads_for(config.training.threads)
    if asked is None or used == asked:
        return ""
    return tn(
        "These settings ask for {asked} thread, but this machine has {used} to give: it trains on those. The "
        "model is as good; the last bits of its weights may differ from those of a larger machine.",
        "These settings ask for {asked} threads, but this machine has {used} to give: it trains on those. The model is as "
        "good; the last bits of its weights may differ from those of a larger machine.",
        "asked",
        asked=asked,
        used=used,
    )


def check(config: RunConfig) -> None:
    """Whether such a run can start on this machine, as far as can be told without reading any picture.

    Raises:
        InputError: It can't; the message says why and what to do.
    """
    source = datasets.source(config.data.name)
    if not datasets.is_present(config.data.name):
        raise InputError(
            N_("The data set '{name}' is not on this machine yet. Download it, or choose 'digits'."),
            name=config.data.name,
        )
    if config.data.classes is not None and max(config.data.classes) >= len(source.class_names):
        raise InputError(
            N_("'{name}' has only {count} classes. Choose among them."),
            name=config.data.name,
            count=len(source.class_names),
        )
    _check_rare_class(config)
    _, height, width = source.image_shape
    most = halvings(source.image_shape, config.model.kernel)
    layers = max(len(config.model.hidden), len(config.model.decoder_hidden or ()))
    if config.model.network == "conv" and layers > most:
        raise InputError(
            N_(
                "There are {layers} hidden widths, but an image of {height} x {width} pixels can be halved only {most} "
                "times. Take some away."
            ),
            layers=layers,
            height=height,
            width=width,
            most=most,
        )
    images = training_images(config)
    if config.training.batch_size > images:
        raise InputError(
            N_(
                "The batch size is {batch_size}, but there are only about {images} training images. Choose a smaller "
                "batch size, or more classes."
            ),
            batch_size=config.training.batch_size,
            images=images,
        )


def _check_rare_class(config: RunConfig) -> None:
    rare, classes = config.data.rare_class, config.data.classes
    names = datasets.source(config.data.name).class_names
    if rare is None:
        return
    if rare >= len(names):
        raise InputError(
            N_("The rare class is {number}, but '{name}' has only {count} classes. Choose another."),
            number=rare,
            name=config.data.name,
            count=len(names),
        )
    if classes is not None and rare not in classes:
        raise InputError(
            N_("The rare class '{rare}' is not among the classes to learn from. Choose it there as well, or another."),
            rare=names[rare],
        )


def from_values(values: Mapping[str, Any]) -> RunConfig:
    """Settings from what the widgets hold, by dotted names; a setting without a value takes its default.

    Hidden widths are text, no classes at all mean all of them, and an empty recipe means none.

    Raises:
        InputError: A value is not one that its setting takes.
    """
    changes = dict(values)
    for path in WIDTHS:
        if path in changes:
            text = str(changes[path] or "")
            is_mirrored = path == "model.decoder_hidden" and not text.strip()
            changes[path] = None if is_mirrored else list(parse_widths(text, path))
    if "recipe" in changes:
        changes["recipe"] = changes["recipe"] or None
    if "data.classes" in changes:
        changes["data.classes"] = changes["data.classes"] or None
    return RunConfig().with_values(changes)


def to_values(config: RunConfig, paths: tuple[str, ...]) -> dict[str, Any]:
    """The other way round: what the widgets of these settings hold."""
    values = {path: config.get(path) for path in paths}
    for path in WIDTHS:
        if path in values:
            values[path] = widths_text(values[path] or ())
    if "recipe" in values:
        values["recipe"] = values["recipe"] or ""
    if "data.classes" in values:
        values["data.classes"] = list(values["data.classes"] or ())
    return values
