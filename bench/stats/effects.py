"""How large the difference between two methods is, how sure that is, and what a method costs for it.

Tests answer whether methods differ (bench.stats.comparison); whether the difference matters is another question. The
input is the differences of two methods, one a data set, taken from two columns of a score table.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from bench.stats.comparison import DECIMALS
from bench.stats.signed_rank import needed_rank_sum

Floats = npt.NDArray[np.float64]


class Interval(NamedTuple):
    """A confidence interval."""

    low: float
    high: float


class Posterior(NamedTuple):
    """Probabilities, adding up to 1, that a method is better, practically equal (in the rope), or worse."""

    better: float
    equal: float
    worse: float


def bootstrap_interval(
    differences: npt.ArrayLike,
    statistic: Callable[..., Floats] = np.mean,
    *,
    confidence: float = 0.95,
    n_resamples: int = 2000,
    seed: int = 0,
) -> Interval:
    """Percentile bootstrap over data sets (Efron and Tibshirani 1993, Chapter 13).

    Args:
        differences: (data set,).
        statistic: `numpy.mean` or `numpy.median`.
        confidence: of the interval, two-sided.
        n_resamples: how often the data sets are drawn anew.
        seed: of the draws; the same seed gives the same interval.

    Returns:
        The interval; NaN for fewer than two data sets, which show no deviation.
    """
    d = np.asarray(differences, dtype=np.float64)
    if len(d) < 2:
        return Interval(math.nan, math.nan)
    draws = np.random.default_rng(seed).integers(len(d), size=(n_resamples, len(d)))
    tail = (1 - confidence) / 2
    low, high = np.quantile(statistic(d[draws], axis=1), [tail, 1 - tail])
    return Interval(float(low), float(high))


def crossed_interval(
    differences: npt.ArrayLike, *, confidence: float = 0.95, n_resamples: int = 2000, seed: int = 0
) -> Interval:
    """Percentile bootstrap of the mean over data sets and seeds, each drawn anew (Owen 2007, arXiv:0712.1111).

    Three seeds of a pre-training that many data sets share are three encoders, not three runs a data set: what chance
    did to one of them it did on all data sets at once. The columns of a seed therefore stay together.

    Args:
        differences: (data set, seed), complete.
        confidence: of the interval, two-sided.
        n_resamples: how often data sets and seeds are drawn anew.
        seed: of the draws; the same seed gives the same interval.

    Returns:
        The interval; for a single seed that of `bootstrap_interval`, NaN for fewer than two data sets.
    """
    d = np.asarray(differences, dtype=np.float64)
    n, n_seeds = d.shape
    if n_seeds == 1 or n < 2:
        return bootstrap_interval(d.mean(axis=1), confidence=confidence, n_resamples=n_resamples, seed=seed)
    rng = np.random.default_rng(seed)
    rows = rng.integers(n, size=(n_resamples, n))
    columns = rng.integers(n_seeds, size=(n_resamples, n_seeds))
    weights = np.stack([np.bincount(row, minlength=n) for row in rows]) / n
    means = np.einsum("rd,rds->r", weights, d[:, columns].transpose(1, 0, 2)) / n_seeds
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return Interval(float(low), float(high))


def bayesian_signed_rank(
    differences: npt.ArrayLike, *, rope: float = 0.01, n_samples: int = 20_000, seed: int = 0
) -> Posterior:
    """Bayesian signed-rank test (Benavoli et al. 2014; 2017, arXiv:1606.04316, Section 4.2.2).

    The differences come from a Dirichlet process whose prior, of strength 0.5, sits at zero. A sample of the
    posterior weighs the data sets and says with which probability the mean of two differences lies above, in,
    or below the rope; the answer is how often each of the three is the most probable.

    Args:
        differences: (data set,), method less the other one.
        rope: differences up to this size are practically none.
        n_samples: size of the Monte-Carlo sample; the probabilities are good to about 1 / sqrt(n_samples).
        seed: of the sample.

    Returns:
        The three probabilities.
    """
    z = np.concatenate([[0.0], np.asarray(differences, dtype=np.float64)])
    means = np.round(z[:, None] + z, DECIMALS) / 2
    above = np.heaviside(means - rope, 0.5)  # a mean at the very edge counts half
    below = np.heaviside(-means - rope, 0.5)
    prior = np.ones(len(z))
    prior[0] = 0.5
    weights = np.random.default_rng(seed).dirichlet(prior, n_samples)
    better = np.einsum("si,si->s", weights @ above, weights)
    worse = np.einsum("si,si->s", weights @ below, weights)
    most = np.argmax([1 - better - worse, better, worse], axis=0)
    equal, better, worse = np.bincount(most, minlength=3) / n_samples
    return Posterior(float(better), float(equal), float(worse))


def smallest_detectable_difference(
    differences: npt.ArrayLike,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    n_resamples: int = 500,
    seed: int = 0,
) -> float:
    """The smallest constant shift that this many data sets, as different as these, would have shown.

    The differences are centred (at the Hodges-Lehmann median) and drawn anew, to either side with equal chance, as
    the test supposes of methods that do not differ; then a shift is added to all. The answer is the shift at which the
    exact two-sided Wilcoxon signed-rank test rejects, in favour of the shifted method, in the share `power` of the
    draws. It needs no search: W+ counts the positive means of two differences, so a draw rejects from a certain shift
    on, which is an order statistic of those means. (Of draws with ties a few more reject than that: the answer is
    cautious.)

    Args:
        differences: (data set,).
        alpha: error of the test; the first step of Holm over m pairs is alpha / m.
        power: share of draws that must reject.
        n_resamples: number of draws.
        seed: of the draws.

    Returns:
        The shift, in the unit of the scores; infinite where so few data sets never reject.
    """
    d = np.asarray(differences, dtype=np.float64)
    n = len(d)
    one, other = np.triu_indices(n)
    least = needed_rank_sum(n, alpha)
    if least == math.inf:
        return math.inf
    needed = int(least)
    centred = d - np.median((d[one] + d[other]) / 2)
    rng = np.random.default_rng(seed)
    shifts = np.empty(n_resamples)
    for i in range(n_resamples):
        draw = rng.choice(centred, n) * rng.choice([-1.0, 1.0], n)
        means = (draw[one] + draw[other]) / 2
        shifts[i] = -np.partition(means, -needed)[-needed]
    return float(np.quantile(shifts, power))


def pareto_front(costs: "pd.Series[float]", scores: "pd.Series[float]") -> list[str]:
    """The methods that no other beats by a lower cost and no lower score, or a higher score and no higher cost.

    Args:
        costs: index methods, less is better.
        scores: index the same methods, more is better.

    Returns:
        The methods, cheapest first.
    """
    front: list[str] = []
    best, at = -math.inf, -math.inf
    table = pd.DataFrame({"cost": costs, "score": scores}).sort_index()
    for row in table.sort_values(["cost", "score"], ascending=[True, False], kind="stable").itertuples():
        cost, score = float(row.cost), float(row.score)  # type: ignore[arg-type]
        if score > best or (score == best and cost == at):
            front.append(str(row.Index))
            best, at = score, cost
    return front
