"""RunConfig -> widgets -> RunConfig. A widget's label, help and range come from the setting's own field.

What a visitor chose stays for the whole session, also across a page switch. Values are put into the session before
their widget is made, never given to it as a default, so that another run's settings can be filled in.
"""

from typing import Any, get_args

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.ui import settings
from pages.ui.text import N_, t
from vae_core import datasets
from vae_core.config import RunConfig, bounds, choices, field
from vae_core.errors import InputError

CHOICES = {
    "vae": N_("Variational autoencoder (VAE)"),
    "autoencoder": N_("Autoencoder (AE)"),
    "conditional-vae": N_("Conditional VAE"),
    "dense": N_("Dense"),
    "conv": N_("Convolutional"),
    "relu": N_("ReLU"),
    "gelu": N_("GELU"),
    "silu": N_("SiLU"),
    "tanh": N_("tanh"),
    "bernoulli": N_("Bernoulli"),
    "gaussian": N_("Gaussian"),
    "grey": N_("Grey"),
    "binarised": N_("Black and white"),
    "constant": N_("Constant"),
    "cosine": N_("Cosine"),
    "float32": N_("float32"),
    "bfloat16": N_("bfloat16"),
}
STEPS = {"model.sigma": 0.05, "loss.beta": 0.5, "training.learning_rate": 0.0005, "data.validation": 0.05}
MOST_SIDE_BY_SIDE = 3
ALL_PATHS = (
    "name",
    "data.name",
    "data.classes",
    "data.validation",
    "data.leave_out_digits_test",
    "model.kind",
    "model.network",
    "model.latent_dim",
    "model.hidden",
    "model.activation",
    "model.likelihood",
    "model.sigma",
    "loss.beta",
    "training.epochs",
    "training.batch_size",
    "training.learning_rate",
    "training.seed",
    "training.threads",
)


def key(path: str) -> str:
    """Under which key a setting's widget remembers its value."""
    return f"form.{path}"


def fill(config: RunConfig) -> None:
    """Put a run's settings into the form. Call it from a button's `on_click`, before the widgets are made."""
    for path, value in settings.to_values(config, ALL_PATHS).items():
        st.session_state[key(path)] = value


def run_form(more: DeltaGenerator) -> RunConfig:
    """The form of a new run: the model first, then what most people change, the rest under "More settings".

    Args:
        more: Where "More settings" stand.

    Returns:
        The settings as they stand in the widgets.

    Raises:
        InputError: A value is not one that its setting takes; the message says which.
    """
    values = {"model.kind": setting("model.kind")}
    left, right = st.columns(2)
    with left:
        values["data.name"] = _data_set()
        values["model.network"] = setting("model.network", on_change=_network_changed)
    with right:
        values["model.latent_dim"] = setting("model.latent_dim")
        values["training.epochs"] = setting("training.epochs")
    values["name"] = setting("name")
    with more.expander(t("More settings"), icon=":material/tune:", key="form.more"):
        values |= _more(values)
    return settings.from_values(values)


def _more(values: dict[str, Any]) -> dict[str, Any]:
    data, is_vae = str(values["data.name"]), values["model.kind"] != "autoencoder"
    found: dict[str, Any] = {"data.classes": _classes(data)}
    left, right = st.columns(2)
    with left:
        found["model.hidden"] = setting("model.hidden")
        found["model.activation"] = setting("model.activation")
        found["model.likelihood"] = setting("model.likelihood")
        if found["model.likelihood"] == "gaussian":
            found["model.sigma"] = setting("model.sigma")
        if is_vae:
            found["loss.beta"] = setting("loss.beta")
        if data == "mnist":
            found["data.leave_out_digits_test"] = setting("data.leave_out_digits_test")
    with right:
        for path in (
            "training.batch_size",
            "training.learning_rate",
            "training.seed",
            "training.threads",
            "data.validation",
        ):
            found[path] = setting(path)
    return found


def setting(path: str, **options: Any) -> Any:
    """The widget of one setting, in the form that its type asks for."""
    info = field(path)
    low, high = bounds(info)
    _seed(path)
    options |= {"key": key(path), "persist_state": "session", "help": _help(path)}
    label = t(info.title or path)
    if names := choices(info):
        shown = {name: t(CHOICES[name]) for name in names}
        order = sorted(names, key=list(CHOICES).index)
        if len(order) > MOST_SIDE_BY_SIDE:
            return st.selectbox(label, order, format_func=shown.__getitem__, **options)
        return st.segmented_control(label, order, format_func=shown.__getitem__, required=True, **options)
    if info.annotation is bool:
        return st.toggle(label, **options)
    if info.annotation is str or path == "model.hidden":
        return st.text_input(label, max_chars=80, placeholder=_placeholder(path), **options)
    if info.annotation is float:
        return st.number_input(label, low, high, step=STEPS[path], format="%g", **options)
    is_optional = type(None) in get_args(info.annotation)
    return st.number_input(
        label, low, high, step=1, value=None if is_optional else "min", placeholder=_placeholder(path), **options
    )


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
    return st.multiselect(
        t(field("data.classes").title or ""),
        range(len(names)),
        format_func=lambda number: t(names[number]),
        key=key("data.classes"),
        persist_state="session",
        placeholder=t("all classes"),
        help=_help("data.classes"),
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
    elif path == "model.hidden":
        smallest, largest, most = settings.width_limits()
        parts.append(
            t("Up to {most} numbers from {low} to {high}, with commas.", most=most, low=smallest, high=f"{largest:,}")
        )
    return " ".join(parts)


def _placeholder(path: str) -> str | None:
    return {"name": t("named after its settings"), "training.threads": t("automatic")}.get(path)
