"""The chart of all classes, each in turn as the normal one. Imports no Streamlit and no torch."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from pages.ui.charts import CLASS_COLOURS, NEUTRAL, NORMAL, STRANGE, template
from pages.ui.text import as_it_is, t, written

GUESSING = 0.5


def class_bars(
    names: Sequence[str],
    auroc: NDArray[np.float64],
    *,
    baselines: Mapping[str, NDArray[np.float64]],
    published: Mapping[str, float],
) -> go.Figure:
    """The AUROC of each class as the normal one, the mean over them, and published means.

    Args:
        names: The classes.
        auroc: With shape (classes,).
        baselines: Of scores that need no model, by their names, with the same shape.
        published: Mean AUROCs by their names, translated.
    """
    figure = go.Figure()
    worst = int(np.argmin(auroc))
    colours = [STRANGE if number == worst else NORMAL for number in range(len(names))]
    # From 0.5 up: that is guessing, so a bar's length is what was won over it.
    figure.add_bar(
        x=[as_it_is(name) for name in names],
        y=auroc - GUESSING,
        base=GUESSING,
        customdata=auroc,
        name=t("Each class"),
        marker={"color": colours, "opacity": 0.65},
        showlegend=False,
        hovertemplate=t("normal: %{x}, AUROC %{customdata:.3f}") + "<extra></extra>",
    )
    for number, (name, values) in enumerate(baselines.items()):
        figure.add_scatter(
            x=[as_it_is(name) for name in names],
            y=values,
            name=as_it_is(name),
            mode="markers",
            marker={
                "symbol": ("diamond", "circle")[number % 2],
                "size": 10,
                "color": CLASS_COLOURS[(1, 6)[number % 2]],
                "line": {"color": "white", "width": 1.5},
            },
            hovertemplate=t("normal: %{x}, AUROC %{y:.3f}") + f"<extra>{as_it_is(name)}</extra>",
        )
    lines = {t("Mean, this study"): float(auroc.mean()), **published}
    for number, (name, value) in enumerate(lines.items()):
        figure.add_scatter(
            x=[as_it_is(name) for name in names],
            y=[value] * len(names),
            name=f"{as_it_is(name)} {written(value, '.3f')}",
            mode="lines",
            line={
                "color": NORMAL if number == 0 else NEUTRAL,
                "width": 2,
                "dash": ("solid", "dot", "dash", "dashdot")[number % 4],
            },
            hoverinfo="skip",
        )
    template(figure, height=420, x=t("The class that is normal"), y=t("AUROC (0.5 is guessing, 1 is perfect)"))
    lowest = min([float(auroc.min()), *(float(values.min()) for values in baselines.values()), GUESSING])
    figure.update_yaxes(range=[lowest, 1.01])
    figure.update_xaxes(type="category")
    return figure
