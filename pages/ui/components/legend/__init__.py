"""The classes' colours, each with its name: one look and one code for every picture that the browser draws itself.

Streamlit gives a component one style sheet and one script, so these are written before its own.
"""

from pathlib import Path

_HERE = Path(__file__).parent
CSS = (_HERE / "legend.css").read_text(encoding="utf-8")
JS = (_HERE / "legend.js").read_text(encoding="utf-8")
