"""`diagnose`: what is wrong with a training, and which settings would mend it."""

import math
from typing import TYPE_CHECKING

import click

from vae_core import datasets, runs
from vae_core.commands.figures import model_of
from vae_core.commands.shell import json_option, print_json, print_table, run_argument, show
from vae_core.control import is_active
from vae_core.errors import InputError
from vae_core.runs import EventLog

if TYPE_CHECKING:
    from vae_core.diagnosis import Check


@click.command()
@run_argument
@json_option
def diagnose(run_id: str, as_json: bool) -> None:
    """Look for the known faults of a training: collapse, overfitting, a wrong learning rate, dead units, ...

    Each check has a value and the limit beyond which it is a fault. A training that diverged has no other fault, and one
    that was stopped on its way isn't judged as a whole.

    \b
    Examples:
      python -m vae_core diagnose RUN
      python -m vae_core train --config runs/RUN/config.json --set training.learning_rate=0.001

    JSON: run, not_judged (null: it is), faults, checks[] {kind, value (null: not finite), limit, is_fault, message (of a
    fault, or why a check beyond its limit is none), changes {setting: value}}.
    """
    from vae_core import diagnosis, verdict

    run = runs.find(run_id)
    config = run.config

    def look() -> list[diagnosis.Check]:
        try:
            model = model_of(run)
        except InputError:
            return []  # it has no weights: the curves are all there is
        splits = datasets.splits(config.data)
        return diagnosis.diagnose_model(config, model, splits.train, splits.validation)

    state = run.state()
    unfinished = is_active(state) or state == "paused"
    found = verdict.judge(config, EventLog(run).read(), look, live=unfinished)
    checks = found.checks
    not_judged = found.unjudged.format(**found.values)
    if unfinished:
        not_judged = "Not judged: its training is not over. So far:"
    if as_json:
        rows = [
            {
                "kind": check.kind,
                "value": check.value if math.isfinite(check.value) else None,
                "limit": check.limit,
                "is_fault": check.is_fault,
                "message": diagnosis.told(check) or None,
                "changes": dict(check.changes) if check.is_fault else {},
            }
            for check in checks
        ]
        print_json({"run": run.id, "not_judged": not_judged or None, "faults": len(found.faults), "checks": rows})
        return
    if not_judged:
        show(not_judged)
    for check in checks:
        if check.is_fault:
            show(f"{diagnosis.CHECKS[check.kind].title}: {diagnosis.told(check)}")
            for path, value in check.changes.items():
                show(f"  try --set {path}={value}")
    print_table(
        ("check", "value", "limit", "fault"),
        [(check.kind, f"{check.value:.3g}", f"{check.limit:g}", _is_fault(check)) for check in checks],
    )


def _is_fault(check: "Check") -> str:
    if check.is_fault:
        return "yes"
    return f"no: {check.why_not.format(**check.values)}" if check.why_not else ""
