"""On which pictures a run is shown: those that it was tested on, or the bundled digits where its data is not here.

Imports no Streamlit and no torch.
"""

from dataclasses import dataclass

from pages.ui.text import N_
from vae_core import datasets
from vae_core.datasets import Split
from vae_core.errors import InputError
from vae_core.runs import Run

BUNDLED = "digits"
SAME_SCANS = ("mnist", "qmnist")
"""Their training parts hold the pictures of `digits`."""


@dataclass(frozen=True)
class Shown:
    """Pictures to show a run on.

    Attributes:
        name: A data set that is on this machine.
        split: Always the part that no training learns from.
        own: Whether it is the data set that the run learnt from.
        same_classes: Whether its classes are those that the run learnt from.
        note: What a visitor must know about it, for `t`; empty where there is nothing to say.
        values: What fills the note's fields.
    """

    name: str
    split: Split
    own: bool
    same_classes: bool
    note: str = ""
    values: tuple[tuple[str, str], ...] = ()


def shown(run: Run) -> Shown:
    """The pictures for a run, and what to say about them.

    Raises:
        InputError: Its data set is not here, and the bundled digits have another shape.
        WorkError: Its settings are damaged.
    """
    data = run.config.data
    if datasets.is_present(data.name):
        return Shown(data.name, "test", own=True, same_classes=True)
    its, bundled = datasets.source(data.name), datasets.source(BUNDLED)
    if its.image_shape != bundled.image_shape:
        raise InputError(
            N_(
                "This model learnt from '{name}', which is not on this machine, and the bundled digits have another "
                "size. Fetch the data on the page Train, or choose another model."
            ),
            name=data.name,
        )
    same = its.class_names == bundled.class_names
    values = (("name", its.title),)
    if not same:
        note = N_(
            "This model learnt from {name}, which is not on this machine. It is shown on the 1,000 bundled test "
            "digits, which are nothing like what it has learnt."
        )
    elif data.name in SAME_SCANS and not data.leave_out_digits_test:
        note = N_(
            "This model learnt from {name}, which is not on this machine. It is shown on the 1,000 bundled test "
            "digits, which were among its training pictures: what you see here flatters it."
        )
    else:
        note = N_(
            "This model learnt from {name}. It is shown on the 1,000 bundled test digits, which it has not seen."
        )
    return Shown(BUNDLED, "test", own=False, same_classes=same, note=note, values=values)


def shown_data(run: Run) -> tuple[str, Split]:
    """The data set and the split to show a run on, for `cache.images` and `cache.latent`. Raises as `shown`."""
    found = shown(run)
    return found.name, found.split
