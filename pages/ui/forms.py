"""RunConfig -> widgets -> RunConfig. A widget's label, help and range come from the setting's own field.

What a visitor chose stays for the whole session, also across a page switch. Values are put into the session before
their widget is made, never given to it as a default, so that another run's settings can be filled in.
"""

from collections.abc import Callable
from typing import Any, get_args

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.ui import address, settings
from pages.ui.number_box import ToldError, held, number_box, show_reason
from pages.ui.number_text import Number, Span, shown
from pages.ui.text import N_, t, written
from vae_core import datasets
from vae_core.config import RunConfig, field
from vae_core.errors import InputError
from vae_core.setting_text import to_text
from vae_core.settings import CHOICES, bounds, choices, fields


def in_words(value: Any) -> str:
    """A setting's value for a person: a choice by its title, a number in the visitor's own form."""
    if isinstance(value, str) and value in CHOICES:
        return t(CHOICES[value])
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return shown(value) if is_number else to_text(value)


MOST_SIDE_BY_SIDE = 3
SHOW = "show"
"""In the address (`?show=model.latent_dim,training.epochs`): the only settings that are shown, for a class."""
NOTHING = "none"
ALL_PATHS = tuple(path for path in fields(RunConfig) if path != "version")
AT_ONCE = ("model.kind", "data.name", "model.network", "model.latent_dim", "training.epochs")
"""What most people change, and so is not folded."""
SHARED = tuple(path for path in ALL_PATHS if path not in ("recipe", "name"))
"""What a link for a class may show."""


def key(path: str) -> str:
    """Under which key a setting's widget remembers its value."""
    return f"form.{path}"


def fill(config: RunConfig) -> None:
    """Put a run's settings into the form. Call it from a button's `on_click`, before the widgets are made."""
    for path, value in settings.to_values(config, ALL_PATHS).items():
        st.session_state[key(path)] = value


def is_whole() -> bool:
    """Whether every setting is shown; else a link chose some."""
    return _shown() is None


def show_all() -> None:
    """Show every setting again."""
    st.session_state.pop(SHOW, None)
    address.write({SHOW: None})


def _shown() -> tuple[str, ...] | None:
    """The settings that a link chose to show; `None`: all. The address wins, and follows the session across pages."""
    if (named := address.get(SHOW)) is not None:
        st.session_state[SHOW] = named[:1000]
    elif SHOW in st.session_state:
        address.write({SHOW: st.session_state[SHOW]})
    chosen = st.session_state.get(SHOW)
    return None if chosen is None else tuple(path for path in str(chosen).split(",") if path in SHARED)


def _is_shown(*paths: str) -> bool:
    shown = _shown()
    return shown is None or any(path in shown for path in paths)


def run_form(more: DeltaGenerator, draw: Callable[[RunConfig], None] = lambda config: None) -> RunConfig:
    """The form of a new run: the model first, then what most people change; its layers and the rest are folded.

    Args:
        more: Where "Architecture" and "More settings" stand.
        draw: Shows the layers of these settings, below what decides them.

    Returns:
        The settings as they stand in the widgets, and the recipe that they began with.

    Raises:
        InputError: A value is not one that its setting takes; the message says which.
    """
    _seed("recipe")
    values = {"recipe": st.session_state[key("recipe")], "model.kind": setting("model.kind")}
    # Of a few settings, one column: two would leave holes.
    left, right = st.columns(2) if is_whole() else (st.container(), st.container())
    with left:
        values["data.name"] = _data_set()
        values["model.network"] = setting("model.network", on_change=_network_changed)
    with right:
        values["model.latent_dim"] = setting("model.latent_dim")
        values["training.epochs"] = setting("training.epochs")
    values["name"] = setting("name")
    architecture = None
    if _is_shown(*_of("model.")):
        architecture = more.expander(
            t("Architecture"), icon=":material/account_tree:", key="form.architecture", on_change="rerun"
        )
    with architecture or more:
        values |= _layers(values)
        drawing = st.container()
    rest = _is_shown(*_of("loss."), *_of("training."), *_of("data."))
    with more.expander(t("More settings"), icon=":material/tune:", key="form.more") if rest else more:
        for title, part, group in (
            (N_("Loss"), "loss.", _loss),
            (N_("Training"), "training.", _training),
            (N_("Data"), "data.", _data),
        ):
            if _is_shown(*_of(part)):
                st.markdown(f"**{t(title)}**")
            values |= group(values)
    for value in values.values():
        if isinstance(value, InputError):
            raise ToldError(value.message, **value.values) from value
    config = settings.from_values(values)
    if architecture is not None and architecture.open:
        with drawing:
            draw(config)
    return config


def _of(part: str) -> tuple[str, ...]:
    """The settings of a part that are folded."""
    return tuple(path for path in SHARED if path.startswith(part) and path not in AT_ONCE)


def _layers(values: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    left, right = st.columns(2)
    with left:
        found["model.hidden"] = setting("model.hidden")
        found["model.activation"] = setting("model.activation")
    with right:
        found["model.decoder_hidden"] = setting("model.decoder_hidden")
        if values["model.network"] == "conv":
            found["model.kernel"] = setting("model.kernel")
        found["model.residual"] = setting("model.residual")
    return found


def _loss(values: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    is_vae = values["model.kind"] != "autoencoder"
    left, right = st.columns(2)
    with left:
        found["model.likelihood"] = setting("model.likelihood")
        if found["model.likelihood"] == "gaussian":
            found["model.sigma"] = setting("model.sigma")
    if not is_vae:  # no KL: there is nothing to weigh
        return found
    with left:
        found["loss.samples"] = setting("loss.samples")
    with right:
        if found["loss.samples"] != 1 and not isinstance(found["loss.samples"], InputError):
            st.caption(t("The importance weighted bound has no terms to weigh: beta and its like are for one sample."))
            return found
        found["loss.beta"] = setting("loss.beta")
        found["loss.kl_warmup"] = setting("loss.kl_warmup")
    with left:
        found["loss.reconstruction"] = setting("loss.reconstruction")
    with right:
        found["loss.free_bits"] = setting("loss.free_bits")
    return found


def _training(values: dict[str, Any]) -> dict[str, Any]:
    return _in_two(
        (
            "training.batch_size",
            "training.learning_rate",
            "training.schedule",
            "training.warmup",
            "training.weight_decay",
        ),
        ("training.noise", "training.precision", "training.seed", "training.threads"),
    )


def _data(values: dict[str, Any]) -> dict[str, Any]:
    name = str(values["data.name"])
    found = _in_two(("data.pixels",), ("data.validation",))
    found["data.classes"] = _classes(name)
    left, right = st.columns(2)
    with left:
        found["data.rare_class"] = _rare_class(name)
    with right:
        if found["data.rare_class"] is not None:
            found["data.rare_share"] = setting("data.rare_share")
    if name == "mnist":
        found["data.leave_out_digits_test"] = setting("data.leave_out_digits_test")
    return found


def _in_two(left: tuple[str, ...], right: tuple[str, ...]) -> dict[str, Any]:
    """Settings in two columns."""
    found: dict[str, Any] = {}
    for column, paths in zip(st.columns(2), (left, right), strict=True):
        with column:
            found |= {path: setting(path) for path in paths}
    return found


def setting(path: str, **options: Any) -> Any:
    """The widget of one setting, in the form that its type asks for.

    Returns:
        Its value; the error, where what was typed is no number or none that the setting takes.
    """
    info = field(path)
    _seed(path)
    label = t(info.title or path)
    span = _span(path)
    if not _is_shown(path):
        if span is None:
            return st.session_state[key(path)]
        hidden = held(key(path), span, label, _usual(path))
        return hidden.number if hidden.problem is None else hidden.problem
    options |= {"key": key(path), "persist_state": "session", "help": _help(path)}
    if names := choices(info):
        shown = {name: t(CHOICES[name]) for name in names}
        order = sorted(names, key=list(CHOICES).index)
        if len(order) > MOST_SIDE_BY_SIDE:
            return st.selectbox(label, order, format_func=shown.__getitem__, **options)
        return st.segmented_control(label, order, format_func=shown.__getitem__, required=True, wrap=True, **options)
    if info.annotation is bool:
        return st.toggle(label, **options)
    if span is None:
        return _text_box(path, label, **options)
    typed = number_box(label, span, default=_usual(path), placeholder=_placeholder(path), **options)
    return typed.number if typed.problem is None else typed.problem


def _text_box(path: str, label: str, **options: Any) -> str:
    """A setting that is typed as text; below it the reason, where it is widths that make no sense."""
    with st.container(gap="xxsmall"):
        text = str(st.text_input(label, max_chars=80, placeholder=_placeholder(path), **options) or "")
        if path in settings.WIDTHS:
            problem = None
            try:
                settings.from_values({path: text})
            except InputError as error:
                problem = error
            show_reason(key(path), problem)
    return text


def _span(path: str) -> Span | None:
    """The numbers that a setting takes; `None` where it is no number."""
    info = field(path)
    kinds = (info.annotation, *get_args(info.annotation))
    low, high = bounds(info)
    if low is None or high is None or not (int in kinds or float in kinds) or choices(info):
        return None
    return Span(low, high, whole=float not in kinds, optional=type(None) in kinds)


def _usual(path: str) -> Number | None:
    """A number that a box shows at first, and gives as an example."""
    number: Number | None = settings.to_values(RunConfig(), (path,))[path]
    return number


def _data_set() -> str:
    titles = {
        name: t(row.title) if datasets.is_present(name) else t("{title} (to download)", title=t(row.title))
        for name, row in datasets.DATASETS.items()
    }
    _seed("data.name")
    if st.session_state[key("data.name")] not in titles:
        unknown = st.session_state.pop(key("data.name"))
        _seed("data.name")
        raise InputError(N_("There is no data set '{name}'. Choose another one."), name=str(unknown))
    if not _is_shown("data.name"):
        return str(st.session_state[key("data.name")])
    return str(
        st.selectbox(
            t(field("data.name").title or ""),
            list(titles),
            format_func=titles.__getitem__,
            key=key("data.name"),
            persist_state="session",
            help=_help("data.name"),
        )
    )


def _classes(data: str) -> list[int]:
    names = datasets.source(data).class_names
    _seed("data.classes")
    # Another data set has other classes: what it lacks is dropped.
    kept = [c for c in st.session_state[key("data.classes")] if c < len(names)]
    if kept != st.session_state[key("data.classes")]:
        st.session_state[key("data.classes")] = kept
    if not _is_shown("data.classes"):
        return kept
    return st.multiselect(
        t(field("data.classes").title or ""),
        range(len(names)),
        format_func=lambda number: t(names[number]),
        key=key("data.classes"),
        persist_state="session",
        placeholder=t("all classes"),
        help=_help("data.classes"),
    )


def _rare_class(data: str) -> int | None:
    names = datasets.source(data).class_names
    _seed("data.rare_class")
    chosen = st.session_state[key("data.rare_class")]
    if chosen is not None and chosen >= len(names):
        st.session_state[key("data.rare_class")] = None
    if not _is_shown("data.rare_class"):
        rare: int | None = st.session_state[key("data.rare_class")]
        return rare
    return st.selectbox(
        t(field("data.rare_class").title or ""),
        range(len(names)),
        index=None,
        format_func=lambda number: t(names[number]),
        key=key("data.rare_class"),
        persist_state="session",
        placeholder=t("none"),
        help=t(field("data.rare_class").description or ""),
    )


def _network_changed() -> None:
    hidden = key("model.hidden")
    _seed("model.hidden")
    st.session_state[hidden] = settings.widths_for(
        st.session_state[key("model.network")] or "dense", str(st.session_state[hidden])
    )


def _seed(path: str) -> None:
    if key(path) not in st.session_state:
        st.session_state[key(path)] = settings.to_values(RunConfig(), (path,))[path]


def _help(path: str) -> str:
    """The field's own sentence, and its range."""
    info = field(path)
    low, high = bounds(info)
    parts = [t(info.description or "")]
    if low is not None and high is not None:
        parts.append(t("From {low:,} to {high:,}.", low=low, high=high))
    elif path in settings.WIDTHS:
        smallest, largest, most = settings.width_limits()
        parts.append(
            t(
                "Up to {most} numbers from {low} to {high}, with commas.",
                most=most,
                low=smallest,
                high=written(largest, ","),
            )
        )
    return " ".join(parts)


def _placeholder(path: str) -> str | None:
    return {
        "name": t("named after its settings"),
        "training.threads": t("automatic"),
        "model.decoder_hidden": t("the encoder's in reverse"),
    }.get(path)
