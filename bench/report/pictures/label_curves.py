"""Accuracy against the number of labels."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from bench.report.pictures.style import COLOURS, GREY, LINES, n_lines, styled, text_width, wrap
from bench.stats.effects import Interval

MARKERS = "os^DvPX*"
WIDE = 4.5
"""Inches of the axis."""
MARGIN = 0.08
"""Of the axis, at either end."""
BEYOND = 2.5
"""All labels stand so many times as far to the right as the largest number of labels."""
DODGE = 0.012
"""Neighbouring lines stand so far apart, as a share of the axis, lest their intervals hide each other."""


class Point(NamedTuple):
    """Mean accuracy of a method with some labels."""

    labels: int | None
    """A class; None: all."""
    mean: float
    interval: Interval


@styled
def label_curves(curves: Mapping[str, Sequence[Point]]) -> Figure:
    """Draw mean accuracy against labels a class, a line a method, with intervals; all labels stand at the end.

    Args:
        curves: method → its points; a method may lack some. An interval of NaN is not drawn.

    Returns:
        A figure with its legend at the right, as wide as the names need.
    """
    numbers = sorted({point.labels for points in curves.values() for point in points if point.labels})
    every = any(point.labels is None for points in curves.values() for point in points)
    last = BEYOND * numbers[-1]
    span = math.log(max((last if every else numbers[-1]) / numbers[0], 2))
    names = [wrap(name, 34) for name in curves]
    width = 5.35 + max(map(text_width, names)) + 0.6
    height = max(3.4, 0.17 * sum(map(n_lines, names)) + 0.8)
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0.75 / width, 0.55 / height, WIDE / width, 1 - 0.75 / height))
    for i, (name, points) in enumerate(zip(names, curves.values(), strict=True)):
        shift = math.exp(DODGE * span * (i - (len(curves) - 1) / 2))
        ordered = sorted(points, key=lambda point: point.labels or math.inf)
        x = [(point.labels or last) * shift for point in ordered]
        style: dict[str, Any] = {"color": COLOURS[i % 8], "ls": LINES[i % 8], "marker": MARKERS[(i + i // 8) % 8]}
        face = COLOURS[i % 8] if i // 8 % 2 else "white"
        axes.plot(x, [point.mean for point in ordered], ms=5, markerfacecolor=face, label=name, **style)
        for at, point in zip(x, ordered, strict=True):
            axes.plot((at, at), point.interval, color=COLOURS[i % 8], lw=0.9, zorder=1)
    axes.set_xscale("log")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks([*numbers, *[last] * every], [*_room_for(numbers, span), *["all"] * every])
    axes.set_xlim(numbers[0] / math.exp(MARGIN * span), (last if every else numbers[-1]) * math.exp(MARGIN * span))
    if every:
        axes.axvline(numbers[-1] * math.sqrt(BEYOND), color=GREY, lw=0.8, ls=":", zorder=0)
    axes.set(xlabel="labelled train cases a class", ylabel="mean accuracy, 95 % interval")
    axes.legend(loc="upper left", bbox_to_anchor=(1.03, 1), handlelength=3.2)
    return figure


def _room_for(numbers: Sequence[int], span: float) -> list[str]:
    """Numbers as they stand below the axis, from the largest on; nothing where one would touch its neighbour."""
    texts: list[str] = []
    left = math.inf
    for n in reversed(numbers):
        at, half = math.log(n) / span * WIDE / (1 + 2 * MARGIN), text_width(str(n)) / 2
        fits = at + half < left
        texts.append(str(n) if fits else "")
        left = at - half - 0.05 if fits else left
    return texts[::-1]
