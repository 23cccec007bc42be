"""What if: which runs a sweep has, and what is refused before anything is queued."""

from itertools import product

import pytest

from vae_core import sweeps
from vae_core.config import RunConfig
from vae_core.errors import InputError

BASE = RunConfig().replace(name="mine", model__latent_dim=2)


def test_a_run_for_each_combination_but_the_run_itself() -> None:
    found = sweeps.grid(BASE, {"model.latent_dim": [2, 4, 8], "loss.beta": [1.0, 4.0]})
    pairs = {(config.model.latent_dim, config.loss.beta) for config in found}
    assert pairs == set(product((2, 4, 8), (1.0, 4.0))) - {(2, 1.0)}
    assert all(config.name == "" for config in found)
    assert len(sweeps.grid(BASE, {"model.latent_dim": [4, 4, 8]})) == 2, "each once"


def test_another_network_takes_its_own_widths() -> None:
    (found,) = sweeps.grid(BASE, {"model.network": ["dense", "conv"]})
    assert found.model.network == "conv" and found.model.hidden != BASE.model.hidden


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({}, "Choose one or two"),
        ({"model.latent_dim": [2], "loss.beta": [1.0], "training.seed": [0]}, "Choose one or two"),
        ({"model.latent_dim": [2]}, "Nothing would differ"),
        ({"model.latent_dim": []}, "Nothing would differ"),
        ({"model.latent_dim": list(range(3, 20))}, "at most 12"),
        ({"model.latent_dim": [0]}, "must be a number from 1"),
        ({"model.nonsense": [1]}, "nonsense"),
    ],
)
def test_what_makes_no_sense_is_refused(values: dict[str, list[object]], why: str) -> None:
    with pytest.raises(InputError, match=why):
        sweeps.grid(BASE, values)


@pytest.mark.parametrize("path", sweeps.VALUES)
def test_every_value_that_is_offered_is_one(path: str) -> None:
    base = BASE.replace(model__kind="vae")
    for value in sweeps.VALUES[path]:
        assert base.with_values({path: value}).get(path) == value


def test_an_autoencoder_is_not_asked_about_its_kl() -> None:
    offered = sweeps.offered(BASE.replace(model__kind="autoencoder"))
    assert "loss.beta" not in offered and "model.latent_dim" in offered
    assert "loss.beta" in sweeps.offered(BASE)


def test_what_is_typed_is_read_as_the_setting_takes_it() -> None:
    assert sweeps.parse("model.latent_dim", " 12 ") == 12
    assert sweeps.parse("loss.beta", "0.5") == 0.5
    assert sweeps.parse("model.activation", "relu") == "relu"
    for path, text in (("model.latent_dim", "many"), ("model.latent_dim", "900"), ("model.activation", "step")):
        with pytest.raises(InputError):
            sweeps.parse(path, text)


def test_a_family_differs_in_these_settings_alone() -> None:
    others = {
        "base": BASE,
        "four": BASE.replace(model__latent_dim=4, name="another name", training__threads=1),
        "beta": BASE.replace(loss__beta=4.0),
        "both": BASE.replace(model__latent_dim=4, loss__beta=4.0),
        "seed": BASE.replace(training__seed=3),
    }
    assert sweeps.family(BASE, others, ["model.latent_dim"]) == {
        "base": {"model.latent_dim": 2},
        "four": {"model.latent_dim": 4},
    }
    assert set(sweeps.family(BASE, others, ["model.latent_dim", "loss.beta"])) == {"base", "four", "beta", "both"}
    assert sweeps.varied(BASE, others) == ["model.latent_dim", "loss.beta", "training.seed"]


def test_trainings_that_differ_in_nothing_but_their_seed_are_found() -> None:
    base = RunConfig()
    configs = {
        "a": base,
        "b": base.replace(training__seed=1, name="another name", training__threads=1),
        "c": base.replace(loss__beta=2.0),
        "again": base.replace(name="the very same"),
        "d": base.replace(loss__beta=2.0, training__seed=4),
        "alone": base.replace(loss__beta=3.0),
    }
    assert sweeps.repeats(configs) == [["a", "b"], ["c", "d"]]
    assert sweeps.repeats({}) == []
