"""Where the time goes."""

import math
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from bench.report.pictures.style import BLACK, COLOURS, HATCHES, n_lines, styled, text_width, wrap


@styled
def phases(seconds: pd.DataFrame, *, label: str = "seconds") -> Figure:
    """Where the time goes: a bar a method, a piece a phase.

    Args:
        seconds: index methods, columns phases; 0 where a method has no such phase.
        label: what the bars count.

    Returns:
        A figure as wide and high as the names need; methods downwards in the order of the table.
    """
    names = [wrap(method) for method in seconds.index]
    heights = 0.08 + 0.16 * np.array([n_lines(name) for name in names])
    x0 = max(map(text_width, names)) + 0.3
    top = 0.1 + 0.2 * math.ceil(len(seconds.columns) / 4)  # the legend
    width, height = x0 + 5.9, float(heights.sum()) + top + 0.5
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((x0 / width, 0.5 / height, 5.0 / width, 1 - (top + 0.5) / height))
    y = np.cumsum(heights) - heights / 2
    left = np.zeros(len(seconds))
    for i, phase in enumerate(seconds.columns):
        style: dict[str, Any] = {"color": COLOURS[i % 8], "hatch": HATCHES[i % 8]}
        values = seconds[phase].to_numpy(dtype=np.float64)
        axes.barh(y, values, heights * 0.7, left, label=str(phase), edgecolor=BLACK, linewidth=0.5, **style)
        left += values
    for total, centre in zip(left, y, strict=True):
        axes.annotate(f"{total:.3g}", (total, centre), (3, 0), textcoords="offset points", va="center", size=8)
    axes.set_yticks(y, names)
    axes.set(xlabel=label, ylim=(heights.sum(), 0))
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=4)
    return figure
