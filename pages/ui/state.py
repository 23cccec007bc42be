"""What a visitor's session remembers: small plain values only, read and written here.

The chosen run also stands in the address (`?run=...`), so that F5 and a shared link keep it; the session keeps it
across a page switch, where Streamlit drops the address's parameters. What comes from an address is only believed
where it names a run that is there.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

import streamlit as st

from pages.ui import address
from pages.ui.text import N_, t
from vae_core import runs
from vae_core.control import State
from vae_core.errors import InputError
from vae_core.runs import Summary

_RUN = "run"
_WRITTEN = "run_in_address"
_PICTURE = "picture"
_PICTURE_WRITTEN = "picture_in_address"
MOST_PICTURES = 10**9
_DRAWING = "drawing"
_SCORE = "score"
_THRESHOLD = "threshold"
_NORMAL = "normal"
_THRESHOLDS = "chosen_thresholds"
LONGEST = 60  # characters of a parameter that are looked at
_PLACE = "place"
_FILM = "film"
_PROPOSAL = "proposal"
_FOLLOWED = "followed_run"
_SHOWN = "shown_runs"
_MISSED = "missed_runs"
_TOLD = "told_runs"

STATE_TITLES: Mapping[State, str] = {
    "queued": N_("waiting"),
    "starting": N_("starting"),
    "running": N_("training"),
    "paused": N_("paused"),
    "stopping": N_("stopping"),
    "finished": N_("finished"),
    "failed": N_("failed"),
    "interrupted": N_("interrupted"),
}
STOPPED = N_("stopped")
"""The title of a finished run that was stopped before its last epoch."""
STATE_COLOURS: Mapping[State, Literal["gray", "blue", "orange", "green", "red"]] = {
    "queued": "gray",
    "starting": "blue",
    "running": "blue",
    "paused": "orange",
    "stopping": "orange",
    "finished": "green",
    "failed": "red",
    "interrupted": "orange",
}
"""Of the badge that names a state."""


def state_title(state: State, *, stopped: bool = False) -> str:
    """How a run stands, in a word: one that was stopped before its last epoch is not called finished."""
    return t(STOPPED) if stopped and state == "finished" else t(STATE_TITLES[state])


def chosen_run() -> str | None:
    """The run that the visitor chose last, by its id; not checked whether it is still there."""
    written, named = st.session_state.get(_WRITTEN), address.get(_RUN)
    # The address counts where somebody other than this page wrote it: a link, F5, the browser's back button.
    if named and named != written:
        st.session_state[_RUN] = st.session_state[_WRITTEN] = named[:100]
    chosen = st.session_state.get(_RUN)
    return chosen if isinstance(chosen, str) else None


def run_in_address() -> str | None:
    """The run that the address names; not checked whether it is there."""
    named = address.get(_RUN)
    return named if isinstance(named, str) else None


def remember_run(run_id: str) -> None:
    """Make this the chosen run, in the session and in the address."""
    st.session_state[_RUN] = run_id
    write_address(run_id)


def show_runs(names: Mapping[str, str]) -> None:
    """Say which runs the page shows, by their ids, with their names: see `misses_run`. A page shows none at first."""
    st.session_state[_SHOWN] = dict(names)


def misses_run() -> bool:
    """Whether a run that the page shows is gone: deleted in another window, or on the command line. Said once."""
    gone = _gone()
    if gone:
        st.session_state[_MISSED] = {**st.session_state.get(_MISSED, {}), **gone}
        st.session_state[_SHOWN] = {}
    return bool(gone)


def leave_runs() -> None:
    """Begin a page anew: it shows no run yet, and has to tell which ones that were shown are gone."""
    st.session_state[_TOLD] = {**st.session_state.pop(_MISSED, {}), **_gone()}
    st.session_state[_SHOWN] = {}


def missed_runs() -> Mapping[str, str]:
    """The names of runs, by their ids, that were shown before this run of the page and are gone."""
    found: Mapping[str, str] = st.session_state.get(_TOLD, {})
    return found


def _gone() -> dict[str, str]:
    return {run_id: name for run_id, name in st.session_state.get(_SHOWN, {}).items() if not _is_there(run_id)}


def _is_there(run_id: str) -> bool:
    try:
        runs.find(run_id)
    except InputError:
        return False
    return True


def is_usable(summary: Summary, kinds: Collection[str] | None = None) -> bool:
    """Whether a run has a model to look at, of one of these kinds (`None`: of any)."""
    if summary.config is None or (kinds is not None and summary.config.model.kind not in kinds):
        return False
    return summary.starter or summary.epoch > 0 or summary.state == "finished"


def picked_picture(count: int) -> int:
    """The number of the test picture that the visitor picked, here or by a link, from 0 to `count - 1`."""
    named = address.get(_PICTURE)
    # As with the run: the address counts where somebody other than a page wrote it.
    if named is not None and named != st.session_state.get(_PICTURE_WRITTEN):
        st.session_state[_PICTURE_WRITTEN] = named
        st.session_state[_PICTURE] = whole_number(named, MOST_PICTURES)
    picked = st.session_state.get(_PICTURE)
    number = min(max(int(picked), 0), max(count - 1, 0)) if isinstance(picked, int | float) else 0
    if named is None and picked is not None:
        pick_picture(number)  # a page switch dropped it from the address
    return number


def picture_in_address() -> bool:
    """Whether the address names a test picture."""
    return address.get(_PICTURE) is not None


def pick_picture(number: int) -> None:
    """Remember a test picture by its number, for the other pages too; it stands in the address."""
    st.session_state[_PICTURE] = int(number)
    st.session_state[_PICTURE_WRITTEN] = str(int(number))
    address.write({_PICTURE: str(int(number))})


def chosen_score(known: Collection[str], default: str) -> str:
    """The anomaly score that the visitor chose, here or by a link (`?score=kl`), where the model has it."""
    named = _from_address(_SCORE)
    if named in known:
        st.session_state[_SCORE] = named
    chosen = st.session_state.get(_SCORE)
    return chosen if isinstance(chosen, str) and chosen in known else default


def choose_score(name: str) -> None:
    """Remember an anomaly score, for the other pages too."""
    st.session_state[_SCORE] = name


def chosen_threshold(place: str, default: float) -> float | None:
    """The threshold that the visitor chose, here or by a link (`?threshold=5.1`); `None` for the default.

    Args:
        place: What it is a threshold of: run, score and normal classes.
        default: The one that nobody has to choose.
    """
    named = _from_address(_THRESHOLD)
    if named is not None:
        try:
            value = float(named)
        except ValueError:
            value = math.nan
        choose_threshold(place, value if math.isfinite(value) and named != _short(default) else None)
    found = st.session_state.get(_THRESHOLDS, {}).get(place)
    return found if isinstance(found, float) else None


def choose_threshold(place: str, value: float | None) -> None:
    """Remember a threshold, for the other pages too; `None` for the default."""
    kept = dict(st.session_state.get(_THRESHOLDS, {}))
    kept.pop(place, None)
    if value is not None:
        kept[place] = float(value)
    st.session_state[_THRESHOLDS] = kept


def write_verdict(score: str, threshold: float) -> None:
    """Let the address name the score and the threshold that a verdict comes from, so that F5 and a copied link keep them."""
    _to_address(_SCORE, score)
    _to_address(_THRESHOLD, _short(threshold))


def chosen_normal(classes: Collection[int]) -> tuple[int, ...] | None:
    """Which classes the visitor called normal, here or by a link (`?normal=3,7`); `None` where nobody did."""
    named = _from_address(_NORMAL)
    if named is not None:
        numbers = {whole_number(part, MOST_PICTURES) for part in named.split(",") if part.isdecimal()}
        choose_normal([number for number in sorted(numbers) if number in classes])
    chosen = st.session_state.get(_NORMAL)
    if chosen is None:
        return None
    if named is None:
        _to_address(_NORMAL, ",".join(map(str, chosen)))  # a page switch dropped it
    return tuple(number for number in chosen if number in classes)


def choose_normal(classes: Sequence[int]) -> None:
    """Remember which classes are called normal, for the other pages too; it stands in the address."""
    st.session_state[_NORMAL] = sorted(int(number) for number in classes)
    _to_address(_NORMAL, ",".join(map(str, st.session_state[_NORMAL])))


def _short(threshold: float) -> str:
    return f"{threshold:.6g}"


def _from_address(name: str) -> str | None:
    """A parameter that somebody other than a page has written since this was last asked."""
    named: str | None = address.get(name)
    if named is None or named == st.session_state.get(f"{name}_in_address"):
        return None
    st.session_state[f"{name}_in_address"] = named
    return named[:LONGEST]


def _to_address(name: str, text: str) -> None:
    st.session_state[f"{name}_in_address"] = text
    address.write({name: text})


def keep_drawing(text: str) -> None:
    """Let the address hold a drawing, so that a copied link does; `""` for none."""
    st.session_state[_DRAWING] = text
    address.write({_DRAWING: text or None})


def drawing() -> str:
    """The visitor's own drawing as it stands in the address, also after a page switch; empty where there is none."""
    return str(st.session_state.get(_DRAWING, ""))


def show_sent_drawing(text: str) -> None:
    """Let the address hold the drawing that came with a link, which a page switch dropped."""
    st.session_state.pop(_DRAWING, None)
    address.write({_DRAWING: text})


def sent_drawing() -> str:
    """The drawing that came with a link, as text that anybody may have written; empty where none did."""
    named: str = address.get(_DRAWING, "")
    return "" if named == st.session_state.get(_DRAWING) else named


def whole_number(text: str | None, most: int) -> int:
    """A number that came from an address: from 0 to `most`, 0 where it is none."""
    return min(int(text), most) if text and text.isdecimal() and text.isascii() and len(text) <= 20 else 0


def pick_place(run_id: str, plane: str, place: tuple[float, float]) -> None:
    """Remember the place that was kept on a map of a run's latent space; it stands in the address too."""
    x, y = place
    st.session_state[_PLACE] = {"run": run_id, "plane": plane, "place": [x, y]}
    address.write({_PLACE: f"{x:.4g},{y:.4g}"})


def picked_place(run_id: str, plane: str, extent: Sequence[float]) -> tuple[float, float] | None:
    """The place kept on this map, from the session or from a link, brought into its extent (left, right, bottom, top)."""
    kept = st.session_state.get(_PLACE)
    if kept is None and (named := address.get(_PLACE)):
        try:
            x, y = (float(text) for text in named[:60].split(","))
        except ValueError:
            return None
        kept = {"run": run_id, "plane": plane, "place": [x, y]}
    if not kept or (kept["run"], kept["plane"]) != (run_id, plane) or not all(map(math.isfinite, kept["place"])):
        return None
    (x, y), (left, right, bottom, top) = kept["place"], extent
    return min(max(x, left), right), min(max(y, bottom), top)


def leave_film(run_id: str, epoch: int) -> None:
    """Remember at which epoch a run's film stands, for the other pages too."""
    st.session_state[_FILM] = {"run": run_id, "epoch": epoch}


def film_epoch(run_id: str) -> int | None:
    """The epoch at which a run's film was left; `None` where it was not looked at."""
    left = st.session_state.get(_FILM)
    return left["epoch"] if left and left["run"] == run_id else None


def followed_run() -> str | None:
    """The run that the page Train follows, by its id: the address's, else the one of this session; not checked."""
    if named := address.get(_RUN):
        st.session_state[_FOLLOWED] = named[:100]
        chosen_run()  # a link's run is the other pages' too
    followed = st.session_state.get(_FOLLOWED)
    if isinstance(followed, str) and named != followed:
        address.write({_RUN: followed})
    return followed if isinstance(followed, str) else None


def follow_run(run_id: str) -> None:
    """From now on the page Train follows this run. The other pages will show it too, as soon as it has a model."""
    st.session_state[_FOLLOWED] = run_id
    remember_run(run_id)


def forget_followed() -> None:
    """Follow none any more, and leave the address: as long as it names a run that is gone, the page Train says so."""
    st.session_state.pop(_FOLLOWED, None)


def follow_none() -> None:
    """The page Train shows its form again."""
    st.session_state.pop(_FOLLOWED, None)
    address.write({_RUN: None})


def propose(settings: Mapping[str, Any]) -> None:
    """Hand settings to the page Train, by their dotted names: `{"data.classes": [5]}`. The rest keeps its defaults."""
    st.session_state[_PROPOSAL] = dict(settings)


def take_proposal() -> dict[str, Any] | None:
    """The settings that another page proposed, once; `None` where there are none. For `RunConfig.with_values`."""
    found = st.session_state.pop(_PROPOSAL, None)
    return found if isinstance(found, dict) else None


def write_address(run_id: str) -> None:
    """Let the address name this run, which the page shows; what the visitor chose stays chosen."""
    st.session_state[_WRITTEN] = run_id
    address.write({_RUN: run_id})
