"""Words a comparison: for a program, and for a terminal."""

import math
from typing import Any

from bench.stats import comparison as statistics
from bench.stats.comparison import Comparison


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


def as_text(comparison: Comparison, score: str = "score", *, negated: bool = False) -> str:
    """The comparison for a terminal: what was left out, ranks, tests, cliques, assumptions.

    Args:
        comparison: what `compare` answered.
        score: by which it compares.
        negated: whether that is a loss, which it was given negated.

    Returns:
        Lines of text.
    """
    n, k = comparison.scores.shape
    means = (-1 if negated else 1) * comparison.scores.mean()
    width = max(len(str(method)) for method in means.index)
    lines = [f"{k} methods on {n} data set{'s' * (n != 1)}, alpha {comparison.alpha:g}"]
    lines += [f"left out: {line}" for line in statistics.reasons(comparison.left_out)]
    lines += ["", f"{'method':{width}}  average rank  mean {score}"]
    lines += [
        f"{method:{width}}  {rank:12.3f}  {mean:{5 + len(score)}.4f}"
        for (method, rank), mean in zip(comparison.average_ranks.items(), means, strict=True)
    ]
    if comparison.friedman:
        f = comparison.friedman
        lines += [
            "",
            f"Friedman chi2({k - 1}) = {f.chi2:.4g}, p = {f.p:.3g}; "
            f"Iman-Davenport F({k - 1}, {(k - 1) * (n - 1)}) = {f.iman_davenport_f:.4g}, "
            f"p = {f.iman_davenport_p:.3g}",
        ]
    lines += [
        "",
        f"{'a':{width}}  {'b':{width}}   wins  draws losses  mean a-b  median a-b          p     p Holm",
    ]
    lines += [
        f"{pair.a:{width}}  {pair.b:{width}} {pair.wins:6} {pair.draws:6} {pair.losses:6} "
        f"{pair.mean_difference:+9.4f} {pair.median_difference:+11.4f} {pair.p:10.3g} {pair.p_holm:10.3g}"
        for pair in comparison.pairs
    ]
    lines += ["", "not told apart:" if comparison.cliques else "every two methods are told apart"]
    lines += ["  " + ", ".join(clique) for clique in comparison.cliques]
    lines += ["", "assumed:", *("  " + line for line in statistics.describe(comparison))]
    lines += ["  Less is better: a - b is of negated scores, above 0 where a has the lower."] if negated else []
    return "\n".join(lines)


def _finite(value: float) -> float | None:
    """The number, or None where JSON has no word for it."""
    return value if math.isfinite(value) else None
