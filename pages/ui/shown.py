"""On which pictures a run is shown: its own test split, or the bundled digits where its data are not on this machine.

Imports no Streamlit and no torch.
"""

from typing import NamedTuple

from pages.ui.text import t
from vae_core import datasets
from vae_core.datasets import Split
from vae_core.errors import N_, InputError
from vae_core.runs import Run

BUNDLED = "digits"


class Shown(NamedTuple):
    """A split of a data set, by name: what `cache.images` and `cache.latent` take."""

    name: str
    split: Split


def shown_data(run: Run) -> Shown:
    """Where the pictures come from on which a run is shown.

    Starters are shown on the bundled digits on every machine, whatever else lies there.

    Raises:
        InputError: The run's data set is not here, and the bundled digits have another shape.
        WorkError: The run's settings are damaged.
    """
    name = run.config.data.name
    if not run.is_starter and datasets.is_present(name):
        return Shown(name, "test")
    if datasets.source(name).image_shape != datasets.source(BUNDLED).image_shape:
        raise InputError(
            N_(
                "'{run}' was trained on '{name}', which is not on this machine, and the bundled digits have another "
                "shape. Fetch it with: python -m vae_core data get {name}"
            ),
            run=run.title,
            name=name,
        )
    return Shown(BUNDLED, "test")


def shown_note(run: Run) -> str:
    """One sentence on which pictures the run is shown, for under a page's box of models.

    Raises:
        InputError, WorkError: As `shown_data`.
    """
    name, _ = shown_data(run)
    own = run.config.data
    count = datasets.source(name).sizes["test"]
    if name == own.name:
        return t("Shown on the {count:,} test images of '{name}', which it has not seen.", count=count, name=name)
    if own.name == "mnist" and own.leave_out_digits_test:
        return t("Trained on MNIST; shown on the {count:,} bundled test digits, which it has not seen.", count=count)
    if own.name == "mnist":
        return t(
            "Trained on MNIST, which is not on this machine. Shown on the {count:,} bundled test digits, which are "
            "among the images it learnt from.",
            count=count,
        )
    return t(
        "Trained on '{name}', which is not on this machine. Shown on the {count:,} bundled test digits instead.",
        name=own.name,
        count=count,
    )
