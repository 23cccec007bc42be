"""What the experiment of the stranger says: published figures, tables and sentences. Imports no Streamlit and no torch."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pages.ui.certainty import by_difference, one_training_each
from pages.ui.text import N_, t, tn, written
from vae_core.roc import roc_auc_score
from vae_core.significance import Difference, auroc_difference, from_error, holm, paired


@dataclass(frozen=True)
class Tutorial:
    """What a published tutorial reports for MNIST's fives: mean squared errors a pixel."""

    validation: float = 0.0616
    first_test: float = 0.0687


PUBLISHED_ON = "mnist"
PUBLISHED_CLASSES = (5,)
PUBLISHED_MEANS = {
    "DCAE": 0.897,
    "Deep SVDD": 0.948,
    "OCGAN": 0.975,
}
"""Mean AUROC over MNIST's ten digits: the first two as Ruff et al. 2018 give them, the third Perera et al. 2019."""
COMPONENTS = 20
"""Of the PCA beside the models."""
HARDLY, ALIKE = 0.8, 0.1
"""An error above this share of the mean picture's is hardly less; two errors are alike that differ by less than this share."""
PUBLISHED_SOURCE = "Ruff et al. 2018, https://proceedings.mlr.press/v80/ruff18a.html; Perera et al. 2019, https://arxiv.org/abs/1903.08550"


@dataclass(frozen=True)
class Answer:
    """How one way of answering does: a model, or a baseline.

    Attributes:
        name: What it is, translated.
        validation: Its mean squared error a pixel on the normal validation pictures.
        first_test: Its mean squared error a pixel on the first test picture.
        auroc: Of its squared error, normal against all others on the test split; `None` where that is not known.
        best: The AUROC of the score that was fixed beforehand; `None` where there is none.
        errors: Its mean squared error a pixel on each normal validation picture, with shape (N,); `None` where only
            the mean is known.
        scores: Its squared error on each test picture, likewise.
    """

    name: str
    validation: float
    first_test: float
    auroc: float | None = None
    best: float | None = None
    errors: NDArray[np.float64] | None = None
    scores: NDArray[np.float64] | None = None


def auroc(strange: NDArray[np.bool_], scores: NDArray[np.float64]) -> float:
    """The chance that a strange picture scores higher than a normal one."""
    return roc_auc_score(strange, scores)


def published_means(data: str) -> dict[str, float]:
    """Published mean AUROCs by their names, translated, where they are of these data; else none."""
    if data != PUBLISHED_ON:
        return {}
    return {t("{name}, published", name=name): value for name, value in PUBLISHED_MEANS.items()}


def is_published(data: str, classes: Sequence[int]) -> bool:
    """Whether the tutorial's figures are of the same pictures."""
    return data == PUBLISHED_ON and tuple(classes) == PUBLISHED_CLASSES


def answers_table(answers: Sequence[Answer], normal: str, first: str) -> list[dict[str, Any]]:
    """A row for each way of answering.

    Args:
        normal, first: The names of the normal classes, and of the first test picture's class.
    """
    return [
        {
            t("Model or baseline"): one.name,
            t("Validation error ({normal})", normal=normal): written(one.validation, ".4f"),
            t("First test image ({first})", first=first): written(one.first_test, ".4f"),
            t("AUROC, squared error"): "–" if one.auroc is None else written(one.auroc, ".3f"),
            t("AUROC, with neighbours"): "–" if one.best is None else written(one.best, ".3f"),
        }
        for one in answers
    ]


def sentences(
    mean: Answer,
    pca: Answer,
    models: Sequence[Answer],
    *,
    tutorial: Tutorial | None,
    normal: str,
    strange: NDArray[np.bool_] | None = None,
) -> list[str]:
    """What the figures say.

    Args:
        mean: Answering with the mean picture.
        pca: The principal component analysis.
        models: The experiment's models, the first one that of the recipe.
        tutorial: What was published, where it is of the same pictures.
        strange: Which test pictures are.
    """
    said = [] if tutorial is None else [_published(tutorial, mean)]
    said += [_learnt(one, mean, normal) for one in models]
    return [*said, f"{_against_pca(pca, models, strange)} {one_training_each()}"]


def _against_pca(pca: Answer, models: Sequence[Answer], strange: NDArray[np.bool_] | None) -> str:
    """The models against PCA, all by the same score on the same pictures."""
    best = max(models, key=lambda one: one.auroc or 0.0)
    assert pca.auroc is not None and best.auroc is not None
    gap = _gaps(pca, models, strange)[best.name]
    values = {
        "components": COMPONENTS,
        "pca": pca.auroc,
        "name": best.name,
        "best": best.auroc,
        "gap": 100 * abs(gap.value),
        "margin": 100 * gap.margin,
    }
    first = tn(
        "Without any network: by the squared error a PCA with {components} component ranks {pca:.1%} of the "
        "pairs rightly.",
        "Without any network: by the squared error a PCA with {components} components ranks {pca:.1%} of the pairs rightly.",
        "components",
        **values,
    )
    if not math.isfinite(gap.margin):
        return first
    second = by_difference(
        gap,
        N_(
            "By the same score the best here, {name}, has {best:.1%}: no measurable difference ({gap:.1f} ± {margin:.1f} "
            "points)."
        ),
        N_("By the same score the best here, {name}, is above that with {best:.1%} ({gap:.1f} ± {margin:.1f} points)."),
        N_(
            "By the same score **no model here is better** (the best has {best:.1%}, {gap:.1f} ± {margin:.1f} points less). "
            "A longer training may change that."
        ),
    )
    return f"{first} {t(second, **values)}"


def _gaps(pca: Answer, models: Sequence[Answer], strange: NDArray[np.bool_] | None) -> dict[str, Difference]:
    """How far each model's AUROC lies above PCA's, by the squared error of both."""
    found = {}
    for one in models:
        assert one.auroc is not None and pca.auroc is not None
        known = strange is not None and one.scores is not None and pca.scores is not None
        found[one.name] = (
            auroc_difference(strange, one.scores, pca.scores)  # type: ignore[arg-type]
            if known
            else Difference(one.auroc - pca.auroc, math.inf, 0, 1.0)
        )
    return holm(found)


def _published(tutorial: Tutorial, mean: Answer) -> str:
    """The published errors beside the mean picture's."""
    values = {
        "validation": tutorial.validation,
        "first": tutorial.first_test,
        "mean": mean.validation,
        "mean_first": mean.first_test,
    }
    pairs = (tutorial.validation, mean.validation), (tutorial.first_test, mean.first_test)
    if all(abs(published - own) <= ALIKE * own for published, own in pairs):
        return t(
            "Published: {validation:.4f} on validation images and {first:.4f} on the first test image. The mean "
            "image gives **{mean:.4f}** and **{mean_first:.4f}**: nearly the same, so hardly more than one image was "
            "learnt there.",
            **values,
        )
    return t(
        "Published: {validation:.4f} on validation images and {first:.4f} on the first test image. The mean image "
        "gives **{mean:.4f}** and **{mean_first:.4f}** on the images here.",
        **values,
    )


def _learnt(one: Answer, mean: Answer, normal: str) -> str:
    """How far a model is above answering with the mean picture, if it is."""
    name = one.name[:1].upper() + one.name[1:]
    values = {"name": name, "error": one.validation, "mean": mean.validation}
    is_known = one.errors is not None and mean.errors is not None
    gap = paired(mean.errors, one.errors) if is_known else None  # type: ignore[arg-type]
    if one.validation < mean.validation and (gap is None or not gap.is_clear):
        return t(
            "**{name}** has a mean squared error of {error:.4f} on normal images, no measurable difference "
            "from the mean image's {mean:.4f}: it has learnt nothing of use yet. Train longer.",
            **values,
        )
    if one.validation >= mean.validation:
        return t(
            "**{name}** has a mean squared error of {error:.4f} on normal images, no less than the mean "
            "image with its {mean:.4f}: it has learnt nothing of use yet. Train longer.",
            **values,
        )
    if one.validation > HARDLY * mean.validation:
        return t(
            "**{name}** has a mean squared error of {error:.4f} on normal images, hardly less than the "
            "mean image's {mean:.4f}: it has not learnt much yet. Train longer.",
            **values,
        )
    return t(
        "**{name}** has a mean squared error of {error:.4f} on unseen images of {normal}; the mean image's "
        "is {times:.1f} times as large. By its squared error alone an anomaly ranks above a normal image "
        "in **{auroc:.1%}** of all pairs; divided by the image's norm, with the neighbours' distance, in "
        "**{best:.1%}**.",
        name=name,
        error=one.validation,
        normal=normal,
        times=mean.validation / max(one.validation, 1e-12),
        auroc=one.auroc or 0.0,
        best=one.best or 0.0,
    )


def verdict(name: str, score: float, threshold: float, *, is_normal: bool) -> str:
    """What a picture's score says about it, in Markdown."""
    called = t("anomalous") if score > threshold else t("normal")
    truth = t("rightly") if (score > threshold) != is_normal else t("wrongly")
    return t(
        "{name}: score **{score:.2f}**, threshold {threshold:.2f}. Flagged as **{called}**, {truth}.",
        name=name,
        score=score,
        threshold=threshold,
        called=called,
        truth=truth,
    )


def classes_table(
    titles: Mapping[str, str],
    classes: Sequence[str],
    figures: Mapping[str, Any],
    auroc: NDArray[np.float64],
    published: Mapping[str, float],
) -> list[dict[str, str]]:
    """A row a score with its mean and its worst class, the best mean first.

    Args:
        titles: Of the scores, translated.
        classes: The classes' names.
        figures, auroc: As the study `strangers` gives them.
        published: Mean AUROCs by their names, translated.
    """
    names = [*figures["scores"], *figures["baselines"]]
    rows = [
        (float(values.mean()), titles[name], f"{written(float(values.min()), '.3f')} ({classes[int(values.argmin())]})")
        for name, values in zip(names, auroc, strict=True)
    ]
    rows += [(value, name, "–") for name, value in published.items()]
    return [
        {t("Score"): name, t("Mean AUROC"): written(mean, ".3f"), t("Worst class"): worst}
        for mean, name, worst in sorted(rows, key=lambda row: -row[0])
    ]


def classes_sentences(
    title: str, names: Sequence[str], figures: Mapping[str, Any], auroc: NDArray[np.float64], published: bool
) -> list[str]:
    """What the study of all classes says about one score.

    Args:
        title: Of the score, translated.
        names: The classes.
        auroc: Of that score, with shape (classes,).
        published: Whether the published means are of the same data.
    """
    worst, easiest = int(auroc.argmin()), int(auroc.argmax())
    said = [
        t(
            "{title}: on average an anomaly ranks above a normal image in **{mean:.1%}** of all pairs. "
            "Hardest is **{worst}** ({low:.1%}), easiest **{easiest}** ({high:.1%}).",
            title=title,
            mean=float(auroc.mean()),
            worst=names[worst],
            low=float(auroc[worst]),
            easiest=names[easiest],
            high=float(auroc[easiest]),
        ),
        t(
            "Each of the {count} models learnt from about {images:,} images, and took {seconds:.1f} CPU-seconds with "
            "its scoring.",
            count=len(names),
            images=round(float(np.mean(figures["train_images"]))),
            seconds=float(np.mean(figures["cpu_seconds"])),
        ),
    ]
    if published:
        said.append(_beside_published(figures, auroc))
    else:
        said.append(t("The published means are of the whole of MNIST, so they can't be compared with these."))
    return said


def _beside_published(figures: Mapping[str, Any], auroc: NDArray[np.float64]) -> str:
    """The mean over the classes beside published means, of which nobody says how sure they are."""
    error = _error_of_mean(auroc, figures["images"])
    gaps = holm(
        {
            name: from_error(float(auroc.mean()) - value, error, degrees=figures["images"])
            for name, value in PUBLISHED_MEANS.items()
        }
    )

    def listed(chosen: Callable[[Difference], bool]) -> str:
        return ", ".join(
            f"{name} ({written(PUBLISHED_MEANS[name], '.1%')})" for name, gap in gaps.items() if chosen(gap)
        )

    said = []
    if names := listed(lambda gap: gap.is_clear and gap.value > 0):
        said.append(t("The mean lies above what was published for {names}.", names=names))
    if names := listed(lambda gap: gap.is_clear and gap.value < 0):
        said.append(t("The mean does not reach what was published for {names}.", names=names))
    if names := listed(lambda gap: not gap.is_clear):
        said.append(t("No measurable difference from what was published for {names}.", names=names))
    return " ".join([*said, one_training_each()])


def _error_of_mean(auroc: NDArray[np.float64], images: int) -> float:
    """The standard error of a mean AUROC over classes, each against all others (Hanley and McNeil 1982)."""
    normal = images / len(auroc)
    strange = images - normal
    one, other = auroc / (2 - auroc), 2 * auroc**2 / (1 + auroc)
    squared = auroc * (1 - auroc) + (normal - 1) * (other - auroc**2) + (strange - 1) * (one - auroc**2)
    return float(np.sqrt(squared.clip(min=0).sum() / (normal * strange)) / len(auroc))
