"""The archive's text form: parsing a tsv file, and writing a ``.ts`` file as the tsv it came from."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from ucr.archive import UcrDataError

LONGEST_LINE = 64 * 2**20
"""Bytes a line may have. The archive's longest has 50 KB; a file without line ends must not fill memory."""


def read(path: Path, columns: int = 0) -> tuple[NDArray[np.float32], list[str]]:
    """Reads one split.

    Args:
        path: a tsv file, plain or compressed by gzip, or a ``.ts`` file.
        columns: values to which the rows of a ``.ts`` file are padded, see `from_ts`.

    Returns:
        The series, float32 (case, time) with NaN where a value is missing or padded; the labels as shipped.

    Raises:
        UcrDataError: the file is empty, ragged, or holds something that is no finite number or NaN.
    """
    rows = _read_rows(path)
    return parse(from_ts(rows, path, columns) if path.suffix == ".ts" else rows, path)


def as_tsv(path: Path, columns: int = 0) -> bytes:
    """The content of the tsv file that a ``.ts`` file came from, see `from_ts`."""
    return b"".join(row + b"\n" for row in from_ts(_read_rows(path), path, columns))


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


def _read_rows(path: Path) -> list[bytes]:
    """The lines of a file, without byte order mark, line ends and closing blank lines."""
    rows: list[bytes] = []
    with _open(path) as file:
        while row := file.readline(LONGEST_LINE):
            if len(row) == LONGEST_LINE and not row.endswith(b"\n"):
                raise UcrDataError(f"{path}: row {len(rows) + 1} is longer than {LONGEST_LINE} bytes")
            rows.append(row.rstrip())
    if rows:
        rows[0] = rows[0].removeprefix(b"\xef\xbb\xbf")
    while rows and not rows[-1]:
        rows.pop()
    if not rows:
        raise UcrDataError(f"{path}: the file is empty")
    return rows


def parse(rows: list[bytes], path: Path) -> tuple[NDArray[np.float32], list[str]]:
    """Parses the lines of a tsv file: the label, then the values. `path` is for messages; see `read`."""
    width = rows[0].count(b"\t")
    if not width:
        raise UcrDataError(f"{path}: row 1 has no values; expected a label and values with tabs between them")
    labels, bodies = [], []
    for number, row in enumerate(rows, 1):
        if (found := row.count(b"\t")) != width:
            raise UcrDataError(f"{path}: row {number} has {found} values, expected {width} as in row 1")
        label, _, body = row.partition(b"\t")
        labels.append(_label(label, path, number))
        bodies.append(body)
    series = _numbers(bodies, path, width)
    if len(infinite := np.argwhere(np.isinf(series))):
        row_, column = infinite[0]
        raise UcrDataError(f"{path}: row {row_ + 1}, column {column + 2} is infinite (or beyond float32)")
    return series, labels


def _label(label: bytes, path: Path, number: int) -> str:
    try:
        text = label.decode().strip()
    except UnicodeDecodeError:
        raise UcrDataError(f"{path}: row {number}, column 1 is not UTF-8 text: {label[:20]!r}") from None
    if text.lower() in ("", "nan"):
        raise UcrDataError(f"{path}: row {number}, column 1 is {text!r}, expected a class label")
    return text


def _numbers(bodies: list[bytes], path: Path, width: int) -> NDArray[np.float32]:
    """Parses rows of numbers: as one long column, for parsers of csv are slow on files of many columns."""
    import pyarrow as pa  # noqa: PLC0415 (a command that parses nothing need not wait for it)
    from pyarrow import csv  # noqa: PLC0415

    column = b"\n".join(bodies).replace(b"\t", b"\n")
    try:
        table = csv.read_csv(
            pa.BufferReader(column),
            # no threads: one that is forked away with a child process would let the child wait for ever
            read_options=csv.ReadOptions(column_names=["value"], use_threads=False),
            parse_options=csv.ParseOptions(quote_char=False),
            convert_options=csv.ConvertOptions(column_types={"value": pa.float32()}, null_values=[]),
        )
        if len(table) == len(bodies) * width:  # it would skip an empty cell
            return np.array(table["value"].to_numpy()).reshape(len(bodies), width)
    except pa.ArrowInvalid:
        pass  # the way below is slow, but finds the cell
    with np.errstate(over="ignore"):  # what is too large is told as infinite
        return np.array([_row(body, path, number) for number, body in enumerate(bodies, 1)], dtype=np.float32)


def _row(body: bytes, path: Path, number: int) -> list[float]:
    values = []
    for column, cell in enumerate(body.split(b"\t"), 2):
        try:
            values.append(float(cell.replace(b"_", b"?")))  # which Python alone takes for part of a number
        except ValueError:
            shown = cell[:20].decode(errors="replace")
            where = f"{path}: row {number}, column {column}"
            raise UcrDataError(f"{where} is {shown!r}, expected a number") from None
    return values


def from_ts(rows: list[bytes], path: Path, columns: int = 0) -> list[bytes]:
    """Writes the lines of a univariate ``.ts`` file as those of the official tsv.

    The label moves to the front, ``?`` becomes NaN, short series are padded with NaN, and numbers get the
    archive's ``%.8g`` text: the result has the official file's bytes, and so its git blob id.

    Args:
        rows: the lines.
        path: for messages.
        columns: values a row of the result; fewer than the longest series means that series' length.

    Raises:
        UcrDataError: there are no data, time stamps or several dimensions.
    """
    starts = [number for number, row in enumerate(rows) if row.strip().lower() == b"@data"]
    header = b" ".join(rows[: starts[0]]).lower().split() if starts else []
    if not starts or len(rows) == starts[0] + 1:
        raise UcrDataError(f"{path}: no cases after a line @data, expected a .ts file")
    if b"@timestamps" in header and header[header.index(b"@timestamps") + 1 :][:1] == [b"true"]:
        raise UcrDataError(f"{path}: the values have time stamps, expected plain values")
    cases = []
    for number, row in enumerate(rows[starts[0] + 1 :], starts[0] + 2):
        values, *rest = row.split(b":")
        if len(rest) != 1:
            raise UcrDataError(f"{path}: row {number} has {len(rest)} dimensions, expected values:label")
        cases.append((rest[0].strip(), [_as_tsv(value.strip()) for value in values.split(b",")]))
    width = max(columns, *(len(values) for _, values in cases))
    return [b"\t".join([label, *values, *[b"NaN"] * (width - len(values))]) for label, values in cases]


def _as_tsv(value: bytes) -> bytes:
    try:
        number = float(b"nan" if value == b"?" else value)
    except ValueError:
        return value  # the parser says in which row and column it stands
    if np.isnan(number):
        return b"NaN"
    official = b"%.8g" % number
    return official if float(official) == number else value
