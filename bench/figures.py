"""Pictures of a benchmark, from prepared numbers: scatter, cost, phases, learning curves, reconstruction.

Nothing is computed here. Every function returns a matplotlib Figure in the style of bench.style; `save` of
that module writes it.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, LogLocator, NullLocator

from bench.diagrams import p_text
from bench.statistics import Pair
from bench.style import (
    BLACK,
    BLUE,
    COLOURS,
    GREY,
    HATCHES,
    LINES,
    PALE,
    VERMILION,
    n_lines,
    styled,
    text_width,
    wrap,
    wrap_to,
)

Floats = npt.NDArray[np.float64]


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


@styled
def cost(
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
        front: methods that no other beats, from `bench.statistics`.
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


@styled
def reconstruction(series: npt.ArrayLike, masked: npt.ArrayLike, prediction: npt.ArrayLike) -> Figure:
    """What a pre-trained masked autoencoder makes of the parts that it does not see.

    Args:
        series: (case, time); NaN after the end of a shorter one.
        masked: (case, time), true where the encoder saw nothing.
        prediction: (case, time); only its masked parts are drawn.

    Returns:
        A figure with a row a case.
    """
    rows = list(zip(*map(np.atleast_2d, (series, masked, prediction)), strict=True))
    height = 1.4 * len(rows) + 0.7
    figure = Figure(figsize=(7.0, height))
    for number, (truth, hidden, guess) in enumerate(rows, start=1):
        time = np.arange(len(truth))
        axes = figure.add_axes((0.09, (height - 0.25 - 1.4 * number) / height, 0.88, 1.15 / height))
        edges = np.flatnonzero(np.diff(np.pad(np.asarray(hidden, dtype=int), 1)))
        spans = [(start - 0.5, end - start) for start, end in zip(edges[::2], edges[1::2], strict=True)]
        whole_height = axes.get_xaxis_transform()
        axes.broken_barh(spans, (0, 1), transform=whole_height, color=PALE, lw=0, label="masked")
        axes.plot(time, truth, color=BLACK, lw=1, label="series")
        style: dict[str, Any] = {"color": VERMILION, "lw": 1.2, "ls": "--", "marker": ".", "ms": 3}
        axes.plot(time, np.where(hidden, guess, np.nan), label="prediction", **style)
        axes.set_xlim(-0.5, len(truth) - 0.5)
    axes.set_xlabel("time point")
    figure.legend(*axes.get_legend_handles_labels(), loc="upper center", ncols=3)
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
