import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from here import Here
from made import PREDICTED, a_stored_result

from bench.__main__ import main
from bench.contest import live, results
from bench.contest.definition import Contest
from bench.places import table

PROJECT = Path(__file__).parents[3]
HEAVY = {"torch", "lightning", "sktime", "pandas", "sklearn", "matplotlib"}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bench", *arguments], capture_output=True, text=True, cwd=PROJECT, check=False
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--datasets", "GunPiont"], "GunPoint"),
        (["--datasets", "Nowhere*"], "Nowhere"),
        (["--datasets", "x" * 300], "there is no data set 'xxx"),
        (["--methods", "timea"], "unknown method 'timea'; did you mean timae"),
        (["--methods", ""], "--methods names no method"),
        (["--preset", "quik"], "unknown preset 'quik'; did you mean quick"),
        (["--executor", "cloud"], "unknown executor 'cloud'"),
        (["--name", "a/b"], "got 'a/b'"),
        (["--name", "../b"], "got '../b'"),
        (["--name", "x" * 300], "1 to 255 letters, digits, dots, dashes and underscores, got 300 characters"),
        (["--methods", "+".join(f"timae-ms-{arm}" for arm in "abcdefghij")], "at most 100 characters, got 109"),
        (["--results", "x" * 300], "File name too long; choose another folder"),
        (["--datasets", "GunPoint", "--slurm", "time"], "--slurm takes key=value pairs"),
        (["--datasets", "GunPoint", "--rerun", ","], "--rerun takes stale, or names of methods, got ','"),
        (["--datasets", "GunPoint", "--rerun", "timea"], "unknown method 'timea'; did you mean timae"),
        (
            ["--datasets", "GunPoint", "--methods", "minirocket", "--rerun", "timae"],
            "--rerun timae: not among the methods that were asked for: minirocket",
        ),
        (["--root", "/does/not/exist"], "/does/not/exist"),
        (["--datasets", "Beef"], "python -m ucr download Beef"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("UCR_ROOT", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))  # no archive of the user's there
    monkeypatch.chdir(tmp_path)
    code = main(["run", "--results", "results", *arguments])
    captured = capsys.readouterr()
    assert code == 2
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_root_in_the_environment_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("UCR_ROOT", str(tmp_path / "gone"))
    assert main(["run", "--results", str(tmp_path / "results")]) == 2
    assert str(tmp_path / "gone") in capsys.readouterr().err


def test_results_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert main(["run", "--results", str(tmp_path / "file")]) == 2
    assert "cannot write to" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["status", "report"])
def test_a_contest_that_is_not_there(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "nothing", "--results", str(tmp_path)]) == 2
    assert "no contest" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_help_answers_without_the_heavy_libraries() -> None:
    done = run("--help")
    assert done.returncode == 0
    assert "status" in done.stdout
    assert loaded_by("--help") & HEAVY == set()


def test_status_loads_no_heavy_library_and_what_it_does_load_is_little(tmp_path: Path) -> None:
    Contest("c", ("timae", "minirocket"), ("GunPoint",), results=str(tmp_path)).save()
    loaded = loaded_by("status", "c", "--results", str(tmp_path))
    assert loaded & {*HEAVY, "rich", "submitit", "pyarrow"} == set()
    assert "numpy" in loaded  # so the answer is of this command, not of one that failed at once


def test_a_refused_contest_leaves_what_lay_there_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "")  # so there is no SLURM
    asked = ["run", "--datasets", "GunPoint", "--methods", "minirocket", "--executor", "slurm"]
    assert main([*asked, "--results", "out/results", "--reports", "out/reports"]) == 2
    assert "there is no SLURM here" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "results" / "default").mkdir(parents=True)
    (tmp_path / "results" / "default" / "notes.txt").touch()
    assert main(asked) == 2
    assert (tmp_path / "results" / "default" / "notes.txt").exists()
    assert not (tmp_path / "reports").exists()


def test_who_has_read_enough_is_no_error() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "bench", "methods"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=PROJECT
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_the_folder_that_is_named_is_the_contest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    base = Contest("base", ("minirocket",), ("Beef",), root=str(tmp_path))  # which has no data
    base.save()
    [run] = base.runs()
    arrays = {"truth": np.array([0, 1]), "predictions": np.array([0, 1]), "probabilities": np.eye(2)}
    results.write(run.path(base.folder), a_stored_result(run, "quick", (0, 1, 1)), arrays)
    (base.folder / "slurm").mkdir()
    record = {"folder": str(base.folder.resolve()), "tasks": {"7": [["minirocket", "Beef", 0]]}}
    (base.folder / "slurm" / "7.json").write_text(json.dumps(record))
    with live.hold(base.folder):
        shutil.copytree(base.folder, "results/copy")
        assert main(["cancel", "copy"]) == 0
        assert "0 SLURM tasks, 0 command on this machine" in capsys.readouterr().out
    shutil.rmtree(base.folder)
    for name in ("copy", "copy/", "results/copy", "results/copy/", str(tmp_path / "results" / "copy")):
        assert main(["status", name]) == 0
        assert capsys.readouterr().out.startswith("contest copy (quick): 1 runs, 1 done")
    assert main(["report", "results/copy/"]) == 0
    assert Path("reports/copy/report.md").read_text().startswith("# copy\n")
    assert "report: reports/copy/report.md\n        reports/copy/report.html\n" in capsys.readouterr().out
    assert main(["export", "copy", "--format", "tsml", "--out", "out"]) == 0
    shutil.move("results/copy", "results/renamed")
    assert main(["status", "renamed"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("contest renamed (quick): 1 runs, 1 done")
    assert sorted(path.name for path in Path("results").iterdir()) == ["renamed"]


def test_methods_that_are_not_known_stand_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    contest = Contest("c", ("timae-archive", "timae-archive+minirocket", "minirocket"), ("Wafer", "Beef"))
    contest = replace(contest, root=str(tmp_path))  # which has no data
    contest.save()
    for run in contest.runs():
        if run.dataset == "Wafer":
            stored = a_stored_result(run._replace(method="minirocket"), "quick", (0, 1, 1), method=run.method)
            results.write(run.path(contest.folder), stored, PREDICTED)
    unknown = (
        "not known here: timae-archive, timae-archive+minirocket; results that count: 2, "
        "missing or damaged: 2, which cannot be run"
    )
    assert main(["status", "c"]) == 0
    counts, line = capsys.readouterr().out.splitlines()
    assert "4 runs, 3 done, 0 running, 0 queued, 0 failed, 1 to do" in counts
    assert line == unknown
    assert main(["plan", "--name", "c", "--methods", "minirocket", "--datasets", "Wafer"]) == 0
    assert unknown in capsys.readouterr().out.splitlines()
    assert main(["report", "c"]) == 0
    assert "`timae-archive`: Not a method of this version" in Path("reports/c/report.md").read_text()
    assert "Unfinished: 3 of 6 runs have no result" in capsys.readouterr().out
    assert main(["run-one", "timae-archive/Beef/resample-0", "--name", "c"]) == 2
    said = capsys.readouterr().err
    assert said == "bench: timae-archive/Beef/resample-0 cannot be run: timae-archive is no method of this version\n"


def test_a_contest_of_an_unknown_preset_is_told_of_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    contest = Contest("c", ("minirocket",), ("GunPoint",), preset="fast")
    contest.save()
    [run] = contest.runs()
    results.write(run.path(contest.folder), a_stored_result(run, "quick", (0, 1, 1)), PREDICTED)
    assert main(["status", "c"]) == 0
    assert "not known here: minirocket; results that count: 1\n" in capsys.readouterr().out
    assert main(["report", "c"]) == 0
    assert main(["run", "--name", "c", "--methods", "minirocket", "--datasets", "GunPoint"]) == 2
    assert "was run with preset fast, not quick; use another --name" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "damaged (Expecting value"),
        ('{"name": "c", "meth', "damaged (Unterminated string"),
        ("[]", "damaged ("),
        ('{"name": "c"}', "damaged ('methods' is missing)"),
        ('{"name": "c", "methods": "abc", "datasets": []}', "damaged (expected a list of names, got 'abc')"),
        ('{"name": "c", "methods": [], "datasets": [], "resamples": "2"}', "damaged ("),
    ],
)
def test_a_damaged_contest_says_what_helps_and_can_be_cancelled(
    text: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "contest.json").write_text(text)
    assert main(["status", "c", "--results", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"bench: {tmp_path / 'c' / 'contest.json'}: {message}")
    assert said.endswith("; give the contest's run command again: it writes it anew, and keeps all results\n")
    assert main(["cancel", "c", "--results", str(tmp_path)]) == 0


def test_a_contest_of_a_newer_version_is_not_written_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "c" / "contest.json"
    path.parent.mkdir()
    path.write_text('{"name": "c", "methods": [], "datasets": [], "fresh": 1}')
    asked = ["--methods", "minirocket", "--datasets", "GunPoint", "--reports", str(tmp_path / "reports")]
    for command in (["status", "c"], ["run", "--name", "c", *asked]):
        assert main([*command, "--results", str(tmp_path)]) == 2
        assert capsys.readouterr().err == (
            f"bench: {path}: another version of timae-bench wrote it, with fresh: use that\n"
        )
    assert "fresh" in path.read_text()


def test_every_method_is_told_in_a_line_with_its_price(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    contest = Contest("c", ("minirocket",), ("GunPoint",), resamples=3, results=str(tmp_path))
    contest.save()
    for run, seconds in zip(contest.runs(), (1.0, 2.0, 9.0), strict=True):
        results.write(run.path(contest.folder), a_stored_result(run, "quick", (0.0, seconds, 0.5)), {})
    assert main(["methods", "--results", str(tmp_path)]) == 0
    lines = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines() if line.startswith("  ")]
    told = dict(lines)
    assert len(told) == len(lines)
    # in a process of its own: the trials of other tests add methods to those of this one
    ask = "from bench.methods.table import METHODS; print(*METHODS)"
    known = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, cwd=PROJECT, check=True).stdout
    assert {*known.split(), "A+B", "X+ridge", "A@N", "NAME=TARGET"} == {*told}
    assert [name for name, line in told.items() if "s a run)" in line] == ["minirocket"]
    assert told["minirocket"].endswith("(2.5 s a run)")
    assert main(["methods", "--preset", "standard", "--results", str(tmp_path)]) == 0
    assert "s a run)" not in capsys.readouterr().out
    assert main(["methods", "--preset", "quik"]) == 2
    assert capsys.readouterr().err == "bench: unknown preset 'quik'; did you mean quick?\n"


def loaded_by(*arguments: str) -> set[str]:
    """Names of the top-level modules that a command has loaded when it ends."""
    code = (
        "import sys; from bench.__main__ import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True, cwd=PROJECT
    )
    return set(done.stdout.splitlines()[-1].split())


def test_compare_reads_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "table.csv"
    table.write_text("dataset,a,b\nx,0.5,0.6\ny,0.7,0.9\nz,0.1,0.2\n")
    assert main(["compare", str(table), "--json"]) == 0
    assert '"wins": 3' in capsys.readouterr().out
    assert main(["compare", str(tmp_path / "none.csv")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_section_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Contest("c", ("timae",), ("GunPoint",), results=str(tmp_path)).save()
    assert main(["report", "c", "--results", str(tmp_path), "--sections", "ranks,pared"]) == 2
    assert capsys.readouterr().err == "bench: unknown section 'pared'; did you mean paired?\n"
    assert main(["report", "c", "--results", str(tmp_path), "--sections", ","]) == 2
    assert "--sections names no section, got ','; there are: head, reference" in capsys.readouterr().err


def test_a_third_place_is_an_entry_of_places(
    tmp_path: Path, tiny_archive: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(table, "PLACES", {**table.PLACES, "here": Here()})
    places = ["--results", str(tmp_path / "results")]
    asked = ["--datasets", "Sines,Waves", "--methods", "1nn-dtw", "--preset", "smoke", "--root", str(tiny_archive)]
    command = ["run", *places, *asked, "--reports", str(tmp_path / "reports"), "--executor", "here"]
    assert main([*command, "--no-wait"]) == 2
    assert "--no-wait needs --executor slurm: here runs end with this command" in capsys.readouterr().err
    assert main(command) == 0
    assert "[2/2]" in capsys.readouterr().out
    assert len(list((tmp_path / "results" / "default").glob("1nn-dtw/*/resample-0.json"))) == 2
    assert main(["cancel", "default", *places]) == 0
    assert "nothing in this process, 0 SLURM tasks, 0 command on this machine" in capsys.readouterr().out
