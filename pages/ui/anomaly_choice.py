"""What is judged, and by what: the normal classes, the score and the threshold, the same on every page and in the address.

/reconstruct?view=anomalies&score=kl&threshold=5.1&normal=3,7
"""

from typing import NamedTuple

from pages.ui import cache, state
from pages.ui.strangeness import Scale, scale
from vae_core import learnt
from vae_core.datasets import ImageData
from vae_core.runs import Run


class Choice(NamedTuple):
    """How a run's images are judged.

    Attributes:
        normal: The classes that count as normal, in order.
        score: The score's name.
        threshold: A person's, brought into its range; `None` for that of the normal validation images.
    """

    normal: tuple[int, ...]
    score: str
    threshold: float | None


def normal_classes(run: Run, data: ImageData) -> tuple[int, ...]:
    """What is normal to a run: the classes that it learnt; where those are all, the ones that the visitor called normal.

    Raises:
        InputError: The images' labels or shape are others than those that were learnt.
    """
    own = run.config.data
    learnt.check_shape(own, data.name)
    learnt.check_labels(own, data.name)
    everything = learnt.classes(own)
    if learnt.some_classes(own) is not None:
        return everything
    chosen = state.chosen_normal(everything)
    return chosen if chosen and len(chosen) < len(everything) else everything


def choose(run: Run, data: ImageData, normal: tuple[int, ...]) -> Choice:
    """The score and the threshold that the visitor chose, here, on another page or by a link; else the defaults.

    Raises:
        InputError: As `cache.detector`, or there are no normal validation images.
    """
    from vae_core import anomaly

    detector = cache.detector(run, data.name, normal)
    score = state.chosen_score(anomaly.available(detector.model, detector.normal), anomaly.DEFAULT_SCORE)
    default = detector.default(score).value
    chosen = state.chosen_threshold(place(run, score, normal), default)
    if chosen is not None:
        chosen = places(run, data, normal, score).clamp(chosen)
    return Choice(normal, score, chosen)


def place(run: Run, score: str, normal: tuple[int, ...]) -> str:
    """What a threshold is of."""
    return f"{run.id} {score} {','.join(map(str, normal))}"


def places(run: Run, data: ImageData, normal: tuple[int, ...], score: str) -> Scale:
    """Where the threshold of a score may lie: from where every test picture is flagged to where none is."""
    scores = cache.strangeness(run, data.name, normal)[score]
    return scale(scores, cache.detector(run, data.name, normal).default(score).value)
