"""Tables for a terminal, as wide as it is."""

import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator

import pandas as pd
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

from bench.report import tables
from bench.report.cells import are_numbers
from bench.report.material import Material
from bench.report.wording import data_sets, fewer, left_out, once, unfinished
from bench.stats.comparison import Comparison, family, reasons
from bench.stats.wording import describe, disagreement

WIDE = 200
"""Columns of text where nobody says how many there are: in a file, say."""
LEAST = 3
"""So many columns of a table stay, however narrow the terminal; their texts are broken where they must."""


def columns() -> int:
    """How wide the terminal is: what COLUMNS says, else its own width, else that of a file."""
    if os.environ.get("COLUMNS") or sys.stdout.isatty():
        return shutil.get_terminal_size((WIDE, 24)).columns
    return WIDE


def table_text(table: pd.DataFrame, width: int, title: str = "") -> str:
    """A table of text: columns of names to the left, of numbers to the right.

    Columns that do not fit are left out from the last one on, and named below.

    Args:
        table: what stands in it.
        width: of the terminal.
        title: a line above it.

    Returns:
        Lines no wider than that.
    """
    shown = table.shape[1]
    while shown > LEAST and _width(table.iloc[:, :shown]) > width:
        shown -= 1
    fits = _width(table.iloc[:, :shown]) <= width
    console = Console(width=width, color_system=None, file=sys.stdout)
    with console.capture() as capture:
        console.print(_rich(table.iloc[:, :shown], fits=fits))
    lines = [*[title] * bool(title), *(line.rstrip() for line in capture.get().splitlines())]
    if shown < table.shape[1]:
        lines += fold([f"too narrow for: {', '.join(map(str, table.columns[shown:]))}"], width)
    return "\n".join(lines)


def fold(lines: Iterable[str], width: int) -> Iterator[str]:
    """Break the lines that are wider than the terminal between words, and indent what goes on."""
    for line in lines:
        indent = " " * (len(line) - len(line.lstrip()) + 2)
        whole = "\n" in line or cell_len(line) <= width  # tables are as narrow as they can be
        yield (
            line
            if whole
            else textwrap.fill(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
        )


GAP = 2


def _width(table: pd.DataFrame) -> int:
    """Columns of text that a table takes."""
    cells = [[str(name), *map(str, table.iloc[:, i])] for i, name in enumerate(table.columns)]
    return sum(max(map(cell_len, column)) + GAP for column in cells) - GAP


def _rich(table: pd.DataFrame, *, fits: bool) -> Table:
    drawn = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, GAP - 1, 0, 0))
    for i, column in enumerate(table.columns):
        drawn.add_column(
            str(column),
            justify="right" if i and are_numbers(table.iloc[:, i]) else "left",
            no_wrap=fits,
            overflow="fold",
            vertical="bottom",
        )
    for row in table.itertuples(index=False):
        drawn.add_row(*map(str, row))
    return drawn


def summary(material: Material) -> str:
    """The table of methods for a terminal, and what must be known of it."""
    contest = material.contest
    but = f" (and {len(material.tuned)} that settings were chosen on)" * material.apart
    title = f"{contest.name}: {data_sets(len(material.main))}{but}, preset {contest.preset}"
    lines = [table_text(material.methods, columns(), title), *unfinished(material), *fewer(material), *once(material)]
    if comparison := material.comparison:
        lines += [*left_out(comparison), *filter(None, [comparison.too_few])]
    elif material.not_compared:
        lines.append(f"no ranks: {material.not_compared}")
    return "\n".join(fold((line.replace("**", "") for line in lines), columns()))


def as_text(comparison: Comparison, score: str = "score", *, negated: bool = False, baseline: str | None = None) -> str:
    """A comparison for a terminal: what was left out, ranks, tests, cliques, assumptions.

    Args:
        comparison: what `compare` answered.
        score: by which it compares.
        negated: whether that is a loss, which it was given negated.
        baseline: of accuracies, the method that errors are relative to.

    Returns:
        Lines of text.
    """
    width = columns()
    n, k = comparison.scores.shape
    lines = [f"{k} methods on {data_sets(n)}, alpha {comparison.alpha:g}"]
    lines += [f"left out: {line}" for line in reasons(comparison.left_out)]
    lines += ["", table_text(tables.ranking(comparison, score, negated=negated, baseline=baseline), width)]
    lines += ["", friedman(comparison)] if comparison.friedman else []
    lines += ["", table_text(_pairs(comparison), width), "", *_told(comparison)]
    lines += ["", "assumed:", *("  " + line for line in describe(comparison))]
    lines += ["  " + line for line in tables.ranking_notes(comparison, baseline)]
    lines += ["  Less is better: a - b is of negated scores, above 0 where a has the lower."] if negated else []
    return "\n".join(fold(lines, width))


def _pairs(comparison: Comparison) -> pd.DataFrame:
    """The table of pairs, p and its correction in one column: however narrow, neither stands without the other."""
    table = tables.pairs(comparison)
    both = table.pop("p") + " / " + table.pop(tables.holm_over(len(comparison.pairs)))
    table.insert(2, f"p / Holm over {family(len(comparison.pairs))}", both)
    return table


def friedman(comparison: Comparison) -> str:
    """Friedman's test in a line; nothing where there is none."""
    f, (n, k) = comparison.friedman, comparison.scores.shape
    if not f:
        return ""
    return (
        f"Friedman chi2({k - 1}) = {f.chi2:.4g}, p = {f.p:.3g}; Iman-Davenport "
        f"F({k - 1}, {(k - 1) * (n - 1)}) = {f.iman_davenport_f:.4g}, p = {f.iman_davenport_p:.3g}"
    )


def _told(comparison: Comparison) -> Iterator[str]:
    """Who is told apart from whom, as far as the data sets let that be said."""
    if comparison.too_few:
        yield comparison.too_few
    elif comparison.cliques:
        yield "not told apart:"
        yield from ("  " + ", ".join(clique) for clique in comparison.cliques)
    else:
        yield "every two methods are told apart"
    yield from filter(None, (disagreement(pair, comparison.average_ranks) for pair in comparison.pairs))
