"""The table of figures: `python benchmarks/figures.py`, also as `make figures`, writes `docs/figures.md`.

Every row is computed with its seeds, one after the other on one thread, each in a process of its own, and its figures
are kept in `benchmarks/results/ROW-SEED.json` as soon as they are there: a run that was interrupted goes on with the
next, and a row is computed anew when its file is deleted. Full MNIST (for some rows Fashion-MNIST) is taken from
`DIABOLO_DATA`. `--quick` tries every row for a moment and keeps nothing.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import torch

from benchmarks.rows import ROWS, Row
from vae_core.processor import prepare

RESULTS = ROOT / "benchmarks" / "results"
TABLE = ROOT / "docs" / "figures.md"
README = ROOT / "README.md"
BEGIN, END = "<!-- figures: written by make figures -->\n", "<!-- end of figures -->"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"only these ({', '.join(row.name for row in ROWS)})")
    parser.add_argument("--quick", action="store_true", help="try every row with one seed; nothing is kept")
    parser.add_argument("--table", action="store_true", help="compute nothing: write the table from what is kept")
    parser.add_argument("--compute", nargs=2, metavar=("ROW", "SEED"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    known = {row.name: row for row in ROWS}
    if arguments.compute:
        name, seed = arguments.compute
        print(json.dumps(compute(known[name], int(seed), arguments.quick)))
        return
    if unknown := set(arguments.rows) - set(known):
        parser.error(f"no row {', '.join(sorted(unknown))}; the rows are {', '.join(known)}")
    chosen = [known[name] for name in arguments.rows] or list(ROWS)
    if not arguments.table:
        for row in chosen:
            for seed in range(1 if arguments.quick else row.seeds):
                if arguments.quick or not result_file(row, seed).exists():
                    one(row, seed, quick=arguments.quick)
    if not arguments.quick:
        TABLE.write_text(table(ROWS))
        before, _, rest = README.read_text().partition(BEGIN)
        README.write_text(before + BEGIN + short_table(ROWS) + END + rest.partition(END)[2])
        print(f"{TABLE.relative_to(ROOT)} is written, and README.md's table.")


def one(row: Row, seed: int, *, quick: bool) -> None:
    """Computes a row with one seed in a process of its own, so that its time is its own."""
    command = [sys.executable, __file__, "--compute", row.name, str(seed), *(["--quick"] if quick else [])]
    print(f"{row.name}, seed {seed} ...", flush=True)
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    print(f"   {', '.join(f'{name} {value:.5g}' for name, value in found['figures'].items())}", flush=True)
    if not quick:
        RESULTS.mkdir(exist_ok=True)
        result_file(row, seed).write_text(json.dumps(found, indent=2) + "\n")


def compute(row: Row, seed: int, quick: bool) -> dict[str, Any]:
    prepare(1)
    started = time.process_time()
    figures = {name: float(value) for name, value in row.compute(seed, quick).items()}
    return {
        "row": row.name,
        "seed": seed,
        "figures": figures,
        "cpu_seconds": round(time.process_time() - started, 1),
        "machine": f"{processor()}, torch {torch.__version__}",
        "date": date.today().isoformat(),
    }


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        name = platform.machine()
    return f"{name}, {os.cpu_count()} cores"


def result_file(row: Row, seed: int) -> Path:
    return RESULTS / f"{row.name}-{seed}.json"


def table(rows: tuple[Row, ...]) -> str:
    """All that is kept, as Markdown: mean and spread (standard deviation over the seeds)."""
    lines = [
        "# Figures",
        "",
        "Each row: the mean over the seeds ± their standard deviation, computed by `make figures` (a row alone: ",
        "`python benchmarks/figures.py ROW`), one thread. Settings were chosen on validation splits; the test split was",
        "looked at once. A CPU-second is one of the machine named below, everything included: training and measuring.",
        "",
        "| experiment | figure | ours | published | CPU-s a seed | command |",
        "|---|---|---|---|---|---|",
    ]
    machines: set[str] = set()
    sources: list[str] = []
    for row in rows:
        kept = results(row)
        command = f"`{row.command}`" if row.command else ""
        machines |= {f"{found['machine']}, {found['date']}" for found in kept}
        if row.source:
            sources.append(f"- {row.title}: {row.source}")
        if not kept:
            lines.append(f"| {row.title} | not measured yet |  |  |  | {command} |")
            continue
        for number, (name, title) in enumerate(row.figures.items()):
            first = number == 0
            lines.append(
                f"| {row.title if first else ''} | {title} | {spread(kept, name)} | {row.published.get(name, '')} "
                f"| {seconds(kept) if first else ''} | {command if first else ''} |"
            )
    lines += ["", "Measured on: " + "; ".join(sorted(machines)) + ".", ""]
    return "\n".join([*lines, "Published figures:", "", *sources, ""])


def short_table(rows: tuple[Row, ...]) -> str:
    """For the README: the headlines of each row that was measured."""
    lines = ["| experiment | figure | ours | published | CPU-s |", "|---|---|---|---|---|"]
    for row in rows:
        kept = results(row)
        for number, name in enumerate((row.headlines or tuple(row.figures)[:1]) if kept else ()):
            first = number == 0
            lines.append(
                f"| {row.title if first else ''} | {row.figures[name]} | {spread(kept, name)} | {row.published.get(name, '')} "
                f"| {seconds(kept) if first else ''} |"
            )
    return "\n".join([*lines, ""])


def results(row: Row) -> list[dict[str, Any]]:
    """What is kept of a row, a seed each."""
    return [json.loads(result_file(row, s).read_text()) for s in range(row.seeds) if result_file(row, s).exists()]


def seconds(kept: list[dict[str, Any]]) -> str:
    return f"{statistics.mean(found['cpu_seconds'] for found in kept):.0f}" if kept else ""


def spread(kept: list[dict[str, Any]], name: str) -> str:
    """`0.0124 ± 0.0003 (3)`: mean, standard deviation, seeds."""
    values = [found["figures"][name] for found in kept if name in found["figures"]]
    if not values:
        return "not measured yet"  # a figure that came later than the row's results
    mean = statistics.mean(values)
    if len(values) == 1:
        return f"{mean:.4g} (1)"
    return f"{mean:.4g} ± {statistics.stdev(values):.2g} ({len(values)})"


if __name__ == "__main__":
    main()
