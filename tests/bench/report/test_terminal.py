import math
import re
from types import SimpleNamespace

import pandas as pd
import pytest
from rich.cells import cell_len

from bench.report import tables, terminal
from bench.stats.comparison import compare

TABLE = pd.DataFrame(
    [["a", "0.5", "1", "10.0"], ["a much longer name", "0.25", "2", "9,999.5"]],
    columns=["method", "mean accuracy", "average rank", "seconds"],
)


@pytest.mark.parametrize("width", [45, 46, 55, 80, 200])
def test_a_table_is_as_wide_as_the_terminal_at_most_and_says_what_it_leaves_out(width):
    lines = terminal.table_text(TABLE, width, "title").splitlines()
    assert lines[0] == "title"
    assert max(map(cell_len, lines)) <= width
    text = " ".join(lines)
    shown = [column for column in TABLE if column in lines[1]]
    left_out = text.partition("too narrow for: ")[2]
    assert [column for column in TABLE if column not in shown] == [name for name in left_out.split(", ") if name]
    assert ("too narrow" in text) == (width < 59)


def test_a_name_too_long_for_the_terminal_is_broken_and_loses_nothing():
    text = terminal.table_text(TABLE.iloc[:, :3], 24)
    assert max(map(cell_len, text.splitlines())) <= 24
    assert "".join(line[:8].strip() for line in text.splitlines()).count("name") == 1


def test_columns_are_the_terminals_or_what_columns_says(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert terminal.columns() == 80
    monkeypatch.delenv("COLUMNS")
    monkeypatch.setattr("sys.stdout", SimpleNamespace(isatty=lambda: False))
    assert terminal.columns() == terminal.WIDE


class TestComparison:
    def test_it_names_methods_pairs_and_what_is_left_out(self, monkeypatch):
        monkeypatch.setenv("COLUMNS", "80")
        scores = pd.DataFrame(
            {"x": [0.9, 0.8, 0.7], "y": [0.8, 0.7, 0.6], "z": [0.1, 0.1, math.nan]}, index=list("abc")
        )
        text = terminal.as_text(compare(scores), "accuracy", baseline="y")
        assert max(map(cell_len, text.splitlines())) <= 80
        one_line = " ".join(text.split())
        assert "left out: z: scores on 2 of the 3 data sets" in one_line
        assert "3 data sets are too few to tell any two of 2 methods apart: at best p is 0.25" in one_line
        assert "not told apart" not in text
        assert "error relative to y" in text
        assert one_line.count("too few") == 1
        assert re.search(r"z † +– +0\.1000 ", text)
        assert tables.ranking(compare(scores), "accuracy").iloc[0, -1] == "1169 [–]"  # it always wins: no interval
        assert "2 methods; 1 method left out for lack of some." in one_line
        rows = [line for line in text.splitlines() if line.startswith(("x ", "y ", "method ", "better "))]
        assert len(rows) == 5
        assert max(map(len, rows)) <= 80

    def test_many_data_sets_have_cliques_and_means_that_ranks_contradict_a_sentence(self):
        scores = pd.DataFrame({"a": [0.5] * 20, "b": [0.49] * 20, "c": [0.4] * 14 + [0.8] * 6})
        text = terminal.as_text(compare(scores))
        assert "not told apart:\n  a, c\n  b, c" in text
        assert (
            "By the mean c is ahead of a (0.0200), by the median difference and wins and the average rank a is" in text
        )
        assert "too few" not in text

    def test_a_loss_is_said_as_it_was_given(self):
        scores = -pd.DataFrame({"x": [12.5], "y": [0.3]})
        text = terminal.as_text(compare(scores), "loss", negated=True)
        row = next(line for line in text.splitlines() if line.startswith("y "))
        assert row.split()[:3] == ["y", "1.00", "0.3000"]
        assert "Less is better" in text
