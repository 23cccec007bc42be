"""What all commands share: how they speak, and how they end."""

import errno
import io
import json
import logging
import math
import sys
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

import click

from vae_core.errors import DiaboloError, InputError

DONE, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and nothing else.")

run_argument = click.argument("run_id", metavar="RUN", help="Its id in the list of runs (see: list).")


class Number(click.FloatRange):
    """A number in a range, which NaN is not."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value} is not in the range {self._describe_range()}.", param, ctx)
        return number


def show(line: object = "") -> None:
    """A line of standard output. Named, because click would write UTF-8 to a terminal that takes ASCII."""
    click.echo(str(line), file=sys.stdout)


def say(message: object) -> None:
    """A message for a person, on standard error. A reader that has gone away never ends a training."""
    try:
        click.echo(str(message), file=sys.stderr)
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.EIO):
            raise


def print_json(values: Mapping[str, Any]) -> None:
    """One object on one line of standard output."""
    show(json.dumps(values, allow_nan=False))


def print_table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Columns that line up; `None` is shown as a dash."""
    cells = [list(head), *(["-" if cell is None else str(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    for row in cells:
        show("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def print_figures(figures: Mapping[str, Any]) -> None:
    """A figure a line."""
    width = max(map(len, figures))
    for name, value in figures.items():
        shown = "-" if value is None else f"{value:.4f}" if isinstance(value, float) else value
        show(f"{name.ljust(width)}  {shown}")


def _print_what_it_can(stream: object) -> None:
    """A terminal that lacks a character gets a question mark in its place, and never ends a command."""
    if isinstance(stream, io.TextIOWrapper) and stream.errors in ("strict", "surrogateescape"):
        stream.reconfigure(errors="replace")


class Shell(click.Group):
    """Turns whatever ends a command into one line and an exit status."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        given = kwargs.get("args") or (args[0] if args else None) or sys.argv[1:]
        kwargs["standalone_mode"] = False
        for stream in (sys.stdout, sys.stderr):
            _print_what_it_can(stream)
        status = DONE
        try:
            logging.getLogger("diabolo").addHandler(logging.NullHandler())  # a command says what it has to say itself
            result = super().main(*args, **kwargs)
            status = result if isinstance(result, int) else DONE
        except click.exceptions.NoArgsIsHelpError as error:
            say(error.format_message())
            status = BAD_INPUT
        except click.UsageError as error:
            where = error.ctx.command_path if error.ctx else "python -m vae_core"
            say(f"{' '.join(error.format_message().split())} See: {where} --help")
            status = BAD_INPUT
        except click.ClickException as error:
            say(error.format_message())
            status = BAD_INPUT
        except click.Abort:
            say("Interrupted.")
            status = INTERRUPTED
        except InputError as error:
            say(error)
            status = BAD_INPUT
        except DiaboloError as error:
            say(error)
            status = FAILED
        except Exception as error:
            if "--traceback" in given:
                traceback.print_exc()
            say(
                f"Something unexpected went wrong ({type(error).__name__}: {' '.join(str(error).split())}). For the "
                "details, put --traceback before the command: python -m vae_core --traceback ..."
            )
            status = FAILED
        sys.exit(status)
