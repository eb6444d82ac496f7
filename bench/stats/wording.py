"""Words a comparison: for a program, and where its numbers point different ways."""

import math
from typing import Any

import pandas as pd

from bench.stats.comparison import Comparison, Pair


def as_json(comparison: Comparison) -> dict[str, Any]:
    """The comparison in values that JSON knows; a number that is undefined or infinite is None.

    Args:
        comparison: what `compare` answered.

    Returns:
        n_datasets, methods (best first), average_ranks, friedman (None for two methods), pairs, cliques.
    """
    friedman = comparison.friedman
    return {
        "n_datasets": len(comparison.scores),
        "methods": list(comparison.average_ranks.index),
        "average_ranks": comparison.average_ranks.to_dict(),
        "friedman": friedman and {key: _finite(value) for key, value in vars(friedman).items()},
        "pairs": [
            {key: getattr(pair, key) for key in ("a", "b", "wins", "draws", "losses", "p", "p_holm")}
            for pair in comparison.pairs
        ],
        "cliques": comparison.cliques,
    }


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
