"""`diagnose`: what is wrong with a training, and which settings would mend it."""

import math

import click

from vae_core import datasets, runs
from vae_core.commands.figures import model_of
from vae_core.commands.shell import json_option, print_json, print_table, run_argument, show
from vae_core.errors import InputError
from vae_core.runs import EventLog


@click.command()
@run_argument
@json_option
def diagnose(run_id: str, as_json: bool) -> None:
    """Look for the known faults of a training: collapse, learning by heart, a wrong learning rate, dead units, ...

    Each check has a number and the limit beyond which it is a fault. A training that went astray has no model to look
    at; its curves are still judged.

    \b
    Examples:
      python -m vae_core diagnose RUN
      python -m vae_core train --config runs/RUN/config.json --set training.learning_rate=0.001

    JSON: run, faults, checks[] {kind, value (null: not finite), limit, is_fault, message, changes {setting: value}}.
    """
    from vae_core import diagnosis

    run = runs.find(run_id)
    config = run.config
    checks = diagnosis.diagnose_curves(config, EventLog(run).read())
    try:
        model = model_of(run)
    except InputError:
        model = None  # it has no weights: the curves are all there is
    if model is not None:
        splits = datasets.splits(config.data)
        checks += diagnosis.diagnose_model(config, model, splits.train, splits.validation)
    checks = diagnosis.ordered(checks)
    if as_json:
        rows = [
            {
                "kind": check.kind,
                "value": check.value if math.isfinite(check.value) else None,
                "limit": check.limit,
                "is_fault": check.is_fault,
                "message": diagnosis.told(check) if check.is_fault else None,
                "changes": dict(check.changes) if check.is_fault else {},
            }
            for check in checks
        ]
        print_json({"run": run.id, "faults": sum(check.is_fault for check in checks), "checks": rows})
        return
    for check in checks:
        if check.is_fault:
            show(f"{diagnosis.CHECKS[check.kind].title}: {diagnosis.told(check)}")
            for path, value in check.changes.items():
                show(f"  try --set {path}={value}")
    print_table(
        ("check", "number", "limit", "fault"),
        [(check.kind, f"{check.value:.3g}", f"{check.limit:g}", "yes" if check.is_fault else "") for check in checks],
    )
