"""From the command line to a run's settings. Names, titles, ranges and defaults are the config's own."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args, get_origin

import click
from pydantic.fields import FieldInfo

from vae_core import files, recipes
from vae_core.config import RunConfig, field
from vae_core.errors import N_, InputError
from vae_core.reasons import reason
from vae_core.recipes import Recipe
from vae_core.setting_text import from_text
from vae_core.settings import bounds, choices, fields

F = TypeVar("F", bound=Callable[..., Any])


def settings_options(function: F) -> F:
    """The options that decide a run's settings."""
    for option in reversed(
        (
            click.option("--recipe", metavar="NAME", help="Begin with this recipe's settings (see: list)."),
            click.option(
                "--config",
                "config_file",
                type=click.Path(path_type=Path),
                metavar="FILE",
                help="Settings from a JSON file, such as a run's config.json; what it leaves out stays as it was.",
            ),
            click.option("--dataset", metavar="NAME", help="Learn from this data set (see: data list)."),
            click.option("--seed", type=int, help="The start of all chance: the same seed gives the same model."),
            click.option("--epochs", type=int, help="How many times to see every training image."),
            click.option("--name", help="What you call the run."),
            click.option(
                "--set",
                "changes",
                multiple=True,
                metavar="SETTING=VALUE",
                help="Change any setting of the list below; give it as often as you like.",
            ),
        )
    ):
        function = option(function)
    return function


def settings(
    recipe: Recipe | None,
    config_file: Path | None,
    shortcuts: dict[str, Any],
    changes: Sequence[str],
) -> RunConfig:
    """The settings of a run: the recipe's or the defaults, then the file's, then the shortcuts', then `--set`'s.

    Args:
        recipe: To begin with.
        config_file: A JSON file, whole or partial.
        shortcuts: Values by dotted name; `None` where the option was not given.
        changes: `dotted.name=value` each.

    Raises:
        InputError: A name is unknown or a value is out of range; the file is missing or is not JSON.
    """
    config = recipe.config if recipe else RunConfig()
    if config_file is not None:
        config = RunConfig.from_dict(_merged(config.to_dict(), _read(config_file)))
    given = {path: value for path, value in shortcuts.items() if value is not None}
    return config.with_values(given | dict(map(parse, changes)))


def parse(change: str) -> tuple[str, Any]:
    """`dotted.name=value` to the name and the value: JSON, or plain text, or several values with commas.

    Raises:
        InputError: There is no '=', or no such setting.
    """
    path, equals, text = change.partition("=")
    if not equals:
        raise InputError(N_("'--set {change}' has no value. Write it as: --set model.latent_dim=8"), change=change)
    return path, from_text(path, text)


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise InputError(N_("There is no file '{path}'. Name a JSON file of settings."), path=str(path))
    try:
        if path.stat().st_size > files.LARGEST_JSON:
            raise ValueError(f"larger than {files.LARGEST_JSON} bytes")
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(
            N_("'{path}' is not a file of settings ({reason}). Correct it, or name another."),
            path=str(path),
            reason=reason(error),
        ) from error
    if not isinstance(values, dict):
        raise InputError(N_("Settings must be a JSON object with keys such as 'model' and 'training'."))
    return values


def _merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """`changes` over `base`, part by part."""
    return base | {
        key: _merged(base[key], value) if isinstance(value, dict) and isinstance(base.get(key), dict) else value
        for key, value in changes.items()
    }


def _find(annotation: Any, wanted: Any) -> Any:
    """The first part of a nested annotation whose origin is `wanted`."""
    if get_origin(annotation) is wanted:
        return annotation
    return next((found for part in get_args(annotation) if (found := _find(part, wanted)) is not None), None)


class WithSettings(click.Command):
    """A command whose help ends with every setting there is."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_epilog(ctx, formatter)
        with formatter.section("Settings for --set"):
            formatter.write_dl(
                [(path, describe(path)) for path in fields(RunConfig) if path not in ("version", "recipe")]
            )
        with formatter.section("Recipes"):
            formatter.write_dl([(row.name, f"{row.title}. {row.question}") for row in recipes.RECIPES.values()])


def describe(path: str) -> str:
    """A setting in a few lines: title, what it takes, default, help."""
    info = field(path)
    low, high = bounds(info)
    takes = [f"{low:g} to {high:g}"] if low is not None and high is not None else [", ".join(choices(info))]
    if "tuple" in str(info.annotation):
        # tuple[Annotated[int, Field(ge=..., le=...)], ...], perhaps | None
        inner = FieldInfo.from_annotation(_find(info.annotation, Annotated))
        takes = ["numbers with commas, each {} to {}".format(*bounds(inner))]
    elif info.annotation is bool:
        takes = ["true or false"]
    default = json.dumps(info.get_default())
    return f"{info.title} [{'; '.join([*filter(None, takes), f'default {default}'])}]. {info.description}"
