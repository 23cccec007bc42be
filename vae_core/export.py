"""A run, to take away: as one archive, or as weights that other programs read."""

import io
import json
import zipfile

from vae_core import files
from vae_core.errors import N_, InputError
from vae_core.runs import Run

PRIVATE = ("lock", "request.json", "state.json", "worker.log")
"""What belongs to a run's process on this machine, and not to the run."""

FORMATS = {
    "safetensors": N_("The weights, with the settings as JSON in the metadata ('config')."),
    "zip": N_("The whole run: settings, history, figures, weights, snapshots."),
}
"""The formats by name, with what they hold. The name is also the file's ending."""

NO_CLOCK = (1980, 1, 1, 0, 0, 0)  # no time of day in the archive: the same run gives the same bytes


def export(run: Run, kind: str) -> bytes:
    """A run as the bytes of one file.

    Args:
        run: One's own or a starter.
        kind: A name in `FORMATS`.

    Raises:
        InputError: There is no such format, or the run has no weights yet.
        WorkError: One of its files is damaged.
    """
    if kind not in FORMATS:
        raise InputError(
            N_("There is no format '{format}'. Choose one of: {known}."), format=kind, known=", ".join(FORMATS)
        )
    return _MAKERS[kind](run)


def to_safetensors(run: Run) -> bytes:
    """The weights by parameter name. Metadata: `config` (the settings as JSON) and `run`. Errors as `export`."""
    return files.arrays_to_bytes(run.weights(), {"config": json.dumps(run.config.to_dict()), "run": run.id})


def to_zip(run: Run) -> bytes:
    """The run's folder without what is `PRIVATE`, under the run's name. Errors as `export`."""
    _ = run.config, run.weights()  # a damaged run is no use to anyone
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for path in sorted(run.folder.rglob("*")):
            name = path.relative_to(run.folder).as_posix()
            if not path.is_file() or name in PRIVATE or path.name.startswith("."):
                continue
            entry = zipfile.ZipInfo(f"{run.id}/{name}", NO_CLOCK)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            file.writestr(entry, path.read_bytes())
    return archive.getvalue()


_MAKERS = {"safetensors": to_safetensors, "zip": to_zip}
