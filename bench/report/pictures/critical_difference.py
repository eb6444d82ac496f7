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
    bar would claim that one too: a thin line with a dot at each member stands instead. Stems that would touch
    are moved apart below the axis, so that a dot belongs to one method; the foot on the axis is the rank.

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
    x1 = x0 + max(3.5, 0.13 * k)
    width = x1 + max(map(text_width, labels[half:]), default=0.0) + 0.6
    caption = _rank_caption(score, k, n_datasets, alpha, test, bool(cliques), width)

    low = math.floor(ranks.min())
    high = max(math.ceil(ranks.max()), low + 1)
    feet = x0 + (ranks - low) / (high - low) * (x1 - x0)
    stems = dict(zip(average_ranks.index, _spread(feet, gap=0.1), strict=True))
    spans = [sorted(stems[method] for method in clique) for clique in cliques]
    levels = _stack(spans, gap=0.15)

    top = 0.16 * n_lines(caption) + 0.65
    first_row = top + 0.35 + 0.12 * (max(levels, default=-1) + 1)
    facing = zip_longest(labels[:half], reversed(labels[half:]), fillvalue="")
    heights = [0.05 + 0.15 * max(map(n_lines, pair)) for pair in facing]
    rows = first_row + np.cumsum(heights) - np.divide(heights, 2)

    figure, axes = canvas(width, rows[-1] + heights[-1] / 2 + 0.1)
    axes.text(width / 2, 0.1, caption, ha="center", va="top", linespacing=1.3)
    _rank_axis(axes, x0, x1, top, low, high)
    for i, (foot, stem) in enumerate(zip(feet, stems.values(), strict=True)):
        end, y, side, space = (
            (x0 - 0.4, rows[i], "right", -0.05) if i < half else (x1 + 0.4, rows[k - 1 - i], "left", 0.05)
        )
        axes.plot([foot, foot, stem, stem, end], [top, top + 0.06, top + 0.24, y, y], color=BLACK, lw=0.8)
        axes.text(end + space, y, labels[i], ha=side, va="center", linespacing=1.1)
    for members, level in zip(spans, levels, strict=True):
        _clique(axes, members, list(stems.values()), top + 0.35 + 0.12 * level)
    return figure


def _rank_caption(score: str, k: int, n: int, alpha: float, test: str, joined: bool, width: float) -> str:
    """What a reader must know to read the diagram, in lines no wider than the picture."""
    how = (
        "Bars join methods that are not told apart; where a line passes over others, dots mark its methods."
        if joined
        else "Every two methods are told apart."
    )
    facts = (
        f"Average rank by {score} of k\xa0=\xa0{k} methods on N\xa0=\xa0{n} data sets; {test}, α\xa0=\xa0{alpha:g}. "
    )
    return wrap_to(facts + how, width - 0.4)


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


def _clique(axes: Axes, members: list[float], stems: list[float], y: float) -> None:
    """One clique: a bar where no other stem stands between its members, else a line with a dot at each."""
    if sum(members[0] <= stem <= members[-1] for stem in stems) == len(members):
        ends = [members[0] - 0.04, members[-1] + 0.04]
        axes.plot(ends, [y, y], color=BLACK, lw=4, solid_capstyle="butt")
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
