"""What each of several steps is worth."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from bench.report.pictures.style import BLUE, GREY, n_lines, styled, text_width, wrap
from bench.report.questions import Answer


@styled
def steps(answers: Sequence[Answer], *, alpha: float = 0.05) -> Figure:
    """Draw the mean difference that each step makes, with its interval; filled where it is told apart from nothing.

    Args:
        answers: one a step, in their order.
        alpha: a corrected p-value below it fills a mark.

    Returns:
        A figure as wide and high as the names need; steps downwards.
    """
    names = [wrap(answer.question) for answer in answers]
    heights = 0.12 + 0.16 * np.array([n_lines(name) for name in names])
    x0 = max(map(text_width, names)) + 0.3
    width, height = x0 + 4.4, float(heights.sum()) + 0.75
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((x0 / width, 0.5 / height, 4.0 / width, float(heights.sum()) / height))
    y = np.cumsum(heights) - heights / 2
    axes.axvline(0, color=GREY, lw=0.8)
    for answer, at in zip(answers, y, strict=True):
        told = answer.p_holm < alpha
        axes.plot(answer.interval, (at, at), color=BLUE)
        axes.plot(answer.pair.mean_difference, at, "o", color=BLUE, markerfacecolor=BLUE if told else "white")
    axes.set_yticks(y, names)
    axes.set(xlabel="mean difference of accuracy, 95 % interval", ylim=(heights.sum(), 0))
    axes.set_title(f"filled: told apart (Wilcoxon, Holm, α = {alpha:g})", loc="left", size=8)
    return figure
