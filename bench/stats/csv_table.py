"""Reads scores from files that others wrote.

- wide: a row a data set, its name first, then a column for each method;
- long: a row a score, with the names of data set and method, the resample where there are several, and the score, in
  columns of any order under any name that stands in DATASET, METHOD, RESAMPLE and KINDS; other columns are ignored.
  Where no column names the method, the file holds one that is called as the file is. Several resamples may stand in one
  row instead, in columns such as resample_0, resample_1 or fold0, fold1;
- tsml: tsml-eval's <method>/Predictions/<data set>/testResample<k>.csv, or a folder of such.

Cells are separated by commas, tabs or semicolons; beside the latter two a comma may stand for the decimal point.
"""

import csv
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Literal, NamedTuple

import pandas as pd

from bench.stats.comparison import DECIMALS, TableError
from ucr.archive import ARCHIVE

Kind = Literal["share", "error", "loss"]
"""share: from 0 to 1, more is better; error: from 0 to 1, less is better; loss: from 0, less is better."""

DATASET = ("dataset", "datasetname", "datasets", "data", "problem", "problemname", "task", "taskname")
METHOD = (
    *("method", "methodname", "classifier", "classifiername", "model", "modelname", "estimator", "estimatorname"),
    *("algorithm", "framework"),
)
RESAMPLE = ("resample", "resampleid", "fold", "split", "seed", "repeat", "run")
ACCURACY = ("accuracy", "acc", "accuracies", "testaccuracy", "testacc", "accuracyscore", "accuracymean")
NAMELESS = ("score", "testscore", "meantestscore")
"""Columns that do not say which score they hold."""
KINDS: Mapping[str, Kind] = {
    **dict.fromkeys(ACCURACY, "share"),
    **dict.fromkeys(("balancedaccuracy", "f1macro", "macrof1", "f1", "f1score", "auroc", "auc", "rocauc"), "share"),
    **dict.fromkeys(NAMELESS, "share"),
    **dict.fromkeys(("error", "errors", "errorrate", "errorrates", "testerror", "metricerror"), "error"),
    **dict.fromkeys(("logloss", "nll", "crossentropy", "loss", "testloss", "brier", "brierscore"), "loss"),
}
"""What a column, or a file, of scores is called, in small letters and digits alone → what such a score is. Of several
columns the first in this order is read."""
MISSING = ("", "-", "–", "?", "na", "n/a", "nan", "none", "null")
SUMMARIES = (
    *("mean", "average", "avg", "median", "std", "total", "count", "rank", "wins", "best", "meanaccuracy", "meanacc"),
    *("averageaccuracy", "averageacc", "avgaccuracy", "avgacc", "meanrank", "averagerank", "avgrank"),
)
"""What the first cell of a row calls that is no data set."""
DECIMAL_COMMA = re.compile(r"^(\d*),(\d+ ?%?)$")


class Row(NamedTuple):
    """A line of the file, by its number in an editor, and its cells without the blanks around them."""

    line: int
    cells: list[str]


class Cell(NamedTuple):
    """A score as it stands in the file."""

    line: int
    dataset: str
    method: str
    resample: str
    text: str


@dataclass(frozen=True)
class Scores:
    """What a file holds."""

    rows: pd.DataFrame
    """Columns method, dataset, resample (0 where the file names none), score; NaN where it is missing."""
    name: str
    """Of the score: accuracy, or as the file calls it."""
    kind: Kind
    notes: tuple[str, ...] = ()
    """What was read in another way than it stands there, or left out; a sentence each."""

    @property
    def table(self) -> pd.DataFrame:
        """Index data sets, columns methods, in the order of the file: means over resamples, NaN where no score is."""
        means = self.rows.groupby(["dataset", "method"], sort=False)["score"].mean().unstack()
        return means.reindex(index=self.rows["dataset"].unique(), columns=self.rows["method"].unique())

    @property
    def ranked(self) -> pd.DataFrame:
        """The same where more is better: errors and losses are negated."""
        return self.table if self.kind == "share" else -self.table


def read(path: str | Path, *, lower_is_better: bool = False) -> Scores:
    """Reads scores from a file, or from a folder of tsml-eval's files.

    Args:
        path: the file.
        lower_is_better: whether they are losses, even if the file does not say so.

    Returns:
        The scores: per cents as shares, as they are otherwise.

    Raises:
        TableError: the file cannot be read, is empty or cut off, has its data sets in the header, lacks a name, says
            something twice, or holds what is no score.
    """
    path = Path(path)
    try:
        notes: list[str] = []
        if path.is_dir():
            name, cells = "accuracy", _predictions(path)
        else:
            rows = _rows(path)
            name, cells = ("accuracy", [_prediction(rows)]) if _is_prediction(rows) else _cells(rows, path.stem, notes)
        key = _key(name)
        kind: Kind = KINDS[key]
        if lower_is_better and kind == "share":
            name, kind = ("loss", "loss") if key in ACCURACY else (name, "loss")
        elif key in ACCURACY:
            name = "accuracy"
        return Scores(_scores(cells, kind, notes), name, kind, tuple(notes))
    except TableError as error:
        raise TableError(f"{path}: {error}") from error


def _key(name: str) -> str:
    """A name without what is written in many ways: capitals, blanks, underscores."""
    return re.sub(r"[\W_]+", "", name).lower()


def _rows(path: Path) -> list[Row]:
    """All lines that are not blank; at least one."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        separator = max(",;\t", key=text.lstrip().partition("\n")[0].count)
        reader = csv.reader(StringIO(text), delimiter=separator, strict=True)
        rows = [Row(reader.line_num, [cell.strip() for cell in cells]) for cells in reader]
    except UnicodeDecodeError as error:
        raise TableError(f"expected text in UTF-8, got byte {error.object[error.start]:#x}") from error
    except csv.Error as error:
        raise TableError(f"is no CSV: {error}") from error
    except OSError as error:
        raise TableError(f"cannot be read: {error.strerror}") from error
    if separator != ",":
        rows = [Row(row.line, [DECIMAL_COMMA.sub(r"\1.\2", cell) for cell in row.cells]) for row in rows]
    rows = [row for row in rows if any(row.cells)]
    if not rows:
        raise TableError("is empty; expected a header and a row a data set (or a score)")
    return rows


def _is_prediction(rows: Sequence[Row]) -> bool:
    """Whether these are the lines of a prediction file: data set, method, TEST or TRAIN, resample first."""
    return len(rows) > 2 and len(rows[0].cells) > 3 and rows[0].cells[2] in ("TEST", "TRAIN")


def _prediction(rows: Sequence[Row]) -> Cell:
    """The accuracy on the test split, which a prediction file says in its third line."""
    dataset, method, split, resample = rows[0].cells[:4]
    if split != "TEST":
        raise TableError(f"line {rows[0].line}: expected predictions of a TEST split, got {split}")
    return Cell(rows[2].line, dataset, method, resample, rows[2].cells[0])


def _predictions(folder: Path) -> list[Cell]:
    """One accuracy a prediction file, in order of their paths."""
    paths = sorted(folder.rglob("testResample*.csv"))
    if not paths:
        raise TableError("is a folder without testResample*.csv; expected a CSV file, or a folder of tsml-eval's files")
    found = []
    for path in paths:
        rows = _rows(path)
        if not _is_prediction(rows):
            raise TableError(f"{path.relative_to(folder)}: expected data set, method, TEST and resample in line 1")
        found.append(_prediction(rows))
    return found


def _cells(rows: Sequence[Row], stem: str, notes: list[str]) -> tuple[str, list[Cell]]:
    """The name of the score, and every score of a table, long or wide."""
    header, *body = _without_index(rows, notes)
    for row in body:
        if len(row.cells) != len(header.cells):
            raise TableError(f"line {row.line}: expected {len(header.cells)} cells, got {len(row.cells)}")
    if not body:
        raise TableError("has a header and no scores")
    if len(header.cells) < 2:
        raise TableError(
            "expected, separated by commas, tabs or semicolons, the data set and a column for each method (wide), or "
            f"columns such as dataset, method, accuracy (long); got {header.cells[0]!r} alone"
        )
    names = [_key(cell) for cell in header.cells]
    dataset, method, score = (_first(known, names) for known in (DATASET, METHOD, KINDS))
    _refuse_transposed(header, body, at=dataset or 0, methods_first=dataset is None and method == 0)
    if dataset is not None and score is not None:
        resample = _first(RESAMPLE, [name if _numbers(body, i) else "" for i, name in enumerate(names)])
        name = _named(stem) if names[score] in NAMELESS else header.cells[score]
        cells = [
            Cell(
                row.line,
                row.cells[dataset],
                stem if method is None else row.cells[method],
                "0" if resample is None else row.cells[resample],
                row.cells[score],
            )
            for row in body
        ]
        return name, _of_data_sets(cells, notes)
    splits = [re.fullmatch(f"(?:{'|'.join(RESAMPLE)})([0-9]+)", name) for name in names]
    if dataset is not None and sum(map(bool, splits)) > 1:
        cells = [
            Cell(row.line, row.cells[dataset], stem if method is None else row.cells[method], found[1], row.cells[i])
            for row in body
            for i, found in enumerate(splits)
            if found
        ]
        return _named(stem), _of_data_sets(cells, notes)
    for column in header.cells:
        if header.cells.count(column) > 1:
            raise TableError(f"line {header.line}: column {column!r} stands twice")
    at = dataset or 0
    places = [i for i in range(len(names)) if i != at]
    cells = [Cell(row.line, row.cells[at], header.cells[i], "0", row.cells[i]) for row in body for i in places]
    if len(places) == 1 and names[places[0]] in KINDS:  # a score, no method
        return header.cells[places[0]], _of_data_sets([cell._replace(method=stem) for cell in cells], notes)
    return _named(stem), _of_data_sets(cells, notes)


def _without_index(rows: Sequence[Row], notes: list[str]) -> list[Row]:
    """The rows without a first column that only counts them."""
    header, *body = rows
    if (
        len(header.cells) > 2
        and _key(header.cells[0]) in ("", "unnamed0", "index")
        and _numbers(body, 0)
        and not _numbers(body, 1)
    ):
        notes.append("the first column counts the rows and is left out")
        return [Row(row.line, row.cells[1:]) for row in rows]
    return list(rows)


def _numbers(body: Iterable[Row], column: int) -> bool:
    """Whether a column holds whole numbers alone."""
    return all(row.cells[column : column + 1] and row.cells[column].isdigit() for row in body)


def _first(known: Iterable[str], names: Sequence[str]) -> int | None:
    """Where the first of the known names stands that is there."""
    return next((names.index(name) for name in known if name in names), None)


def _named(stem: str) -> str:
    """The score that a file's name names, as our exports' do: the longest; else accuracy."""
    words = re.findall(r"[A-Za-z0-9]+", stem)
    runs = ["_".join(words[i:k]) for i in range(len(words)) for k in range(i + 1, len(words) + 1)]
    return max((run for run in runs if _key(run) in KINDS and _key(run) not in NAMELESS), key=len, default="accuracy")


def _refuse_transposed(header: Row, body: Sequence[Row], at: int, *, methods_first: bool) -> None:
    across = sum(cell in ARCHIVE for cell in header.cells)
    if across > 1 and across > sum(row.cells[at] in ARCHIVE for row in body):
        raise TableError(
            f"line {header.line}: data sets of the archive stand in the header ({across} of them); expected a row a "
            "data set and a column a method: transpose the table"
        )
    if header.cells[at] in ARCHIVE:
        raise TableError(
            f"line {header.line}: expected a header, dataset and the names of methods, got a row of {header.cells[at]}"
        )
    if methods_first:
        raise TableError(
            f"line {header.line}: expected data sets in the first column, or in one called dataset, got "
            f"{header.cells[0]!r}"
        )


def _of_data_sets(cells: Iterable[Cell], notes: list[str]) -> list[Cell]:
    """The cells without those of rows that sum others up, such as a closing mean."""
    cells = list(cells)
    sums = dict.fromkeys(cell.dataset for cell in cells if _key(cell.dataset) in SUMMARIES)
    if sums:
        notes.append(f"no data set, and left out: {', '.join(sums)}")
    return [cell for cell in cells if cell.dataset not in sums]


def _scores(cells: Sequence[Cell], kind: Kind, notes: list[str]) -> pd.DataFrame:
    """The table of named cells, each checked; see `Scores.rows`."""
    if not cells:
        raise TableError("has a header and no scores")
    seen: dict[tuple[str, str, str], int] = {}
    for cell in cells:
        if not cell.dataset or not cell.method:
            what = "method" if cell.dataset else "data set"
            raise TableError(f"line {cell.line}: a score without the name of its {what}")
        if not cell.resample.isdigit():
            raise TableError(f"line {cell.line}: expected a resample from 0, got {cell.resample!r}")
        key = (cell.dataset, cell.method, cell.resample)
        if key in seen:
            raise TableError(
                f"line {cell.line}: {cell.method!r} on {cell.dataset!r} stands in line {seen[key]} already; "
                "keep one, or name the resamples in a column resample"
            )
        seen[key] = cell.line
    values = [_number(cell) for cell in cells]
    if kind != "loss":
        values = _shares(cells, values, notes)
    rows = [(cell.method, cell.dataset, int(cell.resample), value) for cell, value in zip(cells, values, strict=True)]
    return pd.DataFrame(rows, columns=["method", "dataset", "resample", "score"])


def _number(cell: Cell) -> float:
    """The score of a cell, NaN where it is missing."""
    if cell.text.lower() in MISSING:
        return math.nan
    try:
        score = float(cell.text.removesuffix("%"))
    except ValueError:
        raise TableError(f"{_where(cell)}: expected a number, got {cell.text!r}") from None
    if score < 0 or math.isinf(score):
        raise TableError(f"{_where(cell)}: expected a score from 0, got {cell.text}")
    return round(score / 100, DECIMALS) if cell.text.endswith("%") else score


def _shares(cells: Sequence[Cell], values: Sequence[float], notes: list[str]) -> list[float]:
    """Scores from 0 to 1; a file whose numbers go beyond 1 holds per cents."""
    plain = [i for i, cell in enumerate(cells) if not cell.text.endswith("%")]
    above = next((i for i in plain if values[i] > 1), None)
    beyond = next((i for i, value in enumerate(values) if value > (100 if i in plain else 1)), None)
    within = next((i for i in plain if 0 < values[i] < 1), None)
    if beyond is not None:
        raise TableError(
            f"{_where(cells[beyond])}: expected a score from 0 to 1, or per cent, got {cells[beyond].text}"
        )
    if above is None:
        return list(values)
    if within is not None:
        raise TableError(
            f"{_where(cells[above])}: expected scores from 0 to 1, or all in per cent, got {cells[above].text}, and "
            f"{cells[within].text} in line {cells[within].line}"
        )
    notes.append("scores go beyond 1 and are read as per cent")
    percent = set(plain)
    return [round(value / 100, DECIMALS) if i in percent else value for i, value in enumerate(values)]


def _where(cell: Cell) -> str:
    return f"line {cell.line}: {cell.method!r} on {cell.dataset!r}"
