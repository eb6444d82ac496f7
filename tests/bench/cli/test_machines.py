"""Several machines: work on a shared folder, and merge of folders that were apart."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from waiting import PATIENCE, states, wait_until

PROJECT = Path(__file__).parents[3]


class Folder:
    def __init__(self, path: Path, archive: Path) -> None:
        self.path, self.faults = path, path / "faults"
        self.faults.mkdir()
        self.environment = {**os.environ, "UCR_ROOT": str(archive), "BENCH_FAULTS": str(self.faults)}

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-c", "from bench.trials.faults import main; main()", *words]

    def bench(self, *words: str) -> tuple[int, str, str]:
        done = subprocess.run(
            [*self.command(*words), "--results", str(self.path / "results")], capture_output=True, text=True,
            env=self.environment, cwd=PROJECT, timeout=PATIENCE, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout, done.stderr

    def run(self, name: str, methods: str, datasets: str) -> None:
        asked = ["--methods", methods, "--datasets", datasets, "--preset", "smoke", "--name", name]
        code, out, said = self.bench("run", *asked, "--reports", str(self.path / "reports"))
        assert code == 0, out + said

    def contest(self, name: str) -> Path:
        return self.path / "results" / name

    def done(self, name: str) -> set[str]:
        folder = self.contest(name)
        return {str(path.relative_to(folder)) for path in folder.glob("*/*/resample-*.json")}


@pytest.fixture
def folder(tmp_path: Path, tiny_archive: Path) -> Folder:
    return Folder(tmp_path, tiny_archive)


def test_contests_that_were_computed_apart_become_one(folder: Folder) -> None:
    folder.run("a", "noop,shaky-noop,noop+shaky-noop", "Sines")
    folder.run("b", "noop,shaky-noop,noop+shaky-noop", "Sines,Waves")
    parts = [str(folder.contest(name)) for name in "ab"]
    code, out, _ = folder.bench("merge", *parts, "--into", "c")
    assert code == 0
    assert "6 results came in, 3 were there already" in out
    assert folder.done("c") == folder.done("b")
    for run in folder.done("c"):
        owner = folder.contest("a" if run in folder.done("a") else "b")
        for kind in (".json", ".npz", ".log"):
            copy, original = (at / run.replace(".json", kind) for at in (folder.contest("c"), owner))
            assert copy.read_bytes() == original.read_bytes()
    code, out, _ = folder.bench("status", "c")
    assert "6 runs, 6 done" in out
    before = {path: path.stat().st_mtime_ns for path in folder.contest("c").rglob("resample-*")}
    assert "0 results came in, 9 were there already" in folder.bench("merge", *parts, "--into", "c")[1]
    assert {path: path.stat().st_mtime_ns for path in folder.contest("c").rglob("resample-*")} == before


def test_an_average_of_other_results_than_those_that_stay_is_left_out_and_made_again(folder: Folder) -> None:
    folder.run("a", "noop", "Sines")
    folder.run("b", "noop,shaky-noop,noop+shaky-noop", "Sines")
    _, out, _ = folder.bench("merge", str(folder.contest("a")), str(folder.contest("b")), "--into", "c")
    assert "noop+shaky-noop/Sines/resample-0" in out
    assert len(folder.done("c")) == 2
    code, out, _ = folder.bench("work", "c")
    assert code == 0
    assert "3 runs, 3 done" in folder.bench("status", "c")[1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 7}, "another seed"),
        ({"data_sha256": "0"}, "another data_sha256"),
        ({"config": {}}, "another config"),
        ({"environment": {"versions": {"numpy": "0.1"}}}, "other versions of packages"),
    ],
)
def test_two_results_of_one_run_that_came_about_differently_are_refused(
    folder: Folder, change: dict[str, object], message: str
) -> None:
    folder.run("a", "noop", "Sines")
    shutil.copytree(folder.contest("a"), folder.contest("b"))
    path = folder.contest("b") / "noop/Sines/resample-0.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    parts = [str(folder.contest(name)) for name in "ab"]
    code, _, said = folder.bench("merge", *parts, "--into", "c")
    assert code == 2
    assert said.count("\n") == 1
    assert f"noop/Sines/resample-0: {message}" in said
    assert not folder.contest("c").exists()
    inside = folder.contest("a").joinpath("noop/Sines/resample-0.json").read_bytes()
    assert folder.bench("merge", parts[1], "--into", "a")[0] == 2
    assert folder.contest("a").joinpath("noop/Sines/resample-0.json").read_bytes() == inside


def test_what_cannot_be_merged_is_one_line(folder: Folder) -> None:
    folder.run("a", "noop", "Sines")
    shutil.copytree(folder.contest("a"), folder.contest("b"))
    path = folder.contest("b") / "contest.json"
    path.write_text(path.read_text().replace('"smoke"', '"quick"'))
    a, b = (str(folder.contest(name)) for name in "ab")
    for words, message in (
        ([a, b, "--into", "c"], "one preset, got 'smoke' in"),
        ([a, a + "x", "--into", "c"], "no contest in"),
        ([a, "--into", "a"], "leave it out"),
        ([a, "--into", "c/d"], "a contest's name"),
    ):
        code, _, said = folder.bench("merge", *words)
        assert (code, said.count("\n")) == (2, 1), said
        assert message in said
    (folder.contest("a") / "noop/Sines/resample-0.json").write_text("{")
    code, _, said = folder.bench("merge", a, "--into", "c")
    assert code == 2
    assert "not a whole result" in said


def test_workers_share_a_folder_and_one_that_is_killed_costs_nothing(folder: Folder) -> None:
    folder.run("c", "noop", "Sines")
    contest = json.loads((folder.contest("c") / "contest.json").read_text())
    contest |= {"methods": ["shaky", "shaky-probe"], "datasets": ["Sines", "Waves"]}
    (folder.contest("c") / "contest.json").write_text(json.dumps(contest))
    words = [*folder.command("work", "c"), "--results", str(folder.path / "results"), "--workers", "1"]
    workers = [
        subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=folder.environment, cwd=PROJECT,
            start_new_session=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    wait_until(lambda: any(int(str(state["step"])) for state in states(folder.contest("c"))))
    [state, *_] = (state for state in states(folder.contest("c")) if state["step"])
    parents = {worker.pid: worker for worker in workers}
    killed = parents[os.getsid(int(str(state["pid"])))]
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    [other] = [worker for worker in workers if worker is not killed]
    out, _ = other.communicate(timeout=PATIENCE)
    assert other.returncode == 0, out
    assert "nothing is left to do" in out
    assert "4 runs, 4 done, 0 running" in folder.bench("status", "c")[1]
    ledger = [line for line in (folder.faults / "ledger").read_text().splitlines() if line.startswith("shaky")]
    assert sorted(ledger) == sorted(set(ledger))
    assert len(ledger) == 4
    went_on = "\n".join(path.read_text() for path in folder.contest("c").glob("*/*/*.log"))
    assert "steps were lost" in went_on
    assert folder.bench("work", "c")[0] == 0  # there is nothing left


def test_work_needs_a_contest_that_is_there(folder: Folder) -> None:
    code, _, said = folder.bench("work", "nowhere")
    assert code == 2
    assert "no contest in" in said
