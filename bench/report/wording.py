"""Words, tables and pictures as sections put them into Markdown."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure

from bench.contest.scores import SCORES
from bench.report.material import Material
from bench.report.pictures import style
from bench.report.pictures.critical_difference import critical_difference
from bench.report.questions import Answer
from bench.stats.comparison import Comparison
from ucr.archive import ARCHIVE

RANKED = {key: score.name for key, score in SCORES.items() if score.ranked}
"""Scores that methods are ranked by → what they are called."""


def markdown(table: pd.DataFrame) -> str:
    """Return a table as GitHub's Markdown: first column to the left, the others to the right."""
    rows = [[*table.columns], *table.to_numpy().tolist()]
    lines = [f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    lines.insert(1, "| --- |" + " ---: |" * (table.shape[1] - 1))
    return "\n".join(lines)


def picture(material: Material, figure: Figure, stem: str, what: str) -> str:
    """Save a picture beside the report, and return the Markdown that shows it."""
    style.save(figure, material.folder / stem)
    return f"![{what}]({stem}.svg)"


def rank_diagram(material: Material, comparison: Comparison, stem: str, name: str, more: str = "") -> str:
    """Save the critical-difference diagram of a comparison; returns its Markdown, nothing for a single data set."""
    n = len(comparison.scores)
    if n == 1:
        return ""
    figure = critical_difference(
        comparison.average_ranks, comparison.cliques, n_datasets=n, alpha=comparison.alpha, score=name
    )
    return picture(material, figure, stem, f"Critical-difference diagram of {name}{more}")


def data_sets(n: int) -> str:
    """Word a number of data sets."""
    return f"{n} data set" if n == 1 else f"{n} data sets"


def hours(seconds: float) -> str:
    """Word a duration roughly."""
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.1f} min"


def listed(names: Sequence[str]) -> str:
    """Word an enumeration."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def splits(material: Material) -> str:
    """Say on which splits the runs were made."""
    n = material.runs["resample"].nunique()
    split = "the archive’s own split" if {*material.runs["dataset"]} & ARCHIVE.keys() else "the split of their files"
    if n == 1:
        return split
    if material.contest.same_split:
        return f"{n} seeds on {split}"
    return f"{split} and {n - 1} resamples"


def drawn(material: Material, answers: Sequence[Answer]) -> str:
    """Say what is drawn anew for the intervals of answers."""
    if material.runs["resample"].nunique() == 1:
        return "data sets"
    others = "seeds" if material.contest.same_split else "resamples"
    lacking = [f"{answer.pair.a} against {answer.pair.b}" for answer in answers if not answer.nested]
    but = f" (over data sets alone, for lack of some runs: {listed(lacking)})" if lacking else ""
    return f"data sets and {others}, each for all of the other{but}"


def unfinished(material: Material) -> list[str]:
    """A line that nobody overlooks, where runs are missing."""
    n_missing, asked = len(material.missing), sum(1 for _ in material.contest.runs())
    if not n_missing:
        return []
    return [f"**Unfinished: {n_missing} of {asked} runs have no result**; means and ranks are over what is there."]
