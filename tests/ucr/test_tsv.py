import gzip
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ucr import tsv
from ucr.archive import UcrDataError

GOOD = b"1\t0.5\t-1.25\tNaN\n2\t1e-3\t7\t8\n"
VALUES = np.array([[0.5, -1.25, np.nan], [1e-3, 7, 8]])


def read(tmp_path: Path, content: bytes, name: str = "A_TRAIN.tsv", columns: int = 0) -> tuple[np.ndarray, list[str]]:
    (tmp_path / name).write_bytes(content)
    return tsv.read(tmp_path / name, columns)


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        GOOD.removesuffix(b"\n"),
        GOOD + b"\n\n",
        b"\xef\xbb\xbf" + GOOD,
        GOOD.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + GOOD.replace(b"\n", b"\r\n"),
        gzip.compress(GOOD, mtime=0),
        GOOD.replace(b"\t7\t", b"\t 7 \t"),
        GOOD.replace(b"NaN", b"nan"),
    ],
    ids=["plain", "no line end", "blank end", "BOM", "CRLF", "BOM and CRLF", "gzip", "blanks", "nan"],
)
def test_the_same_data_in_other_clothes(tmp_path: Path, content: bytes) -> None:
    series, labels = read(tmp_path, content)
    np.testing.assert_array_equal(series, VALUES)
    assert (series.dtype, labels) == (np.float64, ["1", "2"])
    assert series.flags.writeable


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\n\n", "the file is empty"),
        (b"\xef\xbb\xbf", "the file is empty"),
        (b"1\n2\n", "row 1 has no values"),
        (b"1,2,3\n", "row 1 has no values"),
        (b"1\t2\t3\n2\t5\n", "row 2 has 1 values, expected 2 as in row 1"),
        (b"1\t2\t3\n2\t5\t6\t7\n", "row 2 has 3 values, expected 2 as in row 1"),
        (b"1\t2\t3\n\n2\t5\t6\n", "row 2 has 0 values, expected 2"),
        (b"1\t2\t3\n2\t5\tsix\n", "row 2, column 3 is 'six', expected a number"),
        (b"1\t2\t3\n2\t\t6\n", "row 2, column 2 is '', expected a number"),
        (b"1\t2\t3\n2\t5,5\t6\n", "row 2, column 2 is '5,5', expected a number"),
        (b'1\t2\t3\n2\t"5\t6"\n', "row 2, column 2 is '\"5', expected a number"),
        (b"1\t2\t3\n2\t?\t6\n", "row 2, column 2 is '?', expected a number"),
        (b"1\t2\t3\n2\t1_0\t6\n", "row 2, column 2 is '1_0', expected a number"),
        (b"1\t2\t3\n2\t\xff\t6\n", "row 2, column 2 is '\N{REPLACEMENT CHARACTER}', expected a number"),
        (b"1\t2\t3\n2\t5\tinf\n", "row 2, column 3 is infinite"),
        (b"1\t2\t3\n2\t-Infinity\t3\n", "row 2, column 2 is infinite"),
        (b"1\t2\t3\n2\t1e309\t3\n", "row 2, column 2 is infinite (or beyond float64)"),
        (b"0\t1\t2\t3\t4\n1\t5\t5\t5\t5\n", "row 1 numbers the columns: a header is no case"),
        (b"label\t0\t1\t2\t3\n1\t5\t5\t5\t5\n", "row 1 numbers the columns: a header is no case"),
        (b"\t0\t1\t2\t3\n1\t5\t5\t5\t5\n", "row 1 numbers the columns: a header is no case"),
        (b"1\t2\t3\nNaN\t5\t6\n", "row 2, column 1 is 'NaN', expected a class label"),
        (b"1\t2\t3\n\t5\t6\n", "row 2, column 1 is '', expected a class label"),
        (b"1\t2\t3\n\xff\xfe\t5\t6\n", "row 2, column 1 is not UTF-8 text"),
        (gzip.compress(GOOD, mtime=0)[:-9], "cannot be read: "),
        (gzip.compress(GOOD, mtime=0).replace(b"\x02\x03", b"\x02\x03\xff", 1), "cannot be read: "),
        (b"\x1f\x8bno gzip", "cannot be read: "),
        (GOOD.decode().encode("utf-16"), "row 1"),
    ],
)
def test_bad_input_is_one_line_that_names_file_row_and_column(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(UcrDataError) as caught:
        read(tmp_path, content)
    assert str(caught.value).startswith(f"{tmp_path / 'A_TRAIN.tsv'}: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_line_of_a_gigabyte_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    file = tmp_path / "A_TRAIN.tsv"
    with file.open("wb") as sparse:
        sparse.write(GOOD)
        sparse.truncate(2**30)  # takes no room on the disk
    with pytest.raises(UcrDataError, match=r"A_TRAIN.tsv: row 3 is longer than 67108864 bytes"):
        tsv.read(file)


def test_a_gigabyte_in_a_small_gzip_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "A_TRAIN.tsv.gz"
    with gzip.open(file, "wb", compresslevel=1) as packed:
        for _ in range(80):
            packed.write(bytes(2**20))
    with pytest.raises(UcrDataError, match="row 1 is longer"):
        tsv.read(file)


def test_many_columns_and_one_column(tmp_path: Path) -> None:
    series, labels = read(tmp_path, b"a\t" + b"\t".join(b"%d" % i for i in range(50_000)) + b"\n")
    assert (series.shape, series[0, -1], labels) == ((1, 50_000), 49_999, ["a"])
    assert read(tmp_path, b"1\t5\n2\t6\n")[0].tolist() == [[5], [6]]


def test_slow_and_fast_way_agree(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    texts = [b"%.8g" % value for value in random.normal(size=1000) * 10.0 ** random.integers(-30, 30, 1000)]
    fast, _ = read(tmp_path, b"1\t" + b"\t".join(texts) + b"\n")
    slow, _ = read(tmp_path, b"1\t +1\t" + b"\t".join(texts) + b"\n")  # what the fast way leaves to the slow one
    np.testing.assert_array_equal(fast[0], slow[0, 1:])


def test_a_forked_process_can_parse(tmp_path: Path) -> None:
    (tmp_path / "A_TRAIN.tsv").write_bytes(GOOD)
    code = (
        "import os, pathlib, sys, ucr.tsv; read = lambda: ucr.tsv.read(pathlib.Path(sys.argv[1]))\n"
        "read()\n"
        "child = os.fork()\n"
        "if not child: read(); os._exit(7)\n"
        "print(os.waitpid(child, 0)[1] >> 8)"
    )
    command = [sys.executable, "-W", "ignore", "-c", code, str(tmp_path / "A_TRAIN.tsv")]
    assert subprocess.run(command, capture_output=True, text=True, timeout=600, check=True).stdout == "7\n"


TS = b"""# comment
@problemName A
@timeStamps false
@univariate true
@classLabel true 1 2
@data
0.5,-1.25,?:1
1.0E-3,7.0:2
"""


def test_ts_becomes_the_official_tsv(tmp_path: Path) -> None:
    (tmp_path / "A_TRAIN.ts").write_bytes(TS)
    assert tsv.as_tsv(tmp_path / "A_TRAIN.ts") == b"1\t0.5\t-1.25\tNaN\n2\t0.001\t7\tNaN\n"
    series, labels = tsv.read(tmp_path / "A_TRAIN.ts", columns=4)
    np.testing.assert_array_equal(series, np.array([[0.5, -1.25, *[np.nan] * 2], [1e-3, 7, *[np.nan] * 2]]))
    assert labels == ["1", "2"]


def test_ts_keeps_digits_that_the_official_form_would_cut(tmp_path: Path) -> None:
    [row] = tsv.from_ts([b"@data", b"1.23456789012,2:1"], tmp_path / "A.ts")
    assert (row.label, row.values) == (b"1", b"1.23456789012\t2")


def test_ts_may_hold_blank_lines_and_comments(tmp_path: Path) -> None:
    (tmp_path / "A_TRAIN.ts").write_bytes(TS)
    plain = tsv.as_tsv(tmp_path / "A_TRAIN.ts")
    (tmp_path / "A_TRAIN.ts").write_bytes(
        TS.replace(b"@data\n", b"\n@data\n\n# cases\n").replace(b":1\n", b":1\n  \n#\n")
    )
    assert tsv.as_tsv(tmp_path / "A_TRAIN.ts") == plain


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("A_TRAIN.csv", b"1,0.5,-1.25,NaN\n2, 1e-3 ,7,8\n"),
        ("A_TRAIN.txt", b"  1.0000000e+00   5.0000000e-01  -1.2500000e+00  NaN\n  2.0000000e+00 1.0000000e-03 7 8\n"),
        ("A_TRAIN", b"1,5.0000000e-01,-1.2500000e+00,NaN\n2,1.0000000e-03,7.0000000e+00,8.0000000e+00\n"),
    ],
)
def test_other_separators_give_the_official_bytes(tmp_path: Path, name: str, content: bytes) -> None:
    series, labels = read(tmp_path, content, name)
    np.testing.assert_array_equal(series, VALUES)
    assert labels == ["1", "2"]
    assert tsv.as_tsv(tmp_path / name) == GOOD.replace(b"1e-3", b"0.001")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"@data", b"@dada", "no cases after a line @data"),
        (TS[TS.index(b"0.5") :], b"", "no cases after a line @data"),
        (b"@timeStamps false", b"@timeStamps true", "the values have time stamps"),
        (b"0.5,-1.25,?:1", b"0.5,-1.25:0.5,1:1", "line 7 has 2 dimensions"),
        (b"7.0:2", b"7.0", "line 8 has 0 dimensions"),
        (b"7.0", b"seven", "line 8, value 2 is 'seven', expected a number"),
        (b"@data\n", b"@data\n\n# two more lines\nx,", "line 9, value 1 is 'x', expected a number"),
        (b"-1.25,?", b"1_0,?", "line 7, value 2 is '1_0', expected a number"),
        (b"@classLabel true 1 2", b"@targetlabel true", "targets are no classes"),
        (b"7.0:2", b"7.0:", "is '', expected a class label"),
    ],
)
def test_a_bad_ts_is_one_line(tmp_path: Path, old: bytes, new: bytes, message: str) -> None:
    with pytest.raises(UcrDataError, match=message):
        read(tmp_path, TS.replace(old, new), "A_TRAIN.ts")


def test_a_file_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    with pytest.raises(UcrDataError, match=r"A_TRAIN.tsv: cannot be read"):
        tsv.read(tmp_path / "A_TRAIN.tsv")
    if os.geteuid():
        (tmp_path / "A_TRAIN.tsv").write_bytes(GOOD)
        (tmp_path / "A_TRAIN.tsv").chmod(0)
        with pytest.raises(UcrDataError, match="cannot be read"):
            tsv.read(tmp_path / "A_TRAIN.tsv")
