"""What if: runs that differ from one run in one or two settings. They are found, not stored: the runs themselves are the
sweep, whoever started them and whenever."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from vae_core.config import RunConfig, field
from vae_core.errors import N_, InputError
from vae_core.setting_text import from_text
from vae_core.settings import fields

MOST_RUNS = 12
"""Trainings that may be queued at once: a visitor of a shared machine is not alone."""

VALUES: Mapping[str, tuple[Any, ...]] = {
    "model.latent_dim": (2, 4, 8, 16, 32),
    "loss.beta": (0.25, 0.5, 1.0, 2.0, 4.0, 8.0),
    "training.learning_rate": (3e-4, 1e-3, 2e-3, 5e-3),
    "training.batch_size": (32, 64, 128, 256),
    "training.epochs": (5, 10, 30, 100),
    "model.activation": ("relu", "gelu", "silu", "tanh"),
    "model.kind": ("autoencoder", "vae"),
    "model.network": ("dense", "conv"),
    "training.noise": (0.0, 0.2, 0.4, 0.6),
    "training.weight_decay": (0.0, 0.01, 0.1),
    "loss.free_bits": (0.0, 0.1, 0.25, 0.5),
    "loss.kl_warmup": (0.0, 0.1, 0.3),
    "training.seed": (0, 1, 2, 3),
}
"""The settings that are worth asking about, each with values to begin with."""

_OF_A_VAE = ("loss.beta", "loss.free_bits", "loss.kl_warmup")
_NOT_COMPARED = ("version", "name", "recipe", "training.threads")

NO_MATTER = object()
"""The value of a setting that has no effect on a model."""


def offered(base: RunConfig) -> tuple[str, ...]:
    """The settings that make sense for a run like this one."""
    is_vae = base.model.kind != "autoencoder" and base.loss.samples == 1
    return tuple(path for path in VALUES if is_vae or path not in _OF_A_VAE)


def grid(base: RunConfig, values: Mapping[str, Sequence[Any]]) -> list[RunConfig]:
    """A run for each combination, without the run itself.

    Args:
        base: The run from which they differ.
        values: One or two settings by dotted names, each with its values.

    Raises:
        InputError: There is no or too many of them, or a value is not one that its setting takes.
    """
    if not 1 <= len(values) <= 2:
        raise InputError(N_("{count} settings are to be varied. Choose one or two."), count=len(values))
    for path in values:
        field(path)
    found: list[RunConfig] = []
    for combination in product(*values.values()):
        config = base.with_values({"name": "", **dict(zip(values, combination, strict=True))})
        if not _alike(config, base, ()) and not any(_alike(config, other, ()) for other in found):
            found.append(config)
    if not found:
        raise InputError(N_("Nothing would differ from this run. Choose other values."))
    if len(found) > MOST_RUNS:
        raise InputError(
            N_("These are {count} trainings, but at most {most} may be queued at once. Choose fewer values."),
            count=len(found),
            most=MOST_RUNS,
        )
    return found


def parse(path: str, text: str) -> Any:
    """A value that a person typed for a setting.

    Raises:
        InputError: It is none.
    """
    return RunConfig().with_values({path: from_text(path, text.strip())}).get(path)


def family(base: RunConfig, others: Mapping[str, RunConfig], paths: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The runs that are as `base` but for these settings, the base itself among them if it is there.

    Args:
        others: Runs by whatever names them.

    Returns:
        By the same names: the values of the settings.
    """
    return {
        name: {path: config.get(path) for path in paths}
        for name, config in others.items()
        if _alike(config, base, paths)
    }


def varied(base: RunConfig, others: Mapping[str, RunConfig]) -> list[str]:
    """The settings in which alone there are other runs that differ: the sweeps that there are."""
    return [
        path
        for path in offered(base)
        if len({repr(v[path]) for v in family(base, others, [path]).values()} | {repr(base.get(path))}) > 1
    ]


def differing(configs: Sequence[RunConfig]) -> dict[str, tuple[Any, ...]]:
    """The settings that are not the same in all of those that they matter to.

    Returns:
        By dotted names, one value for each config; `NO_MATTER` where the setting has no effect on it.
    """
    found: dict[str, tuple[Any, ...]] = {}
    for path in fields(RunConfig):
        values = [config.get(path) if matters(config, path) else NO_MATTER for config in configs]
        told = [value for value in values if value is not NO_MATTER]
        if path not in _NOT_COMPARED and any(value != told[0] for value in told):
            found[path] = tuple(values)
    return found


def matters(config: RunConfig, path: str) -> bool:
    """Whether a setting has any effect on a model of these settings: a beta has none where there is no KL to weigh."""
    model, loss, data = config.model, config.loss, config.data
    is_vae = model.kind != "autoencoder"
    return {
        "model.kernel": model.network == "conv",
        "model.sigma": model.likelihood == "gaussian",
        "loss.samples": is_vae,
        "data.rare_share": data.rare_class is not None,
        "data.leave_out_digits_test": data.name == "mnist",
    }.get(path, is_vae and loss.samples == 1 if path.startswith("loss.") else True)


def repeats(configs: Mapping[str, RunConfig]) -> list[list[str]]:
    """Which of several runs are trainings of the same settings that differ in nothing but their seed.

    Args:
        configs: By whatever names the runs.

    Returns:
        A list of names for each setting that was trained with two seeds or more, one run a seed.
    """
    groups: list[list[str]] = []
    for name, config in configs.items():
        group = next((group for group in groups if _alike(config, configs[group[0]], ["training.seed"])), None)
        if group is None:
            groups.append([name])
        elif config.training.seed not in {configs[other].training.seed for other in group}:
            group.append(name)
    return [group for group in groups if len(group) > 1]


def _alike(one: RunConfig, other: RunConfig, but: Sequence[str]) -> bool:
    paths = [path for path in fields(RunConfig) if path not in (*_NOT_COMPARED, *but)]
    if "model.network" in but:  # another network has other widths by default
        paths.remove("model.hidden")
    return all(one.get(path) == other.get(path) for path in paths)
