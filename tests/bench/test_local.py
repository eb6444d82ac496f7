"""The pool of workers, as a command runs it: what dies, hangs or is interrupted costs that one run."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from bench.plan import Run, Todo

PROJECT = Path(__file__).parents[2]


class Contest:
    """A contest of methods that misbehave when they are asked to."""

    def __init__(self, folder: Path, archive: Path, methods: str, datasets: str) -> None:
        self.folder, self.results, self.faults = folder, folder / "results" / "c", folder / "faults"
        self.faults.mkdir()
        self.asked = ["--datasets", datasets, "--methods", methods, "--preset", "smoke", "--name", "c"]
        self.environment = {**os.environ, "UCR_ROOT": str(archive), "BENCH_FAULTS": str(self.faults), "COLUMNS": "200"}
        self.processes: list[subprocess.Popen[str]] = []

    def start(self, *more: str, command: str = "run") -> "subprocess.Popen[str]":
        places = ["--results", str(self.folder / "results")]
        if command == "run":
            places += [*self.asked, "--reports", str(self.folder / "reports")]
        process = subprocess.Popen(
            [sys.executable, "-c", "from bench.faults import main; main()", command, *places, *more],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment, cwd=PROJECT,
        )  # fmt: skip
        self.processes.append(process)
        return process

    def run(self, *more: str, command: str = "run") -> tuple[int, str, str]:
        process = self.start(*more, command=command)
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err

    def inject(self, *faults: str) -> None:
        for i, fault in enumerate(faults):
            (self.faults / f"{fault}.{i}").touch()

    def done(self) -> set[str]:
        return {path.parent.parent.name + "/" + path.parent.name for path in self.results.glob("*/*/resample-*.json")}

    def states(self) -> list[dict[str, object]]:
        return [json.loads(path.read_text()) for path in self.results.glob("work/*/state.json")]

    def ledger(self) -> list[str]:
        return (self.faults / "ledger").read_text().splitlines()


Make = Callable[..., Contest]


@pytest.fixture
def contest(tmp_path: Path, tiny_archive: Path) -> Iterator[Make]:
    made: list[Contest] = []

    def make(methods: str, datasets: str) -> Contest:
        made.append(Contest(tmp_path, tiny_archive, methods, datasets))
        return made[-1]

    yield make
    for process in (process for one in made for process in one.processes):
        if process.poll() is None:
            process.kill()
        process.communicate()


def wait_until(true: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.05)


def workers(process: "subprocess.Popen[str]") -> list[psutil.Process]:
    children = psutil.Process(process.pid).children()
    return [child for child in children if any("spawn_main" in word for word in child.cmdline())]


def test_what_a_worker_dies_of_costs_one_try_of_one_run(contest: Make) -> None:
    one = contest("shaky-noop,noop", "Sines,Waves")
    one.inject("kill", "memory")
    code, out, err = one.run("--retries", "2")
    assert code == 0, err
    assert len(one.done()) == 4
    assert out.count("again: shaky-noop/") == 2
    assert "the worker process died (exit code -9)" in out
    assert sorted(one.ledger()) == sorted(set(one.ledger()))


def test_what_fails_twice_is_reported_and_the_next_command_does_it(contest: Make) -> None:
    one = contest("shaky-noop,noop", "Sines")
    one.inject("kill", "kill")
    code, out, err = one.run()
    assert code == 1
    assert one.done() == {"noop/Sines"}
    assert "failed: shaky-noop/Sines/resample-0: the worker process died" in err
    error = one.results / "shaky-noop" / "Sines" / "resample-0.error.txt"
    assert "died" in error.read_text()
    code, out, _ = one.run()
    assert (code, len(one.done())) == (0, 2)
    assert "1 done, 1 to do" in out
    assert not error.exists()


def test_an_exception_and_a_nan_are_not_tried_again_by_the_same_command(contest: Make) -> None:
    one = contest("shaky", "Sines,Waves")
    one.inject("nan", "exception")
    code, out, err = one.run("--workers", "1")
    assert code == 1
    assert "again:" not in out
    assert "the loss became nan" in err
    assert "an exception in a method" in err
    assert not list(one.results.glob("work/*"))  # no checkpoint on the way to a NaN
    log = (one.results / "shaky" / "Waves" / "resample-0.log").read_text()
    assert "python -m bench run-one shaky/Waves/resample-0 --name c --results" in log
    code, out, err = one.run("shaky/Waves/resample-0", "--name", "c", command="run-one")
    assert code == 0, err
    assert one.done() == {"shaky/Waves"}


def test_a_run_that_hangs_ends_at_its_limit(contest: Make) -> None:
    one = contest("shaky-noop,noop", "Sines")
    one.inject("hang")
    code, out, err = one.run("--time-limit", "0.05")
    assert code == 0, err
    assert "again: shaky-noop/Sines/resample-0: took longer than its time limit of 3 s" in out
    assert len(one.done()) == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_writes_checkpoints_and_the_same_command_goes_on(contest: Make, number: int) -> None:
    one = contest("noop,sleep-60", "Sines")
    process = one.start()
    wait_until(lambda: one.states() and "noop/Sines" in one.done())
    theirs = workers(process)
    start = time.monotonic()
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert time.monotonic() - start < 10
    assert process.returncode == 130
    assert "the same command goes on from here" in err
    assert "stopped: sleep-60/Sines/resample-0" in out
    assert "Traceback" not in err
    assert not any(worker.is_running() for worker in theirs)
    assert "stopped after" in (one.results / "sleep-60" / "Sines" / "resample-0.log").read_text()


def test_workers_end_when_their_parent_is_killed(contest: Make) -> None:
    one = contest("sleep-60", "Sines,Waves")
    process = one.start()
    wait_until(lambda: len(one.states()) == 2)
    theirs = workers(process)
    assert len(theirs) == 2
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(theirs, timeout=15)
    assert alive == []


def test_a_second_command_on_the_same_contest_is_refused_and_status_and_cancel_work(contest: Make) -> None:
    one = contest("sleep-60,noop", "Sines")
    process = one.start()
    wait_until(lambda: one.states() and "noop/Sines" in one.done())
    code, _, err = one.run()
    assert code == 2
    assert "is at work" in err
    code, out, _ = one.run("c", command="status")
    assert code == 0
    assert "2 runs, 1 done, 1 running, 0 queued, 0 failed, 1 to do" in out
    assert "running: sleep-60/Sines/resample-0  fit" in out
    code, _, err = one.run("sleep-60/Sines/resample-0", "--name", "c", command="run-one")
    assert code == 2
    assert "being done by another process" in err
    code, out, _ = one.run("c", command="cancel")
    assert code == 0
    assert "1 command on this machine" in out
    process.communicate(timeout=30)
    assert process.returncode == 130
    assert "0 command" in one.run("c", command="cancel")[1]


def test_an_idle_worker_that_is_killed_costs_nothing(contest: Make) -> None:
    one = contest("sleep-2,noop", "Sines")
    process = one.start("--workers", "3")
    wait_until(lambda: one.states() and "noop/Sines" in one.done())
    for worker in workers(process):
        if worker.pid not in [state["pid"] for state in one.states()]:
            worker.kill()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "again" not in out


def test_checkpoints_are_kept_on_request_only(contest: Make) -> None:
    one = contest("shaky", "Sines")
    assert one.run("--keep-checkpoints")[0] == 0
    assert (one.results / "work" / "shaky.Sines.0" / "finetune.ckpt").exists()


def test_runs_that_share_a_pre_training_are_not_started_together() -> None:
    from bench.local import _next

    a, b, c = (Todo(Run(name, "D", 0), 1.0, shares) for name, shares in (("a", "p"), ("b", "p"), ("c", "q")))
    waiting = [b, c]
    assert _next(waiting, [a]) == c
    assert _next(waiting, [a, c]) == b  # nothing else is left
    assert waiting == []
