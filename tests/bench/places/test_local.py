"""The pool of workers, as a command runs it: what dies, hangs or is interrupted costs that one run."""

import math
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from waiting import PATIENCE, states, wait_until

from bench.contest import definition
from bench.contest.definition import Run
from bench.contest.run import Outcome
from bench.contest.survey import Todo, survey_of
from bench.places import local
from bench.places.place import Options
from bench.trials import faults

PROJECT = Path(__file__).parents[3]


class Contest:
    """A contest of methods that misbehave when they are asked to."""

    def __init__(self, folder: Path, archive: Path, methods: str, datasets: str) -> None:
        self.folder, self.results, self.faults = folder, folder / "results" / "c", folder / "faults"
        self.faults.mkdir()
        self.asked = ["--datasets", datasets, "--methods", methods, "--preset", "smoke", "--name", "c"]
        self.environment = {**os.environ, "UCR_ROOT": str(archive), "BENCH_FAULTS": str(self.faults)}
        self.processes: list[subprocess.Popen[str]] = []

    def start(self, *more: str, command: str = "run") -> "subprocess.Popen[str]":
        places = ["--results", str(self.folder / "results")]
        if command == "run":
            places += [*self.asked, "--reports", str(self.folder / "reports")]
        process = subprocess.Popen(
            [sys.executable, "-c", "from bench.trials.faults import main; main()", command, *places, *more],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment, cwd=PROJECT,
        )  # fmt: skip
        self.processes.append(process)
        return process

    def run(self, *more: str, command: str = "run") -> tuple[int, str, str]:
        process = self.start(*more, command=command)
        out, err = process.communicate(timeout=PATIENCE)
        return process.returncode, out, err

    def inject(self, *faults: str) -> None:
        for i, fault in enumerate(faults):
            (self.faults / f"{fault}.{i}").touch()

    def done(self) -> set[str]:
        return {path.parent.parent.name + "/" + path.parent.name for path in self.results.glob("*/*/resample-*.json")}

    def states(self) -> list[dict[str, object]]:
        return states(self.results)

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


def workers(process: "subprocess.Popen[str]") -> list[psutil.Process]:
    children = psutil.Process(process.pid).children()
    return [child for child in children if any("spawn_main" in word for word in child.cmdline())]


class Pool:
    """The pool alone, in this process, without command or report."""

    def __init__(self, one: Contest, methods: str, datasets: str) -> None:
        names = tuple(methods.split(",")), tuple(datasets.split(","))
        places = str(one.folder / "results"), one.environment["UCR_ROOT"]
        self.contest = definition.Contest("c", *names, 1, "smoke", *places)
        self.ended: list[Outcome] = []
        self.notes: list[str] = []
        self.at_begin: Callable[[], object] = list

    def begin(self, run: Run) -> None:
        self.at_begin()

    def end(self, outcome: Outcome) -> None:
        self.ended.append(outcome)

    def note(self, line: str) -> None:
        self.notes.append(line)

    def run(self, **options: Any) -> dict[str, Outcome]:
        settings = Options(execute=faults.execute, **options)
        self.ended, self.notes = [], []
        local.wait(local.submit(self.contest, survey_of(self.contest).todo, settings), self)
        return {f"{outcome.run.method}/{outcome.run.dataset}": outcome for outcome in self.ended}


@pytest.fixture
def pool(contest: Make, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], tuple[Contest, Pool]]:
    def make(methods: str, datasets: str) -> tuple[Contest, Pool]:
        one = contest(methods, datasets)
        monkeypatch.setenv("BENCH_FAULTS", str(one.faults))
        return one, Pool(one, methods, datasets)

    return make


MakePool = Callable[[str, str], tuple[Contest, Pool]]


def test_what_a_worker_dies_of_costs_one_try_of_one_run(pool: MakePool) -> None:
    one, workers = pool("shaky-noop,noop", "Sines,Waves")
    calm = workers.run(workers=2)  # what a run takes on this machine at this moment
    limit = math.ceil(10 + 50 * max(outcome.seconds for outcome in calm.values()))
    for path in one.results.glob("*/*/resample-*.json"):
        path.unlink()
    (one.faults / "ledger").unlink()
    one.inject("kill", "memory", "hang")
    outcomes = workers.run(retries=3, time_limit=limit)
    assert {outcome.kind for outcome in outcomes.values()} == {"done"}
    assert len(one.done()) == len(outcomes) == 4
    reasons = sorted(note.split(": ", 2)[2] for note in workers.notes)
    assert reasons[0] == "MemoryError"
    assert reasons[1].startswith("the worker process was killed by SIGKILL")
    assert reasons[2] == f"took longer than its time limit of {limit} s"
    assert sorted(one.ledger()) == sorted(set(one.ledger()))


def test_a_worker_that_is_terminated_in_training_costs_one_try(pool: MakePool) -> None:
    one, workers = pool("shaky", "Sines")
    one.inject("terminate")
    outcomes = workers.run(retries=1)
    assert {outcome.kind for outcome in outcomes.values()} == {"done"}
    [note] = workers.notes
    assert "the worker process was killed by SIGTERM" in note


def test_what_fails_twice_is_reported_and_the_next_time_it_is_done(pool: MakePool) -> None:
    one, workers = pool("shaky-noop,noop", "Sines")
    one.inject("kill", "kill")
    outcomes = workers.run()
    assert outcomes["shaky-noop/Sines"].kind == "failed"
    assert one.done() == {"noop/Sines"}
    error = one.results / "shaky-noop" / "Sines" / "resample-0.error.txt"
    assert "was killed by SIGKILL" in error.read_text()
    assert [*workers.run()] == ["shaky-noop/Sines"]
    assert len(one.done()) == 2
    assert not error.exists()


def test_an_exception_and_a_nan_are_not_tried_again_at_once(pool: MakePool) -> None:
    one, workers = pool("shaky", "Sines,Waves")
    one.inject("nan", "exception")
    outcomes = workers.run(workers=1)
    assert workers.notes == []
    assert sorted(outcome.error.partition(" at ")[0] for outcome in outcomes.values()) == [
        "FloatingPointError: the loss became nan",
        "ValueError: an exception in a method",
    ]
    assert not list(one.results.glob("work/*"))  # no checkpoint on the way to a NaN
    assert not list(one.results.glob("pretrained/*.ckpt"))
    log = (one.results / "shaky" / "Waves" / "resample-0.log").read_text()
    assert "python -m bench run-one shaky/Waves/resample-0 --name c --results" in log
    workers.contest.save()
    code, _, err = one.run("shaky/Waves/resample-0", "--name", "c", command="run-one")
    assert code == 0, err
    assert one.done() == {"shaky/Waves"}
    assert workers.run(keep_checkpoints=True).keys() == {"shaky/Sines"}
    assert [path.parent.name for path in one.results.glob("work/*/finetune.ckpt")] == ["shaky.Sines.0"]


def test_an_average_begins_when_its_members_have_ended_and_fails_with_one(pool: MakePool) -> None:
    one, workers = pool("shaky-noop,sleep-2,shaky-noop+sleep-2", "Sines,Waves")
    one.inject("exception")
    outcomes = workers.run(workers=4)
    failed = [*outcomes].index(next(name for name, outcome in outcomes.items() if outcome.kind == "failed"))
    assert [outcome.kind for outcome in outcomes.values()].count("failed") == 2  # a member, and its average
    assert [*outcomes][failed].startswith("shaky-noop/")
    dataset = [*outcomes][failed].partition("/")[2]
    other = {"Sines": "Waves", "Waves": "Sines"}[dataset]
    average = outcomes[f"shaky-noop+sleep-2/{dataset}"]
    said = f"its member shaky-noop/{dataset}/resample-0 failed: ValueError: an exception in a method"
    assert (average.kind, average.error) == ("failed", said)
    error = one.results / "shaky-noop+sleep-2" / dataset / "resample-0.error.txt"
    assert error.read_text() == said
    assert outcomes[f"shaky-noop+sleep-2/{other}"].seconds < 1  # it waited for nobody
    assert workers.run().keys() == {f"shaky-noop/{dataset}", f"shaky-noop+sleep-2/{dataset}"}
    assert len(one.done()) == 6


def test_an_idle_worker_that_is_killed_costs_nothing(pool: MakePool) -> None:
    one, workers = pool("noop", "Sines,Waves,Ragged")

    killed: list[psutil.Process] = []

    def kill_idle() -> None:
        if len(one.done()) == 1 and not killed:  # the second run is about to be given to the worker that did the first
            [idle] = [p for p in psutil.Process().children() if any("spawn_main" in word for word in p.cmdline())]
            idle.kill()  # and leave it to the pool to reap it
            killed.append(idle)

    workers.at_begin = kill_idle
    workers.run(workers=1)
    assert len(one.done()) == 3
    assert len(killed) == 1
    assert workers.notes == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_writes_checkpoints_and_the_same_command_goes_on(contest: Make, number: int) -> None:
    one = contest("noop,sleep-3600", "Sines")
    process = one.start()
    wait_until(lambda: one.states() and "noop/Sines" in one.done())
    theirs = workers(process)
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "the same command goes on from here" in err
    assert "stopped: sleep-3600/Sines/resample-0" in out
    assert "Traceback" not in err
    assert not any(worker.is_running() for worker in theirs)
    assert "stopped after" in (one.results / "sleep-3600" / "Sines" / "resample-0.log").read_text()


def test_who_is_impatient_cuts_off_no_cleaning_up(contest: Make) -> None:
    one = contest("sleep-3600", "Sines,Waves")
    process = one.start()
    wait_until(lambda: len(one.states()) == 2)
    theirs = workers(process)

    def ended() -> bool:
        process.send_signal(signal.SIGTERM)
        return process.poll() is not None

    wait_until(ended)
    out, err = process.communicate(timeout=PATIENCE)
    assert "stopped: sleep-3600/Sines/resample-0" in out
    assert err == "bench: interrupted; the same command goes on from here\n"  # no word of semaphores
    assert not any(worker.is_running() for worker in theirs)


def test_who_reads_no_further_ends_the_command_without_a_word(contest: Make) -> None:
    one = contest("noop,sleep-2", "Sines,Waves")
    process = one.start()
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline().startswith("contest c: 4 runs")
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait() == 141


def test_a_traceback_is_promised_only_where_there_is_one(contest: Make) -> None:
    one = contest("shaky-noop", "Sines")
    one.inject("kill")
    code, _, err = one.run("--retries", "0")
    assert code == 1
    assert err.endswith("the worker process was killed by SIGKILL: out of memory?\n")
    one.inject("exception")
    code, _, err = one.run("--retries", "0")
    path = one.results / "shaky-noop" / "Sines" / "resample-0.error.txt"
    assert err.endswith(f": ValueError: an exception in a method (traceback in {path})\n")


def test_workers_end_when_their_parent_is_killed(contest: Make) -> None:
    one = contest("sleep-3600", "Sines,Waves")
    process = one.start()
    wait_until(lambda: len(one.states()) == 2)
    theirs = workers(process)
    assert len(theirs) == 2
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(theirs, timeout=PATIENCE)
    assert alive == []


def test_a_second_command_on_the_same_contest_is_refused_and_status_and_cancel_work(contest: Make) -> None:
    one = contest("sleep-3600,noop", "Sines")
    process = one.start()
    wait_until(lambda: "noop/Sines" in one.done() and [state["phase"] for state in one.states()] == ["fit"])
    code, _, err = one.run()
    assert code == 2
    assert "is at work" in err
    code, out, _ = one.run("c", command="status")
    assert code == 0
    assert "2 runs, 1 done, 1 running, 0 queued, 0 failed, 1 to do" in out
    assert "running: sleep-3600/Sines/resample-0  fit" in out
    code, _, err = one.run("sleep-3600/Sines/resample-0", "--name", "c", command="run-one")
    assert code == 2
    assert "being done by another process" in err
    code, out, _ = one.run("c", command="cancel")
    assert code == 0
    assert "1 command on this machine" in out
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "0 command" in one.run("c", command="cancel")[1]


def test_runs_that_share_a_pre_training_are_not_started_together() -> None:
    a, b, c = (Todo(Run(name, "D", 0), 1.0, shares) for name, shares in (("a", "p"), ("b", "p"), ("c", "q")))
    waiting = [b, c]
    assert local._next(waiting, [a]) == c
    assert local._next(waiting, [a, c]) == b  # nothing else is left
    assert waiting == []
