"""A method among others in one number: error relative to a baseline, win rate, Elo.

Each input is a score table without gaps (index data sets, columns methods, more is better).
"""

import math

import numpy as np
import numpy.typing as npt
import pandas as pd

from bench.stats.comparison import DECIMALS, TableError, average_ranks

Floats = npt.NDArray[np.float64]

ELO = 400 / math.log(10)
"""Points of Elo a unit of log odds: 400 points are odds of 10 to 1."""
MEAN_ELO = 1000.0


def relative_error(accuracies: pd.DataFrame, baseline: str) -> "tuple[pd.Series[float], int]":
    """Mean over data sets of a method's error rate, divided by that of a baseline.

    Data sets on which the baseline makes no error have no ratio, and are left out for all methods.

    Args:
        accuracies: score table, in [0, 1].
        baseline: one of its methods.

    Returns:
        Index methods, below 1 where fewer errors are made than by the baseline, NaN where every data set is left out;
        and how many data sets that is over.

    Raises:
        TableError: the baseline is not in the table.
    """
    if baseline not in accuracies:
        raise TableError(f"the baseline {baseline!r} is none of {', '.join(map(str, accuracies))}")
    errors = (1 - accuracies).round(DECIMALS)
    kept = errors[errors[baseline] > 0]
    return kept.div(kept[baseline], axis=0).mean(), len(kept)


def win_rate(scores: pd.DataFrame) -> "pd.Series[float]":
    """Share of the other methods that a method beats on a data set, on average; draws count half.

    Args:
        scores: score table of two methods at least.

    Returns:
        Index methods, from best to worst.
    """
    ranks = average_ranks(scores)
    return (len(ranks) - ranks) / (len(ranks) - 1)


def elo(scores: pd.DataFrame, *, confidence: float = 0.95, n_resamples: int = 500, seed: int = 0) -> pd.DataFrame:
    """Elo ratings: the Bradley-Terry model (1952) of who beats whom on how many data sets, 1000 on average.

    A drawn game of each pair is added, so that a method that always wins has a finite rating; draws count half.

    Args:
        scores: score table of two methods at least.
        confidence: of the percentile bootstrap over data sets, two-sided.
        n_resamples: how often the data sets are drawn anew.
        seed: of the draws.

    Returns:
        Index methods; columns elo, low, high, in points: 400 more are odds of 10 to 1 on a data set.
    """
    values = np.round(scores.to_numpy(dtype=np.float64), DECIMALS)
    n = len(values)
    won = (np.sign(values[:, :, None] - values[:, None, :]) + 1) / 2  # (data set, method, other)
    rng = np.random.default_rng(seed)
    drawn = np.stack([np.bincount(rng.integers(n, size=n), minlength=n) for _ in range(n_resamples)])
    weights = np.vstack([np.ones(n), drawn])
    ratings = MEAN_ELO + ELO * _bradley_terry(np.einsum("rd,dij->rij", weights, won))
    tail = (1 - confidence) / 2
    low, high = np.quantile(ratings[1:], [tail, 1 - tail], axis=0)
    return pd.DataFrame({"elo": ratings[0], "low": low, "high": high}, index=scores.columns)


def _bradley_terry(wins: Floats) -> Floats:
    """Log odds (sample, method), 0 on average, of wins (sample, method, other), by Newton's method."""
    k = wins.shape[1]
    apart = 1 - np.eye(k)
    wins = (wins + 0.5) * apart
    games = wins + wins.transpose(0, 2, 1)
    odds = np.zeros(wins.shape[:2])
    for _ in range(100):
        chance = 1 / (1 + np.exp(odds[:, None, :] - odds[:, :, None]))
        slope = (wins - games * chance).sum(axis=2)
        bend = games * chance * (1 - chance)
        curvature = np.eye(k) * bend.sum(axis=2)[:, :, None] - bend + 1 / k  # the last makes the average 0
        step = np.linalg.solve(curvature, slope[:, :, None])[:, :, 0]
        odds = odds + np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-10:
            break
    return odds
