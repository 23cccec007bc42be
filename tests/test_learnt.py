"""What a run has learnt, and what is refused because of it: by the functions, and so by pages and commands alike."""

from typing import Any

import pytest

from vae_core import learnt
from vae_core.config import DataConfig, RunConfig
from vae_core.errors import InputError


def data(**settings: Any) -> DataConfig:
    return DataConfig(**settings)


def test_what_is_learnt() -> None:
    assert learnt.classes(data(classes=(7, 5, 5))) == (5, 7)
    assert learnt.some_classes(data(classes=(5,))) == (5,)
    assert learnt.some_classes(data()) is None is learnt.some_classes(data(classes=tuple(range(10))))
    assert learnt.in_words(data(classes=(7, 5))) == "5, 7" and learnt.in_words(data(name="fashion-mnist")) == "0-9"


@pytest.mark.parametrize("name", ["digits", "mnist", "qmnist", "emnist-digits"])
def test_the_same_digits_elsewhere_are_the_same_classes(name: str) -> None:
    assert learnt.normal_classes(data(classes=(5,)), name=name) == (5,)


@pytest.mark.parametrize("own", ["digits", "fashion-mnist"])
@pytest.mark.parametrize("name", ["digits", "fashion-mnist", "kmnist"])
def test_other_labels_are_refused_naming_the_learnt_classes(own: str, name: str) -> None:
    run = data(name=own, classes=(5, 8))
    if own == name:
        learnt.check_labels(run, name)
        return
    with pytest.raises(InputError, match=rf"'{name}': the classes 5, 8 of '{own}'.*Choose a data set.*{own}"):
        learnt.normal_classes(run, (5,), name)


def test_another_shape_is_refused() -> None:
    with pytest.raises(InputError, match=r"1 x 16 x 16.*1 x 28 x 28"):
        learnt.normal_classes(data(classes=(5,)), name="usps")
    with pytest.raises(InputError, match="no data set 'cats'"):
        learnt.normal_classes(data(classes=(5,)), name="cats")


@pytest.mark.parametrize(
    ("run", "chosen", "found"),
    [
        (data(classes=(5, 7)), (), (5, 7)),
        (data(classes=(5, 7)), (7,), (7,)),
        (data(), (7, 3, 3), (3, 7)),
        (data(classes=(5, 7)), (3,), "normal classes are 3, .*classes 5, 7 of 'digits'"),
        (data(classes=(5,)), (5, 7), "normal classes are 5, 7.*classes 5 of 'digits'"),
        (data(classes=(5,)), (11,), "normal classes are 11.*classes 5 of"),
        (data(), (-1,), "normal classes are -1.*classes 0-9 of"),
        (data(), (), "learnt all classes, 0 to 9.*--normal 5"),
        (data(), tuple(range(10)), "0 to 9, are called normal.*at least one out"),
    ],
)
def test_which_classes_may_be_normal(run: DataConfig, chosen: tuple[int, ...], found: Any) -> None:
    if isinstance(found, tuple):
        assert learnt.normal_classes(run, chosen) == found
        return
    with pytest.raises(InputError, match=found):
        learnt.normal_classes(run, chosen)


def test_only_a_learnt_class_is_asked_of_a_conditional_model() -> None:
    told = RunConfig().with_values({"model.kind": "conditional-vae", "data.classes": [5, 7]})
    learnt.check_class(told, 7)
    learnt.check_class(told, None)
    for label in (3, 10, -1):
        with pytest.raises(InputError, match=rf"class {label}: it learnt the classes 5, 7 of 'digits'"):
            learnt.check_class(told, label)
    with pytest.raises(InputError, match="not told the class"):
        learnt.check_class(RunConfig(), 3)


def test_on_which_classes_a_run_is_evaluated() -> None:
    some = {"data.classes": [5, 7]}
    plain, told = RunConfig().with_values(some), RunConfig().with_values(some | {"model.kind": "conditional-vae"})
    assert learnt.evaluable_classes(plain, "digits") == learnt.evaluable_classes(told, "digits") == (5, 7)
    assert learnt.evaluable_classes(plain, "mnist") is None
    assert learnt.evaluable_classes(plain, "fashion-mnist") is None, "what it makes of other images may be measured"
    assert learnt.evaluable_classes(told, "mnist") == (5, 7)
    with pytest.raises(InputError, match="the classes 5, 7 of 'digits'"):
        learnt.evaluable_classes(told, "fashion-mnist")
    with pytest.raises(InputError, match="1 x 16 x 16"):
        learnt.evaluable_classes(plain, "usps")
