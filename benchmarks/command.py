"""A benchmark's command line, and how it tells what it found."""

import argparse
import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any


def main(
    document: str | None,
    measure: Callable[[Path, argparse.Namespace], Mapping[str, Any]],
    **numbers: tuple[type[int] | type[float], float, str],
) -> None:
    """Measures in an empty folder, and publishes what was found.

    Args:
        document: The script's own.
        measure: Is given the folder, and the arguments.
        numbers: The script's options: of which type, the default, and what they say.
    """
    parser = argparse.ArgumentParser(description=document, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    for name, (kind, default, help) in numbers.items():
        parser.add_argument(f"--{name}", type=kind, default=default, help=f"{help} (default {default})")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        publish(measure(Path(folder), arguments), arguments.json)


def publish(figures: Mapping[str, Any], path: Path | None) -> None:
    """Prints figures as JSON, and writes them into a file if one is named."""
    text = json.dumps(figures, indent=2) + "\n"
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    print(text, end="")
