"""Two methods against each other, a point a data set."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from bench.report.pictures.style import BLACK, BLUE, GREY, VERMILION, n_lines, p_text, styled, wrap, wrap_to
from bench.stats.comparison import Pair


@styled
def scatter(scores: pd.DataFrame, pair: Pair) -> Figure:
    """Two methods, a point a data set: above the diagonal the one on the vertical axis wins.

    Args:
        scores: score table (index data sets, columns methods) that holds both methods.
        pair: the two methods, `a` on the vertical axis.

    Returns:
        A square figure.
    """
    x, y = (scores[method].to_numpy(dtype=np.float64) for method in (pair.b, pair.a))
    low, high = min(x.min(), y.min()), max(x.max(), y.max())
    margin = 0.04 * (high - low) or 0.04
    limits = (low - margin, high + margin)
    across, upwards = wrap_to(pair.b, 3.6), wrap_to(pair.a, 3.6)
    left, bottom = 0.5 + 0.16 * n_lines(upwards), 0.4 + 0.16 * n_lines(across)
    width, height = left + 3.9, bottom + 4.15
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((left / width, bottom / height, 3.65 / width, 3.65 / height), xlim=limits, ylim=limits)
    axes.plot(limits, limits, color=GREY, lw=0.8, zorder=1)
    for won, marker, colour, label in (
        (y > x, "^", BLUE, f"better on {pair.wins}"),
        (y == x, "s", BLACK, f"equal on {pair.draws}"),
        (y < x, "v", VERMILION, f"worse on {pair.losses}"),
    ):
        axes.scatter(x[won], y[won], s=22, marker=marker, color=colour, alpha=0.7, linewidths=0, label=label)
    axes.set(xlabel=across, ylabel=upwards)
    axes.legend(title=f"{wrap(pair.a)} is", title_fontsize="small")
    axes.set_title(
        f"{len(x)} data sets; mean difference {pair.mean_difference:+.4f};\n"
        f"Wilcoxon p {p_text(pair.p)}, after Holm {p_text(pair.p_holm)}"
    )
    return figure
