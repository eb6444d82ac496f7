"""Series of no data set, drawn at random: something to learn from beside an archive, or without one.

That composed kernels, mixtures and causal graphs make series rich enough to pre-train on is CauKer's finding
(arXiv:2508.02879); kernels, ranges and order here are our own.
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from timae.views import stretch

DRAWN = 256
"""Time points that a process is drawn at."""
TOGETHER = 12
"""Series that are drawn of one process, and may depend on one another."""
MIXED = 6
"""Mixtures of these."""

Floats = NDArray[np.float64]

_FUNCTIONS: tuple[Callable[[Floats], Floats], ...] = (np.tanh, np.sin, np.abs, lambda x: np.maximum(x, 0), lambda x: x)


def synthetic_series(n: int, n_timepoints: int, seed: int) -> Tensor:
    """Draw n z-normalised series (case, n_timepoints, 1)."""
    rng = np.random.default_rng(seed)
    drawn: list[Floats] = []
    while len(drawn) < n:
        series = _connected(_process(rng), rng)
        drawn += [*series, *(rng.dirichlet(np.ones(TOGETHER), MIXED) @ series)]
    x = np.array(drawn[:n])
    x = (x - x.mean(axis=1, keepdims=True)) / (x.std(axis=1, keepdims=True) + 1e-6)
    return stretch(torch.from_numpy(x.astype(np.float32)).unsqueeze(-1), n_timepoints)


def _process(rng: np.random.Generator) -> Floats:
    """Series (case, time) of one Gaussian process; in every other one, another takes over on the way."""
    t = np.linspace(0, 1, DRAWN)
    covariance = _composed(rng, t)
    if rng.random() < 0.5:
        at, width = rng.uniform(0.2, 0.8), _log_uniform(rng, 0.005, 0.1)
        after = 1 / (1 + np.exp(-np.clip((t - at) / width, -50, 50)))
        covariance = covariance * np.outer(1 - after, 1 - after) + _composed(rng, t) * np.outer(after, after)
    values, vectors = np.linalg.eigh(covariance)
    drawn: Floats = ((vectors * np.sqrt(np.clip(values, 0, None))) @ rng.standard_normal((DRAWN, TOGETHER))).T
    return drawn


def _composed(rng: np.random.Generator, t: Floats) -> Floats:
    """Sums and products of one to three kernels, as a covariance (time, time)."""
    covariance = _kernel(rng, t)
    for _ in range(rng.integers(0, 3)):
        covariance = covariance + _kernel(rng, t) if rng.random() < 0.5 else covariance * _kernel(rng, t)
    return covariance


def _kernel(rng: np.random.Generator, t: Floats) -> Floats:
    """Smooth, periodic, smooth at many scales, rough, noise or a trend (Rasmussen and Williams 2006, Section 4.2)."""
    distance = np.abs(t[:, np.newaxis] - t)
    kind, length = rng.integers(6), _log_uniform(rng, 0.01, 0.6)
    match kind:
        case 0:
            covariance = np.exp(-0.5 * np.square(distance / length))
        case 1:
            period = _log_uniform(rng, 0.03, 0.6)
            covariance = np.exp(-2 * np.square(np.sin(np.pi * distance / period) / rng.uniform(0.3, 2)))
        case 2:
            scales = rng.uniform(0.2, 3)
            covariance = (1 + np.square(distance / length) / 2 / scales) ** -scales
        case 3:
            covariance = np.exp(-distance / length)
        case 4:
            covariance = 0.05 * np.eye(len(t))
        case _:
            centre = rng.uniform(0, 1)
            covariance = np.outer(t - centre, t - centre)
    return np.asarray(covariance)


def _connected(series: Floats, rng: np.random.Generator) -> Floats:
    """Series (case, time) to which functions of others, shifted in time, are added, up to three times over."""
    for _ in range(rng.integers(0, 4)):
        function = _FUNCTIONS[rng.integers(len(_FUNCTIONS))]
        others = series[rng.permutation(len(series))]
        series = series + function(rng.normal(0, 1.5) * np.roll(others, rng.integers(0, 20), axis=1))
    return series


def _log_uniform(rng: np.random.Generator, least: float, most: float) -> float:
    return float(np.exp(rng.uniform(np.log(least), np.log(most))))
