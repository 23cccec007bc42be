"""What an export makes of a run: a row a format. torch is imported only in what makes one."""

import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from vae_core import __version__, export, files
from vae_core.csv_text import FOR_PROGRAMS, FORMS
from vae_core.errors import N_, InputError
from vae_core.runs import Run
from vae_core.settings import Part
from vae_core.studies import Report
from vae_core.studies.oversampling import Settings as Oversampling

Colour = Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")]


class Content(NamedTuple):
    """A file's bytes, and what else there is to say about it."""

    data: bytes
    about: Mapping[str, Any] = {}


class Nothing(Part):
    """A format without settings."""


class Film(Part):
    """How the film of a training is told."""

    words: str = Field(
        "Epoch {epoch}",
        title=N_("Words"),
        description=N_("What stands above each frame; {epoch} is its epoch."),
        max_length=40,
    )
    colours: tuple[Colour, ...] = Field(
        ("#ffffff",),
        title=N_("Colours"),
        description=N_("Of each class, such as #2889b9."),
        min_length=1,
        max_length=64,
    )


class Filled(Oversampling):
    """Which comparison of ways to fill up, and which way of it."""

    table: str = Field(
        "program",
        title=N_("Table"),
        description=N_("How a table is written: for programs, or for spreadsheets with a decimal point or comma."),
        pattern="^(program|point|comma)$",
    )
    way: str = Field("vae", title=N_("Path"), description=N_("How the rare class was oversampled."), max_length=40)


@dataclass(frozen=True)
class Maker:
    """A format.

    Attributes:
        suffix: How a file's name ends, after the run's id.
        make: Makes it of a run, with settings of `Settings`; it says how far it is.
        made_of: What of a run goes into it, besides its settings: changes when the file would.
        Settings: What can be chosen.
    """

    suffix: str
    make: Callable[[Run, Any, Report], Content]
    made_of: Callable[[Run, Mapping[str, Any]], Any]
    Settings: type[Part] = field(default=Nothing)


def maker(kind: str) -> Maker:
    """The row of `MAKERS`.

    Raises:
        InputError: There is no such format.
    """
    if kind not in MAKERS:
        raise InputError(
            N_("There is no format '{format}'. Choose one of: {known}."), format=kind, known=", ".join(MAKERS)
        )
    return MAKERS[kind]


def version(run: Run, kind: str, settings: Mapping[str, Any]) -> str:
    """Of what a run is now: another one as soon as its file would be another.

    Raises:
        WorkError: The run's files are damaged.
    """
    parts = [__version__, maker(kind).made_of(run, settings)]
    return f"{zlib.crc32(json.dumps(parts).encode()):08x}"


def epoch(run: Run) -> int:
    """The last finished epoch of the weights that a run has now."""
    name, _ = run.weights_version()
    known = files.read_metadata(run.folder / name).get("epoch", "") if name else ""
    return int(known) if known.isdecimal() else 0


def _config(run: Run, settings: Mapping[str, Any]) -> str:
    return files.read_text(run.folder / "config.json")


def _model(run: Run, settings: Mapping[str, Any]) -> list[str]:
    return [_config(run, settings), _weights(run)]


def _weights(run: Run) -> str:
    name, _ = run.weights_version()
    return files.read_metadata(run.folder / name).get("crc32", "") if name else ""


def _all_files(run: Run, settings: Mapping[str, Any]) -> list[tuple[str, int, int]]:
    names = ("config.json", "events.jsonl", "metrics.json", "model.safetensors", "resume.safetensors")
    paths = [*(run.folder / name for name in names), *sorted((run.folder / "snapshots").glob("*.safetensors"))]
    looks = [(path.name, path.stat()) for path in paths if path.exists()]
    return [(name, look.st_size, look.st_mtime_ns) for name, look in looks]


def _snapshots(run: Run, settings: Mapping[str, Any]) -> list[int]:
    return run.snapshot_epochs()


def _comparison(run: Run, settings: Mapping[str, Any]) -> list[Any]:
    figures = _study(run, settings).folder / "figures.json"
    return [_weights(run), figures.stat().st_mtime_ns if figures.exists() else 0]


def _study(run: Run, settings: Mapping[str, Any]) -> Any:
    from vae_core.jobs.studies import study_of

    return study_of(
        run, "oversampling", {name: value for name, value in settings.items() if name not in ("way", "table")}
    )


def _exported(kind: str) -> Callable[[Run, Any, Report], Content]:
    def make(run: Run, settings: Nothing, report: Report) -> Content:
        return Content(export.export(run, kind))

    return make


def _archive(run: Run, settings: Nothing, report: Report) -> Content:
    return Content(export.to_zip(run, report))


def _onnx(run: Run, settings: Nothing, report: Report) -> Content:
    from vae_core.onnx_export import to_onnx  # torch, and half a gigabyte of memory

    both = to_onnx(run, report)
    return Content(both.to_zip(run), {"difference": both.difference})


def _film(kind: str) -> Callable[[Run, Film, Report], Content]:
    def make(run: Run, settings: Film, report: Report) -> Content:
        from vae_core.film import film

        found = film(run)
        if found is None:
            raise InputError(
                N_("'{run}' has no film yet. Wait until it has begun, or choose another run."), run=run.title
            )
        words = [settings.words.replace("{epoch}", str(number)) for number in found.epochs]
        return Content(found.animation(kind, words, settings.colours, report=report))

    return make


def _pictures(kind: str) -> Callable[[Run, Filled, Report], Content]:
    def make(run: Run, settings: Filled, report: Report) -> Content:
        from vae_core.studies.oversampling import drawn

        arrays = _study(run, settings.to_dict()).arrays()
        if arrays is None:
            raise InputError(N_("The methods were not compared yet. Compare them first, then export the images."))
        filled = drawn(run, arrays, settings.way)
        report(0.5)
        form = FORMS.get(settings.table, FOR_PROGRAMS)
        return Content(export.export_pictures(filled.data, filled.synthetic, kind, form))

    return make


MAKERS: dict[str, Maker] = {
    "zip": Maker(".zip", _archive, _all_files),
    "safetensors": Maker(".safetensors", _exported("safetensors"), _model),
    "script": Maker(".py", _exported("script"), _config),
    "notebook": Maker(".ipynb", _exported("notebook"), _config),
    "onnx": Maker(".onnx.zip", _onnx, _model),
    "film-webp": Maker("-film.webp", _film("WEBP"), _snapshots, Film),
    "film-gif": Maker("-film.gif", _film("GIF"), _snapshots, Film),
    **{
        f"oversampled-{kind}": Maker(f"-rare-class.{kind}", _pictures(kind), _comparison, Filled)
        for kind in export.PICTURE_FORMATS
    },
}
"""The formats by name."""
