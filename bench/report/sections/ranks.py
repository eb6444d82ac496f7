"""Who is told apart from whom: ranks, tests and every pair, by accuracy and by macro F1."""

from collections.abc import Iterator

import numpy as np

from bench.report import tables
from bench.report.material import Material
from bench.report.pictures.pairwise_matrix import pairwise_matrix
from bench.report.wording import RANKED, data_sets, left_out, listed, markdown, picture, rank_diagram
from bench.stats import effects
from bench.stats.comparison import Comparison
from bench.stats.wording import describe, disagreement


def section(material: Material) -> str:
    """A part for each score that methods are ranked by, and one for all data sets where some were tuned on."""
    parts = [_ranks(material, score) for score in RANKED]
    if material.overall:
        parts.insert(1, _overall(material, material.overall))
    return "\n\n".join(filter(None, parts))


def _ranks(material: Material, score: str) -> str:
    comparison = material.compared(score)
    if not comparison:
        return ""
    by_accuracy = score == "accuracy"
    baseline = material.baseline if by_accuracy else None
    lines = [
        f"## Ranks: {RANKED[score]}",
        rank_diagram(material, comparison, f"cd_{score}", RANKED[score]),
        markdown(tables.ranking(comparison, RANKED[score], baseline=baseline)),
        *([" ".join(tables.ranking_notes(comparison, baseline))] if by_accuracy else []),
        *_tests(comparison),
    ]
    if by_accuracy and len(comparison.scores) > 1:
        n, means = len(comparison.scores), comparison.scores.mean()
        matrix = pairwise_matrix(comparison.pairs, means, n_datasets=n, alpha=comparison.alpha)
        lines.append(picture(material, matrix, "pairs_accuracy", "Every method against every other"))
        lines.append(_detectable(comparison))
        lines.append("\n".join(f"- {line}" for line in describe(comparison)))
    lines.append("\n".join(f"- {line}" for line in _notes(material, comparison, score)))
    return "\n\n".join(filter(None, lines))


def _overall(material: Material, comparison: Comparison) -> str:
    """The main comparison again, with the data sets that were tuned on."""
    head = (
        f"On {data_sets(len(comparison.scores))}, with the {len(material.tuned)} that were looked at when methods were "
        f"made: {listed(material.tuned)}."
    )
    baseline = material.baseline if material.baseline in comparison.scores else None
    return "\n\n".join(
        [
            "### With the data sets that were tuned on",
            head,
            rank_diagram(material, comparison, "cd_accuracy_all", RANKED["accuracy"], " on all data sets"),
            markdown(tables.ranking(comparison, RANKED["accuracy"], baseline=baseline)),
        ]
    )


def _notes(material: Material, comparison: Comparison, score: str) -> Iterator[str]:
    """What is left out, and where mean and ranks point different ways."""
    yield from left_out(comparison)
    asked = material.view.baseline
    if score == "accuracy" and asked and asked not in comparison.scores:
        yield f"errors are not relative to {asked}, as was asked for: it is not ranked"
    lacking = [method for method in material.imported if method not in material.scores[score]]
    if lacking:
        yield f"not known of what was imported: {listed(lacking)}"
    yield from filter(None, (disagreement(pair, comparison.average_ranks) for pair in comparison.pairs))


def _tests(comparison: Comparison) -> list[str]:
    f = comparison.friedman
    if not f or not np.isfinite(f.iman_davenport_f):  # two methods, or data sets that all agree
        return []
    return [
        f"Friedman χ²({len(comparison.average_ranks) - 1}) = {f.chi2:.2f}, p = {f.p:.3g}; "
        f"Iman–Davenport F = {f.iman_davenport_f:.2f}, p = {f.iman_davenport_p:.3g}."
    ]


def _detectable(comparison: Comparison) -> str:
    """What difference would have shown; nothing where none would."""
    best, second, *_ = comparison.average_ranks.index
    alpha = comparison.alpha / len(comparison.pairs)
    difference = comparison.scores[best] - comparison.scores[second]
    smallest = effects.smallest_detectable_difference(difference, alpha=alpha)
    if not np.isfinite(smallest):
        return ""
    return (
        f"If {best} were better than {second} by {smallest:.4f} on every data set, beside differences as large as "
        f"these, to either side, {len(difference)} data sets would show it four times in five, at Holm's first step. "
        "Of a mean difference that few data sets make, this says nothing."
    )
