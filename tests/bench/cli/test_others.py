"""Numbers of others, as a user brings them: compare and import, on files."""

import re
from pathlib import Path

import pandas as pd
import pytest

from bench.__main__ import main
from bench.contest import results
from bench.contest.definition import Run
from bench.published.numbers import load_published
from bench.stats.csv_table import read
from ucr.archive import ARCHIVE

PUBLISHED = {
    (n.method, n.dataset): n.accuracy for n in load_published() if n.archive_variant == "original" and n.n_runs == 1
}
DATASETS = ("Coffee", "Beef", "GunPoint", "OSULeaf", "Adiac", "CBF", "Fish")
MINE = {name: round(PUBLISHED["MiniROCKET", name], 4) for name in DATASETS}


class User:
    """Files and commands of a user, and what is said to her."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys = folder, capsys

    def file(self, text: str, name: str = "mine.csv") -> str:
        (self.folder / name).write_text(text)
        return name

    def __call__(self, *arguments: str, code: int = 0) -> tuple[str, str]:
        assert main(arguments) == code
        said = self.capsys.readouterr()
        return said.out, said.err

    def refused(self, *arguments: str) -> str:
        _, said = self(*arguments, code=2)
        assert said.count("\n") == 1
        return said

    def result(self, method: str, dataset: str, resample: int = 0) -> results.Result:
        return results.read(Run(method, dataset, resample).path(self.folder / "results" / "c"))


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> User:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("UCR_ROOT", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))  # no archive of the user's there
    return User(tmp_path, capsys)


def column(values: dict[str, float], name: str = "mine") -> str:
    return pd.Series(values, name=name).rename_axis("dataset").to_csv()


class TestCompare:
    def test_a_column_alone_stands_beside_published_numbers_and_equal_counts_tie(self, user: User) -> None:
        out, said = user("compare", user.file(column(MINE)), "--against", "MiniROCKET,HC2")
        assert "3 methods on 7 data sets" in out
        assert re.search(r"MiniRocket \(published\) +mine +0 +7 +0 +\+0.0000", out)
        assert "sources:\n  M. Middlehurst" in out
        assert said == (
            "bench: how the data were normalised is not known: say --normalise series or none for more data sets\n"
        )

    def test_data_sets_that_are_not_normalised_on_disk_come_in_where_the_user_says_how(self, user: User) -> None:
        assert not ARCHIVE["BME"].znormalised
        file = user.file(column(MINE | {"BME": 0.99}))
        out, _ = user("compare", file, "--against", "HC2")
        assert "2 methods on 7 data sets" in out
        assert (
            "not comparable:\n  not z-normalised on disk, tsml-eval normalised 'none', ours 'unknown': HC2 on BME"
            in out
        )
        out, said = user("compare", file, "--against", "HC2", "--normalise", "none")
        assert "2 methods on 8 data sets" in out
        assert said == "bench: no count of right answers over the test cases, so a mean of runs: mine on BME\n"

    def test_error_rates_become_accuracies_and_other_scores_are_refused(self, user: User) -> None:
        errors = column({name: round(1 - accuracy, 4) for name, accuracy in MINE.items()})
        for arguments in ((user.file(errors, "error_rate.csv"),), (user.file(errors), "--lower-is-better")):
            out, said = user("compare", *arguments, "--against", "MiniROCKET")
            assert "      0      7      0   +0.0000" in out
            assert "is read as 1 - accuracy" in said
        assert "expected accuracies, got what looks like error rates: mine" in user.refused(
            "compare", "mine.csv", "--against", "HC2"
        )
        assert "expected accuracies, got log_loss" in user.refused(
            "compare", user.file(errors, "log_loss.csv"), "--against", "HC2"
        )

    def test_what_looks_like_error_rates_is_told(self, user: User) -> None:
        errors = {name: round(1 - accuracy, 4) for name, accuracy in MINE.items()}
        file = user.file(pd.DataFrame({"a": errors, "b": MINE}).rename_axis("dataset").to_csv())
        _, said = user("compare", file)
        assert said == "bench: error rates, by their looks: a; if so, add --lower-is-better\n"

    def test_resamples_are_another_split_than_that_of_published_numbers(self, user: User) -> None:
        rows = "".join(f"{name},mine,{k},{value}\n" for name, value in MINE.items() for k in (0, 1))
        out, said = user("compare", user.file("dataset,method,fold,accuracy\n" + rows), "--against", "HC2")
        assert "resample 0 alone is taken" in said
        assert "2 methods on 7 data sets" in out
        rows = "".join(f"{name},mine,1,{value}\n" for name, value in MINE.items())
        said = user.refused("compare", user.file("dataset,method,fold,accuracy\n" + rows), "--against", "HC2")
        assert "resample 0; the file has 1" in said

    def test_a_page_with_its_pictures_is_written(self, user: User) -> None:
        out, _ = user("compare", user.file(column(MINE)), "--against", "published", "--out", "there")
        assert out.endswith("page: there/comparison.md\n")
        assert {path.name for path in Path("there").iterdir()} == {
            *("comparison.md", "comparison.html", "accuracy.csv", "cd.svg", "cd.png", "pairs.svg", "pairs.png"),
        }
        text = Path("there/comparison.md").read_text()
        assert "![Critical-difference diagram](cd.svg)" in text
        assert "- how the data were normalised is not known" in text
        assert read("there/accuracy.csv").table.loc["Coffee", "mine"] == 1.0
        assert not re.search(r"\bnan\b", text)

    def test_a_page_of_losses_says_that_less_is_better(self, user: User) -> None:
        file = user.file("dataset,method,log_loss\none,x,1.5\none,y,.5\ntwo,x,2.5\ntwo,y,.25\n")
        user("compare", file, "--out", "there")
        text = Path("there/comparison.md").read_text()
        assert "by log_loss; less is better" in text
        assert "| y | 1.00 | 0.3750 |" in text
        assert read("there/log_loss.csv").table.loc["two", "x"] == 2.5

    @pytest.mark.parametrize(
        ("text", "more", "message"),
        [
            (column(MINE), ("--against", "HC3"), "nothing published is called 'HC3'; did you mean HC2"),
            (column(MINE), ("--against", ","), "--against names nothing, got ','"),
            (column(MINE), (), "at least 2 methods, got 1; --against published gives it others"),
            ("dataset,mine\nGun_Point,.9\n", ("--against", "HC2"), "Gun_Point (GunPoint there); write the archive's"),
            ("dataset,mine\nx,.9\n", ("--against", "HC2"), "no data set of the archive; expected names such as Adiac"),
        ],
    )
    def test_a_mistake_is_one_line(self, user: User, text: str, more: tuple[str, ...], message: str) -> None:
        assert message in user.refused("compare", user.file(text), *more)
