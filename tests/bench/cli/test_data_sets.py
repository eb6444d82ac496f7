"""Data of one's own in a contest: what is missing, what is odd, and where it lies."""

import json
from pathlib import Path

import numpy as np
import pytest
from here import run_here

from bench.__main__ import main
from bench.report.wording import markdown


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a root of data sets, in which a user is."""
    random = np.random.default_rng(0)
    for name, length, labels in (("Plain", 30, "01"), ("pi|pe", 30, "01"), ("Odd", 40, "012"), ("Short", 5, "01")):
        folder = tmp_path / "data" / name
        folder.mkdir(parents=True)
        for split in ("TRAIN", "TEST"):
            n = 30 if name == "Odd" and split == "TRAIN" else length
            known = labels[:2] if split == "TRAIN" else labels
            rows = [[known[i % len(known)], *(random.normal(size=n) + i % 2)] for i in range(12)]
            if name == "Odd" and split == "TRAIN":
                rows[:3] = [[*"011"[i], *[3.5] * n] for i in range(3)]
            text = "\n".join("\t".join(map(str, row)) for row in rows)
            (folder / f"{name}_{split}.tsv").write_text(text + "\n")
    monkeypatch.delenv("UCR_ROOT", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


ASKED = ["--methods", "1nn-euclid,minirocket", "--preset", "smoke", "--name", "own", "--root", "data"]


def test_a_contest_with_data_of_ones_own(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    done = run_here(["run", "--datasets", "type=own,GunPoint", *ASKED])
    assert done.returncode == 0, done.stderr
    said = (
        "4 of 12 test cases are of classes that no train case has (2); 3 of 12 train series are constant and become "
        "zeros; test series have up to 40 points, train series 30: they are squeezed to it"
    )
    assert f"note: Odd: {said}\n" in done.stdout
    result = json.loads(Path("results/own/minirocket/Odd/resample-0.json").read_text())
    assert "; ".join(result["notes"]) == said
    assert json.loads(Path("results/own/minirocket/Plain/resample-0.json").read_text())["notes"] == []
    report = Path("reports/own/report.md").read_text()
    assert "on 1 data set of the UCR 2018 archive and 4 data sets that are none of the UCR 2018 archive’s" in report
    assert all(report.count(f"Odd: {note}.") == 1 for note in result["notes"])
    assert f"--root {place / 'data'}" in report
    rows = [line for line in report.splitlines() if line.startswith("| pi\\|pe |")]
    assert [row.replace("\\|", "").count("|") for row in rows] == [4]

    monkeypatch.chdir(place.parent)  # another folder, without UCR_ROOT
    stored = ["own", "--results", str(place / "results")]
    assert main(["status", *stored]) == 0
    assert "contest own (smoke): 10 runs, 10 done" in capsys.readouterr().out
    assert main(["run-one", "1nn-euclid/Plain/resample-0", "--name", *stored]) == 0
    assert main(["report", *stored, "--reports", str(place / "again")]) == 0
    capsys.readouterr()
    assert main(["plan", "--datasets", "type=own", *ASKED[:4], "--name", *stored]) == 0
    assert "8 runs, 8 done, 0 to do" in capsys.readouterr().out
    (place / "data" / "Plain").rename(place / "Plain")  # and where its files are gone, as on another machine
    (place / "results/own/1nn-euclid/Plain/resample-0.json").unlink()
    capsys.readouterr()
    assert main(["status", *stored]) == 0
    assert "10 runs, 9 done, 0 running, 0 queued, 0 failed, 1 to do" in capsys.readouterr().out


def test_what_is_missing_is_counted_and_what_brings_it_named(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--datasets", "ECG*,Plain", *ASKED]) == 2
    lacking = (
        f"3 of 4 data sets are not under {place / 'data'}: ECG200, ECG5000, ECGFiveDays; fetch them: python -m ucr "
        f"download 'ECG200,ECG5000,ECGFiveDays' --root {place / 'data'}"
    )
    assert capsys.readouterr().err == f"bench: {lacking}; or take those that are: --datasets here\n"
    assert not Path("results").exists()
    assert main(["plan", "--datasets", "ECG*,Plain", *ASKED]) == 0
    assert capsys.readouterr().out.endswith(f"missing: {lacking}\n")
    assert main(["plan", "--datasets", "all", *ASKED]) == 0
    assert f"122 of 128 data sets are not under {place / 'data'}: Adiac, Beef," in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("./Plain", "'./Plain' is a path, expected a name"),
        ("Plain/", "'Plain/' is a path, expected a name"),
        ("Half", "Half lacks a file: "),
        ("One", "One_TRAIN.tsv: every case is of class '0'"),
    ],
)
def test_what_is_no_data_set_is_refused_before_anything_is_written(
    place: Path, capsys: pytest.CaptureFixture[str], name: str, message: str
) -> None:
    for other, splits in (("Half", ["TRAIN"]), ("One", ["TRAIN", "TEST"])):
        (place / "data" / other).mkdir()
        for split in splits:
            (place / "data" / other / f"{other}_{split}.tsv").write_text("0\t1\t2\n0\t2\t1\n")
    assert main(["run", "--datasets", name, *ASKED]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not Path("results").exists()
    assert main(["plan", "--datasets", name, *ASKED]) == 2
    assert message in capsys.readouterr().err
    assert main(["plan", "--datasets", "type=own", *ASKED]) == 0
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("left out: ")]
    assert len(said) == 1
    assert "One_TRAIN.tsv: every case is of class '0'" in said[0]


def test_a_cell_breaks_no_table() -> None:
    import pandas as pd

    table = pd.DataFrame([["a|b", 1.5, 3]], columns=["x|y", "z", "n"])
    assert markdown(table).splitlines() == ["| x\\|y | z | n |", "| --- | ---: | ---: |", "| a\\|b | 1.5 | 3 |"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "contest ladder, preset quick: 1680 runs"),
        (["--resamples", "1"], "contest ladder, preset quick: 560 runs"),
        (
            ["--datasets", "GunPoint,ArrowHead", "--preset", "smoke", "--name", "part"],
            "contest part, preset smoke: 84 runs",
        ),
    ],
)
def test_what_is_given_beside_a_suite_goes_before(
    given: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", "--suite", "ladder", *given, "--results", str(tmp_path)]) == 0
    assert said in capsys.readouterr().out
