"""Compares the methods in a CSV file: reads the table, hands it to bench.stats.comparison, words the answer.

Two shapes are read, told apart by the header:

- long: columns classifier_name, dataset_name, accuracy in any order (others are ignored), one row a score;
- wide: the data set in the first column, then a column for each method.

Rows may come in any order. An empty cell or "nan" is a missing score.
"""

import csv
import math
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from bench.stats import comparison as statistics
from bench.stats.comparison import Comparison, TableError

LONG = ("classifier_name", "dataset_name", "accuracy")


class Row(NamedTuple):
    """A line of the file, by its number in an editor, and its cells without the blanks around them."""

    line: int
    cells: list[str]


def compare(path: str | Path, alpha: float = 0.05) -> Comparison:
    """Compares all methods of a CSV file on the data sets that they share.

    Args:
        path: a table, long or wide.
        alpha: family-wise error of the pairwise tests.

    Returns:
        The comparison; `as_json` and `as_text` word it.

    Raises:
        TableError: the file is no such table, or no comparison can be made of it.
    """
    return statistics.compare(read_table(path), alpha)


def read_table(path: str | Path) -> pd.DataFrame:
    """Reads accuracies from a CSV file, long or wide.

    Args:
        path: the file.

    Returns:
        Accuracies from 0 to 1, index data sets, columns methods, in the order of the file; NaN where none is.

    Raises:
        TableError: the file cannot be read, is empty or cut off, a name is missing, something stands twice,
            or a score is not a number from 0 to 1.
    """
    try:
        header, *body = _rows(Path(path))
        is_long = set(LONG) <= set(header.cells)
        return _scores(_long_cells(header, body) if is_long else _wide_cells(header, body))
    except TableError as error:
        raise TableError(f"{path}: {error}") from error


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


def as_text(comparison: Comparison) -> str:
    """The comparison for a terminal: what was left out, ranks, tests, cliques, assumptions.

    Args:
        comparison: what `compare` answered.

    Returns:
        Lines of text.
    """
    n, k = comparison.scores.shape
    means = comparison.scores.mean()
    width = max(len(str(method)) for method in means.index)
    lines = [f"{k} methods on {n} data set{'s' * (n != 1)}, alpha {comparison.alpha:g}"]
    lines += [f"left out: {line}" for line in statistics.reasons(comparison.left_out)]
    lines += ["", f"{'method':{width}}  average rank  mean score"]
    lines += [
        f"{method:{width}}  {rank:12.3f}  {mean:10.4f}"
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
    return "\n".join(lines)


def _rows(path: Path) -> list[Row]:
    """All lines that are not blank, each as wide as the first; at least one."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            rows = [Row(reader.line_num, [cell.strip() for cell in cells]) for cells in reader if any(cells)]
    except UnicodeDecodeError as error:
        raise TableError(f"expected text in UTF-8, got byte {error.object[error.start]:#x}") from error
    except csv.Error as error:
        raise TableError(f"is no CSV: {error}") from error
    except OSError as error:
        raise TableError(f"cannot be read: {error.strerror}") from error
    if not rows:
        raise TableError("is empty; expected a header and a row a data set (or a score)")
    width = len(rows[0].cells)
    for row in rows:
        if len(row.cells) != width:
            raise TableError(f"line {row.line}: expected {width} cells, got {len(row.cells)}")
    return rows


def _long_cells(header: Row, body: list[Row]) -> list[tuple[int, str, str, str]]:
    """Line, data set, method and score of each row of a long table."""
    method, dataset, accuracy = (header.cells.index(name) for name in LONG)
    return [(row.line, row.cells[dataset], row.cells[method], row.cells[accuracy]) for row in body]


def _wide_cells(header: Row, body: list[Row]) -> list[tuple[int, str, str, str]]:
    """Line, data set, method and score of each cell of a wide table."""
    methods = header.cells[1:]
    if len(methods) < 2 or LONG[-1] in methods:
        raise TableError(
            "expected, separated by commas, the data set and a column for each of at least 2 methods (wide), "
            f"or the columns {', '.join(LONG)} (long); got {', '.join(header.cells)!r}"
        )
    for method in methods:
        if methods.count(method) > 1:
            raise TableError(f"line {header.line}: column {method!r} stands twice")
    return [
        (row.line, row.cells[0], method, cell)
        for row in body
        for method, cell in zip(methods, row.cells[1:], strict=True)
    ]


def _scores(cells: list[tuple[int, str, str, str]]) -> pd.DataFrame:
    """The table of named cells, each checked."""
    if not cells:
        raise TableError("has a header and no scores")
    seen: dict[tuple[str, str], int] = {}
    scores: dict[str, dict[str, float]] = {}
    for line, dataset, method, text in cells:
        if not dataset or not method:
            raise TableError(f"line {line}: a score without the name of its {'method' if dataset else 'data set'}")
        if (dataset, method) in seen:
            raise TableError(
                f"line {line}: {method!r} on {dataset!r} stands in line {seen[dataset, method]} already; "
                "keep one, or average the resamples first"
            )
        seen[dataset, method] = line
        scores.setdefault(method, {})[dataset] = _score(text, f"line {line}: {method!r} on {dataset!r}")
    datasets = list(dict.fromkeys(dataset for dataset, _ in seen))
    return pd.DataFrame(scores, index=pd.Index(datasets, name="dataset"))


def _score(text: str, where: str) -> float:
    """A score in [0, 1]; NaN where the cell is empty."""
    try:
        score = float(text or "nan")
    except ValueError:
        raise TableError(f"{where}: expected a number, got {text!r}") from None
    if score < 0 or score > 1:
        raise TableError(f"{where}: expected a score from 0 to 1, got {text} (divide per cents by 100)")
    return score


def _finite(value: float) -> float | None:
    """The number, or None where JSON has no word for it."""
    return value if math.isfinite(value) else None
