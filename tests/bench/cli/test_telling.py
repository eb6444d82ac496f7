"""What a user may ask a report and a comparison for, on results of a contest that sktime's data sets make."""

import codecs
import csv
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from here import run_here
from made import PREDICTED, a_result

from bench.__main__ import main
from bench.contest import results
from bench.contest.definition import Contest, load_contest
from bench.methods.table import get_method
from timae.presets import TUNED_ON
from ucr.archive import ARCHIVE

PROJECT = Path(__file__).parents[3]
UNTUNED = [name for name in ARCHIVE if name not in TUNED_ON][:12]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("UCR_ROOT", raising=False)
    return tmp_path


def stored(methods: dict[str, float], datasets: list[str], lacking: tuple[tuple[str, str], ...] = ()) -> Contest:
    """A contest whose methods have these accuracies on all data sets, but for one case in a hundred each."""
    made = Contest("c", tuple(methods), tuple(datasets))
    for run in made.runs():
        if (run.method, run.dataset) not in lacking:
            accuracy = methods[run.method] + 0.01 * (datasets.index(run.dataset) % 3)
            config = get_method(run.method, made.preset).describe()
            facts = {"n_test": ARCHIVE[run.dataset].n_test, "preparation": {"normalise": "series"}}
            result = a_result(method=run.method, dataset=run.dataset, accuracy=accuracy, config=config, **facts)
            results.write(run.path(made.folder), result, PREDICTED)
    made.save()
    return made


def test_a_half_run_method_costs_the_others_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = UNTUNED[:8]
    lacking = tuple(("rocket", name) for name in names[2:])
    stored({"minirocket": 0.8, "1nn-dtw": 0.7, "rocket": 0.6}, names, lacking)
    assert main(["report", "c"]) == 0
    out, text = capsys.readouterr().out, Path("reports/c/report.md").read_text()
    for said in (out, text):
        assert "left out of ranks and means: rocket: scores on 2 of the 8 data sets" in said
    assert "average rank 1.00 of 2 on 8 data sets" in text
    [row] = [line for line in text.splitlines() if line.startswith("| rocket | 2 of 8 † |")]
    assert row.split(" | ")[4] == "–"
    assert "minirocket is told apart from 1nn-dtw (p 0.00781, Holm 0.00781)" in text
    assert main(["report", "c", "--complete", "datasets"]) == 0
    text = Path("reports/c/report.md").read_text()
    assert "average rank 1.00 of 3 on 2 data sets" in text
    assert "2 data sets are too few to tell any two of 3 methods apart" in text
    assert "†" not in text.split("## Methods")[1].split("\n\n")[1]
    assert "--complete datasets" in text.split("## Repeat it")[1]


def test_no_two_complete_methods_is_said_and_what_to_do(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stored({"minirocket": 0.8, "1nn-dtw": 0.7}, UNTUNED[:3], (("minirocket", UNTUNED[0]),))
    assert main(["report", "c"]) == 0
    said = "at least 2 methods with a score on each of the 3 data sets, got 1 (minirocket: scores on 2 of the 3"
    assert said in " ".join(capsys.readouterr().out.split())
    assert said in Path("reports/c/report.md").read_text()


def test_data_sets_that_settings_were_chosen_on_come_second(folder: Path) -> None:
    made = stored({"timae-ms-probe": 0.8, "1nn-dtw": 0.7}, [*TUNED_ON[:5], *UNTUNED[:8]])
    assert main(["report", "c", "--against", "HC2"]) == 0
    text = Path("reports/c/report.md").read_text()
    assert "data sets that nothing was tuned on and for which all of them" in text
    kinds = text.split("## Mean accuracy by kind of data")[1]
    assert kinds.strip().startswith("On the 8 data sets that nothing was tuned on.")
    assert "inside the train splits of 5 data sets: ACSF1" in text
    assert "average rank 1.00 of 2 on 8 data sets" in text
    assert "On all 13 data sets: timae-ms-probe is told apart from 1nn-dtw (p 0.000244, Holm 0.000244)" in text
    assert "### With the data sets that were tuned on" in text
    assert "| ACSF1 * |" in text
    Contest("c", ("1nn-dtw",), made.datasets, tuned=(UNTUNED[0],)).save()
    for path in (made.folder / "timae-ms-probe").rglob("*.json"):
        path.unlink()
    assert main(["report", "c"]) == 0
    text = Path("reports/c/report.md").read_text()
    assert f"methods were made with a look at 1 data set: {UNTUNED[0]}." in text  # named by the contest, of no recipe
    assert f"--tuned {UNTUNED[0]}" in text


def test_a_report_stands_beside_the_published_methods_that_are_asked_for(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stored({"minirocket": 0.8, "1nn-dtw": 0.7}, UNTUNED[:6])
    assert main(["report", "c", "--against", "HC2,distance"]) == 0
    text = Path("reports/c/report.md").read_text().split("## Beside published numbers")[1].split("\n## ")[0]
    assert "| HIVE-COTE 2 (published) |" in text
    assert "| EE (published) |" in text
    assert "MultiRocket" not in text
    assert "python -m bench report c --against HC2,distance" in Path("reports/c/report.md").read_text()
    capsys.readouterr()
    for command in (["report", "c"], ["run", "--datasets", "Coffee", "--methods", "1nn-euclid", "--name", "other"]):
        assert main([*command, "--against", "HC3"]) == 2
        assert "bench: --against: nothing published is called 'HC3'; did you mean HC2" in capsys.readouterr().err
    assert not Path("results/other").exists()


def test_errors_are_relative_to_the_baseline_that_is_asked_for(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stored({"minirocket": 0.8, "1nn-dtw": 0.6, "rocket": 0.7}, UNTUNED[:3])
    assert main(["report", "c"]) == 0
    assert "| error relative to 1nn-dtw |" in Path("reports/c/report.md").read_text()
    assert main(["report", "c", "--baseline", "rocket"]) == 0
    text = Path("reports/c/report.md").read_text()
    [row] = [line for line in text.splitlines() if line.startswith("| minirocket | 1.00 | 0.8100 |")]
    errors = [(0.2 - 0.01 * k) / (0.3 - 0.01 * k) for k in range(3)]
    assert row.split(" | ")[3] == f"{sum(errors) / 3:.3f}"
    capsys.readouterr()
    assert main(["report", "c", "--baseline", "hydra"]) == 2
    assert "unknown --baseline 'hydra'; did you mean" in capsys.readouterr().err


def test_published_methods_are_listed_with_what_decides_whether_they_are_comparable(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["published"]) == 0
    out = capsys.readouterr().out
    [row] = [line for line in out.splitlines() if line.startswith("HC2 ")]
    assert row.split() == ["HC2", "112", "30", "resamples", "one", "run"]
    assert "tsml-eval\n  normalised: none\n  licence: BSD-3-Clause\n  M. Middlehurst" in out
    assert out.index("\ntsml-eval\n") < out.index(row) < out.index("\nucr-datasummary\n")
    assert "  foundation: GPT4TS (UniShape supp.)" in out


def test_a_contest_on_series_as_they_are_on_disk(folder: Path) -> None:
    command = ["run", "--datasets", "GunPoint", "--methods", "1nn-euclid,minirocket+1nn-euclid", "--preset", "smoke"]
    done = run_here([*command, "--name", "raw", "--normalise", "none"])
    assert done.returncode == 0, done.stderr
    assert load_contest(Path("results/raw")).normalise == "none"
    for path in Path("results/raw").glob("*/GunPoint/resample-0.json"):
        assert results.read(path).preparation["normalise"] == "none"
    assert "Series are as they are on disk." in Path("reports/raw/report.md").read_text()
    assert "--normalise none" in Path("reports/raw/report.md").read_text()
    with Path("reports/raw/results.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {"wall_seconds", "cpu_seconds", "wall_shared_pretraining", "cpu_shared_pretraining"} <= rows[0].keys()
    assert all(0 < float(row["cpu_seconds"]) < 100 for row in rows)
    refused = run_here([*command, "--name", "raw"])
    assert refused.returncode == 2
    assert "config.preparation.normalise: stored 'none', now 'series'" in refused.stderr


def test_a_stdout_that_is_not_utf_8_gets_ascii(folder: Path) -> None:
    stored({"minirocket": 0.8, "1nn-dtw": 0.7, "rocket": 0.6}, UNTUNED[:8], (("rocket", UNTUNED[0]),))
    said = {}
    for encoding in ("utf-8", "latin-1", "ascii"):
        environment = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONPATH": str(PROJECT)}
        done = subprocess.run(
            [sys.executable, "-m", "bench", "report", "c"], capture_output=True, env=environment, check=False
        )
        assert done.returncode == 0, done.stderr
        said[encoding] = done.stdout
    assert said["latin-1"] == said["ascii"]
    text = codecs.decode(said["ascii"], "ascii")
    assert "7 of 8 +" in text
    assert "?" not in text
    assert "7 of 8 †" in said["utf-8"].decode()
    assert max(map(len, text.splitlines()[:6])) <= 80


def test_whoever_reads_the_first_lines_alone_ends_it_quietly(folder: Path) -> None:
    command = f"{sys.executable} -m bench published | head -n 1; echo ${{PIPESTATUS[0]}}"
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), "PYTHONUNBUFFERED": "1"}
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=environment, check=False)
    assert done.stderr == ""
    assert done.stdout.splitlines()[0] == "cf-4-tsc"
    assert done.stdout.splitlines()[1] in ("141", "0")


def test_what_stdout_is_in_a_test_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr("sys.stdout", stream)
    assert main(["published"]) == 0
    assert "Proximity Forest 2.0" in stream.getvalue()
