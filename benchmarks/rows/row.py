"""What a row of the table of figures is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Figures = Mapping[str, float]


@dataclass(frozen=True)
class Row:
    """One experiment whose figures are measured with several seeds.

    Attributes:
        name: By which it is asked for, and under which its results are kept.
        title: What it is, with its data set, split and protocol.
        compute: (seed, quick) to figures by name. `quick` makes everything as short as it goes (an epoch, a few
            images), so that it can be tried; such figures say nothing and are never written into the table.
        figures: What each figure is called in the table, in order; the others are kept, but not shown.
        published: Figures that were published, by the same names, as they are to be shown.
        source: Where those were published.
        seeds: How many.
        command: What reproduces a single run by hand.
        headlines: The figures that stand for it in the README; by default the first.
    """

    name: str
    title: str
    compute: Callable[[int, bool], Figures]
    figures: Mapping[str, str]
    published: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    seeds: int = 3
    command: str = ""
    headlines: tuple[str, ...] = ()
