"""Every method against every other: differences, wins and tests in a square of cells.

Everything is placed in inches, after the names have been measured, so that a name never leaves the picture.
"""

import math
from collections.abc import Sequence
from itertools import count

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from bench.report.pictures.style import GREY, PALE, SKY, canvas, n_lines, p_text, styled, text_width, wrap, wrap_to
from bench.stats.comparison import Pair

Shade = str | tuple[float, ...]


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
