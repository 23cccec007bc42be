"""What a comparison in words does not know, said beside it. Imports no Streamlit and no torch."""

from pages.ui.text import t, tn
from vae_core.significance import Difference


def one_training_each() -> str:
    """For figures of models that were trained once."""
    return t("One training each: how much trainings with other seeds differ is not included.")


def adjusted(difference: Difference) -> str:
    """For a difference that was looked at together with others; empty for one alone."""
    if difference.compared < 2:
        return ""
    return tn(
        "{count} difference is looked at, so it must be the clearer (Holm).",
        "{count} differences are looked at together, so each must be the clearer (Holm).",
        "count",
        count=difference.compared,
    )
