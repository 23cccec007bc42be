"""plotly's table of all attributes of all charts, of which it asks for some hundred of ten thousand rows.

It reads the table whole at the first chart (Streamlit makes one when it is imported) and keeps it: 9 MB. Packed, it is a
twentieth of that, and a row is unpacked when it is asked for; what plotly makes of a row it keeps itself.
"""

import json
import zlib
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from plotly.validator_cache import ValidatorCache


class PackedTable:
    """Rows by their path, such as `layout.xaxis.title`, packed by what they are parts of.

    Args:
        rows: Plain values.
    """

    def __init__(self, rows: Mapping[str, Any]) -> None:
        parts: defaultdict[str, dict[str, Any]] = defaultdict(dict)
        for path, row in rows.items():
            whole, _, name = path.rpartition(".")
            parts[whole][name] = row
        self._packed = {whole: zlib.compress(json.dumps(part).encode(), 1) for whole, part in parts.items()}

    def get(self, path: str) -> Any:
        """The row, which is the caller's to change; `None` where there is none."""
        whole, _, name = path.rpartition(".")
        packed = self._packed.get(whole)
        return None if packed is None else json.loads(zlib.decompress(packed)).get(name)


def pack() -> None:
    """Packs the table, if plotly has read it and it isn't yet. Once in a process' life; early, so that the room is used
    by what is loaded next."""
    if isinstance(ValidatorCache._json_cache, dict):
        ValidatorCache._json_cache = PackedTable(ValidatorCache._json_cache)
