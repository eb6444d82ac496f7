"""The page of a comparison of any table: diagram, matrix, ranks and tests."""

import re
from collections.abc import Sequence
from pathlib import Path

from bench.contest import results
from bench.published.beside import Beside
from bench.report import tables
from bench.report.page.html import html_page
from bench.report.pictures import style
from bench.report.pictures.critical_difference import critical_difference
from bench.report.pictures.pairwise_matrix import pairwise_matrix
from bench.report.terminal import friedman
from bench.report.wording import data_sets, markdown
from bench.stats.comparison import Comparison, reasons
from bench.stats.wording import describe, disagreement


def write(
    comparison: Comparison,
    folder: Path,
    title: str,
    score: str,
    *,
    negated: bool = False,
    baseline: str | None = None,
    notes: Sequence[str] = (),
    beside: Beside | None = None,
) -> Path:
    """Write comparison.md, comparison.html, the scores as CSV, and pictures.

    Args:
        comparison: of the table.
        folder: where to.
        title: of the page.
        score: by which it compares.
        negated: whether that is a loss, which it was given negated.
        baseline: of accuracies, the method that errors are relative to.
        notes: what the reader must know of the table.
        beside: what was left out of published numbers, and whom to cite; None: there are none.

    Returns:
        The path of the Markdown page.
    """
    n, k = comparison.scores.shape
    sign = -1 if negated else 1
    facts = [*describe(comparison), *["Less is better: differences are of negated scores."] * negated]
    parts = [
        f"# {title}",
        f"{k} methods on {data_sets(n)}, by {score}; {'less' if negated else 'more'} is better.",
        _listed("To be known:", notes),
        comparison.too_few,
        *_pictures(comparison, folder, score),
        markdown(tables.ranking(comparison, score, negated=negated, baseline=baseline)),
        " ".join(tables.ranking_notes(comparison, baseline)),
        friedman(comparison),
        markdown(tables.pairs(comparison)),
        _told(comparison),
        _listed("Mean and ranks point different ways:", _disagreements(comparison)),
        _listed("Assumed:", facts),
        _listed("Left out:", reasons(comparison.left_out)),
    ]
    if beside:
        parts += [_listed("Published, and not comparable:", beside.left_out), _listed("Sources:", beside.citations)]
    text = "\n\n".join(filter(None, parts)) + "\n"
    scores = (sign * comparison.scores).reset_index()
    name = re.sub(r"\W+", "_", score)  # by which compare knows what the numbers are
    results.write_text(folder / f"{name}.csv", scores.to_csv(index=False, lineterminator="\n"))
    page = folder / "comparison.md"
    results.write_text(page, text)
    results.write_text(page.with_suffix(".html"), html_page(title, text, folder))
    return page


def _told(comparison: Comparison) -> str:
    """Which methods are not told apart; nothing where so few data sets cannot say."""
    if comparison.too_few:
        return ""
    alike = [", ".join(clique) for clique in comparison.cliques]
    return _listed("Not told apart:", alike) or "Every two methods are told apart."


def _pictures(comparison: Comparison, folder: Path, score: str) -> list[str]:
    """The diagram, where so many data sets let there be one, and the matrix."""
    n, alpha = len(comparison.scores), comparison.alpha
    shown = []
    for path in (folder / f"{stem}.{form}" for stem in ("cd", "pairs") for form in ("svg", "png")):
        path.unlink(missing_ok=True)  # of a former page
    if not comparison.too_few:
        ranks, cliques = comparison.average_ranks, comparison.cliques
        style.save(critical_difference(ranks, cliques, n_datasets=n, alpha=alpha, score=score), folder / "cd")
        shown.append("![Critical-difference diagram](cd.svg)")
    if n > 1:
        matrix = pairwise_matrix(comparison.pairs, comparison.scores.mean(), n_datasets=n, alpha=alpha)
        style.save(matrix, folder / "pairs")
        shown.append("![Every method against every other](pairs.svg)")
    return shown


def _disagreements(comparison: Comparison) -> list[str]:
    found = (disagreement(pair, comparison.average_ranks) for pair in comparison.pairs)
    return [line for line in found if line]


def _listed(head: str, lines: Sequence[str]) -> str:
    return "\n".join([head, "", *(f"- {line}" for line in lines)]) if lines else ""
