import subprocess
import sys
from pathlib import Path

import pytest
from here import Here

from bench.__main__ import main
from bench.contest.definition import Contest
from bench.methods.table import METHODS
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
        (["--methods", "timea"], "unknown method 'timea'; did you mean timae"),
        (["--methods", ""], "--methods names no method"),
        (["--preset", "quik"], "unknown preset 'quik'; did you mean quick"),
        (["--executor", "cloud"], "unknown executor 'cloud'"),
        (["--name", "a/b"], "got 'a/b'"),
        (["--name", "../b"], "got '../b'"),
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
    code = main(["run", "--results", str(tmp_path / "results"), *arguments])
    captured = capsys.readouterr()
    assert code == 2
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert not (tmp_path / "results").exists()


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
    Contest("c", ("timae", "minirocket"), ("Coffee",), results=str(tmp_path)).save()
    loaded = loaded_by("status", "c", "--results", str(tmp_path))
    assert loaded & {*HEAVY, "rich", "submitit", "pyarrow"} == set()
    assert "numpy" in loaded  # so the answer is of this command, not of one that failed at once


def test_a_contest_of_another_version_is_told_of_what_it_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Contest("c", ("timae-archive", "minirocket"), ("Coffee",), results=str(tmp_path)).save()
    assert main(["status", "c", "--results", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("bench: unknown method 'timae-archive'; did you mean timae-ms-archive")
    assert said.count("\n") == 1


def test_every_method_is_told_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["methods"]) == 0
    lines = capsys.readouterr().out.splitlines()
    for name in METHODS:
        sentence = lines[lines.index(name) + 1]
        assert sentence.startswith("    ")
        assert sentence.endswith(".")
    assert "A+B" in lines
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
    Contest("c", ("timae",), ("Coffee",), results=str(tmp_path)).save()
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
