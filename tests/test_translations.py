"""Languages: the catalogues are whole and fresh, and no page shows a text that did not pass through them."""

import ast
import gettext
import json
import re
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit
from google.protobuf.json_format import MessageToDict
from streamlit.testing.v1 import AppTest

from pages.ui import notation, text
from pages.ui.live_curves import ZOOM
from pages.ui.navigation import PAGES
from pages.ui.number_tables import number_table
from scripts import translations
from scripts.typography import typeset
from tests.processes import nobody_left
from vae_core.errors import N_, InputError

ROOT = Path(__file__).parents[1]
APP = ROOT / "app.py"


@pytest.fixture(scope="module")
def source() -> set[str]:
    return {str(message.id) for message in translations.template() if message.id}


@pytest.mark.parametrize("language", translations.TRANSLATED)
class TestCatalogue:
    def test_every_message_is_translated(self, language: str, source: set[str]) -> None:
        catalogue = translations.read(language)
        there = {str(message.id) for message in catalogue if message.id} - set(translations.missing(catalogue))
        assert sorted(source - there) == []

    def test_every_entry_is_used(self, language: str, source: set[str]) -> None:
        assert sorted({str(message.id) for message in translations.read(language) if message.id} - source) == []

    def test_what_the_app_reads_is_fresh(self, language: str) -> None:
        kept = translations.po_file(language).with_suffix(".mo").read_bytes()
        assert kept == translations.compiled(translations.read(language)), "run: make translations"

    def test_a_translation_has_the_fields_of_its_message(self, language: str) -> None:
        for message in translations.read(language):
            if isinstance(message.id, str):
                assert fields(str(message.string)) == fields(message.id), message.id
            else:  # of a single one the count may be a word
                one, many = message.string
                assert fields(many) == fields(message.id[1]), message.id
                assert {*fields(one)} | {*fields(message.id[0])} <= {*fields(many)}, message.id

    def test_markdown_survives(self, language: str) -> None:
        for message in translations.read(language):
            for mark in ("`", "**", "$", "]("):
                for said, told in zip(translations.texts(message.id), translations.texts(message.string), strict=True):
                    assert told.count(mark) == said.count(mark) or (mark == "**" and "{" in said), message.id

    def test_it_is_set_as_french_is_printed(self, language: str) -> None:
        for message in translations.read(language):
            if message.id and language == "fr":
                for form in translations.texts(message.string):
                    assert typeset(form) == form, "run: make translations"


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        ("L'image : est-ce « elle » ?", "L’image\u00a0: est-ce «\u00a0elle\u00a0»\u202f?"),
        ("12 % de 4 000 images; 3 nats!", "12\u00a0% de 4\u202f000 images\u202f; 3\u00a0nats\u202f!"),
        ("{share:.0%} ; {low:.1f} %", "{share:.0%}\u202f; {low:.1f}\u00a0%"),
        ("Entre -2 et 3, 2-D, -ELBO ...", "Entre −2 et 3, 2-D, −ELBO…"),
        ("`a: b; c' d -3` : --set x=-1", "`a: b; c' d -3`\u00a0: --set x=-1"),
        ("%{x:.1%} ; https://a.b/c?d=-1;e", "%{x:.1%}\u202f; https://a.b/c?d=-1;e"),
        ("« {run} » à {host} s'est arrêté", "«\u00a0{run}\u00a0» à {host} s’est arrêté"),
        ("n° 5 (quoi ?)", "n°\u00a05 (quoi\u202f?)"),
    ],
)
def test_french_typography_by_rule(typed: str, printed: str) -> None:
    assert typeset(typed) == printed and typeset(printed) == printed


def fields(message: str) -> list[tuple[str, str, str]]:
    """Name, format and conversion of each field; a message that is used without values may hold any braces."""
    try:
        return sorted((name, spec or "", how or "") for _, name, spec, how in string.Formatter().parse(message) if name)
    except ValueError:
        return []


class _Marked(gettext.NullTranslations):
    """A language of brackets: what stands outside them on a page did not pass through a catalogue."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return f"⟦{msgid1 if n == 1 else msgid2}⟧"


# What a visitor reads of an element, by the names that Streamlit's protocol, Plotly and Vega-Lite give it.
_READ = {"label", "help", "body", "options", "placeholder", "caption", "captions", "text", "title", "alt", "name"}
_READ |= {"hovertemplate", "ticktext", "annotationText", "hoverText", "formattedOptions", "header"}
_NOT_WORDS = re.compile(
    r":[a-z]+-badge|[\\\w/]+\\?\.py, [\\\w.]+|"  # a place in the source
    r"https?://\S+|`[^`]*`|\$\$.*?\$\$|:material/\w+:|\$[^$]*\$|%\{[^}]*\}|<[^>]*>|[\w-]+\.(?:py|json|npz|csv|png|zip|safetensors)\b",
    re.DOTALL,
)
_NAMES = re.compile(
    r"\b(?:VAE|PCA|MNIST|Fashion|KMNIST|EMNIST|QMNIST|USPS|Diabolo|SMOTE|UMAP|SNE|IWAE|ELBO|MSE|PSNR|SSIM|AUROC|KL|"
    r"Adam|AdamW|ReLU|SiLU|GELU|Tanh|ELU|NPZ|CSV|PNG|GIF|ZIP|ImageFolder|Python|PyTorch|Streamlit|English|Français|"
    r"Language|Langue)\b"
)


def outside(text: str) -> str:
    """What of a text never was in a catalogue: words of three letters and more."""
    depth, kept = 0, []
    for character in text:
        depth += (character == "⟦") - (character == "⟧")
        kept.append(character if depth == 0 else " ")
    rest = _NAMES.sub(" ", _NOT_WORDS.sub(" ", "".join(kept).replace("⟧", " ")))
    return " ".join(re.findall(r"[^\W\d_]{3,}", rest))


def readable(value: Any, name: str = "") -> Iterator[str]:
    """Every text that a visitor reads in an element's message."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "spec" and isinstance(inner, str):
                yield from readable(json.loads(inner))
            else:
                yield from readable(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from readable(inner, name)
    elif isinstance(value, str) and name in _READ and value != ZOOM:  # which is a name in a chart's specification
        yield value


def everything(app: AppTest) -> Iterator[str]:
    for block in (app.main, app.sidebar):
        yield from _inside(block)


def _inside(block: Any) -> Iterator[str]:
    for child in block.children.values():
        proto = getattr(child, "proto", None)
        if proto is not None:
            yield from readable(MessageToDict(proto))
        if getattr(child, "type", "") == "arrow_data_frame":
            frame = child.value
            yield from map(str, frame.columns)
            yield from (cell for column in frame for cell in frame[column] if isinstance(cell, str))
        if hasattr(child, "children"):
            yield from _inside(child)


@pytest.fixture
def marked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("DIABOLO_RUNS", str(tmp_path))  # what people call their runs is theirs
    monkeypatch.setattr(text, "_catalogue", lambda language: _Marked())
    with nobody_left(tmp_path):
        yield


@pytest.fixture
def unfolded(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that unfolds is open from the beginning, also what is filled only then."""
    folded = streamlit.expander

    def expander(label: str, expanded: bool = False, **options: Any) -> Any:
        return folded(label, True, **options)

    monkeypatch.setattr(streamlit, "expander", expander)


@pytest.mark.usefixtures("marked", "unfolded")
@pytest.mark.parametrize("run", ["", "starter-vae-2d", "starter-ae-2d"])
@pytest.mark.parametrize("page", [entry.name for entry in PAGES])
def test_every_text_of_a_page_can_be_translated(page: str, run: str) -> None:
    app = AppTest.from_file(APP, default_timeout=90)
    if run:
        app.query_params["run"] = run
    app.switch_page(f"pages/{page}.py").run()
    assert not app.exception and not app.error
    untranslated = {f"{left}  IN  {words}" for words in everything(app) if (left := outside(words))}
    assert not untranslated, "\n".join(sorted(untranslated))


# What a visitor gets


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [("fr", "fr"), ("fr-CA", "fr"), ("FR", "fr"), ("en-GB", "en"), ("de", "en"), (None, "en"), ("", "en")],
)
def test_the_browsers_language_comes_first(
    asked: str | None, spoken: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DIABOLO_RUNS", str(tmp_path))
    monkeypatch.setattr(type(streamlit.context), "locale", property(lambda self: asked))
    with nobody_left(tmp_path):
        app = AppTest.from_file(APP, default_timeout=60)
        app.switch_page("pages/train.py").run()
    assert app.title[0].value == {"en": "Train", "fr": "Entraîner"}[spoken]
    assert app.segmented_control(key="language_widget").value == spoken
    assert "lang" not in app.query_params


def test_a_link_and_the_switch_win_over_the_browser(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DIABOLO_RUNS", str(tmp_path))
    with nobody_left(tmp_path):
        app = AppTest.from_file(APP, default_timeout=60)
        app.query_params["lang"] = "fr"
        app.switch_page("pages/how.py").run()
        assert app.title[0].value == "Comment ça marche"
        app.segmented_control(key="language_widget").set_value("en").run()
        assert app.title[0].value == "How it works" and app.query_params["lang"] == "en"
        app.switch_page("pages/train.py").run()
        assert app.title[0].value == "Train" and app.query_params["lang"] == "en", "on every page"
        app.query_params["lang"] = "nonsense"
        assert app.run().title[0].value == "Train"


def test_an_error_is_told_in_the_visitors_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "language", lambda: "fr")
    error = InputError(N_("There is no run '{run}'. Choose one from the list of runs."), run="x")
    assert text.describe(error) == "Il n’y a pas d’entraînement «\u00a0x\u00a0». Choisissez-en un dans la liste."
    assert str(error) == "There is no run 'x'. Choose one from the list of runs."
    assert text.t("") == "", "gettext's empty message is its header"


def test_nothing_that_is_cached_is_translated() -> None:
    """What the cached functions call must not ask for a language: another visitor may read another one."""
    asked: list[str] = []
    source = (ROOT / "pages" / "ui" / "cache.py").read_text(encoding="utf-8")
    for name in re.findall(r"from (pages\.ui[\w.]*) import (\w+)", source):
        module, function = name
        path = ROOT / Path(*module.split(".")).with_suffix(".py")
        if not path.exists():
            path = ROOT / Path(*module.split(".")) / "__init__.py"
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name == function:
                calls = {ast.unparse(call.func) for call in ast.walk(node) if isinstance(call, ast.Call)}
                asked += [f"{module}.{function}"] if "t" in calls else []
    assert asked == []


def test_numbers_are_written_as_the_language_writes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    message = "About **{images:,}** images to learn from: {share:.1%}, {text}."
    values = {"images": 12345, "share": 0.125, "text": "1.5"}
    assert text.t(message, **values) == "About **12,345** images to learn from: 12.5%, 1.5."
    monkeypatch.setattr(text, "language", lambda: "fr")
    assert text.t(message, **values) == "About **12\u202f345** images to learn from: 12,5\u00a0%, 1.5."


@pytest.mark.parametrize(
    ("value", "spec", "english", "french"),
    [
        (12345, ",", "12,345", "12\u202f345"),
        (-1234.5, ",.2f", "-1,234.50", "\u22121\u202f234,50"),
        (0.125, ".1%", "12.5%", "12,5\u00a0%"),
        (-0.5, "+.0%", "-50%", "\u221250\u00a0%"),
        (0.25, "+.2f", "+0.25", "+0,25"),
        (1.5e-7, ".2g", "1.5e-07", "1,5e\u221207"),
        (7, "", "7", "7"),
    ],
)
def test_one_formatter_writes_numbers(value: float, spec: str, english: str, french: str) -> None:
    assert (notation.number(value, spec, "en"), notation.number(value, spec, "fr")) == (english, french)


@pytest.mark.parametrize(
    ("count", "english", "french"),
    [
        (1, "1 byte", "1\u00a0octet"),
        (512, "512 bytes", "512\u00a0octets"),
        (12_345, "12 kB", "12\u202fko"),
        (3_400_000, "3.4 MB", "3,4\u202fMo"),
        (2_000_000_000, "2.0 GB", "2,0\u202fGo"),
    ],
)
def test_sizes_are_those_of_the_language(count: int, english: str, french: str) -> None:
    assert (notation.size(count, "en"), notation.size(count, "fr")) == (english, french)


def test_a_tables_numbers_are_those_of_the_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "language", lambda: "fr")
    table = number_table([{"a": 0.5, "b": -0.25}, {"a": None, "b": 1.0}], {"a": ".3f", "b": ".0%"})
    shown = table.to_string(delimiter="|")
    assert "0,500|\u221225\u00a0%" in shown and "||100\u00a0%" in shown.replace("1||", "||")


PLURALS = [message for message in translations.read("fr") if message.id and not isinstance(message.id, str)]


@pytest.mark.parametrize("spoken", text.LANGUAGES)
@pytest.mark.parametrize("message", PLURALS, ids=lambda message: message.id[1][:40])
def test_a_single_one_is_told_as_one(message: Any, spoken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "language", lambda: spoken)
    one, many = message.id
    for count, forms in ((1, 0), (2, 1)):
        values = {name: count for name, _, _ in fields(many)}
        told = text.tn(one, many, next(iter(values)), **values)
        expected = message.id[forms] if spoken == "en" else message.string[forms]
        assert told == text._FORMATTERS[spoken].vformat(expected, (), values)


# A count before a plural noun that is a whole data set's, a limit or a setting's: never a single one.
_NEVER_ONE = {"most", "fewest", "least", "pixels", "parameters", "encoder", "activations", "max_length", "min_length"}
_NEVER_ONE |= {"draws", "times", "high", "raw", "loss", "bits", "seeds", "all", "layers"}
_OF_MANY = (  # test images that are shown, all classes, trainings of different lengths, ...
    "After epoch {epoch}. The latent space",
    "How far are the {model}'s new images",
    "Each of the {count} models",
    "{data}, {count} trainings of {low}",
    "A difference is called one where the spread of {count} classifiers",
    "A square of {count} images",
    "The map is a flat piece of {count} dimensions",
    "'{name}' has only {count} classes",
    "The rare class is {number}",
    "{count} images. The first one",
    "There are {layers} hidden widths",
    "'{setting}' has {layers} layers",
)


def test_a_count_that_may_be_one_has_both_forms() -> None:
    """In English: `{count} images` is a plural message, except where the count is told with thousands, as of data sets."""
    counted = re.compile(r"\{(\w+)\}\*{0,2} (?:(?:new|latent|hidden|other|more|small|test|synthetic) )*([a-z-]+s)\b")
    alone = {
        "is",
        "has",
        "was",
        "its",
        "draws",
        "lies",
        "does",
        "answers",
        "sends",
        "less",
        "images/s",
        "status",
        "reaches",
    }
    pages = [
        str(message.id)
        for message in translations.template()
        if isinstance(message.id, str) and any(place.startswith("pages") for place, _ in message.locations)
    ]
    found = [m for m in pages for name, noun in counted.findall(m) if noun not in alone and name not in _NEVER_ONE]
    assert [message for message in found if not message.startswith(_OF_MANY)] == []


def test_half_a_one_is_told_as_the_language_tells_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for spoken, told in (("en", "1.5 images"), ("fr", "1,5 image")):
        monkeypatch.setattr(text, "language", lambda spoken=spoken: spoken)
        catalogue = gettext.NullTranslations() if spoken == "en" else _French()
        monkeypatch.setattr(text, "_catalogue", lambda spoken, catalogue=catalogue: catalogue)
        assert text.tn("{count} image", "{count} images", "count", count=1.5) == told


class _French(gettext.NullTranslations):
    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return msgid1 if n < 2 else msgid2


# What plain words stood for before, where the field has a term; what is shown, printed and documented says the term.
_NOT_SAID = (
    r"pictures?|strangers?|strange(?:st)?|kept aside|by heart|astray|mended run|take it with you|take its settings|"
    r"fill(?:ed|ing|s)? up|numbers? (?:of|in) the code|code numbers?|numbers? in use|latent size|comes? back|"
    r"quarter of an? (?:minute|hour)|times fewer|images a second|nats a pixel|MSE a pixel|"
    r"too little to tell|without bends"
)
_PAS_DIT = (
    r"PCA|MSE|intrus|étranges?|mises? de côté|par cœur|Taille latente|nombres? du code|nombres? utilisés?|"
    r"Déclin des poids|Montée du|Bits libres|L’entraîneur|L’emporter|Ce qui revient|couche de tirage|s’est égaré|"
    r"rien à attendre|Prendre ses réglages|quart d’heure"
)


def test_the_fields_terms_are_said() -> None:
    for message in translations.read("fr"):
        for said in translations.texts(message.id):
            words = re.sub(r"\{[^}]*\}|`[^`]*`", " ", said)
            assert not re.search(rf"(?i)\b(?:{_NOT_SAID})\b", words), said
        for said in translations.texts(message.string) if message.id else ():
            words = re.sub(r"\{[^}]*\}|`[^`]*`", " ", said)
            assert not re.search(rf"\b(?:{_PAS_DIT})\b", words), said


@pytest.mark.parametrize("name", ["README.md", "docs/figures.md", "docs/coach.md", "docs/gallery.md"])
def test_documents_say_them_too(name: str) -> None:
    told = re.sub(r"`[^`]*`|\([^)]*\.webp\)", " ", (ROOT / name).read_text(encoding="utf-8"))
    assert re.findall(rf"(?i)\b(?:{_NOT_SAID})\b", told) == []
