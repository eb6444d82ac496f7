"""What a masked autoencoder makes of what it does not see."""

from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from bench.report.pictures.style import BLACK, PALE, VERMILION, styled


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
