"""On a real SLURM, where there is one: everything that can befall a task."""

import functools
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from waiting import PATIENCE, states, wait_until

from bench.contest.definition import Run
from bench.contest.survey import Todo
from bench.places.cluster import SlurmError
from bench.places.parts import bundle
from bench.places.settings import workers

PROJECT = Path(__file__).parents[3]


@functools.cache
def answers() -> bool:
    try:
        asked = subprocess.run(["sinfo", "-h"], capture_output=True, text=True, check=False, timeout=60)
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return False
    return asked.stdout.strip() != ""


slurm = pytest.mark.slurm


@pytest.fixture
def answering() -> None:
    if not answers():
        pytest.skip("no SLURM here (sinfo does not answer): ../shared/slurm/isolated COMMAND gives one to a command")


class Contest:
    def __init__(self, folder: Path, archive: Path, methods: str, datasets: str, *more: str) -> None:
        self.folder, self.results, self.faults = folder, folder / "results" / "c", folder / "faults"
        self.faults.mkdir()
        self.methods, self.datasets, self.more = methods, datasets, more
        self.environment = {**os.environ, "UCR_ROOT": str(archive), "BENCH_FAULTS": str(self.faults)}

    def command(self, command: str, *more: str) -> list[str]:
        words = [sys.executable, "-c", "from bench.trials.faults import main; main()", command]
        if command != "run":
            return [*words, "c", "--results", str(self.folder / "results"), *more]
        asked = ["--datasets", self.datasets, "--methods", self.methods, "--preset", "smoke", "--name", "c"]
        places = ["--results", str(self.folder / "results"), "--reports", str(self.folder / "reports")]
        return [*words, *asked, *places, "--executor", "slurm", *self.more, *more]

    def start(self, *more: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            self.command("run", *more), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env=self.environment, cwd=PROJECT,
        )  # fmt: skip

    def run(self, *more: str, command: str = "run") -> tuple[int, str]:
        done = subprocess.run(
            self.command(command, *more), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env=self.environment, cwd=PROJECT, timeout=PATIENCE, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout

    def done(self) -> set[str]:
        return {str(path.relative_to(self.results).parent) for path in self.results.glob("*/*/resample-*.json")}

    def states(self) -> list[dict[str, object]]:
        return states(self.results)

    def tasks(self) -> dict[str, list[list[object]]]:
        found: dict[str, list[list[object]]] = {}
        for path in (self.results / "slurm").glob("*.json"):
            found |= json.loads(path.read_text())["tasks"]
        return found

    def logs(self) -> str:
        return "\n".join(path.read_text() for path in (self.results / "slurm" / "files").rglob("*log*"))

    def ledger(self) -> list[str]:
        return (self.faults / "ledger").read_text().splitlines()


Make = Callable[..., Contest]


@pytest.fixture
def contest(tmp_path: Path, tiny_archive: Path, answering: None) -> Iterator[Make]:
    made: list[Contest] = []

    def make(methods: str, datasets: str, *more: str) -> Contest:
        made.append(Contest(tmp_path, tiny_archive, methods, datasets, *more))
        return made[-1]

    yield make
    subprocess.run(["scancel", "--name=timae-bench"], check=False)


def todo(*seconds: float, shares: object = None, method: str = "m") -> list[Todo]:
    return [Todo(Run(method, f"D{i}", 0), s, shares) for i, s in enumerate(seconds)]


def test_bundles_fill_tasks_evenly_and_none_is_over_its_budget() -> None:
    items = todo(*[600, 500, 400, 300, 200, 100] * 10)
    bundles = bundle(items, budget=2400, workers=1, target=600)
    sums = [sum(item.seconds for item in items) for items in bundles]
    assert sorted(item.run.dataset for items in bundles for item in items) == sorted(i.run.dataset for i in items)
    assert max(sums) <= 2400
    assert max(sums) - min(sums) <= 600
    assert all(items == sorted(items, key=lambda item: -item.seconds) for items in bundles)
    assert len(bundle(items, budget=2400, workers=4, target=2400)) == 3
    assert bundle([], 10, 1, 1) == []


def test_runs_that_share_a_pre_training_stay_together() -> None:
    items = todo(50, 40, 30) + todo(9, 8, shares="p", method="n")
    bundles = bundle(items, budget=100, workers=1, target=10)
    assert len([items for items in bundles if any(item.shares for item in items)]) == 1


def test_averages_stay_with_their_members() -> None:
    names = [f"{method}/D{i}" for i in range(3) for method in ("a", "b", "a+b", "c+a")]
    items = [Todo(Run(*name.split("/"), 0), 10 + i) for i, name in enumerate(names)]
    bundles = bundle(items, budget=100, workers=1, target=10)
    assert sorted(len(items) for items in bundles) == [4, 4, 4]
    assert all(len({item.run.dataset for item in items}) == 1 for items in bundles)


@pytest.mark.parametrize(
    ("parameters", "n"),
    [({}, 2), ({"gpus_per_node": 2}, 6), ({"gpus_per_node": "a100:2"}, 6), ({"gpus_per_task": "a100"}, 3)],
)
def test_a_task_works_at_so_many_runs_as_it_has_cores_or_places_on_gpus(parameters: dict[str, Any], n: int) -> None:
    assert workers(3, {"cpus_per_task": 2, **parameters}) == n


def test_a_run_longer_than_a_task_is_refused_in_one_line() -> None:
    with pytest.raises(SlurmError, match="m/D0/resample-0 is predicted to take 10 minutes, and a task has 5"):
        bundle(todo(600), budget=300, workers=1, target=60)


def test_a_task_of_version_0_1_ends_with_one_line() -> None:
    code = "import pickle; pickle.loads(b'cbench.slurm\\nTask\\n.')"  # how submitit's pickles name their task
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "queued by version 0.1" in done.stderr
    assert "give the same python -m bench run command again" in done.stderr


@slurm
def test_an_array_does_its_runs_and_one_that_fails_harms_no_other(contest: Make) -> None:
    one = contest("noop,shaky-noop", "Sines,Waves", "--slurm", "time=10 task_minutes=0.01", "--retries", "0")
    (one.faults / "exception.0").touch()
    code, out = one.run()
    assert code == 1, out
    assert len(one.done()) == 3
    assert "an exception in a method" in out
    assert len(one.tasks()) > 1
    assert all("_" in task for task in one.tasks())
    first = set(one.tasks())
    code, out = one.run()  # only what failed is submitted again
    assert code == 0, out
    assert "3 done, 1 to do" in out
    [again] = set(one.tasks()) - first
    assert len(one.tasks()[again]) == 1
    assert len(one.done()) == 4
    assert len(one.ledger()) == 4


@slurm
def test_the_submitter_may_go_and_a_later_command_finds_everything(contest: Make) -> None:
    one = contest("sleep-2,noop", "Sines,Waves", "--slurm", "time=10")
    code, out = one.run("--no-wait")
    assert code == 0, out
    assert "submitted" in out
    code, out = one.run(command="status")
    assert "4 queued" in out or "running" in out
    assert len(one.tasks()) == 1
    code, out = one.run()  # waits for what is queued, and submits nothing anew
    assert code == 0, out
    assert len(re.findall(r"\[\d/\d\]", out)) == 4, out  # though SLURM still lists tasks that are ending
    assert len(one.done()) == 4
    assert len(one.tasks()) == 1
    assert len(one.ledger()) == 4
    assert one.run()[0] == 0  # there is nothing left, and nothing is asked of SLURM
    assert len(one.tasks()) == 1


@slurm
def test_a_submitter_that_is_killed_takes_nothing_with_it(contest: Make) -> None:
    one = contest("sleep-2", "Sines,Waves", "--slurm", "time=10")
    submitter = one.start()
    wait_until(one.tasks)
    submitter.kill()
    submitter.communicate()
    wait_until(lambda: len(one.done()) == 2)
    code, out = one.run()
    assert code == 0, out
    assert "2 done, 0 to do" in out


@slurm
def test_at_the_time_limit_a_task_is_requeued_and_goes_on_with_what_is_left(contest: Make) -> None:
    one = contest("sleep-2,shaky", "Sines,Waves", "--slurm", "time=10 cpus_per_task=2")
    submitter = one.start()
    wait_until(one.states)  # a run is under way, whichever: on an idle machine the short ones are over in no time
    [task] = one.tasks()
    subprocess.run(["scancel", "--signal=USR2", task], check=True)  # what SLURM sends before the limit
    out, _ = submitter.communicate(timeout=PATIENCE)
    assert submitter.returncode == 0, out
    assert len(one.done()) == 4
    assert "Caught signal SIGUSR2" in one.logs()
    assert one.logs().count("Loading pickle") == 2  # it began again
    assert len(one.tasks()) == 1
    assert sorted(one.ledger()) == sorted(set(one.ledger()))


@slurm
def test_a_task_that_is_killed_is_reported_and_submitted_again(contest: Make) -> None:
    one = contest("sleep-2,sleep-3600", "Sines", "--slurm", "time=10")
    submitter = one.start()
    wait_until(lambda: any("sleep-3600" in str(state["run"]) for state in one.states()))
    [state] = [state for state in one.states() if "sleep-3600" in str(state["run"])]
    parent = int(Path(f"/proc/{state['pid']}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(parent, signal.SIGKILL)
    out, _ = submitter.communicate(timeout=PATIENCE)
    assert submitter.returncode == 1, out
    assert "ended without it: FAILED" in out
    submitter = one.start()
    wait_until(lambda: len(one.tasks()) == 2)
    code, out = one.run(command="cancel")
    assert code == 0
    assert "cancelled: 1 SLURM tasks" in out
    out, _ = submitter.communicate(timeout=PATIENCE)
    assert submitter.returncode != 0


@slurm
def test_cancel_ends_what_runs_and_what_waits(contest: Make) -> None:
    one = contest("sleep-3600", "Sines,Waves,Ragged", "--slurm", "time=10 task_minutes=0.001 array_parallelism=1")
    assert one.run("--no-wait")[0] == 0
    assert len(one.tasks()) == 3
    wait_until(one.states)
    code, out = one.run(command="cancel")
    assert code == 0
    assert "cancelled: 3 SLURM tasks" in out
    wait_until(lambda: "0 running, 0 queued" in one.run(command="status")[1])
    assert one.done() == set()


@slurm
def test_what_slurm_does_not_take_is_one_line(contest: Make) -> None:
    one = contest("noop", "Sines")
    for parameters, message in (
        ("partition=nowhere", "SLURM refused"),
        ("tme=10", "Unavailable parameter"),
        ("time=0", "whole minutes"),
        ("task_minutes=x", "a number of minutes, got 'x'"),
        ("cpus_per_task=two", "whole cores from 1, got 'two'"),
        ("time", "key=value"),
    ):
        code, out = one.run("--slurm", parameters)
        assert code == 2, out
        assert message in out
        assert "Traceback" not in out


@slurm
def test_arrays_keep_to_the_limits_of_the_cluster(contest: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    from bench.places import cluster

    size, room = cluster.limits()
    assert size == 1001
    assert 9000 < room <= 10000
    one = contest("noop", "Sines,Waves,Ragged,Short", "--slurm", "time=10 task_minutes=0.0001")
    monkeypatch.setattr(cluster, "limits", lambda: (2, 3))  # arrays of 2, and room for 3 tasks
    arguments = [*one.command("run")[3:]]
    for name, value in one.environment.items():
        monkeypatch.setenv(name, value)
    from bench.cli.command import main
    from bench.trials import faults

    assert main(arguments, execute=faults.execute) == 0
    assert len(one.done()) == 4
    jobs = [path.stem for path in (one.results / "slurm").glob("*.json")]
    assert len(jobs) == 3  # 2 tasks, then 1, then the one for which there was no room
