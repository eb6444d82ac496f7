"""Words, tables and pictures as sections put them into Markdown."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure

from bench.contest.scores import SCORES
from bench.methods.few import labels_of
from bench.report.cells import are_numbers
from bench.report.material import Material
from bench.report.pictures import style
from bench.report.pictures.critical_difference import critical_difference
from bench.report.questions import Answer
from bench.stats.comparison import Comparison, reasons
from ucr.archive import ARCHIVE

RANKED = {key: score.name for key, score in SCORES.items() if score.ranked}
"""Scores that methods are ranked by → what they are called."""


def markdown(table: pd.DataFrame) -> str:
    """Return a table as GitHub's Markdown: numbers to the right, all else to the left."""
    rows = [[*table.columns], *table.to_numpy().tolist()]
    lines = [f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    right = [i > 0 and are_numbers(table.iloc[:, i]) for i in range(table.shape[1])]
    lines.insert(1, "|" + "".join(" ---: |" if numbers else " --- |" for numbers in right))
    return "\n".join(lines)


def picture(material: Material, figure: Figure, stem: str, what: str) -> str:
    """Save a picture beside the report, and return the Markdown that shows it."""
    style.save(figure, material.folder / stem)
    return f"![{what}]({stem}.svg)"


def rank_diagram(material: Material, comparison: Comparison, stem: str, name: str, more: str = "") -> str:
    """Save the critical-difference diagram of a comparison; returns its Markdown.

    Where so few data sets can tell no two methods apart, there is no diagram, but the sentence that says so.
    """
    n = len(comparison.scores)
    if comparison.too_few:
        return comparison.too_few
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
    return f"{split} and {n - 1} resample{'s' * (n > 2)}"


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
    return [f"**Unfinished: {n_missing} of {asked} runs have no result.**"]


def fewer(material: Material) -> list[str]:
    """A sentence that says which arms are compared, where others have fewer labels."""
    if not material.fewer:
        return []
    most = next((labels_of(result.method) for result in material.own), None)
    arms = {result.method for result in material.fewer}
    numbers = [str(n) for n in sorted({labels_of(arm) or 0 for arm in arms})]
    return [
        f"Ranks, tables and tests are of the arms with {f'{most} labels a class' if most else 'all labels'}; "
        f"{len(arms)} arms with {listed(numbers)} label{'s' * (numbers != ['1'])} a class stand under Few labels."
    ]


def once(material: Material) -> list[str]:
    """A sentence on the methods that have fewer runs than others, where that was asked for."""
    contest = material.contest
    if not contest.once_alone:
        return []
    has = "has" if len(contest.once_alone) == 1 else "have"
    first = "seed" if contest.same_split else "split"
    return [
        f"By their price {listed(contest.once_alone)} {has} the first {first} alone; of the others it is the mean of "
        f"{contest.resamples}."
    ]


def on(material: Material) -> str:
    """A sentence on which data sets the main comparison is, where that is not all of them."""
    if not material.apart:
        return ""
    return f"On the {data_sets(len(material.main))} that nothing was tuned on. "


def untuned(material: Material) -> str:
    """Words that leave out what was tuned on, if anything was and others are left."""
    return "that nothing was tuned on and " * material.apart


def left_out(comparison: Comparison) -> list[str]:
    """A line each, about what the ranks and means leave out."""
    return [f"left out of ranks and means: {line}" for line in reasons(comparison.left_out)]


def seconds_note(material: Material) -> str:
    """What the seconds of a report are, and where they were measured."""
    kind = {
        "cpu": "CPU seconds of the process and its children",
        "wall": "Seconds of wall time, for CPU time is not known of every run or was spent on a GPU",
    }[material.clock]
    machines = {str(result.environment.get("processor", "a processor that is not known")) for result in material.own}
    at_a_time = {str(result.environment.get("runs at a time", "a number not known of")) for result in material.own}
    return (
        f"{kind}: the median of a run, pre-training on its own series, training and test. A pre-training that data "
        f"sets share stands apart, whole. Measured on {listed(sorted(machines))}, with "
        f"{' or '.join(sorted(at_a_time))} run{'s' * (at_a_time != {'1'})} at a time."
    )
