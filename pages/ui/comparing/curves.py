"""The curves of several trainings over each other. Imports no Streamlit and no torch."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import plotly.graph_objects as go

from pages.ui.charts import PART_TITLES, Part, class_colour, template
from pages.ui.text import as_it_is, t
from vae_core.events import EpochEnd, Event

Against = Literal["epochs", "seconds"]


def overlaid(found: Mapping[str, Sequence[Event]], part: Part, against: Against) -> go.Figure:
    """One part of the validation loss of each training.

    Args:
        found: The events of each, by its name.
        part: Which part.
        against: Epochs, or the seconds that they took.
    """
    figure = go.Figure()
    for number, (name, events) in enumerate(found.items()):
        ends = [event for event in events if isinstance(event, EpochEnd)]
        x = [event.epoch for event in ends] if against == "epochs" else np.cumsum([event.seconds for event in ends])
        figure.add_scatter(
            x=x,
            y=[getattr(event.validation, part) for event in ends],
            name=as_it_is(name),
            mode="lines+markers" if len(ends) < 2 else "lines",
            line={"color": class_colour(number), "width": 2.5, "dash": ("solid", "dash", "dot")[number // 2 % 3]},
            hovertemplate="%{y:.2f}",
        )
    title = t("Epoch") if against == "epochs" else t("Training time (seconds)")
    template(figure, height=360, x=title, y=f"{t(PART_TITLES[part])} ({t('nats per image')})", revision=part + against)
    figure.update_layout(hovermode="x unified")
    return figure
