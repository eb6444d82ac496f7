import json
import math
from pathlib import Path

import pandas as pd
import pytest

from bench.stats import csv_table, wording
from bench.stats.comparison import Comparison, TableError
from bench.stats.comparison import compare as compare_scores

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


def compare(path: Path) -> Comparison:
    return compare_scores(csv_table.read(path).ranked, complete="datasets")


@pytest.fixture
def write(tmp_path):
    def write(text: str | bytes) -> Path:
        path = tmp_path / "scores.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


class TestReading:
    def test_a_wide_table(self, write):
        scores = csv_table.read(write(WIDE))
        assert list(scores.table.index) == ["one", "two", "three"]
        assert scores.table["y"].to_dict() == {"one": 0.8, "two": 0.6, "three": 0.5}
        assert (scores.name, scores.kind, scores.notes) == ("accuracy", "share", ())

    def test_the_long_form_of_it_is_the_same_table(self, write):
        wide = compare(write(WIDE))
        long = compare(write(LONG))
        assert wording.as_json(long) == wording.as_json(wide)

    @pytest.mark.parametrize(
        "header",
        [
            "accuracy,dataset,note,method",
            "Acc,Data Set,n,Model",
            "test_accuracy,problem,x,estimator_name",
            "score,Dataset,metric,Algorithm",
        ],
    )
    def test_the_long_form_goes_by_many_names(self, write, header):
        text = LONG.replace("accuracy,dataset_name,note,classifier_name", header)
        pd.testing.assert_frame_equal(csv_table.read(write(text)).table, csv_table.read(write(LONG)).table)

    def test_resamples_are_kept_apart_and_averaged_in_the_table(self, write):
        text = "dataset,method,fold,split,accuracy\none,x,0,test,.5\none,x,1,test,.7\none,y,0,test,.1\n"
        scores = csv_table.read(write(text))
        assert scores.rows["resample"].tolist() == [0, 1, 0]
        assert scores.table.loc["one"].to_dict() == pytest.approx({"x": 0.6, "y": 0.1})

    @pytest.mark.parametrize(
        "header", ["classifier,dataset,archive_variant,resample_0,resample_1", "model,data,n,Fold0,Fold1"]
    )
    def test_resamples_may_stand_in_columns(self, write, header):
        scores = csv_table.read(write(f"{header}\nx,one,original,.9,.7\nx,two,original,.5,-\ny,one,original,.3,.4\n"))
        assert [*scores.rows.iloc[:2].itertuples(index=False, name=None)] == [
            ("x", "one", 0, 0.9),
            ("x", "one", 1, 0.7),
        ]
        assert scores.table["x"].to_dict() == pytest.approx({"one": 0.8, "two": 0.5})
        assert scores.table["y"].isna().to_dict() == {"one": False, "two": True}

    @pytest.mark.parametrize(
        "text", ["dataset,accuracy\none,.5\n", ",acc\none,.5\n", "dataset,accuracy,f1\none,.5,.1\n"]
    )
    def test_where_no_method_is_named_the_file_names_it(self, write, text):
        assert csv_table.read(write(text)).table["scores"].to_dict() == {"one": 0.5}

    @pytest.mark.parametrize("cell", ["", " ", "nan", "NaN", "-", "?", "n/a"])
    def test_a_mark_for_nothing_is_a_missing_score(self, write, cell):
        comparison = compare(write(f"dataset,x,y\none,.9,.8\ntwo,{cell},.6\n"))
        assert comparison.left_out == [("two", "no score of x")]

    def test_spreadsheets_write_a_mark_blanks_quotes_and_other_line_ends(self, write):
        text = '\ufeffdataset , x,"y, tuned"\r\n\r\n one, .5 ,1\r\n,,\r\n'
        table = csv_table.read(write(text)).table
        assert table.loc["one"].to_dict() == {"x": 0.5, "y, tuned": 1.0}

    @pytest.mark.parametrize("separator", [";", "\t"])
    def test_semicolons_and_tabs_go_with_decimal_commas(self, write, separator):
        text = "dataset;x;y, tuned\none;0,5;,25\ntwo;98,5 %;.5\n".replace(";", separator)
        table = csv_table.read(write(text)).table
        assert table.to_dict("list") == {"x": [0.5, 0.985], "y, tuned": [0.25, 0.5]}

    def test_per_cents_become_shares(self, write):
        scores = csv_table.read(write("dataset,x,y\none,98.21,100\ntwo,1,0\n"))
        assert scores.table.to_dict("list") == {"x": [0.9821, 0.01], "y": [1.0, 0.0]}
        assert scores.notes == ("scores go beyond 1 and are read as per cent",)
        signed = csv_table.read(write("dataset,x,y\none,98.21%,0.5\n"))
        assert signed.table.loc["one"].to_dict() == {"x": 0.9821, "y": 0.5}

    @pytest.mark.parametrize("head", ["", "Unnamed: 0", "index"])
    def test_a_column_that_counts_the_rows_is_left_out(self, write, head):
        scores = csv_table.read(write(f"{head},dataset,x,y\n0,one,.5,.6\n1,two,.7,.8\n"))
        assert scores.table["x"].to_dict() == {"one": 0.5, "two": 0.7}
        assert scores.notes == ("the first column counts the rows and is left out",)

    def test_a_table_of_numbered_data_sets_keeps_them(self, write):
        table = csv_table.read(write(",x,y\n0,1,.6\n1,0,.8\n")).table
        assert list(table.columns) == ["x", "y"]

    def test_a_closing_mean_is_no_data_set(self, write):
        scores = csv_table.read(write(WIDE + "Mean,.7,.6,.1\nAvg. rank,1.2,1.8,3\n"))
        assert list(scores.table.index) == ["one", "two", "three"]
        assert scores.notes == ("no data set, and left out: Mean, Avg. rank",)

    def test_a_row_missing_in_the_long_form_is_a_missing_score(self, write):
        comparison = compare(write(LONG.replace(".1,two,,z\n", "")))
        assert comparison.left_out == [("two", "no score of z")]

    def test_a_folder_of_prediction_files_is_read(self, tmp_path):
        for resample, accuracy in enumerate((0.5, 0.25)):
            path = tmp_path / "x" / "Predictions" / "one" / f"testResample{resample}.csv"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(
                f"one,x,TEST,{resample},MILLISECONDS,by hand\nseed 0\n{accuracy},1,1,-1,1,2,,-1,-1\n0,1,,.4,.6\n"
            )
        rows = csv_table.read(tmp_path).rows
        assert rows.to_dict("list") == {
            "method": ["x", "x"], "dataset": ["one", "one"], "resample": [0, 1], "score": [0.5, 0.25]
        }  # fmt: skip
        assert csv_table.read(path).rows["score"].tolist() == [0.25]


class TestDirection:
    @pytest.mark.parametrize(
        ("name", "header", "kind"),
        [
            ("log_loss.csv", "dataset,x,y", "loss"),
            ("timae_log_loss_long.csv", "dataset,x,y", "loss"),
            ("test-errors.csv", "dataset,x,y", "error"),
            ("balanced_accuracy.csv", "dataset,x,y", "share"),
            ("glossy.csv", "dataset,x,y", "share"),
        ],
    )
    def test_a_file_says_by_its_name_what_it_holds(self, tmp_path, name, header, kind):
        path = tmp_path / name
        path.write_text(f"{header}\none,.2,.3\n")
        scores = csv_table.read(path)
        assert scores.kind == kind
        better = "y" if kind == "share" else "x"
        assert scores.ranked.loc["one"].idxmax() == better
        assert scores.table.loc["one"].to_dict() == {"x": 0.2, "y": 0.3}

    def test_a_column_says_it_first(self, write):
        scores = csv_table.read(write("dataset,method,log_loss\none,x,1.9\none,y,.3\n"))
        assert (scores.name, scores.kind) == ("log_loss", "loss")
        assert scores.ranked.loc["one", "x"] == -1.9

    def test_the_user_says_it_where_nothing_does(self, write):
        scores = csv_table.read(write("dataset,x,y\none,12.5,.3\n"), lower_is_better=True)
        assert (scores.name, scores.kind) == ("loss", "loss")
        assert scores.ranked.loc["one", "y"] == -0.3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        ("classifier,accuracy\nx,.5\n", "line 1: expected data sets in the first column, .* got 'classifier'"),
        (
            "Coffee,.5,.6\nBeef,.7,.8\n",
            "line 1: expected a header, dataset and the names of methods, got a row of Coffee",
        ),
        ("method,Coffee,Beef\nx,.5,.6\n", "line 1: data sets of the archive stand in the header .*transpose the table"),
        ("dataset,x,y\n", "has a header and no scores"),
        ("dataset\none\n", "separated by commas, tabs or semicolons"),
        ("dataset,x\none,.5\n", "at least 2 methods"),
        ("dataset,x,y\none,.5,high\n", "line 2: 'y' on 'one': expected a number, got 'high'"),
        ("dataset,x,y\none,.5,85.3\n", r"expected scores from 0 to 1, or all in per cent, got 85.3, and .5 in line 2"),
        ("dataset,x,y\none,50,853\n", "line 2: 'y' on 'one': expected a score from 0 to 1, or per cent, got 853"),
        ("dataset,x,y\none,.5,-.1\n", "expected a score from 0, got -.1"),
        ("dataset,x,y\none,.5,inf\n", "expected a score from 0, got inf"),
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
        compare(write(text))
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(TableError, match=r"nowhere\.csv: cannot be read: No such file"):
        csv_table.read(tmp_path / "nowhere.csv")
    with pytest.raises(TableError, match=r"is a folder without testResample\*\.csv"):
        csv_table.read(tmp_path)


class TestWording:
    def test_json_has_the_promised_keys_and_no_nan(self, write):
        answer = json.loads(json.dumps(wording.as_json(compare(write(WIDE))), allow_nan=False))
        assert list(answer) == [
            *("n_datasets", "methods", "average_ranks", "friedman", "pairs", "cliques", "alpha", "too_few", "left_out")
        ]
        assert answer["n_datasets"] == 3
        assert answer["methods"] == ["x", "y", "z"]
        assert answer["average_ranks"] == {"x": pytest.approx(7 / 6), "y": pytest.approx(11 / 6), "z": 3.0}
        assert set(answer["friedman"]) == {"chi2", "p", "iman_davenport_f", "iman_davenport_p"}
        assert set(answer["pairs"][0]) == {
            *("a", "b", "wins", "draws", "losses", "mean_difference", "median_difference", "p", "p_holm")
        }
        assert answer["cliques"] == []  # three data sets tell nothing

    def test_json_says_null_where_a_number_is_undefined(self, write):
        one = wording.as_json(compare(write("dataset,x,y,z\none,.9,.8,.7\n")))
        assert one["friedman"]["iman_davenport_f"] is None
        assert wording.as_json(compare(write("dataset,x,y\none,.9,.8\n")))["friedman"] is None


@pytest.mark.skipif(not SHARED.exists(), reason="the reference tables are not beside the project")
def test_the_example_of_another_package():
    answer = wording.as_json(compare(SHARED / "cd-diagram_example.csv"))
    assert (answer["n_datasets"], answer["methods"][0]) == (15, "clf3")
    assert answer["cliques"] == [["clf3", "clf5"], ["clf4", "clf2", "clf1"]]
    assert not math.isnan(answer["friedman"]["p"])
