"""What the experiment of the rare class draws and says: the chart, the tables, the sentences, made pictures in their
frame. Imports no Streamlit and no torch."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from PIL import ImageColor

from pages.ui.certainty import adjusted
from pages.ui.charts import CLASS_COLOURS, NEUTRAL, NORMAL, STRANGE, template
from pages.ui.images import sheet
from pages.ui.text import N_, t, written
from vae_core.fillings import METHODS, Kind
from vae_core.significance import Difference, holm, independent

Metric = Literal["f1", "recall", "precision", "balanced_accuracy"]
METRICS: Mapping[Metric, tuple[str, str]] = {
    "f1": (N_("F1"), N_("The harmonic mean of recall and precision, from 0 to 1.")),
    "recall": (N_("Recall"), N_("The share of the rare class's test images that are found.")),
    "precision": (N_("Precision"), N_("The share of the images flagged as rare that are of the rare class.")),
    "balanced_accuracy": (N_("Balanced accuracy"), N_("The mean recall of all classes.")),
}
BEST_DRAWING = "cvae-posterior-3"
"""The VAE's way that is spoken of: chosen on validation pictures, not by what it gives here."""

KINDS: Mapping[Kind, tuple[str, str]] = {
    "reference": (N_("To compare with"), NEUTRAL),
    "real": (N_("Real images only"), NORMAL),
    "classic": (N_("New images, no model"), CLASS_COLOURS[4]),
    "model": (N_("New images, drawn by a VAE"), STRANGE),
}
SYNTHETIC, REAL = STRANGE, "#808c90"
FRAME = 2  # pixels
_LINE = 20  # letters


class Spread(NamedTuple):
    """A figure over several seeds. `deviation` is 0 for one."""

    mean: float
    deviation: float

    def __str__(self) -> str:
        mean, deviation = (written(value, ".3f") for value in (self.mean, self.deviation))
        return f"{mean} ± {deviation}" if self.deviation else mean


def spread(values: Sequence[float]) -> Spread:
    return Spread(statistics.mean(values), statistics.stdev(values) if len(values) > 1 else 0.0)


def comparison(methods: Mapping[str, Mapping[str, Sequence[float]]], metric: Metric) -> go.Figure:
    """A dot for each way with the spread over its classifiers, and each classifier as a small dot.

    Args:
        methods: Figures by way and name, a list of one for each seed.
        metric: Which figure.
    """
    names = list(METHODS)
    places = {name: _wrapped(t(METHODS[name].title)) for name in names if name in methods}
    figure = go.Figure()
    for kind, (title, colour) in KINDS.items():
        rows = [name for name in places if METHODS[name].kind == kind]
        if not rows:
            continue
        found = [spread(methods[name][metric]) for name in rows]
        figure.add_scatter(
            x=[value for name in rows for value in methods[name][metric]],
            y=[places[name] for name in rows for _ in methods[name][metric]],
            mode="markers",
            marker={"color": colour, "size": 6, "opacity": 0.45},
            showlegend=False,
            hovertemplate=t("one classifier: %{x:.3f}") + "<extra></extra>",
        )
        figure.add_scatter(
            x=[one.mean for one in found],
            y=[places[name] for name in rows],
            error_x={"type": "data", "array": [one.deviation for one in found], "color": colour, "thickness": 2},
            name=t(title),
            mode="markers",
            marker={"color": colour, "size": 12},
            text=[str(one) for one in found],
            hovertemplate="%{y}: %{text}<extra></extra>",
        )
    template(figure, height=150 + 42 * len(places), x=t("{metric} on real test images", metric=t(METRICS[metric][0])))
    figure.update_yaxes(categoryorder="array", categoryarray=list(places.values())[::-1], ticklabelstandoff=6)
    figure.update_xaxes(rangemode="tozero")
    return figure


def _wrapped(title: str) -> str:
    """A long title in lines, so that a phone has room for the chart."""
    lines = [""]
    for word in title.split():
        if lines[-1] and len(lines[-1]) + len(word) >= _LINE:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "<br>".join(lines)


def results_table(methods: Mapping[str, Mapping[str, Sequence[float]]]) -> list[dict[str, str]]:
    """A row for each way: each figure with its spread."""
    return [
        {
            t("Oversampled with"): t(METHODS[name].title),
            **{t(title): str(spread(methods[name][metric])) for metric, (title, _) in METRICS.items()},
        }
        for name in METHODS
        if name in methods
    ]


def legend(figures: Mapping[str, Any], class_name: str) -> str:
    """What the table shows: means and spreads only where there are several classifiers."""
    seeds = _seeds(figures["methods"])
    words = [
        t(
            "Mean ± standard deviation of {seeds} classifiers, on {count:,} real test images, {rare:,} of them of class "
            "{name}.",
            seeds=seeds,
            count=figures["test_images"],
            rare=figures["test_rare"],
            name=class_name,
        )
        if seeds > 1
        else t(
            "Of one classifier each, on {count:,} real test images, {rare:,} of them of class {name}.",
            count=figures["test_images"],
            rare=figures["test_rare"],
            name=class_name,
        ),
        t(
            "The class has {kept:,} real training images and gets {added:,} more.",
            kept=figures["kept"],
            added=figures["added"],
        ),
    ]
    if BEST_DRAWING in figures["methods"]:
        words.append(t("Width 3 was chosen on validation images, not by this table."))
    return " ".join(words)


def dots(methods: Mapping[str, Mapping[str, Sequence[float]]]) -> str:
    """What the chart's dots are."""
    if _seeds(methods) > 1:
        return t("Large dots are means, bars standard deviations, small dots single classifiers.")
    return t("Each dot is a single classifier.")


def _seeds(methods: Mapping[str, Mapping[str, Sequence[float]]]) -> int:
    return len(next(iter(methods.values()))["f1"])


def copies_table(copies: Mapping[str, Mapping[str, float]]) -> list[dict[str, Any]]:
    """A row for each way that puts pictures to the class: are they copies?"""
    return [
        {
            t("Made by"): t(METHODS[name].title),
            t("Distance"): check["distance"],
            t("Closer than real ones"): check["closer"],
            t("Closer to learnt ones"): check["drawn_to_learnt"],
        }
        for name, check in copies.items()
    ]


def sentences(figures: Mapping[str, Any], class_name: str) -> list[str]:
    """What the comparison shows, in words: a difference is one where the spread over the classifiers does not explain it.

    Args:
        figures: Of the study `oversampling`.
        class_name: The rare class, translated.
    """
    methods = figures["methods"]
    f1 = {name: spread(row["f1"]) for name, row in methods.items()}
    gaps = _gaps(methods)
    found = []
    if "nothing" in methods:
        found.append(
            t(
                "Left as it is, with {kept:,} images of class {label}, the classifier finds **{recall:.0%}** of the "
                "{count:,} real ones in the test set.",
                kept=figures["kept"],
                label=class_name,
                recall=spread(methods["nothing"]["recall"]).mean,
                count=figures["test_rare"],
            )
        )
    if BEST_DRAWING in methods:
        found.append(
            t(
                "Oversampled with {added:,} drawings of the conditional VAE (near real ones × 3) it finds "
                "**{recall:.0%}**, at an F1 of **{f1}**.",
                added=figures["added"],
                recall=spread(methods[BEST_DRAWING]["recall"]).mean,
                f1=f1[BEST_DRAWING],
            )
        )
        for name in RIVALS:
            if name in f1:
                found.append(_against(f1[BEST_DRAWING], f1[name], name, gaps[BEST_DRAWING, name]))
        if FREELY in f1:
            found.append(_freely(f1[BEST_DRAWING], f1[FREELY], gaps[BEST_DRAWING, FREELY]))
    elif set(RIVALS) <= set(f1):
        found.append(t("SMOTE reaches an F1 of {smote}, affine augmentation {affine}.", **f1))
    if ALONE in gaps:
        found.append(_alone(f1["vae"], f1["copies"], figures["kept"], gaps[ALONE]))
    if "real" in f1:
        found.append(_real(methods, f1["real"]))
    if gaps:
        found.append(_certainty(methods, next(iter(gaps.values()))))
    return found


RIVALS, FREELY, ALONE = ("smote", "affine"), "cvae-prior", ("vae", "copies")
"""What the VAE's drawings are held against, in words; and a VAE of the rare class alone against copies."""


def _gaps(methods: Mapping[str, Mapping[str, Sequence[float]]]) -> dict[tuple[str, str], Difference]:
    """The differences in F1 that the sentences speak of. Each classifier is a training with a seed of its own."""
    pairs = [*((BEST_DRAWING, other) for other in (*RIVALS, FREELY)), ALONE]
    return holm(
        {
            (one, other): independent(methods[one]["f1"], methods[other]["f1"])
            for one, other in pairs
            if one in methods and other in methods
        }
    )


def _certainty(methods: Mapping[str, Mapping[str, Sequence[float]]], gap: Difference) -> str:
    """What the differences include, and what they don't."""
    count = _seeds(methods)
    if count < 2:
        return t(
            "One classifier of each method tells no spread, so no difference is called one: choose at "
            "least two, better five."
        )
    words = t(
        "A difference is called one where the spread of {count} classifiers gives it less than once in twenty times "
        "(Student's t).",
        count=count,
    )
    if gap.compared > 1:
        words += " " + adjusted(gap)
    if any(METHODS[name].kind == "model" and name != "vae" for name in methods):
        words += " " + t(
            "The conditional VAE was trained once: how much trainings of it with other seeds differ is not included."
        )
    return words


def _real(methods: Mapping[str, Mapping[str, Sequence[float]]], real: Spread) -> str:
    """All the real pictures against everything that was made."""
    made = {name: row["f1"] for name, row in methods.items() if name not in ("real", "nothing")}
    gaps = {name: independent(methods["real"]["f1"], f1) for name, f1 in made.items()}
    values = {"real": real}
    # Each must be clearly below: that all are is claimed no more often than for the least clear of them.
    if gaps and all(gap.is_clear and gap.value > 0 for gap in gaps.values()):
        return t("With all the real images of the class it would be {real}: nothing made replaces those.", **values)
    alike = [name for name, gap in gaps.items() if not gap.is_clear]
    if alike:
        names = ", ".join(t(METHODS[name].title) for name in alike)
        return t(
            "With all the real images of the class it would be {real}: no measurable difference from {names}.",
            names=names,
            **values,
        )
    return t("With all the real images of the class it would be {real}.", **values)


def _against(ours: Spread, other: Spread, name: str, gap: Difference) -> str:
    """The VAE's drawings against another way, and whether the difference is more than the spread."""
    values = {"method": t(METHODS[name].title), "ours": ours, "other": other}
    if not gap.is_clear:
        return t("{method} reaches {other}: no measurable difference from these drawings.", **values)
    if gap.value > 0:
        return t("{method} reaches {other}: these drawings do better.", **values)
    if name == "affine":
        return t(
            "**Affine augmentation does better than these drawings, without any network: F1 {other} "
            "against {ours}.** Whoever knows which transformations are allowed should use them.",
            **values,
        )
    return t("**{method} does better than these drawings: F1 {other} against {ours}.**", **values)


def _alone(vae: Spread, copies: Spread, kept: int, gap: Difference) -> str:
    """A VAE of the rare class alone against plain copies."""
    values = {"vae": vae, "copies": copies, "kept": kept}
    if not gap.is_clear:
        return t(
            "A VAE that learnt from the {kept:,} rare images alone shows no measurable difference from plain copies: F1 "
            "{vae} against {copies}.",
            **values,
        )
    if gap.value < 0:
        return t(
            "A VAE that learnt from the {kept:,} rare images alone has seen too little to help: F1 {vae}, against "
            "{copies} for plain copies.",
            **values,
        )
    return t("Even a VAE of the rare class alone beats plain copies here: F1 {vae} against {copies}.", **values)


def _freely(ours: Spread, prior: Spread, gap: Difference) -> str:
    values = {"ours": ours, "prior": prior}
    if not gap.is_clear:
        return t("Drawn freely from N(0, I) instead: F1 {prior}, no measurable difference.", **values)
    if gap.value > 0:
        return t(
            "Where it draws from matters: from clouds around real images {ours}, freely from N(0, I) {prior}. The "
            "codes of the few real ones keep the drawings to the class.",
            **values,
        )
    return t("Drawn freely from N(0, I) instead: F1 {prior}, which is better here.", **values)


def copy_sentence(title: str, check: Mapping[str, float]) -> str:
    """Whether the pictures of one way are copies, in a sentence."""
    values = {"title": title, "share": check["drawn_to_learnt"], "closer": check["closer"]}
    if check["drawn_to_learnt"] >= 0.995:
        return t(
            "{title}: **{share:.0%}** lie closer to the training images than to unseen ones: they repeat them.",
            **values,
        )
    if check["drawn_to_learnt"] > 0.65:
        return t(
            "{title}: **{share:.0%}** lie closer to the training images than to as many unseen ones (chance: 50 %, copies: "
            "100 %): new images, but near what was learnt.",
            **values,
        )
    return t(
        "{title}: **{share:.0%}** lie closer to the training images than to as many unseen ones, where chance gives 50 %: "
        "no copies.",
        **values,
    )


def framed(images: NDArray[np.uint8], colour: str) -> NDArray[np.uint8]:
    """Images in a coloured frame: uint8 (N, C, H, W) to (N, 3, H + 4, W + 4)."""
    rgb = np.broadcast_to(images, (len(images), 3, *images.shape[2:]))
    red, green, blue = ImageColor.getrgb(colour)[:3]
    height, width = images.shape[2] + 2 * FRAME, images.shape[3] + 2 * FRAME
    found = np.empty((len(images), 3, height, width), np.uint8)
    found[:] = np.array([red, green, blue], np.uint8)[None, :, None, None]
    found[:, :, FRAME:-FRAME, FRAME:-FRAME] = rgb
    return found


def pair(made: NDArray[np.uint8], real: NDArray[np.uint8]) -> bytes:
    """A made picture in the frame of made ones, and beside it a real one; each (C, H, W)."""
    both = np.concatenate([framed(made[None], SYNTHETIC), framed(real[None], REAL)])
    return sheet(both, 2, scale=3, padding=2)


def drawings(images: NDArray[np.uint8], columns: int) -> bytes:
    """Made pictures in their frame, as one sheet."""
    return sheet(framed(images, SYNTHETIC), columns, scale=2, padding=2)
