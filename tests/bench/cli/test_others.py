"""Numbers of others, as a user brings them: compare and import, on files."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from here import run_here
from made import a_result

from bench.__main__ import main
from bench.contest import results
from bench.contest.definition import Contest, Run, load_contest
from bench.contest.scores import SCORES
from bench.published.numbers import load_published, load_resamples
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
        assert re.search(r"MiniRocket \(published\) +mine +1 / 1 +0 / 7 / 0 +\+0.0000", out)
        assert "sources:\n  M. Middlehurst" in out
        assert said == ""  # all are normalised on disk

    def test_data_sets_that_are_not_normalised_on_disk_come_in_where_the_user_says_how(self, user: User) -> None:
        assert not ARCHIVE["BME"].znormalised
        file = user.file(column(MINE | {"BME": 0.99}))
        out, said = user("compare", file, "--against", "HC2")
        assert "how the data were normalised is not known: say --normalise series or none for more data sets\n" in said
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
            assert re.search(r"1 / 1 +0 / 7 / 0 +\+0.0000", out)
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

    def test_the_fields_own_resamples_stand_beside_the_same_ones(self, user: User) -> None:
        numbers = [number for number in (*load_published(), *load_resamples()) if number.method == "HC2"]
        numbers = [number for number in numbers if number.dataset in MINE and number.resample < 3]
        rows = [f"{number.dataset},mine,{number.resample},{number.accuracy}" for number in numbers]
        file = user.file("\n".join(["dataset,method,resample,accuracy", *rows]))
        asked = ("--against", "HC2,MultiRocket", "--normalise", "series")
        out, said = user("compare", file, *asked, "--resamples", "3")
        assert "resample 0 alone" not in said
        assert "3 methods on 7 data sets" in out
        assert re.search(r"(HIVE-COTE 2 .published. +mine|mine +HIVE-COTE 2 .published.) +1 / 1 +0 / 7 / 0 ", out)
        without = user.file("\n".join(["dataset,method,resample,accuracy", *rows[:-1]]), "without.csv")
        out, said = user("compare", without, *asked, "--resamples", "3")
        assert f"without all 3 resamples, and missing: mine on {numbers[-1].dataset}" in said
        assert "3 methods on 6 data sets" in out
        assert "--resamples 4: expected all of 0 to 3; the file has 0, 1, 2" in user.refused(
            "compare", file, *asked, "--resamples", "4"
        )
        assert "so it needs --against" in user.refused("compare", file, "--resamples", "3")

    def test_a_page_with_its_pictures_is_written(self, user: User) -> None:
        out, _ = user("compare", user.file(column(MINE | {"BME": 0.99})), "--against", "HC2", "--out", "there")
        assert out.endswith("page: there/comparison.md\n      there/comparison.html\n")
        assert {path.name for path in Path("there").iterdir()} == {
            *(
                "comparison.md",
                "comparison.html",
                "accuracy.csv",
                "cd.svg",
                "cd.png",
                "cd.pdf",
                "pairs.svg",
                "pairs.png",
                "pairs.pdf",
            ),
        }
        text = Path("there/comparison.md").read_text()
        assert "![Critical-difference diagram](cd.svg)" in text
        assert "- how the data were normalised is not known" in text
        assert read("there/accuracy.csv").table.loc["Coffee", "mine"] == 1.0
        assert not re.search(r"\bnan\b", text)
        out, _ = user("compare", user.file(column(MINE)), "--against", "published", "--out", "there")
        text = Path("there/comparison.md").read_text()
        for said in (out, text):  # seven data sets, 28 pairs
            assert "7 data sets are too few to tell any two of 8 methods apart: at best p is 0.0156" in said
        assert "cd.svg" not in text
        assert not Path("there/cd.svg").exists()

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


def test_our_exports_of_every_score_are_read_back_with_the_right_direction(user: User) -> None:
    made = Contest("c", ("timae", "minirocket"), ("Coffee", "Beef"))
    for run in made.runs():
        scores = dict.fromkeys(SCORES, 0.25 if run.method == "timae" else 0.5)
        results.write_result(
            run.path(made.folder), replace(a_result(method=run.method, dataset=run.dataset), scores=scores)
        )
    made.save()
    for form, end in (("wide", ""), ("long", "_long")):
        user("export", "c", "--format", form, "--out", "out")
        for key in SCORES:
            scores = read(f"out/{key}{end}.csv")
            assert scores.name == key
            best = "timae" if key == "log_loss" else "minirocket"
            assert set(scores.ranked.idxmax(axis=1)) == {best}, key


class TestImport:
    def test_accuracies_become_results_and_nothing_else_is_made_up(self, user: User) -> None:
        file = user.file(column(MINE))
        out, said = user("import", file, "--name", "c", "--source", "Me, 2026", "--normalise", "series")
        assert out.startswith("imported into contest c: 7 accuracies of mine on 7 data sets;")
        assert said == ""
        result = user.result("mine", "Coffee")
        assert result.source == "Me, 2026"
        assert result.config["imported"]["file"] == "mine.csv"
        assert len(result.config["imported"]["sha256"]) == 64
        assert result.scores == {**dict.fromkeys(SCORES), "accuracy": PUBLISHED["MiniROCKET", "Coffee"]}
        assert result.preparation == {"normalise": "series"}
        assert (result.n_test, result.n_classes) == (28, 2)
        stored = json.loads(Path("results/c/mine/Coffee/resample-0.json").read_text())
        assert [stored[key] for key in results.MEASURED] == [None] * 4
        assert user.result("mine", "Adiac").accuracy * 391 == pytest.approx(round(MINE["Adiac"] * 391), abs=1e-9)

    def test_the_same_file_replaces_and_gaps_are_counted(self, user: User) -> None:
        user("import", user.file(column(MINE)), "--name", "c")
        text = column(MINE).replace("Beef,0.8333", "Beef,-").replace(f"Fish,{MINE['Fish']}\n", "")
        assert "Beef,-" in text
        out, said = user("import", user.file(text), "--name", "c")
        assert "5 accuracies of mine on 5 data sets, 5 of them in place of former ones" in out
        assert said == "bench: 1 of 6 cells are missing, of mine\n"
        assert {path.parent.name for path in Path("results/c/mine").glob("*/*")} == {*DATASETS} - {"Beef", "Fish"}

    def test_another_file_adds(self, user: User) -> None:
        user("import", user.file("dataset,method,resample,accuracy\nCoffee,x,0,1\n", "a.csv"), "--name", "c")
        user("import", user.file("dataset,method,resample,accuracy\nCoffee,x,1,.5\n", "b.csv"), "--name", "c")
        assert [user.result("x", "Coffee", k).accuracy for k in (0, 1)] == [1, 0.5]

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("dataset,minirocket\nCoffee,1\n", "minirocket is a method of this suite"),
            ("dataset,timae-ms+ridge\nCoffee,1\n", r"timae-ms\+ridge is a method of this suite"),
            ("dataset,a/b\nCoffee,1\n", "an imported method's name is a folder's: .* got 'a/b'"),
            ("dataset,work\nCoffee,1\n", "got 'work'"),
            ("dataset,x\nGunpoint,1\n", r"under this spelling: Gunpoint \(GunPoint there\)"),
            ("dataset,x\nElsewhere,1\n", "no accuracy to import: neither in the archive nor .*: Elsewhere"),
            ("dataset,x\nCoffee,\n", "no accuracy to import: 1 of 1 cells are missing, of x"),
            ("dataset,method,log_loss\nCoffee,x,1.5\n", "expected accuracies, got log_loss"),
            ("dataset,method,error\nCoffee,x,0\n", "expected accuracies, got error"),
            ("dataset,x\nCoffee,0\nBeef,.2\nAdiac,.4\n", "got what looks like error rates: x"),
        ],
    )
    def test_a_mistake_is_one_line_and_leaves_nothing(self, user: User, text: str, message: str) -> None:
        said = user.refused("import", user.file(text), "--name", "c")
        assert re.search(message, said)
        assert not Path("results").exists()

    def test_it_outlives_runs_of_others_and_every_command_knows_what_it_is(
        self, user: User, tiny_archive: Path
    ) -> None:
        values = {"Sines": 0.95, "Waves": 0.5, "Coffee": 1.0}
        user("import", user.file(column(values)), "--name", "c", "--root", str(tiny_archive))
        before = Path("results/c/mine/Sines/resample-0.json").read_bytes()
        out, _ = user("status", "c")
        assert "0 runs, 0 done" in out
        assert out.endswith("imported: mine, from mine.csv\n")
        out, _ = user("report", "c")
        assert "none of them run here" in Path("reports/c/report.md").read_text()
        assert "no predictions" in user.refused("export", "c", "--format", "tsml", "--out", "out")

        options = ["--datasets", "Sines,Waves", "--methods", "1nn-dtw", "--preset", "smoke", "--name", "c"]
        options += ["--root", str(tiny_archive)]
        done = run_here(["run", *options])
        assert done.returncode == 0, done.stderr
        assert run_here(["run", *options, "--rerun", "stale"]).stdout.startswith("contest c: 2 runs, 2 done, 0 to do")
        assert Path("results/c/mine/Sines/resample-0.json").read_bytes() == before
        assert load_contest(Path("results/c")).methods == ("1nn-dtw",)

        out, _ = user("plan", *options)
        assert "2 runs, 2 done, 0 to do" in out
        assert out.endswith("imported: mine, from mine.csv\n")
        for command in (
            ["run-one", "mine/Sines/resample-0"],
            ["run", "--methods", "mine"],
            ["plan", "--methods", "mine"],
        ):
            assert "mine was imported into contest 'c' from 'mine.csv'" in user.refused(*command, "--name", "c")
        assert "1nn-dtw is a method of this suite" in user.refused(
            "import", user.file("d,1nn-dtw\nCoffee,1\n"), "--name", "c"
        )

        user("report", "c", "--against", "published")
        text = Path("reports/c/report.md").read_text()
        assert "Imported as accuracies alone: mine (mine.csv: 2)." in text
        assert "left aside: 1 of mine" in text
        assert "- `mine`: Imported, its accuracies alone: mine.csv." in text
        assert "Not known of what was imported: mine." in text
        assert "python -m bench import mine.csv --name c" in text
        [row] = [line for line in text.splitlines() if line.startswith("| mine | 2 | 2 |")]
        assert row.endswith("| – | – | – | – | – | – | – |")
        assert not re.search(r"\bnan\b", text)

        _, said = user("export", "c", "--format", "tsml", "--out", "tsml")
        assert said == "bench: imported, so without predictions, and left out: mine\n"
        user("export", "c", "--format", "wide", "--out", "wide")
        assert list(read("wide/accuracy.csv").table.columns) == ["1nn-dtw", "mine"]
        assert list(read("wide/log_loss.csv").table.columns) == ["1nn-dtw"]
        assert [path.name for path in Path("tsml").iterdir()] == ["1nn-dtw"]

    def test_names_of_imported_methods_ask_no_questions(self, user: User) -> None:
        user("import", user.file("dataset,own,own-probe\nCoffee,1,.9286\nBeef,.8,.7\n"), "--name", "c")
        user("report", "c")
        assert "Paired questions" not in Path("reports/c/report.md").read_text()

    def test_predictions_of_tsml_eval_are_imported_with_their_resamples(self, user: User) -> None:
        for k in (0, 1):
            path = user.folder / "in" / "x" / "Predictions" / "Coffee" / f"testResample{k}.csv"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(
                f"Coffee,x,TEST,{k},MILLISECONDS,by hand\nnothing\n{1 - k / 28},1,1,-1,1,2,,-1,-1\n0,0,,1,0\n"
            )
        out, _ = user("import", "in", "--name", "c")
        assert "2 accuracies of x on 1 data sets" in out
        assert user.result("x", "Coffee", 1).accuracy == 27 / 28
