"""What a text says differently for each kind of model. Imports no Streamlit and no torch."""

from collections.abc import Iterable, Mapping

from pages.ui.text import t
from vae_core.config import RunConfig


def is_told(config: RunConfig) -> bool:
    """Whether a model is told the class of each picture, which the others have to find out."""
    return config.model.kind == "conditional-vae"


def has_posterior(kind: str) -> bool:
    """Whether a model's code is a cloud, of which a mean is shown; an autoencoder's is a point."""
    return kind != "autoencoder"


def posterior_means(kinds: Iterable[str]) -> str:
    """What "the codes" of models of these kinds are, in brackets; nothing where all are points."""
    clouds = [has_posterior(kind) for kind in kinds]
    if all(clouds):
        return t(" (posterior means)")
    return t(" (of VAEs the posterior means)") if any(clouds) else ""


def told_classes(models: Mapping[str, RunConfig]) -> str:
    """Which of several models, by their names, are told the class; empty where none or all are."""
    told = [name for name, config in models.items() if is_told(config)]
    if not told or len(told) == len(models):
        return ""
    return t("Told the class of each image, which the others have to find out: {names}.", names=", ".join(told))


def told_class(config: RunConfig) -> str:
    """A sentence for figures that may stand beside others'; empty for a model that is told nothing."""
    return t("This model was told the class of each image, which others have to find out.") if is_told(config) else ""
