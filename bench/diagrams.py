"""Who is told apart from whom, as a picture: critical-difference diagram and pairwise matrix.

Draws what bench.statistics computed. Everything is placed in inches, after the names have been measured, so
that a name never leaves the picture and never covers another, however many and long they are.
"""

import math
from collections.abc import Sequence
from itertools import count, zip_longest

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from scipy.optimize import isotonic_regression

from bench.statistics import Pair
from bench.style import BLACK, BLUE, GREY, PALE, SKY, canvas, n_lines, styled, text_width, wrap, wrap_to

Floats = npt.NDArray[np.float64]
Shade = str | tuple[float, ...]


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


@styled
def pairwise_matrix(pairs: Sequence[Pair], means: "pd.Series[float]", *, n_datasets: int, alpha: float) -> Figure:
    """Every method against every other, in the order of the mean score.

    Above the diagonal stands what belongs to two methods alone, so it stays as it is when a method is added
    (Ismail-Fawaz et al. 2023, arXiv:2305.11921); Holm's correction depends on all pairs and stands apart,
    below the diagonal.

    Args:
        pairs: every two methods once.
        means: mean score of each method.
        n_datasets: number of data sets.
        alpha: family-wise error; Holm p-values up to it are bold on grey.

    Returns:
        A figure as wide and high as names and cells need.
    """
    means = means.sort_index().sort_values(ascending=False, kind="stable")
    place = {method: i for i, method in enumerate(means.index)}
    k, size = len(means), min(1.0, math.sqrt(12 / len(means)))
    row_names, column_names = (_wrap_all(list(place), inches * size) for inches in (0.5, 0.85))
    x0 = max(map(text_width, row_names)) + 0.3
    width = x0 + max(0.85 * size * k, 4.0) + 0.2
    caption = _matrix_caption(k, n_datasets, alpha, len(pairs), width)
    y0 = 0.3 + 0.16 * n_lines(caption) + max(map(text_width, column_names))

    figure, axes = canvas(width, y0 + 0.5 * size * k + 0.2)
    axes.text(0.15, 0.1, caption, va="top", linespacing=1.3)
    cells = _Cells(axes, x0, y0, size)
    for i, mean in enumerate(means):
        x, y = cells.centre(i, i)
        axes.text(x0 - 0.08, y, row_names[i], ha="right", va="center", linespacing=1)
        axes.text(x, y0 - 0.08, column_names[i], ha="center", va="bottom", rotation=90, linespacing=1)
        cells.add(i, i, f"{mean:.4f}", "white")
    for pair in pairs:
        row, column = sorted((place[pair.a], place[pair.b]))
        sign = 1 if place[pair.a] == row else -1
        counts = "/".join(map(str, (pair.wins, pair.draws, pair.losses)[::sign]))
        difference = sign * pair.mean_difference
        cells.add(row, column, f"{difference:+.4f}\n{counts}\np {p_text(pair.p)}", _shade(difference))
        rejected = pair.p_holm <= alpha
        cells.add(column, row, p_text(pair.p_holm), PALE if rejected else "white", bold=rejected)
    cells.frame()
    return figure


def p_text(p: float) -> str:
    """Words a p-value for a picture.

    Args:
        p: from 0 to 1.

    Returns:
        Three decimals, or the bound that it is below.
    """
    return f"{p:.3f}" if p >= 0.001 else "<.001" if p >= 0.0001 else "<.0001"


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


def _wrap_all(names: Sequence[object], inches: float) -> list[str]:
    """Names in so few lines each that these fit side by side."""
    most = max(1, int(inches / 0.14))
    tries = ([wrap(name, width) for name in names] for width in count(30, 10))
    return next(wrapped for wrapped in tries if max(map(n_lines, wrapped)) <= most)


class _Cells:
    """Cells of a matrix, 0.85 x 0.5 inches, smaller where there are many."""

    def __init__(self, axes: Axes, x0: float, y0: float, size: float) -> None:
        self.axes, self.x0, self.y0, self.size = axes, x0, y0, size
        self.boxes: list[Rectangle] = []
        self.shades: list[Shade] = []

    def centre(self, row: int, column: int) -> tuple[float, float]:
        return self.x0 + 0.85 * self.size * (column + 0.5), self.y0 + 0.5 * self.size * (row + 0.5)

    def add(self, row: int, column: int, text: str, shade: Shade, bold: bool = False) -> None:
        x, y = self.centre(row, column)
        width, height = 0.85 * self.size, 0.5 * self.size
        self.boxes.append(Rectangle((x - width / 2, y - height / 2), width, height))
        self.shades.append(shade)
        weight = "bold" if bold else "normal"
        self.axes.text(x, y, text, ha="center", va="center", size=8 * self.size, weight=weight, linespacing=1.15)

    def frame(self) -> None:
        boxes = PatchCollection(self.boxes, facecolors=self.shades, edgecolors=GREY, linewidths=0.5, zorder=0)
        self.axes.add_collection(boxes)


def _matrix_caption(k: int, n: int, alpha: float, n_pairs: int, width: float) -> str:
    """What stands where in the matrix."""
    return wrap_to(
        f"k\xa0=\xa0{k} methods on N\xa0=\xa0{n} data sets. Above the diagonal, the method of the row "
        "against that of the column: mean difference (darker from 0 to .1), wins/draws/losses, p of the two-sided "
        "Wilcoxon signed-rank test of this pair alone. On it: mean score. Below: p after Holm's step-down "
        f"over all pairs (m\xa0=\xa0{n_pairs}), bold on grey where at most α\xa0=\xa0{alpha:g}.",
        width - 0.3,
    )


def _shade(difference: float) -> Shade:
    """White to light blue, on a scale that does not depend on the other cells."""
    share = 0.6 * min(abs(difference) / 0.1, 1.0)
    return tuple(1 - share * (1 - channel) for channel in to_rgb(SKY))
