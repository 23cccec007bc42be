"""The command line: the same functions as the pages.

`--json` prints one JSON object on the last line of standard output and nothing else there; every message goes to
standard error. Exit status: 0 done, 1 failed at work, 2 bad input, 130 interrupted. What needs torch is imported
inside the commands that need it, so that the others answer at once.
"""

import click

from vae_core.commands.coach import diagnose
from vae_core.commands.figures import anomaly, evaluate
from vae_core.commands.listing import data, list_everything
from vae_core.commands.pictures import export, import_archive, sample
from vae_core.commands.shell import Shell
from vae_core.commands.work import resume, train

__all__ = ["cli"]


@click.group(cls=Shell, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--traceback", is_flag=True, help="Show where in the code something failed, for a bug report.")
def cli(traceback: bool) -> None:
    """Diabolo, the autoencoder laboratory, without a browser.

    \b
    python -m vae_core train --recipe quick      train a model on real digits
    python -m vae_core list                      see your runs
    python -m vae_core evaluate RUN              how good is it?
    python -m vae_core sample RUN --out new.png  draw new digits

    Each command explains itself: python -m vae_core train --help
    """


for command in (train, resume, evaluate, anomaly, diagnose, sample, export, import_archive, list_everything, data):
    cli.add_command(command)
