"""On a real SLURM of three nodes: all that befalls a cluster, and nothing of it costs a run."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from waiting import PATIENCE, states, wait_until

from bench.trials.chaos import VOLATILE

PROJECT = Path(__file__).parents[3]
TOOLS = PROJECT.parent / "shared" / "slurm"
STATE = Path(os.environ.get("SLURMUP_DIR", "/var/lib/slurm-one"))
CONFIG = Path("/etc/slurm/slurm.conf")
NODES = ("n1", "n2", "n3")
SAMPLED_SECONDS = 6
"""After which accounting has measured a task's memory, every five seconds: of one that dies sooner it knows none."""
TINY = ("--slurm", "time=10 task_minutes=0.0001")

pytestmark = pytest.mark.slurm


def ask(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def up(**more: str) -> None:
    environment = {**os.environ, "SLURMUP_NODES": "3", "SLURMUP_DEAD": "10", "SLURMUP_CPUS": "2", **more}
    subprocess.run([tool("slurm-up")], env=environment, check=True, capture_output=True, timeout=120)


def tool(name: str) -> str:
    return shutil.which(name) or str(TOOLS / name)


def end_controller() -> None:
    """As when it is restarted; it saves its state first."""
    path = STATE / "run" / "slurmctld.pid"
    pid = path.read_text().strip()
    subprocess.run(["kill", pid], check=True)
    wait_until(lambda: not Path(f"/proc/{pid}/stat").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text())
    path.unlink(missing_ok=True)


@pytest.fixture(autouse=True)
def nodes() -> Iterator[None]:
    try:
        there = set(ask("sinfo", "-h", "-N", "-o", "%N").split())
    except (OSError, subprocess.SubprocessError):
        there = set()
    if there != set(NODES) or not Path(tool("slurm-lose")).exists() or os.geteuid():
        pytest.skip(
            "no SLURM of three nodes that may be lost: SLURMUP_NODES=3 SLURMUP_DEAD=10 ../shared/slurm/slurm-up"
        )
    up()
    yield
    subprocess.run(["scancel", "--user=root"], check=False)
    wait_until(lambda: not ask("squeue", "-h").strip())


class Contest:
    def __init__(self, folder: Path, archive: Path, methods: str, datasets: str, *more: str) -> None:
        folder.mkdir(exist_ok=True)
        self.folder, self.faults = folder, folder / "faults"
        self.faults.mkdir()
        self.results = folder / "results"
        self.methods, self.datasets, self.more = methods, datasets, more
        self.environment = {**os.environ, "UCR_ROOT": str(archive), "BENCH_FAULTS": str(self.faults)}
        self.started: list[subprocess.Popen[str]] = []

    @property
    def path(self) -> Path:
        return self.results / "c"

    def command(self, verb: str, *more: str) -> list[str]:
        words = [sys.executable, "-c", "from bench.trials.faults import main; main()", verb]
        if verb != "run":
            return [*words, "c", "--results", str(self.results), *more]
        asked = ["--datasets", self.datasets, "--methods", self.methods, "--preset", "smoke", "--name", "c"]
        return [
            *words,
            *asked,
            "--results",
            str(self.results),
            "--reports",
            str(self.folder / "reports"),
            *self.more,
            *more,
        ]

    def start(self, *wrapper: str, path: str = "") -> "subprocess.Popen[str]":
        environment = {**self.environment, "PATH": f"{path}{os.environ['PATH']}"}
        submitter = subprocess.Popen(
            [*wrapper, *self.command("run")], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env=environment, cwd=PROJECT,
        )  # fmt: skip
        self.started.append(submitter)
        return submitter

    def end(self) -> None:
        """Leave no submitter behind, or a test that fails makes the next ones fail."""
        for submitter in self.started:
            submitter.kill()
            if submitter.stdout and not submitter.stdout.closed:
                submitter.communicate()

    def finish(self) -> None:
        """Wait until its submitters have ended, and well."""
        while self.started:
            out, _ = self.started[0].communicate(timeout=PATIENCE)
            assert self.started.pop(0).returncode == 0, out

    def status(self) -> str:
        done = subprocess.run(
            self.command("status"), capture_output=True, text=True, env=self.environment, cwd=PROJECT, check=True
        )
        return done.stdout

    def tasks(self) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = {}
        for path in (self.path / "slurm").glob("*.json"):
            found |= json.loads(path.read_text())["tasks"]
        return found

    def at_step(self, least: int = 1) -> list[dict[str, Any]]:
        return [state for state in states(self.path) if int(str(state["step"])) >= least]

    def stored(self) -> Mapping[str, object]:
        """Each result with its arrays, without what time and place decide."""
        found: dict[str, object] = {}
        for path in sorted(self.path.glob("*/*/resample-*.json")):
            values = {key: value for key, value in json.loads(path.read_text()).items() if key not in VOLATILE}
            with np.load(path.with_suffix(".npz")) as arrays:
                found[str(path.relative_to(self.path))] = values, {n: arrays[n].tobytes() for n in arrays.files}
        return found

    def ends_like(self, calm: "Contest", submitter: "subprocess.Popen[str]", *told: str) -> str:
        """Every run once, equal to an undisturbed local one, no task twice; and status tells what happened."""
        out, _ = submitter.communicate(timeout=PATIENCE)
        assert submitter.returncode == 0, out
        calm.finish()
        expected = {key: value for key, value in calm.stored().items() if key.split("/")[0] in self.methods.split(",")}
        stored = self.stored()
        assert len(expected) == len(stored) > 0
        assert [key for key in expected if stored.get(key) != expected[key]] == []
        assert set(Counter((self.faults / "ledger").read_text().split()).values()) == {1}
        runs = [tuple(run) for bundle in self.tasks().values() for run in bundle]
        assert sorted(runs) == sorted(set(runs)), "a run was submitted twice"
        said = self.status()
        for line in told:
            assert re.search(line, said), said
        return said


Make = Callable[..., Contest]


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory, tiny_archive: Path) -> Iterator[Contest]:
    """Not disturbed and not on the cluster; it runs while the first test waits for a node to be missed."""
    folder = tmp_path_factory.mktemp("calm") / "one"
    one = Contest(folder, tiny_archive, "shaky,noop,shaky-archive,sleep-12", "Sines,Waves", "--workers", "2")
    one.start()
    yield one
    one.end()


@pytest.fixture
def contest(tmp_path: Path, tiny_archive: Path) -> Iterator[Make]:
    made: list[Contest] = []

    def make(methods: str, name: str = "one", *more: str) -> Contest:
        one = Contest(tmp_path / name, tiny_archive, methods, "Sines,Waves", "--executor", "slurm", *TINY, *more)
        made.append(one)
        return one

    yield make
    for one in made:
        one.end()


def node_of(state: Mapping[str, object]) -> str:
    where = dict(line.split() for line in ask("squeue", "-h", "-r", "-t", "R", "-o", "%A %N").splitlines())
    return where[str(state["job"])]


def first_at_step(least: int, contests: list[Contest]) -> tuple[Contest, dict[str, Any]]:
    """The first of them with a run that has come so far, and where this one stands."""
    return wait_until(lambda: [(one, state) for one in contests for state in one.at_step(least)])[0]


def test_nodes_die_during_runs_and_during_a_shared_pre_training(calm: Contest, contest: Make) -> None:
    own, shared = both = contest("shaky", "own"), contest("shaky-archive", "shared")
    submitters = [one.start() for one in both]
    alive, lost = [*both], set[str]()
    while alive:  # whichever comes so far first
        one, state = first_at_step(30, alive)
        alive.remove(one)
        if one is shared:
            assert state["phase"] == "pretrain"
            assert "afterok" in ask("squeue", "-h", "-o", "%E")
        if (node := node_of(state)) not in lost:
            ask(tool("slurm-lose"), node)
            lost.add(node)
    # sinfo would call them completing for as long as their jobs' ends are waited for, a minute or three
    wait_until(lambda: all("State=DOWN" in ask("scontrol", "show", "node", node) for node in lost))
    up()
    said = own.ends_like(calm, submitters[0], r"was started again on n\d", r"steps were lost")
    assert max(int(lost) for lost in re.findall(r"(\d+) steps were lost", said)) < 120
    said = shared.ends_like(calm, submitters[1], r"goes on at step \d+ of 240 \(pretrain\)", r"steps were lost")
    assert int(re.findall(r"goes on at step (\d+) of 240", said)[0]) > 0


def test_a_task_is_preempted_twice(calm: Contest, contest: Make) -> None:
    one = contest("shaky")
    submitter = one.start()
    for _ in range(2):
        wait_until(lambda: one.at_step(10))
        ask("sbatch", "-p", "urgent", "-N", "3", "--exclusive", "-o", "/dev/null", "--wrap", "sleep 2")
        wait_until(lambda: not ask("squeue", "-h", "-t", "R", "-p", "debug").strip())
    one.ends_like(calm, submitter, r"was started again on n\d")


def test_the_controller_restarts(calm: Contest, contest: Make) -> None:
    one = contest("sleep-12")
    submitter = one.start()
    wait_until(lambda: states(one.path))
    end_controller()
    time.sleep(6)
    up()
    one.ends_like(calm, submitter, r"SLURM did not answer for \d+ s")


def test_the_users_limit_refuses_the_middle_of_a_submission(calm: Contest, contest: Make, tmp_path: Path) -> None:
    subprocess.run([tool("slurm-down")], check=True, capture_output=True)
    up(SLURMUP_MAXSUBMIT="3")
    try:
        blind = tmp_path / "bin"
        blind.mkdir()
        (blind / "sacctmgr").write_text("#!/bin/sh\nexit 1\n")  # a cluster that does not show its limits
        (blind / "sacctmgr").chmod(0o755)
        one = contest("shaky,noop")
        submitter = one.start(path=f"{blind}:")
        one.ends_like(calm, submitter, r"SLURM refused more tasks, which wait for room: .*MaxSubmit")
    finally:
        ask("sacctmgr", "-i", "-Q", "modify", "user", "root", "set", "MaxSubmitJobs=-1")
        subprocess.run([tool("slurm-down")], check=True, capture_output=True)
        up()


def test_an_array_larger_than_the_cluster_takes_is_cut(calm: Contest, contest: Make) -> None:
    end_controller()
    before = CONFIG.read_text()
    CONFIG.write_text(before + "MaxArraySize=3\n")
    ask("slurmctld")
    try:
        wait_until(lambda: "MaxArraySize            = 3" in ask("scontrol", "show", "config"))
        one = contest("shaky,noop")
        one.ends_like(calm, one.start())
        assert len({task.partition("_")[0] for task in one.tasks()}) == 2
    finally:
        end_controller()
        CONFIG.write_text(before)
        up()


def test_a_job_is_held_and_released(calm: Contest, contest: Make) -> None:
    one = contest("noop")
    blocker = ask("sbatch", "-p", "urgent", "-N", "3", "--exclusive", "-o", "/dev/null", "--wrap", "sleep 600")
    submitter = one.start()
    wait_until(one.tasks)
    job = next(iter(one.tasks())).partition("_")[0]
    ask("scontrol", "hold", job)
    assert re.search(r"2 tasks are held.* \(JobHeld(User|Admin)\)", one.status())
    ask("scancel", blocker.split()[-1])
    ask("scontrol", "release", job)
    one.ends_like(calm, submitter)


def test_two_contests_at_once(calm: Contest, contest: Make) -> None:
    both = [contest("shaky,noop", name) for name in ("one", "other")]
    for one, submitter in [(one, one.start()) for one in both]:
        one.ends_like(calm, submitter)


def test_a_submitter_is_killed_and_started_again_on_another_node(calm: Contest, contest: Make) -> None:
    one = contest("shaky,noop")
    first = one.start()
    wait_until(lambda: (one.path / "slurm").glob("*.cut-off") or one.tasks())
    wait_until(lambda: [*(one.path / "slurm").glob("*.cut-off"), *one.tasks()])
    first.kill()
    first.communicate()
    one.ends_like(calm, one.start("srun", "-w", "n2", "-n", "1", "--overcommit"))


def test_tasks_run_out_of_memory(calm: Contest, contest: Make) -> None:
    one = contest("shaky", "one", "--retries", "2")
    (one.faults / "memory.0").touch()
    (one.faults / "kill.0").touch()
    one.ends_like(calm, one.start())


def test_the_disk_is_full_for_a_while(calm: Contest, contest: Make) -> None:
    one = contest("shaky,noop")
    one.results.mkdir()
    ask("mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(one.results))
    try:
        submitter = one.start()
        wait_until(one.at_step)
        ballast = one.results / "ballast"
        end = time.monotonic() + 20
        with ballast.open("wb", buffering=0) as file:
            while time.monotonic() < end:
                try:
                    file.write(bytes(1 << 16))
                except OSError:
                    time.sleep(0.2)
        ballast.unlink()
        one.ends_like(calm, submitter, r"the disk was full for \d+ s on .*: runs waited")
    finally:
        subprocess.run(["umount", "-l", str(one.results)], check=False)


def test_a_dead_task_says_why(contest: Make) -> None:
    one = contest("sleep-3600")
    submitter = one.start()
    wait_until(lambda: len(states(one.path)) == 2)
    time.sleep(SAMPLED_SECONDS)
    [task, other] = one.tasks()
    ask("scancel", "--signal=KILL", "--full", task)
    ask("scancel", other)
    out, _ = submitter.communicate(timeout=PATIENCE)
    assert submitter.returncode == 1
    said = [line for line in out.splitlines() if line.startswith("bench: failed")]
    assert len(said) == 2
    dead = r"without it: (\w+)[^,]*, exit code \d+:\d+, node n\d, memory \S+ of \S+ asked, .*; log: /.*_log\.err$"
    states_ = [match[1] for line in said if (match := re.search(dead, line))]
    assert len(states_) == 2, said
    assert "CANCELLED" in states_
    assert "traceback" not in out
