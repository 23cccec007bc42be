"""What a comparison in words does not know, said beside it. Imports no Streamlit and no torch."""

from pages.ui.text import t, tn
from vae_core.significance import Difference


def one_training_each() -> str:
    """For figures of models that were trained once."""
    return t("One training each: how much trainings with other seeds differ is not included.")


def means_alone() -> str:
    """For a result of an earlier version, which kept no figure of each image."""
    return t(
        "This result is of an earlier version and keeps means alone: whether they differ measurably is not known. "
        "Start it again to know."
    )


def by_difference(difference: Difference, alike: str, more: str, less: str) -> str:
    """The message that a difference asks for: neither is measurably more, the first is, or the second is."""
    if not difference.is_clear:
        return alike
    return more if difference.value > 0 else less


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
