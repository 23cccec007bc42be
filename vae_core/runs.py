"""The run folder is the truth: made, recorded, listed and read here. Nothing in it is a pickle.

config.json         the settings
events.jsonl        what happened, a line an event
metrics.json        figures of the finished model on the test split
model.safetensors   the finished model's weights
resume.safetensors  weights, optimizer, generator and place: enough to go on, bit for bit
snapshots/          what the model made of fixed inputs, an epoch a file
request.json, state.json, lock   what is wanted and how it stands (`control.py`)
"""

from __future__ import annotations

import dataclasses
import os
import re
import secrets
import shutil
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vae_core import events as ev
from vae_core import files
from vae_core.config import RunConfig
from vae_core.control import Job, State, Status, is_active
from vae_core.environment import runs_root, threads_for, writable
from vae_core.errors import N_, DiaboloError, InputError, WorkError
from vae_core.locks import Lock
from vae_core.thinning import ThinnedEvents

STARTERS = Path(__file__).resolve().parent / "starters"
STARTER_NAMES = {
    "starter-vae-2d": N_("VAE, 2-D latent space"),
    "starter-vae-conv-16d": N_("Convolutional VAE, 16-D latent space"),
    "starter-ae-2d": N_("Autoencoder, 2-D latent space"),
}
"""The first one is what a visitor sees who has chosen nothing."""
LONG = 8 << 20  # bytes of `events.jsonl`: more than one has that is thinned while it is written
MOST_LEFT_OUT = 4_000  # lines of `events.jsonl` that thinning would save, before it is written anew
NEW, DELETED = ".new-", ".deleted-"
"""Before the name of a folder that is not a run yet, or no more."""
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,99}")
_OWN_ID = re.compile(r"\d{8}-\d{6,9}-[a-z-]+-\d+-[0-9a-f]{4}")  # of `create`; an import may be called otherwise
_ASIDE = re.compile(r"(import|submit|budget)-\w+")
_OWN_FILES = ("config.json", "request.json", "state.json", "events.jsonl", "resume.safetensors", "model.safetensors")
_OTHER_FILES = ("metrics.json", "snapshots", "studies", "exports", "request.lock", "lock", "heartbeat", "worker.log")
_MOMENT = re.compile(r"\d{8}-\d{6}")


@dataclass(frozen=True)
class Run:
    """A run by its folder.

    Attributes:
        id: The folder's name.
        folder: Where it lies.
    """

    id: str
    folder: Path

    @property
    def is_starter(self) -> bool:
        """Whether it came with Diabolo, and so is only to be looked at."""
        return self.folder.parent == STARTERS

    @property
    def job(self) -> Job:
        return Job(self.folder)

    @property
    def config(self) -> RunConfig:
        """Raises WorkError where `config.json` is missing or damaged."""
        path = self.folder / "config.json"
        try:
            return RunConfig.from_json(files.read_text(path))
        except InputError as error:
            raise files.damaged(path, error) from error

    @property
    def title(self) -> str:
        """Its name, or its settings in a few words."""
        return title(self.config)

    def state(self) -> State:
        return "finished" if self.is_starter else self.job.state()

    def metrics(self) -> dict[str, Any] | None:
        """Figures of the finished model; `None` while there are none. Raises WorkError where the file is damaged."""
        path = self.folder / "metrics.json"
        return files.read_json(path) if path.exists() else None

    def weights(self) -> dict[str, Any]:
        """The model's arrays by parameter name: the finished ones, else those of the last checkpoint.

        Raises:
            InputError: There are none yet.
            WorkError: The file is damaged.
        """
        finished, resume = self.folder / "model.safetensors", self.folder / "resume.safetensors"
        if finished.exists():
            return files.read_arrays(finished)
        if resume.exists():
            return _model_arrays(files.read_arrays(resume))
        if Job(self.folder).status().recorded == "finished":
            raise files.missing(finished)
        raise InputError(
            N_("'{run}' has no weights yet. Wait until it has begun, or choose another run."), run=self.title
        )

    def weights_version(self) -> tuple[str, int]:
        """Changes when `weights` would: a key for caches."""
        for name in ("model.safetensors", "resume.safetensors"):
            path = self.folder / name
            if path.exists():
                return name, path.stat().st_mtime_ns
        return "", 0

    def snapshot_epochs(self) -> list[int]:
        """The epochs that have a snapshot, in order."""
        names = (path.stem for path in (self.folder / "snapshots").glob("*.safetensors"))
        return sorted(int(name) for name in names if name.isdecimal())

    def snapshot(self, epoch: int) -> dict[str, Any]:
        """The arrays of `events.Snapshot`. Raises WorkError where the file is missing or damaged."""
        return files.read_arrays(self.folder / _snapshot_file(epoch))

    def size(self) -> int:
        """Bytes on disk."""
        total = 0
        for path in self.folder.rglob("*"):
            with suppress(FileNotFoundError):  # a temporary file, renamed between two looks
                total += path.stat().st_size if path.is_file() else 0
        return total


@dataclass(frozen=True)
class Summary:
    """A line of the list of runs.

    `error` is what is wrong with it, if anything is; `note` is what ended its last process, or that it is silent.
    """

    id: str
    name: str
    state: State
    starter: bool
    config: RunConfig | None = None
    epoch: int = 0
    metrics: dict[str, Any] | None = None
    error: DiaboloError | None = None
    note: DiaboloError | None = None

    @property
    def stopped(self) -> bool:
        """Whether it was stopped before its last epoch."""
        return bool((self.metrics or {}).get("stopped"))


def title(config: RunConfig) -> str:
    """The run's name, or its settings in a few words."""
    if config.name.strip():
        return config.name.strip()
    kind = {"vae": "VAE", "autoencoder": "AE", "conditional-vae": "CVAE"}[config.model.kind]
    classes = "" if config.data.classes is None else " " + ",".join(map(str, config.data.classes))
    return f"{kind} {config.model.network} {config.model.latent_dim}-D, {config.data.name}{classes}"


def create(config: RunConfig, *, hold: bool = False, root: Path | None = None) -> tuple[Run, Lock | None]:
    """A new run's folder, whole from its first moment.

    Settings that ask for more threads than this machine has to give, because they come from a larger one, get what there
    is; the first of the run's events then says so.

    Args:
        config: The settings.
        hold: Take its lock at once, so that no supervisor starts it: for a training in the foreground.
        root: Where (default: the run root).

    Returns:
        The run and, where `hold`, its lock.

    Raises:
        InputError: The run root can't be written to.
    """
    root = writable(root or runs_root())
    asked, threads = config.training.threads, threads_for(config.training.threads)
    config = config.replace(training__threads=threads)  # the last bits of the weights depend on it
    run_id = new_id(config)
    new = root / f".new-{run_id}"
    new.mkdir()
    lock = Lock(new / "lock") if hold else None
    if lock is not None:
        lock.acquire()
    (new / "snapshots").mkdir()
    files.write(new / "config.json", config.to_json().encode())
    if asked is not None and threads < asked:
        files.write(new / "events.jsonl", (ev.to_json(ev.FewerThreads(0, 0, asked, threads)) + "\n").encode())
    job = Job(new)
    job.ask("run")
    if hold:
        job.write_status(Status(recorded="starting", answered=job.request().number))
    new.rename(root / run_id)
    return Run(run_id, root / run_id), lock


def new_id(config: RunConfig) -> str:
    """A name for a run's folder: the moment in UTC, so that names are in order wherever they were made, and the model."""
    now = time.time()
    moment = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now))}{int(now * 1000) % 1000:03d}"
    return f"{moment}-{config.model.kind}-{config.model.network}-{config.model.latent_dim}-{secrets.token_hex(2)}"


def find(run_id: str) -> Run:
    """The run of that name, a starter or one's own.

    Raises:
        InputError: There is none.
    """
    for root in (runs_root(), STARTERS):
        if _ID.fullmatch(run_id) and is_run(root / run_id):
            return Run(run_id, root / run_id)
    raise _no_run(run_id)


def _no_run(run_id: str) -> InputError:
    return InputError(N_("There is no run '{run}'. Choose one from the list of runs."), run=run_id[:100])


def is_run(folder: Path) -> bool:
    """Whether a folder is a run, be it damaged: it is no link, is named as a run, and its settings or its request are ours.

    Whatever else lies in a run root is somebody else's: it is neither listed, nor worked at, nor written to, nor removed.
    """
    try:
        if not _ID.fullmatch(folder.name) or folder.is_symlink() or not folder.is_dir():
            return False
        # Only files are read: who opens a pipe waits for ever.
        settings, request = folder / "config.json", folder / "request.json"
        if (settings.is_file() and _has_settings(settings)) or (request.is_file() and _has_request(folder)):
            return True
        # Both are damaged or gone: then it is one by its name and its files, unless its settings are some other tool's.
        ours = _MOMENT.match(folder.name) and any((folder / name).is_file() for name in _OWN_FILES)
        return bool(ours) and not (settings.is_file() and _is_others(settings))
    except OSError:  # no permission to look
        return False


def _has_settings(path: Path) -> bool:
    with suppress(DiaboloError):
        return files.read_json(path).keys() >= {"schema", "model", "data", "training"}
    return False


def _is_others(path: Path) -> bool:
    with suppress(DiaboloError):
        return "schema" not in files.read_json(path)
    return False


def _has_request(folder: Path) -> bool:
    with suppress(DiaboloError):
        return Job(folder).request().number > 0
    return False


def all_runs() -> list[Run]:
    """One's own runs, newest first, then the starters."""
    root = runs_root()
    own = [Run(path.name, path) for path in root.iterdir() if is_run(path)] if root.is_dir() else []
    own.sort(key=_moment, reverse=True)
    return own + [Run(name, STARTERS / name) for name in STARTER_NAMES if (STARTERS / name).is_dir()]


def unsettled() -> int:
    """How many of one's own runs work or wait for their turn."""
    count = 0
    for run in all_runs():
        with suppress(DiaboloError, OSError):
            count += is_active(run.state())
    return count


def _moment(run: Run) -> tuple[str, str]:
    """When a run was made, in UTC, for sorting: its name begins with it (in local time, before this was written).

    Somebody may have called an archive's folder something else; then it counts when it came.
    """
    if _MOMENT.match(run.id):
        return run.id, ""
    try:
        seconds = (run.folder / "request.json").stat().st_mtime
    except OSError:
        return "", run.id
    return time.strftime("%Y%m%d-%H%M%S", time.gmtime(seconds)), run.id


def list_runs() -> list[Summary]:
    """All runs. One that is damaged is listed with what is wrong with it, and never keeps the others from being listed."""
    return [summary(run) for run in all_runs()]


def summary(run: Run) -> Summary:
    """How a run stands; does not raise where its files are damaged."""
    try:
        config = run.config
        state, metrics = run.state(), run.metrics()
        error = None if run.is_starter else run.job.status().error
        note = None if run.is_starter else run.job.note()
        return Summary(run.id, title(config), state, run.is_starter, config, _last_epoch(run), metrics, error, note)
    except DiaboloError as error:
        return Summary(run.id, _name_of_damaged(run), "failed", run.is_starter, error=error)


def _name_of_damaged(run: Run) -> str:
    """What its owner knows it by, if that can still be read; else its id."""
    with suppress(DiaboloError):
        return run.title
    with suppress(DiaboloError):
        name = files.read_json(run.folder / "config.json").get("name")
        if isinstance(name, str) and name.strip():
            return name.strip()[:80]
    return run.id


def _last_epoch(run: Run) -> int:
    """The last finished epoch, from the newest file that carries one."""
    for name in ("model.safetensors", "resume.safetensors"):
        path = run.folder / name
        if path.exists():
            epoch = files.read_metadata(path).get("epoch", "0")
            return int(epoch) if epoch.isdecimal() else 0
    return 0


def rename(run: Run, name: str) -> None:
    """Gives a run another name.

    Raises:
        InputError: It is a starter, or the name is too long.
    """
    _own(run)
    files.write(run.folder / "config.json", run.config.replace(name=name.strip()).to_json().encode())


def delete(run: Run, patience: float = 0.0) -> None:
    """Removes a run's folder. Stop it first.

    Args:
        run: One's own.
        patience: Seconds to wait for who works at it.

    Raises:
        InputError: It is a starter, or a process still works at it.
    """
    _own(run)
    if os.path.lexists(run.folder) and not is_run(run.folder):
        raise _no_run(run.id)
    lock = Lock(run.folder / "lock")
    try:
        free = lock.acquire(patience)
    except FileNotFoundError as error:
        raise InputError(N_("'{run}' was deleted already."), run=run.id) from error
    if not free:
        raise InputError(N_("'{run}' is still at work. Stop it first, then delete it."), run=run.id)
    try:
        # Out of the list in one step; what a crash leaves of the rest is swept by the next supervisor.
        trash = run.folder.with_name(f"{DELETED}{run.id}")
        run.folder.rename(trash)
        shutil.rmtree(trash, ignore_errors=True)
    finally:
        lock.close()


def _own(run: Run) -> None:
    if run.is_starter:
        raise InputError(
            N_("'{run}' came with Diabolo and can't be changed. Train a run of your own instead."), run=run.id
        )
    writable(run.folder.parent)


def sweep(root: Path) -> None:
    """Removes what killed processes left half-made or half-deleted in a run root."""
    for folder in root.iterdir():
        with suppress(OSError):  # somebody else removes it right now, or may do with it what we may not
            if _is_left_over(folder):
                lock = Lock(folder / "lock")
                # A folder that is being made right now is younger than a minute.
                if time.time() - folder.stat().st_mtime > 60 and lock.acquire():
                    shutil.rmtree(folder, ignore_errors=True)
                    lock.close()


def _is_left_over(folder: Path) -> bool:
    """Whether a folder is a run that is not whole yet, or no more: by its name, and nothing in it is somebody else's."""
    prefix = next((prefix for prefix in (NEW, DELETED) if folder.name.startswith(prefix)), None)
    if prefix is None or folder.is_symlink() or not folder.is_dir():
        return False
    name, inside = folder.name.removeprefix(prefix), [path.name for path in folder.iterdir()]
    ours = bool(_OWN_ID.fullmatch(name) or (prefix == NEW and _ASIDE.fullmatch(name)))
    if not ours and not (prefix == DELETED and _ID.fullmatch(name) and inside):
        return False
    known = (*_OWN_FILES, *_OTHER_FILES)
    return all(
        entry in known or entry.endswith(files.TEMPORARY) or _OWN_ID.fullmatch(entry.removeprefix(NEW))
        for entry in inside
    )


def record(run: Run, stream: Iterable[ev.Event]) -> Iterator[ev.Event]:
    """Writes each event into the run's folder, then passes it on with its arrays' file named.

    Only for the holder of the run's lock. Nothing is logged before its file is whole on disk.
    """
    (run.folder / "snapshots").mkdir(exist_ok=True)
    with closing(_LogWriter(run)) as log:
        for event in stream:
            match event:
                case ev.Snapshot(epoch=epoch, arrays=arrays):
                    event = dataclasses.replace(event, file=_snapshot_file(epoch))
                    files.write_arrays(run.folder / event.file, arrays, {"epoch": str(epoch)})
                case ev.Checkpoint(epoch=epoch, step=step, arrays=arrays):
                    event = dataclasses.replace(event, file="resume.safetensors")
                    place = {"epoch": str(epoch), "step": str(step)}
                    files.write_arrays(run.folder / event.file, arrays, place)
                case ev.Finished() | ev.Diverged():
                    resume = run.folder / "resume.safetensors"
                    place = files.read_metadata(resume)
                    place.pop("crc32")
                    files.write_arrays(
                        run.folder / "model.safetensors", _model_arrays(files.read_arrays(resume)), place
                    )
            log.write(event)
            yield event


def resume_arrays(run: Run) -> dict[str, Any] | None:
    """The last checkpoint to go on from, `None` where there is none yet; drops the events that came after it.

    Only for the holder of the run's lock.

    Raises:
        WorkError: The checkpoint is damaged.
    """
    path = run.folder / "resume.safetensors"
    files.sweep(run.folder)
    files.sweep(run.folder / "snapshots")
    arrays = files.read_arrays(path) if path.exists() else None
    step = int(files.read_metadata(path)["step"]) if arrays is not None else -1
    log = EventLog(run)
    kept = [
        event
        for event in log.read()
        # Written when the run was made, before there was any checkpoint.
        if (event.step <= step or (isinstance(event, ev.FewerThreads) and event.step == 0))
        and not isinstance(event, ev.Finished | ev.Diverged)
    ]
    files.write(run.folder / "events.jsonl", _to_lines(kept))
    return arrays


def outdate(run: Run) -> None:
    """Removes the results of a run that was stopped and now goes on. Once it does: until then they are all there is."""
    for name in ("metrics.json", "model.safetensors"):
        (run.folder / name).unlink(missing_ok=True)


class _LogWriter:
    """Appends to a run's `events.jsonl`, and writes it anew, thinned, whenever that makes it much shorter.

    Args:
        run: The run. Only for the holder of its lock.
    """

    def __init__(self, run: Run) -> None:
        self.path = run.folder / "events.jsonl"
        self.kept = ThinnedEvents(EventLog(run).read())
        self.lines = len(self.kept)
        self.file = self.path.open("ab")

    def write(self, event: ev.Event) -> None:
        self.kept.add(event)
        self.file.write(_to_lines([event]))
        self.file.flush()
        self.lines += 1
        if self.lines > len(self.kept) + MOST_LEFT_OUT:
            files.write(self.path, _to_lines(self.kept.events()))
            self.lines = len(self.kept)
            self.file.close()
            self.file = self.path.open("ab")

    def close(self) -> None:
        self.file.close()


def thinned_log(run: Run) -> bytes:
    """The whole lines of a run's `events.jsonl`, thinned if it is long, as one of an earlier version may be."""
    path = run.folder / "events.jsonl"
    if path.stat().st_size > LONG:
        return _to_lines(EventLog(run).read())
    with path.open("rb") as lines:
        return b"".join(line for line in lines if _can_be_read(line))


def _can_be_read(line: bytes) -> bool:
    try:
        ev.from_json(line)
    except WorkError:
        return False
    return line.endswith(b"\n")  # else it was cut short by the end of its process


def _to_lines(events: Iterable[ev.Event]) -> bytes:
    return "".join(ev.to_json(event) + "\n" for event in events).encode()


class EventLog:
    """Follows a run's `events.jsonl` while somebody appends to it. Safe to share between threads.

    What it keeps in memory is thinned as the file is, so that a long record of an earlier version is no larger here.

    Attributes:
        damaged: Lines that could not be read.
    """

    def __init__(self, run: Run) -> None:
        self.path = run.folder / "events.jsonl"
        self.damaged = 0
        self._kept = ThinnedEvents()
        self._offset = 0
        self._inode = 0
        self._last_line = b""
        self._mutex = threading.Lock()

    def read(self) -> list[ev.Event]:
        """All events so far, in order; complete lines only."""
        with self._mutex:
            try:
                with self.path.open("rb") as lines:
                    self._follow(lines)
            except FileNotFoundError:
                self._restart(0)
            return self._kept.events()

    def _restart(self, inode: int) -> None:
        self._kept, self._offset, self._inode, self._last_line, self.damaged = ThinnedEvents(), 0, inode, b"", 0

    def _follow(self, lines: Any) -> None:
        status = os.fstat(lines.fileno())
        # A run that goes on or gets long rewrites its log: another file, or a shorter one. Its number alone proves little:
        # the next file may get the number of the one before the last.
        lines.seek(max(self._offset - len(self._last_line), 0))
        if status.st_ino != self._inode or lines.read(len(self._last_line)) != self._last_line:
            self._restart(status.st_ino)
            lines.seek(0)
        for line in lines:
            if not line.endswith(b"\n"):
                break
            self._offset += len(line)
            self._last_line = line
            try:
                self._kept.add(ev.from_json(line))
            except WorkError:
                self.damaged += 1


def _snapshot_file(epoch: int) -> str:
    return f"snapshots/{epoch:06d}.safetensors"


def _model_arrays(arrays: dict[str, Any]) -> dict[str, Any]:
    return {name.removeprefix("model."): array for name, array in arrays.items() if name.startswith("model.")}
