"""The catalogues: what the source says in English, and what it is in French. Also as `make translations`.

Reads every `t("...")`, `tn("...", "...")` and `N_("...")` in the source, brings `locale/*/LC_MESSAGES/diabolo.po` up to date (new messages
are added without a translation, those that nothing uses leave), compiles the `.mo` that the app reads, and says what is
left to translate. Both files are committed: Streamlit Community Cloud compiles nothing.
"""

import ast
import io
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from pages.ui.text import DOMAIN, LANGUAGES, LOCALES, SOURCE
from scripts.typography import typeset

MARKS = ("t", "N_")
PLURAL = "tn"
DAY = datetime(2026, 11, 24, tzinfo=UTC)  # of every catalogue: a date of each writing would be all that changes
TRANSLATED = tuple(language for language in LANGUAGES if language != SOURCE)


def sources() -> list[Path]:
    return [ROOT / "app.py", *sorted((ROOT / "pages").rglob("*.py")), *sorted((ROOT / "vae_core").rglob("*.py"))]


def template() -> Catalog:
    """Every message of the source, each with the files it stands in, without line numbers, which change daily."""
    found = _catalogue()
    for path in sources():
        # Not Babel's own reader: it joins all strings within the parentheses to one, whatever stands between them.
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKS and node.args:
                for message in _messages(node.args[0]):
                    found.add(message, locations=[(path.relative_to(ROOT).as_posix(), 0)])
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == PLURAL:
                one, many = (next(_messages(argument)) for argument in node.args[:2])
                found.add((one, many), locations=[(path.relative_to(ROOT).as_posix(), 0)])
    return found


def _messages(argument: ast.expr) -> Iterator[str]:
    """The strings that an argument may be: itself, or either branch of `a if x else b`."""
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str) and argument.value:
        yield argument.value
    elif isinstance(argument, ast.IfExp):
        yield from _messages(argument.body)
        yield from _messages(argument.orelse)


def texts(of: str | Sequence[str] | None) -> tuple[str, ...]:
    """What a message says: its singular and plural where it has both."""
    return (of or "",) if of is None or isinstance(of, str) else tuple(of)


def po_file(language: str) -> Path:
    return LOCALES / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def read(language: str) -> Catalog:
    path = po_file(language)
    if not path.exists():
        return _catalogue(language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def updated(language: str) -> Catalog:
    """What the source says now, with the translations that are known, set as French is printed; none is ever guessed."""
    catalogue = read(language)
    for message in catalogue:
        if message.id and language == "fr":
            forms = tuple(typeset(form) for form in texts(message.string))
            message.string = forms if isinstance(message.string, (tuple, list)) else forms[0]
    catalogue.update(template(), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    catalogue.creation_date = catalogue.revision_date = DAY
    return catalogue


def compiled(catalogue: Catalog) -> bytes:
    buffer = io.BytesIO()
    write_mo(buffer, catalogue)
    return buffer.getvalue()


def missing(catalogue: Catalog) -> list[str]:
    return [
        str(message.id) for message in catalogue if message.id and (not all(texts(message.string)) or message.fuzzy)
    ]


def write(language: str, catalogue: Catalog) -> None:
    path = po_file(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalogue, width=100_000, sort_by_file=True)
    path.with_suffix(".mo").write_bytes(compiled(catalogue))


def _catalogue(language: str | None = None) -> Catalog:
    return Catalog(
        locale=language,
        domain=DOMAIN,
        project="Diabolo",
        version="1",
        msgid_bugs_address="Diabolo",
        last_translator="Diabolo",
        language_team="Diabolo",
        header_comment="# Diabolo's texts. `make translations` brings this file up to date.",
        fuzzy=False,
        creation_date=DAY,
        revision_date=DAY,
    )


def main() -> None:
    for language in TRANSLATED:
        catalogue = updated(language)
        write(language, catalogue)
        left = missing(catalogue)
        print(f"{po_file(language).relative_to(ROOT)}: {len(catalogue)} messages, {len(left)} without a translation")
        for message in left:
            print("  ", repr(message))


if __name__ == "__main__":
    main()
