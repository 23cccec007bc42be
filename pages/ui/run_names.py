"""What runs are called where several stand in one list: runs of one name say in what they differ."""

from collections import Counter
from collections.abc import Sequence

from pages.ui.forms import in_words
from pages.ui.standing import name_of
from pages.ui.state import state_title
from pages.ui.text import t
from vae_core.config import RunConfig, field
from vae_core.runs import Summary
from vae_core.sweeps import differing

MOST_DIFFERENCES = 2
"""Settings that a label tells; of more, the first ones."""


def labels(summaries: Sequence[Summary]) -> dict[str, str]:
    """A label for each run, by its id, for a box to choose from: `differences`, and how the run stands."""
    tags = {summary.id: _tag(summary) for summary in summaries}
    return {
        run_id: f"{name} · {tags[run_id]}" if tags[run_id] else name for run_id, name in differences(summaries).items()
    }


def differences(summaries: Sequence[Summary]) -> dict[str, str]:
    """A name for each run, by its id. No two are the same.

    A run whose name another run has too says in which settings it differs; where in none, when it was started.
    """
    names = {summary.id: name_of(summary) for summary in summaries}
    told = names | _with_differences(summaries, names)
    told |= {run_id: f"{label} · {_moment(run_id)}" for run_id, label in told.items() if _is_shared(label, told)}
    return told | {run_id: f"{label} · {run_id[-4:]}" for run_id, label in told.items() if _is_shared(label, told)}


def _with_differences(summaries: Sequence[Summary], names: dict[str, str]) -> dict[str, str]:
    found = {}
    for name, count in Counter(names.values()).items():
        alike = {s.id: s.config for s in summaries if names[s.id] == name and s.config is not None}
        if count < 2 or len(alike) < 2:
            continue
        different = list(differing(list(alike.values())))[:MOST_DIFFERENCES]
        for run_id, config in alike.items():
            found[run_id] = " · ".join([name, *(_setting(config, path) for path in different)])
    return found


def _setting(config: RunConfig, path: str) -> str:
    value = config.get(path)
    return f"{t(field(path).title or path)} {in_words(value)}"


def _moment(run_id: str) -> str:
    """When a run was started, from its id, which begins with that moment: `11-25 04:43`."""
    digits = run_id[:15]
    if not digits.replace("-", "").isdecimal():
        return run_id[-4:]
    return f"{digits[4:6]}-{digits[6:8]} {digits[9:11]}:{digits[11:13]}"


def _is_shared(label: str, told: dict[str, str]) -> bool:
    return list(told.values()).count(label) > 1


def _tag(summary: Summary) -> str:
    if summary.starter:
        return t("starter")
    if summary.state == "finished" and not summary.stopped:
        return ""
    return state_title(summary.state, stopped=summary.stopped)
