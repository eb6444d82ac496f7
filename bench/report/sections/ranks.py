"""Who is told apart from whom: ranks, tests and every pair, by accuracy and by macro F1."""

import numpy as np

from bench.report import tables
from bench.report.material import Material
from bench.report.pictures.pairwise_matrix import pairwise_matrix
from bench.report.wording import RANKED, listed, picture, rank_diagram
from bench.stats import effects
from bench.stats.comparison import Comparison, describe, reasons


def section(material: Material) -> str:
    """A part for each score that methods are ranked by."""
    return "\n\n".join(filter(None, (_ranks(material, score) for score in RANKED)))


def _ranks(material: Material, score: str) -> str:
    comparison = material.comparison if score == "accuracy" else tables.compare(material.scores[score])
    if not comparison or len(comparison.scores) == 1:
        return ""
    lines = [f"## Ranks: {RANKED[score]}", rank_diagram(material, comparison, f"cd_{score}", RANKED[score])]
    lines += _tests(comparison)
    if score == "accuracy":
        n, means = len(comparison.scores), comparison.scores.mean()
        matrix = pairwise_matrix(comparison.pairs, means, n_datasets=n, alpha=comparison.alpha)
        lines.append(picture(material, matrix, "pairs_accuracy", "Every method against every other"))
        lines.append(_detectable(comparison))
        lines.append("\n".join(f"- {line}" for line in describe(comparison)))
    lines += [f"- left out: {line}" for line in reasons(comparison.left_out)]
    lines += _without(material, score)
    return "\n\n".join(filter(None, lines))


def _without(material: Material, score: str) -> list[str]:
    """A line about imported methods that have no such score."""
    lacking = [method for method in material.imported if method not in material.scores[score]]
    return [f"- not known of what was imported: {listed(lacking)}"] if lacking else []


def _tests(comparison: Comparison) -> list[str]:
    f = comparison.friedman
    if not f or not np.isfinite(f.iman_davenport_f):  # two methods, or data sets that all agree
        return []
    return [
        f"Friedman χ²({len(comparison.average_ranks) - 1}) = {f.chi2:.2f}, p = {f.p:.3g}; "
        f"Iman–Davenport F = {f.iman_davenport_f:.2f}, p = {f.iman_davenport_p:.3g}."
    ]


def _detectable(comparison: Comparison) -> str:
    best, second, *_ = comparison.average_ranks.index
    alpha = comparison.alpha / len(comparison.pairs)
    difference = comparison.scores[best] - comparison.scores[second]
    smallest = effects.smallest_detectable_difference(difference, alpha=alpha)
    if not np.isfinite(smallest):
        return (
            f"{len(difference)} data sets are too few: Holm's first step could not have rejected whatever the scores."
        )
    return (
        f"Between {best} and {second}, {len(difference)} data sets as different as these show a true difference of "
        f"{smallest:.4f} four times in five, at Holm's first step."
    )
