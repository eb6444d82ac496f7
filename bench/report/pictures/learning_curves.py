"""How a run learned."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from bench.report.pictures.style import COLOURS, LINES, styled, wrap


@styled
def learning_curves(panels: Mapping[str, pd.DataFrame]) -> Figure:
    """How a run learned: a panel a quantity, a line a column.

    Args:
        panels: label of the vertical axis → values; the index, by its name, is the horizontal axis (epoch or
            step). NaN where nothing was logged.

    Returns:
        A figure with the panels side by side.
    """
    width, height = 3.4 * len(panels), 2.8
    figure = Figure(figsize=(width, height))
    for number, (label, curves) in enumerate(panels.items()):
        left = (3.4 * number + 0.75) / width
        axes = figure.add_axes((left, 0.5 / height, 2.5 / width, 1 - 0.65 / height))
        for i, column in enumerate(curves.columns):
            values = curves[column].dropna()
            marker = "o" if len(values) == 1 else None  # a line of one point is invisible
            style: dict[str, Any] = {"color": COLOURS[i % 8], "ls": LINES[i % 8], "marker": marker}
            axes.plot(values.index, values, label=wrap(column, 30), **style)
        axes.set(xlabel=str(curves.index.name or "epoch"), ylabel=label)
        axes.legend()
    return figure
