import json
import math
from pathlib import Path

import pytest

from bench.stats import csv_table as compare
from bench.stats.comparison import TableError

WIDE = "dataset,x,y,z\none,.9,.8,.1\ntwo,.7,.6,.1\nthree,.5,.5,.1\n"
LONG = """accuracy,dataset_name,note,classifier_name
.8,one,,y
.1,three,,z
.9,one,first,x
.5,three,,x
.1,one,,z
.6,two,,y
.7,two,,x
.5,three,,y
.1,two,,z
"""
SHARED = Path(__file__).parents[4] / "shared" / "reference"


@pytest.fixture
def write(tmp_path):
    def write(text: str | bytes) -> Path:
        path = tmp_path / "scores.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


class TestReading:
    def test_a_wide_table(self, write):
        table = compare.read_table(write(WIDE))
        assert list(table.index) == ["one", "two", "three"]
        assert table["y"].to_dict() == {"one": 0.8, "two": 0.6, "three": 0.5}

    def test_the_long_form_of_it_is_the_same_table(self, write):
        wide = compare.compare(write(WIDE))
        long = compare.compare(write(LONG))
        assert compare.as_json(long) == compare.as_json(wide)

    @pytest.mark.parametrize("cell", ["", " ", "nan", "NaN"])
    def test_an_empty_cell_is_a_missing_score(self, write, cell):
        comparison = compare.compare(write(f"dataset,x,y\none,.9,.8\ntwo,{cell},.6\n"))
        assert comparison.left_out == [("two", "no score of x")]

    def test_spreadsheets_write_a_mark_blanks_quotes_and_other_line_ends(self, write):
        text = '\ufeffdataset , x,"y, tuned"\r\n\r\n one, .5 ,1\r\n,,\r\n'
        table = compare.read_table(write(text))
        assert table.loc["one"].to_dict() == {"x": 0.5, "y, tuned": 1.0}

    def test_a_row_missing_in_the_long_form_is_a_missing_score(self, write):
        comparison = compare.compare(write(LONG.replace(".1,two,,z\n", "")))
        assert comparison.left_out == [("two", "no score of z")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("\n \n", "is empty|at least 2 methods"),
        ("classifier,dataset,accuracy\nx,one,.5\n", r"the columns classifier_name, dataset_name, accuracy \(long\)"),
        ("dataset,x,y\n", "has a header and no scores"),
        ("dataset,x\none,.5\n", "at least 2 methods"),
        ("dataset;x;y\none;.5;.5\n", "separated by commas"),
        ("dataset,x,y\none,.5,high\n", "line 2: 'y' on 'one': expected a number, got 'high'"),
        ("dataset,x,y\none,.5,85.3\n", "line 2: 'y' on 'one': expected a score from 0 to 1, got 85.3"),
        ("dataset,x,y\none,.5,-.1\n", "expected a score from 0 to 1, got -.1"),
        ("dataset,x,y\none,.5,inf\n", "expected a score from 0 to 1, got inf"),
        ("dataset,x,y\none,.5,.5\none,.6,.6\n", "line 3: 'x' on 'one' stands in line 2 already"),
        ("dataset,x,x\none,.5,.5\n", "line 1: column 'x' stands twice"),
        ("dataset,x,y\none,.5,.5\ntwo,.5\n", "line 3: expected 3 cells, got 2"),
        ("dataset,x,\none,.5,.5\n", "line 2: a score without the name of its method"),
        ("dataset,x,y\n,.5,.5\n", "line 2: a score without the name of its data set"),
        ("dataset_name,classifier_name,accuracy\none,x,.5\none,x,.6\n", "line 3: 'x' on 'one' stands in line 2"),
        ("dataset_name,classifier_name,accuracy\none,x,.5\n", "at least 2 methods, got 1"),
        ("dataset,x,y\none,,.5\ntwo,.5,\n", "none of the 2 data sets has a score of every method"),
        ('dataset,x,y\none,"0.5,.5\n', "is no CSV"),
        (b"dataset,x,y\n\xff\xfe,.5,.5\n", "expected text in UTF-8, got byte 0xff"),
    ],
)
def test_what_is_no_table_is_refused_in_one_line(write, text, message):
    with pytest.raises(TableError, match=message) as caught:
        compare.compare(write(text))
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(TableError, match=r"nowhere\.csv: cannot be read: No such file"):
        compare.compare(tmp_path / "nowhere.csv")
    with pytest.raises(TableError, match="cannot be read: Is a directory"):
        compare.compare(tmp_path)


class TestWording:
    def test_json_has_the_promised_keys_and_no_nan(self, write):
        answer = json.loads(json.dumps(compare.as_json(compare.compare(write(WIDE))), allow_nan=False))
        assert list(answer) == ["n_datasets", "methods", "average_ranks", "friedman", "pairs", "cliques"]
        assert answer["n_datasets"] == 3
        assert answer["methods"] == ["x", "y", "z"]
        assert answer["average_ranks"] == {"x": pytest.approx(7 / 6), "y": pytest.approx(11 / 6), "z": 3.0}
        assert set(answer["friedman"]) == {"chi2", "p", "iman_davenport_f", "iman_davenport_p"}
        assert set(answer["pairs"][0]) == {"a", "b", "wins", "draws", "losses", "p", "p_holm"}
        assert answer["cliques"] == [["x", "y", "z"]]

    def test_json_says_null_where_a_number_is_undefined(self, write):
        one = compare.as_json(compare.compare(write("dataset,x,y,z\none,.9,.8,.7\n")))
        assert one["friedman"]["iman_davenport_f"] is None
        assert compare.as_json(compare.compare(write("dataset,x,y\none,.9,.8\n")))["friedman"] is None

    def test_text_names_every_method_pair_and_data_set_left_out(self, write):
        text = compare.as_text(compare.compare(write(WIDE + "four,,1,1\n")))
        assert "3 methods on 3 data sets, alpha 0.05" in text
        assert "left out: four: no score of x" in text
        assert "Friedman chi2(2)" in text
        assert "not told apart:\n  x, y, z" in text


@pytest.mark.skipif(not SHARED.exists(), reason="the reference tables are not beside the project")
def test_the_example_of_another_package():
    answer = compare.as_json(compare.compare(SHARED / "cd-diagram_example.csv"))
    assert (answer["n_datasets"], answer["methods"][0]) == (15, "clf3")
    assert answer["cliques"] == [["clf3", "clf5"], ["clf4", "clf2", "clf1"]]
    assert not math.isnan(answer["friedman"]["p"])
