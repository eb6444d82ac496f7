"""Critical-difference diagram: average ranks, and who is not told apart from whom.

Everything is placed in inches, after the names have been measured, so that a name never leaves the picture and never
covers another, however many and long they are.
"""

import math
from collections.abc import Sequence
from itertools import zip_longest

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.optimize import isotonic_regression

from bench.report.pictures.style import BLACK, BLUE, canvas, n_lines, styled, text_width, wrap, wrap_to

Floats = npt.NDArray[np.float64]


@styled
def critical_difference(
    average_ranks: "pd.Series[float]",
    cliques: Sequence[Sequence[str]],
    *,
    n_datasets: int,
    alpha: float,
    score: str = "accuracy",
    test: str = "Wilcoxon signed-rank, Holm",
) -> Figure:
    """Critical-difference diagram (Demšar 2006, Figure 1) with true cliques.

    A thick bar joins a clique whose members follow each other in rank. Where a clique passes over a method, a
    bar would claim that one too: a thin line with a dot at each member stands instead. A stem stands at its rank;
    only where two would touch are they moved apart by a dot's width, so that a dot belongs to one method.

    Args:
        average_ranks: index methods, from best to worst.
        cliques: groups of methods that are not told apart.
        n_datasets: number of data sets.
        alpha: family-wise error of the test.
        score: by which methods are ranked.
        test: test and correction that made the cliques.

    Returns:
        A figure as wide and high as the names need.
    """
    ranks = average_ranks.to_numpy(dtype=np.float64)
    k, half = len(ranks), math.ceil(len(ranks) / 2)
    names = [wrap(name) for name in average_ranks.index]
    labels = [f"{names[i]}  {ranks[i]:.2f}" if i < half else f"{ranks[i]:.2f}  {names[i]}" for i in range(k)]
    x0 = max(map(text_width, labels[:half])) + 0.6
    x1 = x0 + max(4.5, 0.2 * k)
    width = x1 + max(map(text_width, labels[half:]), default=0.0) + 0.6
    facts = (
        f"Average rank by {score} of k\xa0=\xa0{k} methods on N\xa0=\xa0{n_datasets} data sets; "
        f"{test}, α\xa0=\xa0{alpha:g}."
    )
    if not cliques:
        facts += " Every two methods are told apart."
    caption = wrap_to(facts, width - 0.4)

    low = math.floor(ranks.min())
    high = max(math.ceil(ranks.max()), low + 1)
    feet = x0 + (ranks - low) / (high - low) * (x1 - x0)
    stems = dict(zip(average_ranks.index, _spread(feet, gap=0.07), strict=True))
    spans = [sorted(stems[method] for method in clique) for clique in cliques]
    levels = _stack(spans, gap=0.15)

    kinds = sorted({_contiguous(members, list(stems.values())) for members in spans}, reverse=True)
    top = 0.16 * n_lines(caption) + 0.2 * len(kinds) + 0.65
    first_row = top + 0.35 + 0.12 * (max(levels, default=-1) + 1)
    facing = zip_longest(labels[:half], reversed(labels[half:]), fillvalue="")
    heights = [0.05 + 0.15 * max(map(n_lines, pair)) for pair in facing]
    rows = first_row + np.cumsum(heights) - np.divide(heights, 2)

    figure, axes = canvas(width, rows[-1] + heights[-1] / 2 + 0.1)
    axes.text(width / 2, 0.1, caption, ha="center", va="top", linespacing=1.3)
    for i, contiguous in enumerate(kinds):
        _legend(axes, width / 2, 0.16 * n_lines(caption) + 0.2 + 0.2 * i, contiguous)
    _rank_axis(axes, x0, x1, top, low, high)
    for i, (foot, stem) in enumerate(zip(feet, stems.values(), strict=True)):
        end, y, side, space = (
            (x0 - 0.4, rows[i], "right", -0.05) if i < half else (x1 + 0.4, rows[k - 1 - i], "left", 0.05)
        )
        axes.plot([foot, foot, stem, stem, end], [top, top + 0.06, top + 0.24, y, y], color=BLACK, lw=0.8)
        axes.text(end + space, y, labels[i], ha=side, va="center", linespacing=1.1)
    for members, level in zip(spans, levels, strict=True):
        _line(axes, members, top + 0.35 + 0.12 * level, _contiguous(members, list(stems.values())))
    return figure


LEGEND = {True: "not told apart: all between the ends", False: "not told apart: those with a dot"}
"""What the two kinds of clique lines mean, by whether no other method stands between the members."""


def _legend(axes: Axes, middle: float, y: float, contiguous: bool) -> None:
    """A kind of clique line and what it means, about the middle of the picture."""
    left = middle - (0.5 + text_width(LEGEND[contiguous])) / 2
    _line(axes, [left, left + 0.2, left + 0.4], y, contiguous)
    axes.text(left + 0.5, y, LEGEND[contiguous], va="center")


def _rank_axis(axes: Axes, x0: float, x1: float, y: float, low: int, high: int) -> None:
    """An axis of ranks with at most ten labelled ticks, best on the left."""
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100) if (high - low) / step <= 10)
    axes.plot([x0, x1], [y, y], color=BLACK, lw=1.2)
    for rank in range(low, high + 1):
        x = x0 + (rank - low) / (high - low) * (x1 - x0)
        labelled = rank % step == 0
        axes.plot([x, x], [y, y - (0.08 if labelled else 0.04)], color=BLACK, lw=0.8)
        if labelled:
            axes.text(x, y - 0.12, str(rank), ha="center", va="bottom")
    axes.text(x0, y - 0.32, "← better", ha="left", va="bottom", style="italic", size="small")


def _contiguous(members: Sequence[float], stems: Sequence[float]) -> bool:
    """Whether no other stem stands between those of a clique."""
    return sum(members[0] <= stem <= members[-1] for stem in stems) == len(members)


def _line(axes: Axes, members: Sequence[float], y: float, contiguous: bool) -> None:
    """One clique: a bar over its members, or a line with a dot at each."""
    if contiguous:
        axes.plot([members[0] - 0.03, members[-1] + 0.03], [y, y], color=BLACK, lw=4, solid_capstyle="butt")
    else:
        axes.plot(members, [y] * len(members), color=BLUE, lw=1.2, marker="o", ms=4.5)


def _spread(places: Floats, gap: float) -> Floats:
    """The nearest places, in the same order, at least `gap` from their neighbours."""
    offsets = gap * np.arange(len(places))
    return np.asarray(isotonic_regression(places - offsets).x + offsets)


def _stack(spans: Sequence[Sequence[float]], gap: float) -> list[int]:
    """A level for each span such that spans on one level keep `gap` between them; few levels."""
    ends: dict[int, float] = {}
    levels = [0] * len(spans)
    for i in sorted(range(len(spans)), key=lambda i: (spans[i][0], spans[i][-1])):
        free = (level for level, end in ends.items() if end + gap < spans[i][0])
        levels[i] = next(free, len(ends))
        ends[levels[i]] = spans[i][-1]
    return levels
