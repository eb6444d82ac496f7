"""Nemenyi's test, for a diagram in Demšar's own manner (2006, Section 3.2.2)."""

import math
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

from bench.stats.comparison import maximal_cliques


def nemenyi_difference(n_methods: int, n_datasets: int, alpha: float = 0.05) -> float:
    """Rank difference from which Nemenyi's test tells two methods apart (Demšar 2006, Section 3.2.2).

    On request only: its answer about two methods depends on all the others (Benavoli, Corani and
    Mangili 2016).

    Args:
        n_methods: number of methods, at least 2.
        n_datasets: number of data sets.
        alpha: family-wise error.

    Returns:
        The critical difference, in ranks.
    """
    q = float(stats.studentized_range.ppf(1 - alpha, n_methods, np.inf)) / math.sqrt(2)
    return q * math.sqrt(n_methods * (n_methods + 1) / (6 * n_datasets))


def nemenyi_cliques(ranks: "pd.Series[float]", difference: float) -> list[list[str]]:
    """Largest groups that Nemenyi's test does not tell apart, for a diagram in Demšar's own manner.

    Args:
        ranks: `average_ranks`.
        difference: `nemenyi_difference`.

    Returns:
        Groups of two members at least, in the order of the average ranks.
    """
    places = list(zip(ranks.index, ranks.tolist(), strict=True))
    alike = [(a, b) for (a, low), (b, high) in combinations(places, 2) if abs(high - low) < difference]
    return maximal_cliques(alike, list(ranks.index))
