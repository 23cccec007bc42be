"""What a rare class can be filled up with: names and words. How it is done stands in `oversampling.py`. Imports no torch."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from vae_core.errors import N_

HIDDEN = 128
"""Units of the small classifiers that judge."""
Kind = Literal["reference", "real", "classic", "model"]


class Method(NamedTuple):
    """A row of `METHODS`.

    Attributes:
        title, how: For a person, marked for translation: its name, and what it does.
        kind: "reference" changes nothing, "real" uses the real rare images as they are, "classic" makes new ones of them
            without a model, "model" with one.
        width: For the widened posterior: w.
    """

    title: str
    how: str
    kind: Kind
    width: float | None = None

    @property
    def makes_synthetic(self) -> bool:
        """Whether it makes images that nobody drew."""
        return self.kind in ("classic", "model")


METHODS: Mapping[str, Method] = {
    "nothing": Method(N_("Nothing"), N_("The rare class stays as rare as it is."), "reference"),
    "copies": Method(N_("Copies"), N_("The real rare images, again and again."), "real"),
    "weights": Method(N_("Class weights"), N_("No new image: a mistake on a rare image counts as much more."), "real"),
    "smote": Method(
        N_("SMOTE"), N_("Somewhere between a rare image and one of its nearest neighbours, pixel by pixel."), "classic"
    ),
    "affine": Method(
        N_("Affine augmentation"),
        N_("A rare image, shifted, turned and scaled a little. No network is needed."),
        "classic",
    ),
    "vae": Method(N_("VAE of the rare class"), N_("Drawn by a VAE that learnt from the rare images alone."), "model"),
    "cvae-prior": Method(
        N_("CVAE, drawn freely"),
        N_("Drawn from N(0, I) by the conditional VAE, which learnt all classes and is told which one to draw."),
        "model",
    ),
    "cvae-posterior-1": Method(
        N_("CVAE, near real ones × 1"),
        N_("Drawn by the conditional VAE from the cloud of codes of a real rare image: mu + sigma eps."),
        "model",
        1.0,
    ),
    "cvae-posterior-2": Method(
        N_("CVAE, near real ones × 2"),
        N_("Drawn by the conditional VAE from a cloud twice as wide: mu + 2 sigma eps."),
        "model",
        2.0,
    ),
    "cvae-posterior-3": Method(
        N_("CVAE, near real ones × 3"),
        N_("Drawn by the conditional VAE from a cloud three times as wide: mu + 3 sigma eps."),
        "model",
        3.0,
    ),
    "real": Method(
        N_("All real images"),
        N_("The class as it was before it was made rare: what no oversampling can be expected to beat."),
        "reference",
    ),
}
"""What a rare class can be filled up with, by name. "real" is not a filling: it is what would be had without the rarity."""

MODEL_FREE = tuple(name for name, row in METHODS.items() if row.kind == "classic")
"""What makes new images without a model."""
