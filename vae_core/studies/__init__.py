"""What can be asked about a finished run and takes longer than a page may: each module is one such question.

A module holds `Settings`, a `Part` like those of a run, and

    compute(run, settings, report) -> Findings

which loads what it needs and calls the functions of `vae_core`. It imports torch only in there, so that a page can ask
without it. A new study is one file here and one name in `STUDIES`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Annotated, Any, NamedTuple, Protocol, cast

from numpy.typing import NDArray
from pydantic import Field

from vae_core.errors import N_, InputError
from vae_core.runs import Run
from vae_core.settings import Part

STUDIES = ("projection", "compression", "sweep", "strangers", "oversampling", "quality", "mixture")
"""The studies by their module's name."""

DataName = Annotated[str, Field(title=N_("Data set"), max_length=64)]
"""A setting of most studies: the name of a data set, whose description says what it is for."""

Report = Callable[[float], None]
"""Called now and then with the share that is done, from 0 to 1. It raises where the study is not wanted any more."""


class Findings(NamedTuple):
    """What a study found.

    Attributes:
        figures: Plain values, for JSON.
        arrays: Arrays by name.
    """

    figures: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]]


class Study(Protocol):
    """A module of this package."""

    Settings: type[Part]

    def compute(self, run: Run, settings: Any, report: Report) -> Findings: ...


def study(name: str) -> Study:
    """The study of that name.

    Raises:
        InputError: There is none.
    """
    if name not in STUDIES:
        raise InputError(N_("There is no study '{name}'. Choose one of: {known}."), name=name, known=", ".join(STUDIES))
    return cast(Study, importlib.import_module(f"vae_core.studies.{name}"))
