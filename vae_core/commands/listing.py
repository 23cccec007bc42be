"""`list` and `data`: what there is. Nothing here needs torch, but for a download."""

import sys
from contextlib import ExitStack
from typing import Any

import click

from vae_core import datasets, recipes, runs
from vae_core.commands.shell import json_option, print_json, print_table, say, show


@click.command("list")
@json_option
def list_everything(as_json: bool) -> None:
    """Your runs, newest first, then the starter runs; and the recipes.

    JSON: runs [{id, name, state, recipe, model, dataset, epochs (finished ones), metrics, error, and, where there is
    something to know of its process, note}], recipes [{name, title, question}].
    """
    rows = [_run(summary) for summary in runs.list_runs()]
    known = [{"name": row.name, "title": row.title, "question": row.question} for row in recipes.RECIPES.values()]
    if as_json:
        print_json({"runs": rows, "recipes": known})
        return
    columns = ("id", "name", "state", "dataset", "epochs")
    for row in rows:
        row["state"] = (
            "stopped" if row["state"] == "finished" and (row["metrics"] or {}).get("stopped") else row["state"]
        )
    print_table([*columns, "-ELBO"], [[*(row[key] for key in columns), _negative_elbo(row["metrics"])] for row in rows])
    if told := [row["id"] for row in rows if row["model"] == "conditional-vae"]:
        say(f"Told the class of each image, which others have to find out: {', '.join(told)}")
    for row in rows:
        for reason in (row["error"], row.get("note")):
            if reason:
                show(f"{row['id']}: {reason}")
    show()
    print_table(["recipe", "title", "question"], [list(row.values()) for row in known])


def _run(summary: runs.Summary) -> dict[str, Any]:
    config = summary.config
    return {
        "id": summary.id,
        "name": summary.name,
        "state": summary.state,
        "recipe": config.recipe if config else None,
        "model": config.model.kind if config else None,
        "dataset": config.data.name if config else None,
        "epochs": summary.epoch if config else None,
        "metrics": summary.metrics,
        "error": str(summary.error) if summary.error else None,
        **({"note": str(summary.note)} if summary.note else {}),
    }


def _negative_elbo(metrics: dict[str, Any] | None) -> str | None:
    elbo = (metrics or {}).get("elbo")
    return f"{-elbo:.2f}" if isinstance(elbo, int | float) else None


@click.group()
def data() -> None:
    """Data sets: what there is, and how to get it.

    \b
    Examples:
      python -m vae_core data list
      python -m vae_core data get mnist
    """


@data.command("list")
@json_option
def list_data(as_json: bool) -> None:
    """The data sets, and whether they are on this machine.

    JSON: datasets [{name, present, images, source, licence}].
    """
    rows = [_dataset(name) for name in datasets.DATASETS]
    if as_json:
        print_json({"datasets": rows})
        return
    shown = [
        [row["name"], "yes" if row["present"] else "no", row["images"], row["source"], row["licence"]] for row in rows
    ]
    print_table(["name", "here", "images", "source", "licence"], shown)


@data.command("get")
@click.argument("name", metavar="NAME", help="Its name in: data list.")
@json_option
def get_data(name: str, as_json: bool) -> None:
    """Download a data set, with its checksum tested, unless it is there already.

    \b
    Example:
      python -m vae_core data get fashion-mnist

    JSON: datasets [{name, present, images, source, licence}], of this one.
    """
    if datasets.is_present(name):
        say(f"'{name}' is there already.")
    else:
        with ExitStack() as stack:
            datasets.get(name, progress=_Bar(name, stack).show if sys.stderr.isatty() else None)
        say(f"'{name}' is there now.")
    if as_json:
        print_json({"datasets": [_dataset(name)]})


def _dataset(name: str) -> dict[str, Any]:
    row = datasets.source(name)
    return {
        "name": name,
        "present": datasets.is_present(name),
        "images": sum(row.sizes.values()),
        "source": row.source,
        "licence": row.licence,
    }


class _Bar:
    """A progress bar in bytes, shown once their total is known."""

    def __init__(self, name: str, stack: ExitStack) -> None:
        self.name, self.stack = name, stack
        self.bar: Any = None

    def show(self, done: int, total: int | None) -> None:
        if self.bar is None and total is not None:
            bar = click.progressbar(length=total, label=f"Fetching {self.name}", file=sys.stderr)
            self.bar = self.stack.enter_context(bar)
        if self.bar is not None:
            self.bar.update(done - self.bar.pos)
