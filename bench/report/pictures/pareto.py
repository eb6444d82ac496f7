"""Score against cost, with the methods that no other beats."""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, LogLocator, NullLocator

from bench.report.pictures.style import BLACK, BLUE, GREY, n_lines, styled, text_width, wrap

Floats = npt.NDArray[np.float64]


@styled
def pareto(
    costs: "pd.Series[float]",
    scores: "pd.Series[float]",
    front: Sequence[str],
    *,
    cost_label: str,
    score_label: str = "mean accuracy",
) -> Figure:
    """Score against cost, on a logarithmic scale where costs differ tenfold; the Pareto front is joined.

    A method far below the others (Tukey: three times the interquartile range under the lower quartile) would press
    them into one line: an arrow stands at the lower edge, and its score beside its name.

    Args:
        costs: index methods; seconds or parameters, not negative.
        scores: index the same methods.
        front: methods that no other beats, from `bench.stats.effects`.
        cost_label: what the costs are, with the unit.
        score_label: what the scores are.

    Returns:
        A figure with numbered points and the names beside it, best score first.
    """
    order = scores.sort_index().sort_values(ascending=False, kind="stable").index
    x, y = np.array([costs.loc[order], scores.loc[order]], dtype=np.float64)
    quartiles = np.quantile(y, (0.25, 0.75))
    far = y < quartiles[0] - 3 * np.ptp(quartiles)
    names = [
        f"{i:\u2007>2}  {wrap(f'{method} ({score:.3f})' if below else method)}".replace("\n", "\n\u2007\u2007  ")
        for i, (method, score, below) in enumerate(zip(order, y, far, strict=True), start=1)
    ]
    y = np.where(far, y[~far].min() - (0.2 * np.ptp(y[~far]) or 0.01), y)
    width = 5.15 + max(map(text_width, names)) + 0.2
    height = max(3.6, 0.163 * sum(map(n_lines, names)) + 0.3)
    figure = Figure(figsize=(width, height))
    plot_height = min(height - 0.8, 4.5)
    axes = figure.add_axes((0.75 / width, 1 - (0.3 + plot_height) / height, 4.05 / width, plot_height / height))
    on_front = np.isin(order, list(front))
    steps = np.argsort(x[on_front], kind="stable")
    stairs = np.repeat(x[on_front][steps], 2)[1:], np.repeat(y[on_front][steps], 2)[:-1]
    axes.plot(*stairs, color=GREY, lw=1, ls="--", zorder=1)
    axes.scatter(x[on_front], y[on_front], s=30, color=BLUE, zorder=2, label="Pareto front")
    rest = ~on_front & ~far
    axes.scatter(x[rest], y[rest], s=26, facecolors="white", edgecolors=BLACK, label="others")
    if far.any():
        axes.scatter(x[far], y[far], s=30, color=BLACK, marker="v", zorder=3, label="far below")
    axes.margins(0.08)
    axes.set(xlabel=cost_label, ylabel=score_label)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3)
    _cost_scale(axes, x)
    _number(axes, x, y, stairs)
    figure.text(5.15 / width, 1 - 0.15 / height, "\n".join(names), va="top", linespacing=1.3)
    return figure


def _cost_scale(axes: Axes, costs: Floats) -> None:
    """Logarithmic where costs differ tenfold; a method without cost, say without parameters, stands at 0."""
    positive = costs[costs > 0]
    if positive.size and positive.max() >= 10 * positive.min():
        if positive.size == costs.size:
            axes.set_xscale("log")
        else:
            axes.set_xscale("symlog", linthresh=positive.min())
        if positive.size == costs.size and positive.max() < 1000 * positive.min():
            axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))  # powers of ten alone would be two ticks, or one
        axes.xaxis.set_minor_locator(NullLocator())
    else:
        axes.locator_params(axis="x", nbins=5)
    large = costs.max() >= 10_000  # as 50k and 2M: in full, such labels would touch
    axes.xaxis.set_major_formatter(EngFormatter(sep="") if large else "{x:,.10g}")


def _number(axes: Axes, x: Floats, y: Floats, line: tuple[Floats, Floats]) -> None:
    """Writes 1, 2, ... beside the points, each where points, the line and earlier numbers leave most room."""
    axes.autoscale_view()
    points, corners = (
        axes.transData.transform(np.column_stack(places)) * 72 / axes.figure.dpi for places in ((x, y), line)
    )
    along = [np.linspace(a, b, 40) for a, b in pairwise(corners)]
    angles = np.arange(8) * math.pi / 4
    ring = 9.0 * np.column_stack([np.cos(angles), np.sin(angles)])
    taken = [*points]
    for i, point in enumerate(points):
        others = np.concatenate([taken[:i] + taken[i + 1 :] or [point + np.inf], *along])
        room = np.linalg.norm((point + ring)[:, None] - others, axis=-1).min(axis=1)
        best = ring[room.argmax()]
        taken.append(point + best)
        spot = (float(x[i]), float(y[i]))
        axes.annotate(str(i + 1), spot, tuple(best), textcoords="offset points", ha="center", va="center", size=8)
