"""Status from anywhere: all contests, a live screen, JSON; and a command when it is over."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from rich.console import Console
from waiting import PATIENCE

from bench.cli.command import main
from bench.contest import live
from bench.contest.definition import Contest
from bench.places import status, watch
from bench.trials import faults

PROJECT = Path(__file__).parents[3]


@pytest.fixture
def folder(tmp_path: Path, tiny_archive: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UCR_ROOT", str(tiny_archive))
    return tmp_path


def run(folder: Path, name: str, methods: str = "noop", *more: str) -> int:
    asked = ["--datasets", "Sines", "--methods", methods, "--preset", "smoke", "--name", name]
    places = ["--results", str(folder / "results"), "--reports", str(folder / "reports"), *more]
    return main(["run", *asked, *places], execute=faults.execute)


def test_without_a_name_every_contest_is_a_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--results", str(folder / "results")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert [run(folder, name) for name in ("a", "b")] == [0, 0]
    (folder / "results" / "b" / "noop" / "Sines" / "resample-0.json").unlink()
    (folder / "results" / "broken").mkdir()
    (folder / "results" / "broken" / "contest.json").write_text("{")
    capsys.readouterr()
    assert main(["status", "--results", str(folder / "results")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    counts = {line.split()[0]: line.split()[1] for line in lines[1:]}
    assert (counts["a"], counts["b"], counts["broken"]) == ("1/1", "0/1", "(damaged")
    assert main(["status", "--json", "--results", str(folder / "results")]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert (rows["a"]["done"], rows["a"]["runs"], rows["a"]["running"]) == (1, 1, 0)


def test_json_is_for_scripts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(folder, "a")
    capsys.readouterr()
    assert main(["status", "a", "--json", "--results", str(folder / "results")]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["runs"], found["done"], found["todo"], found["settled"]) == (1, 1, 0, True)


def test_watch_waits_for_the_first_worker_and_ends_with_the_last(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "WATCH_SECONDS", 0.05)
    contest = Contest("a", ("noop",), ("Sines",), 1, "smoke", str(folder / "results"))
    contest.save()
    console = Console(force_terminal=True, width=150, record=True)
    seen: list[status.Standing] = []

    def look() -> status.Standing:
        seen.append(status.standing(contest))
        return seen[-1]

    watching = threading.Thread(target=watch.watch, args=(look, console), daemon=True)
    watching.start()
    while len(seen) < 3:
        watching.join(0.01)
    assert watching.is_alive()  # there is something to do, and nobody is there yet
    work = folder / "results" / "a" / "work" / "noop.Sines.0"
    work.mkdir(parents=True)
    with live.Live(work, "noop/Sines/resample-0") as state:
        state.report("finetune", 3, 10, 0.25)
        state.write()
        while not seen[-1].going:
            watching.join(0.01)
    watching.join(PATIENCE)
    assert not watching.is_alive()
    text = console.export_text()
    assert "no worker is there yet" in text
    assert "3/10" in text
    assert "0.2500" in text


def test_a_command_is_called_with_the_verdict_when_it_is_over(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    tell = f"env | grep ^BENCH_ | sort > {folder}/told"
    assert run(folder, "a", "noop", "--notify", tell) == 0
    told = dict(line.split("=", 1) for line in (folder / "told").read_text().splitlines())
    assert (told["BENCH_VERDICT"], told["BENCH_DONE"], told["BENCH_FAILED"]) == ("done", "1", "0")
    assert told["BENCH_LINE"] == "contest a done: 1 runs done, 0 failed"
    assert Path(told["BENCH_REPORT"]).exists()
    assert run(folder, "b", "noop", "--notify", "exit 3") == 0
    assert "bench: --notify:" in capfd.readouterr().err


def test_a_run_that_fails_is_in_the_verdict(folder: Path) -> None:
    faults_folder = folder / "faults"
    faults_folder.mkdir()
    (faults_folder / "exception.0").touch()
    words = ["run", "--datasets", "Sines", "--methods", "shaky-noop,noop", "--preset", "smoke", "--name", "a"]
    words += ["--results", str(folder / "results"), "--reports", str(folder / "reports"), "--retries", "0"]
    done = subprocess.run(
        [sys.executable, "-c", "from bench.trials.faults import main; main()", *words, "--notify",
         f'echo "$BENCH_VERDICT $BENCH_FAILED" > {folder}/told'],
        env={**os.environ, "BENCH_FAULTS": str(faults_folder)}, cwd=PROJECT, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert (folder / "told").read_text() == "failed 1\n"
