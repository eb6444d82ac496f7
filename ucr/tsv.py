"""Text forms of a split: the archive's tsv, comma- or blank-separated rows, and ``.ts`` files."""

import gzip
import itertools
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ucr.archive import UcrDataError

LONGEST_LINE = 64 * 2**20
"""Bytes a line may have. The archive's longest has 50 KB; a file without line ends must not fill memory."""


class Row(NamedTuple):
    """One case of a text file."""

    where: str
    """In words: ``row 3``, ``line 12``."""
    label: bytes
    values: bytes
    """With tabs between them."""


def read(path: Path, columns: int = 0) -> tuple[NDArray[np.float64], list[str]]:
    """Reads one split.

    Args:
        path: a tsv file, plain or compressed by gzip; a ``.ts`` file; or, with any other ending, rows with commas or
            blanks between label and values.
        columns: values to which the rows of a ``.ts`` file are padded, see `from_ts`.

    Returns:
        The series, float64 (case, time) with NaN where a value is missing or padded; the labels as shipped.

    Raises:
        UcrDataError: the file is empty, ragged, or holds something that is no finite number or NaN; it begins with a
            header, or holds the values of a regression.
    """
    return parse(_rows(path, columns), path, *(("value", 1) if path.suffix == ".ts" else ("column", 2)))


def is_official(path: Path) -> bool:
    """Whether a file is in the archive's own form, so that it must have the official bytes."""
    return path.name.endswith((".tsv", ".tsv.gz"))


def as_tsv(path: Path, columns: int = 0) -> bytes:
    """The content of the official tsv file that a file in any form came from, see `from_ts`."""
    if is_official(path):
        return read_bytes(path)
    return b"".join(b"%s\t%s\n" % (row.label, row.values) for row in _rows(path, columns))


def _rows(path: Path, columns: int) -> list[Row]:
    lines = _read_lines(path)
    if path.suffix == ".ts":
        return from_ts(lines, path, columns)
    return from_tsv(lines, path) if is_official(path) else from_separated(lines, path)


def read_bytes(path: Path) -> bytes:
    """The content of a file, decompressed where it is compressed by gzip."""
    with _open(path) as file:
        return file.read()


@contextmanager
def _open(path: Path) -> Iterator[BinaryIO | gzip.GzipFile]:
    try:
        with path.open("rb") as probe:
            compressed = probe.read(2) == b"\x1f\x8b"
        with gzip.open(path) if compressed else path.open("rb") as file:
            yield file
    except (OSError, EOFError, zlib.error) as error:
        raise UcrDataError(f"{path}: cannot be read: {error}") from error


def _read_lines(path: Path) -> list[bytes]:
    """The lines of a file, without byte order mark, line ends and closing blank lines."""
    lines: list[bytes] = []
    with _open(path) as file:
        while line := file.readline(LONGEST_LINE):
            if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
                raise UcrDataError(f"{path}: row {len(lines) + 1} is longer than {LONGEST_LINE} bytes")
            lines.append(line.rstrip())
    if lines:
        lines[0] = lines[0].removeprefix(b"\xef\xbb\xbf")
    while lines and not lines[-1]:
        lines.pop()
    if not lines:
        raise UcrDataError(f"{path}: the file is empty")
    return lines


def from_tsv(lines: Sequence[bytes], path: Path) -> list[Row]:
    """Takes the lines of a tsv file apart: the label, then the values. `path` is for messages."""
    if b"\t" not in lines[0]:
        raise UcrDataError(f"{path}: row 1 has no values; expected a label and values with tabs between them")
    rows = (line.partition(b"\t") for line in lines)
    return [Row(f"row {number}", label, values) for number, (label, _, values) in enumerate(rows, 1)]


def from_separated(lines: Sequence[bytes], path: Path) -> list[Row]:
    """Takes lines with commas or blanks between label and values apart, as the archive of 2015 has them.

    Labels and numbers get the text that the official tsv has (``1.0000000e+00`` is label 1): where the values are the
    archive's, so are the bytes.

    Raises:
        UcrDataError: there are no values.
    """
    comma = b"," in lines[0]
    rows = []
    for number, line in enumerate(lines, 1):
        label, *values = (cell.strip() for cell in line.split(b",")) if comma else line.split()
        if not values and number == 1:
            raise UcrDataError(f"{path}: row 1 has no values; expected a label and values with commas between them")
        rows.append(Row(f"row {number}", _whole(label), b"\t".join(map(_as_tsv, values))))
    return rows


def _whole(label: bytes) -> bytes:
    """A whole number as such, whatever its text."""
    if not re.fullmatch(rb"[+-]?\d+\.?\d*(e[+-]?\d+)?", label.lower()):
        return label
    number = float(label)
    return b"%d" % number if number.is_integer() and abs(number) < 1e15 else label


def parse(
    rows: Sequence[Row], path: Path, what: str = "column", first: int = 2
) -> tuple[NDArray[np.float64], list[str]]:
    """Parses rows; see `read`.

    Args:
        rows: at least one.
        path: for messages.
        what: what a place in a row is called.
        first: number of the first value's place.
    """
    width = rows[0].values.count(b"\t") + 1
    for row in rows:
        if (found := row.values.count(b"\t") + bool(row.values)) != width:
            raise UcrDataError(f"{path}: {row.where} has {found} values, expected {width} as in {rows[0].where}")
    _refuse_header(rows[0], path)
    labels = [_label(row, path) for row in rows]
    series = _numbers(rows, path, width, what, first)
    if len(infinite := np.argwhere(np.isinf(series))):
        at, place = infinite[0]
        raise UcrDataError(f"{path}: {rows[at].where}, {what} {place + first} is infinite (or beyond float64)")
    return series, labels


def _refuse_header(row: Row, path: Path) -> None:
    """Refuse a first row that counts the columns, as pandas writes it where nobody asks it not to."""
    counted = row.values.split(b"\t")
    start = [b"0", b"1"].index(counted[0]) if counted[0] in (b"0", b"1") else -1
    consecutive = len(counted) > 3 and start >= 0 and counted == [b"%d" % i for i in range(start, start + len(counted))]
    named = row.label.lower() in (b"", b"label", b"labels", b"class", b"classes", b"target", b"y", b"unnamed: 0")
    if consecutive and (named or row.label == b"%d" % (start - 1)):
        raise UcrDataError(f"{path}: {row.where} numbers the columns: a header is no case; write the file without one")


def _label(row: Row, path: Path) -> str:
    try:
        text = row.label.decode().strip()
    except UnicodeDecodeError:
        raise UcrDataError(f"{path}: {row.where}, column 1 is not UTF-8 text: {row.label[:20]!r}") from None
    if text.lower() in ("", "nan"):
        raise UcrDataError(f"{path}: {row.where}, column 1 is {text!r}, expected a class label")
    return text


def _numbers(rows: Sequence[Row], path: Path, width: int, what: str, first: int) -> NDArray[np.float64]:
    """Parses rows of numbers: as one long column, for parsers of csv are slow on files of many columns."""
    import pyarrow as pa  # noqa: PLC0415 (a command that parses nothing need not wait for it)
    from pyarrow import csv  # noqa: PLC0415

    column = b"\n".join(row.values for row in rows).replace(b"\t", b"\n")
    try:
        table = csv.read_csv(
            pa.BufferReader(column),
            # no threads: one that is forked away with a child process would let the child wait for ever
            read_options=csv.ReadOptions(column_names=["value"], use_threads=False),
            parse_options=csv.ParseOptions(quote_char=False),
            convert_options=csv.ConvertOptions(column_types={"value": pa.float64()}, null_values=[]),
        )
        if len(table) == len(rows) * width:  # it would skip an empty cell
            return np.array(table["value"].to_numpy()).reshape(len(rows), width)
    except pa.ArrowInvalid:
        pass  # the way below is slow, but finds the cell
    return np.array([_row(row, path, what, first) for row in rows], dtype=np.float64)


def _row(row: Row, path: Path, what: str, first: int) -> list[float]:
    values = []
    for place, cell in enumerate(row.values.split(b"\t"), first):
        try:
            values.append(float(cell.replace(b"_", b"?")))  # which Python alone takes for part of a number
        except ValueError:
            shown = cell[:20].decode(errors="replace")
            raise UcrDataError(f"{path}: {row.where}, {what} {place} is {shown!r}, expected a number") from None
    return values


def from_ts(lines: Sequence[bytes], path: Path, columns: int = 0) -> list[Row]:
    """Takes the lines of a univariate ``.ts`` file apart, as those of the official tsv.

    ``?`` becomes NaN, short series are padded with NaN, and numbers get the archive's ``%.8g`` text: a tsv file of the
    result has the official file's bytes, and so its git blob id. Blank lines and comments (``#``) are passed over.

    Args:
        lines: of the file.
        path: for messages.
        columns: values a row of the result; fewer than the longest series means that series' length.

    Raises:
        UcrDataError: there are no data, time stamps, several dimensions, or targets that are no classes.
    """
    numbered = [(i, line) for i, line in enumerate(lines, 1) if line.strip() and not line.lstrip().startswith(b"#")]
    starts = [at for at, (_, line) in enumerate(numbered) if line.strip().lower() == b"@data"]
    header = b" ".join(line for _, line in numbered[: starts[0]]).lower().split() if starts else []
    if not starts or len(numbered) == starts[0] + 1:
        raise UcrDataError(f"{path}: no cases after a line @data, expected a .ts file")
    if _says(header, b"@timestamps", b"true"):
        raise UcrDataError(f"{path}: the values have time stamps, expected plain values")
    if _says(header, b"@targetlabel", b"true") or _says(header, b"@classlabel", b"false"):
        raise UcrDataError(f"{path}: its header says that targets are no classes; expected @classLabel true")
    cases = []
    for number, line in numbered[starts[0] + 1 :]:
        values, *rest = line.split(b":")
        if len(rest) != 1:
            raise UcrDataError(f"{path}: line {number} has {len(rest)} dimensions, expected values:label")
        cases.append((number, rest[0].strip(), [_as_tsv(value.strip()) for value in values.split(b",")]))
    width = max(columns, *(len(values) for _, _, values in cases))
    return [
        Row(f"line {number}", label, b"\t".join([*values, *[b"NaN"] * (width - len(values))]))
        for number, label, values in cases
    ]


def _says(header: Sequence[bytes], key: bytes, value: bytes) -> bool:
    return any(pair == (key, value) for pair in itertools.pairwise(header))


def _as_tsv(value: bytes) -> bytes:
    try:
        number = float(b"nan" if value == b"?" else value.replace(b"_", b"?"))
    except ValueError:
        return value  # the parser says in which row and column it stands
    if np.isnan(number):
        return b"NaN"
    official = b"%.8g" % number
    return official if float(official) == number else value
