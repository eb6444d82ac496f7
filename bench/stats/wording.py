"""Words a comparison: for a program, and where its numbers point different ways."""

import math
from typing import Any

import pandas as pd

from bench.stats.comparison import DECIMALS, Comparison, Pair, family

_COUNTS = ("a", "b", "wins", "draws", "losses")
_DIFFERENCES = ("mean_difference", "median_difference")


def as_json(comparison: Comparison) -> dict[str, Any]:
    """The comparison in values that JSON knows; a number that is undefined or infinite is None.

    Args:
        comparison: what `compare` answered.

    Returns:
        n_datasets, methods (best first), average_ranks, friedman (None for two methods), pairs, cliques, alpha, too_few
        (why nothing can be told apart, so that there are no cliques; else None), left_out (name → reason).
    """
    friedman = comparison.friedman
    return {
        "n_datasets": len(comparison.scores),
        "methods": list(comparison.average_ranks.index),
        "average_ranks": comparison.average_ranks.to_dict(),
        "friedman": friedman and {key: _finite(value) for key, value in vars(friedman).items()},
        "pairs": [
            {key: getattr(pair, key) for key in _COUNTS}
            | {key: round(getattr(pair, key), DECIMALS) for key in _DIFFERENCES}  # no trace of the rows' order
            | {"p": pair.p, "p_holm": pair.p_holm}
            for pair in comparison.pairs
        ],
        "cliques": comparison.cliques,
        "alpha": comparison.alpha,
        "too_few": comparison.too_few or None,
        "left_out": dict(comparison.left_out),
    }


def describe(comparison: Comparison) -> list[str]:
    """What the comparison assumed and did, a sentence a line, for whoever has to defend it.

    Args:
        comparison: what `compare` answered.

    Returns:
        Sentences for the caption of a table or figure.
    """
    n, k = comparison.scores.shape
    pairs = family(len(comparison.pairs))
    lost = len(comparison.left_out)
    what = "method" if comparison.complete == "methods" else "data set"
    return [
        f"{n} data sets with a score of every one of the {k} methods"
        + (f"; {lost} {what}{'s' * (lost > 1)} left out for lack of some." if lost else "."),
        "Data sets count as independent and alike in weight; resamples of one data set are averaged first.",
        f"Ranks: 1 is best, ties share their places; equal means equal to {DECIMALS} decimals.",
        "Friedman: corrected for ties; Iman-Davenport F from it; neither p below what so few data sets can show."
        if comparison.friedman
        else "No Friedman test: it needs three methods.",
        f"Wilcoxon signed-rank on {pairs}: two-sided, exact under random signs, zeros by Pratt.",
        f"Holm's step-down over the {pairs} keeps the family-wise error below {comparison.alpha:g}.",
        *["Cliques: largest groups in which Holm rejects no pair; not rejected does not mean equal."]
        * (not comparison.too_few),
    ]


def disagreement(pair: Pair, ranks: "pd.Series[float] | None" = None) -> str:
    """A sentence where the mean of two methods points one way, and median, wins or average ranks point the other.

    Args:
        pair: the two methods.
        ranks: average ranks of a comparison that both are in, if there is one.

    Returns:
        Nothing where none of them contradicts the mean.
    """
    others = {"the median difference": pair.median_difference, "wins": pair.wins - pair.losses}
    if ranks is not None:
        others["the average rank"] = ranks[pair.b] - ranks[pair.a]
    against = [what for what, difference in others.items() if difference * pair.mean_difference < 0]
    if not against:
        return ""
    ahead, behind = (pair.a, pair.b) if pair.mean_difference > 0 else (pair.b, pair.a)
    return (
        f"By the mean {ahead} is ahead of {behind} ({abs(pair.mean_difference):.4f}), by {' and '.join(against)} "
        f"{behind} is ahead of {ahead}."
    )


def _finite(value: float) -> float | None:
    """The number, or None where JSON has no word for it."""
    return value if math.isfinite(value) else None
