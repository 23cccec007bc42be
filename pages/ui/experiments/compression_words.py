"""What the figures of a code as a compression say, in words. Imports no Streamlit and no torch."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pages.ui.certainty import means_alone, one_training_each
from pages.ui.text import t, tn
from vae_core.significance import Difference, holm, paired, rank

FLOAT_BITS = 32
TOLERANCE = 1.01  # an error up to one percent larger counts as the same
FEW = 2  # numbers in a code: to advise fewer than that makes no sense


def against_pca(
    figures: Mapping[str, Any], errors: NDArray[Any], found: Mapping[str, NDArray[Any]] | None = None
) -> str:
    """How the model stands against PCA.

    Args:
        figures, errors: Of the study `compression`.
        found: All its arrays: with `each` and `pca_each` the same pictures decide whether there is a difference. A study
            of an earlier version has none.
    """
    numbers, equivalent = figures["latent_dim"], figures["pca_equivalent"]
    gap = paired(found["pca_each"], found["each"]) if found and "pca_each" in found else None
    values = {
        "numbers": numbers,
        "pixels": figures["pixels"],
        "images": figures["images"],
        "mse": figures["mse"],
        "pca": pca_error(figures, errors, found),
        "equivalent": equivalent,
        "mean": errors[0],
    }
    if equivalent == 0:
        return tn(
            "With **{numbers}** latent dimension instead of {pixels:,} pixels, the error on {images:,} test images "
            "is **{mse:.4f}**: no better than answering every image with the mean image ({mean:.4f}). The model "
            "has learnt nothing yet.",
            "With **{numbers}** latent dimensions instead of {pixels:,} pixels, the error on {images:,} "
            "test images is **{mse:.4f}**: no better than answering every image with the mean image "
            "({mean:.4f}). The model has learnt nothing yet.",
            "numbers",
            **values,
        )
    if gap is not None:
        return f"{_tested(values, gap)} {one_training_each()}"
    return _by_means(values) if found is None else f"{_by_means(values)} {means_alone()}"


def _never_as_good(values: Mapping[str, Any]) -> str:
    """Of a code whose error PCA does not reach with any number of dimensions."""
    return tn(
        "With **{numbers}** latent dimension instead of {pixels:,} pixels, the error on {images:,} test images "
        "is **{mse:.4f}**. PCA (the best *linear* code) is never as good, whatever its dimension.",
        "With **{numbers}** latent dimensions instead of {pixels:,} pixels, the error on {images:,} "
        "test images is **{mse:.4f}**. PCA (the best *linear* code) is never as good, whatever its "
        "dimension.",
        "numbers",
        **values,
    )


def _by_means(values: Mapping[str, Any]) -> str:
    """Of a study that kept no picture's own error."""
    numbers, equivalent = values["numbers"], values["equivalent"]
    if equivalent is None:
        return _never_as_good(values)
    if equivalent <= numbers:
        words = tn(
            "With **{numbers}** latent dimension instead of {pixels:,} pixels, the error on {images:,} test images "
            "is **{mse:.4f}**. PCA (the best *linear* code) is **better**: it has {pca:.4f} with the same "
            "dimension, and needs only **{equivalent}** to be as good.",
            "With **{numbers}** latent dimensions instead of {pixels:,} pixels, the error on {images:,} "
            "test images is **{mse:.4f}**. PCA (the best *linear* code) is **better**: it has {pca:.4f} "
            "with the same dimension, and needs only **{equivalent}** to be as good.",
            "numbers",
            **values,
        )
        if equivalent == numbers:
            words = tn(
                "With **{numbers}** latent dimension instead of {pixels:,} pixels, the error on {images:,} test images "
                "is **{mse:.4f}**. PCA (the best *linear* code) is no worse: it has {pca:.4f} with the same dimension.",
                "With **{numbers}** latent dimensions instead of {pixels:,} pixels, the error on "
                "{images:,} test images is **{mse:.4f}**. PCA (the best *linear* code) is no worse: it has "
                "{pca:.4f} with the same dimension.",
                "numbers",
                **values,
            )
        return f"{words} {_advice(numbers)}"
    return _behind(values)


def pca_error(figures: Mapping[str, Any], errors: NDArray[Any], found: Mapping[str, NDArray[Any]] | None) -> float:
    """PCA's error with as many numbers as the model has: clipped to [0, 1] like the model's, where that was measured."""
    if found and "pca_each" in found:
        return float(found["pca_each"].mean())
    return float(errors[min(figures["latent_dim"], len(errors) - 1)])


def _tested(values: Mapping[str, Any], gap: Difference) -> str:
    """The model against PCA with as many numbers, on the same pictures."""
    if not gap.is_clear:
        words = tn(
            "With **{numbers}** latent dimension instead of {pixels:,} pixels, the error on {images:,} test images "
            "is **{mse:.4f}**: no measurable difference from PCA (the best *linear* code), which has {pca:.4f} "
            "with the same dimension.",
            "With **{numbers}** latent dimensions instead of {pixels:,} pixels, the error on {images:,} "
            "test images is **{mse:.4f}**: no measurable difference from PCA (the best *linear* code), "
            "which has {pca:.4f} with the same dimension.",
            "numbers",
            **values,
        )
        return f"{words} {_advice(values['numbers'])}"
    if gap.value < 0:
        words = tn(
            "With **{numbers}** latent dimension instead of {pixels:,} pixels, the error on {images:,} test images "
            "is **{mse:.4f}**. PCA (the best *linear* code) is **better**: it has {pca:.4f} with the same "
            "dimension.",
            "With **{numbers}** latent dimensions instead of {pixels:,} pixels, the error on {images:,} "
            "test images is **{mse:.4f}**. PCA (the best *linear* code) is **better**: it has {pca:.4f} "
            "with the same dimension.",
            "numbers",
            **values,
        )
        if values["equivalent"] is not None and values["equivalent"] < values["numbers"]:
            words += " " + t("It needs only **{equivalent}** to be as good.", **values)
        return f"{words} {_advice(values['numbers'])}"
    if values["equivalent"] is None:
        return _never_as_good(values)
    return _behind(values)


def _behind(values: Mapping[str, Any]) -> str:
    return tn(
        "With **{numbers}** latent dimension instead of {pixels:,} pixels, the error on {images:,} test images "
        "is **{mse:.4f}**. PCA (the best *linear* code) has {pca:.4f} with the same dimension, and needs "
        "**{equivalent}** to be as good.",
        "With **{numbers}** latent dimensions instead of {pixels:,} pixels, the error on {images:,} test "
        "images is **{mse:.4f}**. PCA (the best *linear* code) has {pca:.4f} with the same dimension, and "
        "needs **{equivalent}** to be as good.",
        "numbers",
        **values,
    )


def _advice(numbers: int) -> str:
    if numbers > FEW:
        return t("Train longer, or choose fewer dimensions: that is where a nonlinear code pays.")
    return t("Train longer: nonlinearity pays only once it is learnt.")


def enough_bits(rate_mse: NDArray[Any], mse: float) -> int:
    """The fewest bits a number with which the error is the same, up to one percent; else the most there are."""
    good = np.flatnonzero(rate_mse <= mse * TOLERANCE)
    return int(good[0]) + 1 if len(good) else len(rate_mse)


def fewer(bits: float, raw: float) -> str:
    """How many bits are beside those of the pixels: `**12** times fewer`, or more."""
    ratio = raw / bits
    if ratio >= 10:
        return t("**1/{ratio:,.0f}** of", ratio=ratio)
    return t("**1/{ratio:.1f}** of", ratio=ratio) if ratio >= 1.05 else t("**no fewer** than")


def bits(figures: Mapping[str, Any], found: Mapping[str, NDArray[Any]]) -> str:
    """What the code costs in bits."""
    number = enough_bits(found["ae_mse"], figures["mse"])
    total = int(found["ae_bits"][number - 1])
    mse = float(found["ae_mse"][number - 1])
    first = (
        tn(
            "**{bits}** bit per latent dimension is enough: the error is then {mse:.4f}.",
            "**{bits}** bits per latent dimension are enough: the error is then {mse:.4f}.",
            "bits",
            bits=number,
            mse=mse,
        )
        if mse <= figures["mse"] * TOLERANCE
        else tn(
            "Even **{bits}** bit per latent dimension is too little for the same error: it is then {mse:.4f} "
            "instead of {unrounded:.4f}.",
            "Even **{bits}** bits per latent dimension are too few for the same error: it is then "
            "{mse:.4f} instead of {unrounded:.4f}.",
            "bits",
            bits=number,
            mse=mse,
            unrounded=figures["mse"],
        )
    )
    return f"{first} " + tn(
        "An image takes **{total}** bit, {fewer} the {raw:,} of its pixels; with short words for frequent "
        "codes, {coded:.1f}.",
        "An image takes **{total}** bits, {fewer} the {raw:,} of its pixels; with short words for frequent "
        "codes, {coded:.1f}.",
        "total",
        total=total,
        fewer=fewer(total, figures["raw_bits"]),
        raw=figures["raw_bits"],
        coded=found["ae_entropy_bits"][number - 1],
    )


def fair_price(figures: Mapping[str, Any], found: Mapping[str, NDArray[Any]], decoder_parameters: int) -> str:
    """What is not counted: that the picture is another one, and that the decoder must be there too."""
    saved = figures["zipped_bits"] - found["ae_bits"][enough_bits(found["ae_mse"], figures["mse"]) - 1]
    words = t(
        "That is no miracle. Packed **without any error** (as in a ZIP file) these images take "
        "{zipped:,.0f} bits each, {fewer} those of their pixels; the rest is paid for with what the image "
        "loses.",
        zipped=figures["zipped_bits"],
        fewer=fewer(figures["zipped_bits"], figures["raw_bits"]),
    )
    if saved <= 0:
        return words
    pictures = decoder_parameters * FLOAT_BITS / saved
    return f"{words} " + t(
        "And whoever reads the code needs the decoder: its {parameters:,} parameters of {bits} bits are only made up for "
        "after {pictures:,.0f} images.",
        parameters=decoder_parameters,
        bits=FLOAT_BITS,
        pictures=pictures,
    )


def cross_entropy(figures: Mapping[str, Any], found: Mapping[str, NDArray[Any]] | None = None) -> str:
    """Where the model's cross-entropy lies between the two ends; `found` as for `against_pca`."""
    gap = paired(found["mean_nats"], found["nats"]) if found and "mean_nats" in found else None
    values = {
        "own": figures["cross_entropy"],
        "mean": figures["cross_entropy_mean_image"],
        "floor": figures["cross_entropy_floor"],
    }
    if gap is not None and not gap.is_clear:
        return t(
            "Its cross-entropy is **{own:.4f}** nats per pixel, no measurable difference from {mean:.4f} "
            "(the mean image for every image). The very same image would have {floor:.4f} (grey pixels "
            "never reach 0).",
            **values,
        )
    if values["own"] < values["mean"]:
        return t(
            "Its cross-entropy is **{own:.4f}** nats per pixel, between {mean:.4f} (the mean image for "
            "every image) and {floor:.4f} (the very same image: grey pixels never reach 0).",
            **values,
        )
    return t(
        "Its cross-entropy is **{own:.4f}** nats per pixel, no less than {mean:.4f} (the mean image for "
        "every image): it is too sure of pixels that it gets wrong. The very same image would have "
        "{floor:.4f} (grey pixels never reach 0).",
        **values,
    )


def sweep(
    figures: Mapping[str, Any], errors: NDArray[Any], found: Mapping[str, NDArray[Any]] | None = None
) -> list[str]:
    """What a sweep over latent sizes shows.

    Args:
        figures, errors: Of the study `sweep`.
        found: All its arrays, as for `against_pca`.
    """
    sizes, epochs = figures["sizes"], figures["epochs"]
    equals = ["–" if count is None else str(count) for count in figures["pca_equivalent"]]
    sentences = [
        t(
            "Models with codes of dimension {sizes} are as good as PCA with {equals}, in this order.",
            sizes=", ".join(map(str, sizes)),
            equals=", ".join(equals),
        )
        + (" " + t("(–: better than PCA with any number of components.)") if "–" in equals else "")
    ]
    beside = _beside_pca(figures, errors, found)
    if not beside.ahead:
        sentences.append(
            tn(
                "No model is better than PCA at its size. They had {epochs} epoch each: more may help.",
                "No model is better than PCA at its size. They had {epochs} epochs each: more may help.",
                "epochs",
                epochs=epochs,
            )
        )
    elif len(beside.most) == 1:
        sentences.append(
            t(
                "The gain over PCA is largest with **{size}**: PCA's error is {gain:.2f} times as large.",
                size=beside.most[0],
                gain=beside.gain,
            )
        )
    else:
        sentences.append(
            t(
                "The gain over PCA is largest with {sizes}, without a measurable difference between them: "
                "PCA's error is up to {gain:.2f} times as large.",
                sizes=", ".join(f"**{size}**" for size in beside.most),
                gain=beside.gain,
            )
        )
    if beside.alike:
        sentences.append(
            t("For codes of dimension {sizes} there is no measurable difference from PCA.", sizes=_listed(beside.alike))
        )
    if beside.behind and beside.ahead:
        sentences.append(
            tn(
                "For codes of dimension {sizes} PCA is **better** than a model of {epochs} epoch: longer training would have "
                "to show whether nonlinearity still pays there.",
                "For codes of dimension {sizes} PCA is **better** than a model of {epochs} epochs: longer "
                "training would have to show whether nonlinearity still pays there.",
                "epochs",
                sizes=_listed(beside.behind),
                epochs=epochs,
            )
        )
    if found is None:
        return sentences
    return [*sentences, one_training_each() if "pca_each" in found else means_alone()]


class _Beside(NamedTuple):
    """How models of several sizes stand against PCA at theirs.

    Attributes:
        ahead, alike, behind: The sizes at which the model is better, or worse, or neither can be told.
        most: Those with the largest gain, of which none is measurably behind the other.
        gain: The largest.
    """

    ahead: list[int]
    alike: list[int]
    behind: list[int]
    most: list[int]
    gain: float


def _beside_pca(figures: Mapping[str, Any], errors: NDArray[Any], found: Mapping[str, NDArray[Any]] | None) -> _Beside:
    sizes = figures["sizes"]
    if not found or "pca_each" not in found:  # of an earlier version: no picture's own error is known
        gains = [
            float(errors[min(size, len(errors) - 1)]) / mse for size, mse in zip(sizes, figures["mse"], strict=True)
        ]
        most = max(gains)
        ahead = [size for size, gain in zip(sizes, gains, strict=True) if gain > 1]
        behind = [size for size, gain in zip(sizes, gains, strict=True) if gain < 1]
        return _Beside(ahead, [], behind, [sizes[gains.index(most)]], most)
    rows = {size: (pca, own) for size, pca, own in zip(sizes, found["pca_each"], found["each"], strict=True)}
    gaps = holm({size: paired(pca, own) for size, (pca, own) in rows.items()})
    ahead = [size for size, gap in gaps.items() if gap.is_clear and gap.value > 0]
    # What of PCA's error a model saves of each picture: a share, so that sizes compare.
    saved = {size: (rows[size][0] - rows[size][1]) / float(rows[size][0].mean()) for size in ahead}
    most = rank(saved, "more", same_images=True).leaders if ahead else []
    return _Beside(
        ahead,
        [size for size, gap in gaps.items() if not gap.is_clear],
        [size for size, gap in gaps.items() if gap.is_clear and gap.value < 0],
        most,
        max((float(rows[size][0].mean() / rows[size][1].mean()) for size in ahead), default=1.0),
    )


def _listed(sizes: Sequence[int]) -> str:
    return ", ".join(map(str, sizes))
