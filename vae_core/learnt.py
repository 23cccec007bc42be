"""What a run has learnt, and what can therefore be asked of it. Pages and commands both ask here, so they refuse alike.

Classes are told by their numbers: those that `--class`, `--normal` and `data.classes` take.
"""

from collections.abc import Collection

from vae_core import datasets
from vae_core.config import DataConfig, RunConfig
from vae_core.errors import N_, InputError


def classes(data: DataConfig) -> tuple[int, ...]:
    """The classes that a run learns, in order. Raises InputError where there is no such data set."""
    chosen = range(len(datasets.source(data.name).class_names)) if data.classes is None else data.classes
    return tuple(sorted(set(chosen)))


def some_classes(data: DataConfig) -> tuple[int, ...] | None:
    """The classes that are normal to a run because it learns only them; `None` where it learns all."""
    learnt = classes(data)
    return None if len(learnt) == len(datasets.source(data.name).class_names) else learnt


def in_words(data: DataConfig) -> str:
    """The learnt classes: `5, 7`; all of ten are `0-9`."""
    some = some_classes(data)
    return f"0-{classes(data)[-1]}" if some is None else ", ".join(map(str, some))


def has_same_labels(data: DataConfig, name: str) -> bool:
    """Whether the labels of another data set mean what they mean in the run's own."""
    return datasets.source(name).class_names == datasets.source(data.name).class_names


def check_labels(data: DataConfig, name: str) -> None:
    """Whether the images of a data set can be judged by their labels: as normal, or as the class that was told.

    Args:
        data: The run's.
        name: The data set that it is shown on or scored on.

    Raises:
        InputError: The labels mean something else than those that were learnt, or there is no such data set.
    """
    if has_same_labels(data, name):
        return
    raise InputError(
        N_(
            "This model learnt other classes than those of '{name}': the classes {learnt} of '{own}'. So none of these "
            "images can be called normal or anomalous by its label. Choose a data set with the same classes: {known}."
        ),
        name=name,
        learnt=in_words(data),
        own=data.name,
        known=", ".join(other for other in datasets.DATASETS if has_same_labels(data, other)),
    )


def check_shape(data: DataConfig, name: str) -> None:
    """Whether the images of a data set have the shape that the run's model takes.

    Raises:
        InputError: They don't, or there is no such data set.
    """
    shape, expected = datasets.source(name).image_shape, datasets.source(data.name).image_shape
    if shape != expected:
        raise InputError(
            N_(
                "The images of '{name}' have the shape {shape} (channels, height, width), but this model was trained "
                "on {expected}. Choose a data set of that shape."
            ),
            name=name,
            shape=" x ".join(map(str, shape)),
            expected=" x ".join(map(str, expected)),
        )


def normal_classes(data: DataConfig, chosen: Collection[int] = (), name: str | None = None) -> tuple[int, ...]:
    """The classes that count as normal: the chosen ones, else those that the run learnt, if there are others.

    Args:
        data: The run's.
        chosen: Some of the classes that it learnt.
        name: The data set that is scored (default: the run's own).

    Returns:
        In order.

    Raises:
        InputError: The data set's images or labels are others than the learnt ones; a class was not learnt or is
            unknown; or nothing is left that could be anomalous.
    """
    name = name or data.name
    check_shape(data, name)
    check_labels(data, name)
    learnt, everything = classes(data), range(len(datasets.source(name).class_names))
    if not chosen and some_classes(data) is None:
        raise InputError(
            N_(
                "This run learnt all classes, 0 to {last} of '{own}', so say which are normal, such as {example}: --normal {example}."
            ),
            last=everything[-1],
            own=data.name,
            example=5 if 5 in learnt else learnt[0],
        )
    normal = tuple(sorted(set(chosen or learnt)))
    unknown = [number for number in normal if number not in learnt]
    if unknown:
        raise InputError(
            N_(
                "The normal classes are {classes}, but this run learnt the classes {learnt} of '{own}', which go from 0 to "
                "{last}, and only what it learnt can be normal to it. Choose among them."
            ),
            last=everything[-1],
            classes=", ".join(map(str, normal)),
            learnt=in_words(data),
            own=data.name,
        )
    if len(normal) == len(everything):
        raise InputError(
            N_(
                "All classes of '{name}', 0 to {last}, are called normal, so there is nothing anomalous to find. Leave at "
                "least one out."
            ),
            name=name,
            last=everything[-1],
        )
    return normal


def check_class(config: RunConfig, label: int | None) -> None:
    """Whether a run's model can be asked for images of a class; `None`, leaving it open, always can.

    Raises:
        InputError: It is not told the class, or did not learn that one.
    """
    if label is None:
        return
    if config.model.kind != "conditional-vae":
        raise InputError(
            N_(
                "This model is not told the class, so it can't be asked for class {label}; only a conditional VAE can. "
                "Leave the class out, or choose a run of that kind."
            ),
            label=label,
        )
    if label not in classes(config.data):
        raise InputError(
            N_("This model did not learn class {label}: it learnt the classes {learnt} of '{own}'. Choose among them."),
            label=label,
            learnt=in_words(config.data),
            own=config.data.name,
        )


def evaluable_classes(config: RunConfig, name: str) -> tuple[int, ...] | None:
    """On which classes of a data set a run is evaluated: on its own, those that it learnt; else all, as `None`.

    A conditional model is told each image's class, so it is evaluated on learnt classes alone, whatever the data set.

    Raises:
        InputError: The images have another shape, or a conditional model would be told labels that mean something else.
    """
    check_shape(config.data, name)
    if config.model.kind == "conditional-vae":
        check_labels(config.data, name)
        return some_classes(config.data)
    return config.data.classes if name == config.data.name else None
