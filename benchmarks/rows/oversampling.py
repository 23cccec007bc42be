"""A rare class oversampled: the recipe's model, a VAE of the rare class and the methods without a model, for eights and fives."""

from functools import partial

from benchmarks.rows.row import Figures, Row
from vae_core.config import RunConfig
from vae_core.fillings import METHODS
from vae_core.oversampling import UNFILLED, Drawers, fill
from vae_core.rare_class import copy_check
from vae_core.recipes.oversampling import OVERSAMPLING
from vae_core.studies.oversampling import Settings, judge_filled, parts_of, rare_vae
from vae_core.training import fit

CHECKED = 2_000


def filled_up(rare: int, seed: int, quick: bool) -> Figures:
    """F1, recall and balanced accuracy of each way on the test split; the share closer to learnt images than unseen."""
    config = _config(rare, seed, quick)
    parts = parts_of(config)
    train, test = parts.splits.train, parts.splits.test
    drawers = Drawers(fit(config, parts.splits), rare_vae(parts, seed, _silent))
    real, unseen = train.images[train.labels == rare], test.images[test.labels == rare]
    figures: dict[str, float] = {}
    for name in METHODS:
        filled = fill(name, parts.real if name == "real" else train, rare, seed, drawers)
        judged = judge_filled(filled, parts, seed, 1 if quick else Settings().epochs, _silent)
        figures |= {f"{metric}_{name}": value for metric, value in judged._asdict().items()}
        if name not in UNFILLED:
            made = filled.data.images[len(train) :][:CHECKED]
            figures[f"drawn_to_learnt_{name}"] = copy_check(made, real, unseen).drawn_to_learnt
    return figures


def _config(rare: int, seed: int, quick: bool) -> RunConfig:
    config = OVERSAMPLING.config.replace(data__rare_class=rare, training__seed=seed)
    return config.replace(data__name="digits", training__epochs=1) if quick else config


def _silent(share: float) -> None:
    pass


_NAMES = {
    "nothing": "nothing",
    "copies": "copies",
    "weights": "class weights",
    "smote": "SMOTE",
    "affine": "affine augmentation (better than any VAE here)",
    "vae": "VAE on the rare class alone",
    "cvae-prior": "conditional VAE, N(0, I)",
    "cvae-posterior-1": "conditional VAE, posterior of the real ones",
    "cvae-posterior-2": "conditional VAE, posterior, twice as wide",
    "cvae-posterior-3": "conditional VAE, posterior, three times as wide",
    "real": "all real images (the ceiling)",
}
_FIGURES = {
    **{f"f1_{name}": f"F1, {words}" for name, words in _NAMES.items()},
    "recall_nothing": "recall, nothing",
    "recall_smote": "recall, SMOTE",
    "recall_affine": "recall, affine augmentation",
    "recall_cvae-posterior-3": "recall, conditional VAE, three times as wide",
    "balanced_accuracy_nothing": "balanced accuracy, nothing",
    "balanced_accuracy_smote": "balanced accuracy, SMOTE",
    "balanced_accuracy_affine": "balanced accuracy, affine augmentation",
    "balanced_accuracy_cvae-posterior-3": "balanced accuracy, conditional VAE, three times as wide",
    "drawn_to_learnt_smote": "copy check, SMOTE (0.5: chance, 1: copies)",
    "drawn_to_learnt_cvae-posterior-3": "copy check, conditional VAE, three times as wide",
}

ROWS = tuple(
    Row(
        name=f"oversample-{rare}",
        title=(
            f"Oversample a rare class: MNIST's training {words} cut to 1 %, oversampled, MLP 784-128-10 of 5 epochs, judged on "
            "the 10,000 test images"
        ),
        compute=partial(filled_up, rare),
        figures=_FIGURES,
        command=f"python -m vae_core train --recipe oversample --set data.rare_class={rare}",
        headlines=("f1_nothing", "f1_smote", "f1_cvae-posterior-3", "f1_affine"),
    )
    for rare, words in ((8, "eights"), (5, "fives"))
)
