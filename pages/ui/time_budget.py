"""A time instead of a number of epochs: what is estimated for one epoch says how many fit into it."""

import streamlit as st

from pages.ui import cache, forms, settings
from pages.ui.boundary import guarded
from pages.ui.number_box import number_box
from pages.ui.number_text import Span
from pages.ui.quantities import duration
from pages.ui.text import t, tn
from vae_core import datasets
from vae_core.config import RunConfig, field
from vae_core.settings import bounds

MOST_MINUTES = 24 * 60.0
_MINUTES = "form.minutes"


def epochs_in(seconds: float, seconds_an_epoch: float) -> int:
    """How many epochs fit into a time, within what the setting takes: at least one, however long it lasts."""
    low, high = bounds(field("training.epochs"))
    return int(min(max(seconds / seconds_an_epoch, low), high))


@guarded()
def choose_time(config: RunConfig) -> None:
    """A box for minutes, and the button that writes the epochs which fit into them into the form."""
    with st.popover(t("Set a time instead of a number of epochs"), icon=":material/timer:", key="form.time"):
        span = Span(0.1, MOST_MINUTES, whole=False)
        minutes = number_box(t("Minutes"), span, key=_MINUTES, default=2.0, persist_state="session").get()
        an_epoch = _seconds_an_epoch(config) if cache.can_count() else None
        if an_epoch is None:
            st.caption(t("This machine's speed is being measured. Open this again in a moment."))
            return
        epochs = epochs_in(60 * minutes, an_epoch)
        st.caption(
            t(
                "An epoch takes {time} here with these settings, as a short measurement of this machine says. What "
                "is written into the run's settings are the epochs, so that the same settings give the same model "
                "anywhere.",
                time=duration(an_epoch),
            )
        )
        if 60 * minutes < an_epoch:
            st.caption(t("Not even one epoch fits into that time; one is the least there is."))
        st.button(
            tn("Set {epochs:,} epoch", "Set {epochs:,} epochs", "epochs", epochs=epochs),
            icon=":material/check:",
            key="form.take_epochs",
            on_click=_take,
            args=(epochs,),
        )


def _take(epochs: int) -> None:
    st.session_state[forms.key("training.epochs")] = epochs


def _seconds_an_epoch(config: RunConfig) -> float | None:
    """`None` while this machine is not measured yet."""
    one = config.replace(name="", recipe=None, training__epochs=1)
    return cache.training_seconds(one, settings.training_images(one), datasets.source(one.data.name).image_shape)
