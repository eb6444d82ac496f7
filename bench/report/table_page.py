"""The page of a comparison of any table: diagram, matrix, ranks and tests."""

import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from bench.contest import results
from bench.published.beside import Beside
from bench.report import tables
from bench.report.page.html import html_page
from bench.report.pictures import style
from bench.report.pictures.critical_difference import critical_difference
from bench.report.pictures.pairwise_matrix import pairwise_matrix
from bench.report.wording import data_sets, markdown
from bench.stats.comparison import Comparison, describe, reasons


def write(
    comparison: Comparison,
    folder: Path,
    title: str,
    score: str,
    *,
    negated: bool = False,
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
        notes: what the reader must know of the table.
        beside: what was left out of published numbers, and whom to cite; None: there are none.

    Returns:
        The path of the Markdown page.
    """
    n, sign = len(comparison.scores), -1 if negated else 1
    means = sign * comparison.scores.mean()  # best ranked first, as the ranks are
    ranks = pd.DataFrame(
        {"method": str(method), "average rank": f"{rank:.2f}", f"mean {score}": f"{mean:.4f}"}
        for (method, rank), mean in zip(comparison.average_ranks.items(), means, strict=True)
    )
    facts = [*describe(comparison), *["Less is better: differences are of negated scores."] * negated]
    parts = [
        f"# {title}",
        f"{len(means)} methods on {data_sets(n)}, by {score}; {'less' if negated else 'more'} is better.",
        _listed("To be known:", notes),
        *(_pictures(comparison, folder, score) if n > 1 else []),
        markdown(ranks),
        markdown(tables.pairs(comparison)) if n > 1 else "No test tells methods apart by one data set.",
        _listed("Assumed:", facts) if n > 1 else "",
        _listed("Data sets left out:", reasons(comparison.left_out)),
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


def _pictures(comparison: Comparison, folder: Path, score: str) -> list[str]:
    n, alpha = len(comparison.scores), comparison.alpha
    diagram = critical_difference(comparison.average_ranks, comparison.cliques, n_datasets=n, alpha=alpha, score=score)
    matrix = pairwise_matrix(comparison.pairs, comparison.scores.mean(), n_datasets=n, alpha=alpha)
    style.save(diagram, folder / "cd")
    style.save(matrix, folder / "pairs")
    return ["![Critical-difference diagram](cd.svg)", "![Every method against every other](pairs.svg)"]


def _listed(head: str, lines: Sequence[str]) -> str:
    return "\n".join([head, "", *(f"- {line}" for line in lines)]) if lines else ""
