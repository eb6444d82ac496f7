"""What SLURM says of itself and of our tasks, asked by its own commands."""

import getpass
import os
import re
import subprocess
import time
from dataclasses import dataclass, replace

from bench.contest.results import ResultError

FINAL = ("COMPLETED", "CANCELLED", "FAILED", "TIMEOUT", "OUT_OF_MEMORY", "NODE_FAIL", "BOOT_FAIL", "DEADLINE")
"""States in which SLURM still lists a task for some minutes."""


ACCOUNTS_SECONDS = 15.0
"""So late accounts may come."""


class SlurmError(ResultError):
    """SLURM cannot do what was asked for; the message is one line that says why."""


UNUSUAL = {
    "JobHeldUser": "are held: scontrol release lets them go",
    "JobHeldAdmin": "are held by an administrator",
    "DependencyNeverSatisfied": "wait for what has failed",
    "launch failed requeued held": "could not be started, and are held",
    "BadConstraints": "ask for what no node has",
    "PartitionDown": "wait for a partition that is down",
    "ReqNodeNotAvail": "wait for nodes that are not there",
}
"""Reasons for which tasks wait that a user should know of."""


@dataclass(frozen=True)
class Job:
    """A task that SLURM has."""

    state: str
    reason: str
    comment: str


@dataclass(frozen=True)
class Ended:
    """How a task, or one try of it, ended, as accounting has it."""

    state: str
    exit_code: str
    nodes: str
    memory: str
    """The most that a step used."""
    asked: str
    """Memory that was asked for."""
    elapsed: str

    def __str__(self) -> str:
        used = f"memory {self.memory or 'not measured'} of {self.asked or 'no limit'} asked"
        return f"{self.state}, exit code {self.exit_code}, node {self.nodes}, {used}, after {self.elapsed}"


def ending(task: str) -> str:
    """How a task ended, in words, as far as SLURM remembers."""
    end = time.monotonic() + ACCOUNTS_SECONDS
    while True:
        tries = _tries(task)
        if tries and tries[-1].state.split()[0] in FINAL:
            return str(tries[-1])
        if tries is None or time.monotonic() > end:
            break
        time.sleep(1)  # accounts come late
    try:
        said = dict(re.findall(r"(\w+)=(\S+)", ask("scontrol", "show", "job", task)))
    except SlurmError:
        return "state unknown (SLURM keeps no accounts here)"
    return f"{said.get('JobState')}, exit code {said.get('ExitCode')}, node {said.get('NodeList')}"


def own_task() -> str:
    """The id of the task that this process is of."""
    array = os.environ.get("SLURM_ARRAY_JOB_ID")
    return f"{array}_{os.environ['SLURM_ARRAY_TASK_ID']}" if array else os.environ.get("SLURM_JOB_ID", "?")


def last_interruption(task: str) -> str:
    """Why the try of a task before the one at work ended, in words; nothing where SLURM does not say."""
    over = [tried for tried in _tries(task) or [] if tried.state.split()[0] not in ("RUNNING", "PENDING", "COMPLETED")]
    return f"{over[-1].state} on {over[-1].nodes}" if over else ""


def _tries(task: str) -> list[Ended] | None:
    """Every try of a task that accounting knows of, oldest first; None where there is no accounting."""
    form = "JobID,State,ExitCode,NodeList,MaxRSS,ReqMem,Elapsed"
    try:
        lines = ask("sacct", "-D", "-n", "-P", "-o", form, "-j", task).splitlines()
    except SlurmError:
        return None
    tries: list[Ended] = []
    for name, state, code, nodes, memory, asked, elapsed in (line.split("|") for line in lines if line.count("|") == 6):
        if "." not in name:
            tries.append(Ended(state, code, nodes, memory, asked, elapsed))
        elif tries and memory:
            tries[-1] = replace(tries[-1], memory=max(tries[-1].memory, memory, key=_bytes))
    return tries


def _bytes(text: str) -> float:
    """Read an amount such as 1234K."""
    found = re.fullmatch(r"([\d.]+)([KMGT]?)", text)
    return float(found[1]) * 1024.0 ** " KMGT".index(found[2] or " ") if found else 0.0


def jobs() -> dict[str, Job]:
    """Each of the user's tasks that SLURM has, by id."""
    lines = ask("squeue", "-h", "-r", f"--user={getpass.getuser()}", "-o", "%i|%T|%r|%k").splitlines()
    found = {task: Job(*rest) for task, *rest in (line.split("|", 3) for line in lines if line.count("|") >= 3)}
    return {task: job for task, job in found.items() if job.state not in FINAL}


def limits() -> tuple[int, int]:
    """How large an array may be, and how many tasks more we may submit."""
    config = dict(re.findall(r"^(\w+)\s*=\s*(\d+)\b", ask("scontrol", "show", "config"), re.MULTILINE))
    most = [int(config[name]) for name in ("MaxJobCount", "MaxSubmitJobs") if name in config]
    try:
        own = ask("sacctmgr", "-n", "-P", "show", "assoc", f"user={getpass.getuser()}", "format=MaxSubmitJobs")
    except SlurmError:  # a cluster without accounts
        own = ""
    most += [int(number) for number in own.split() if number.isdigit()]
    return int(config.get("MaxArraySize", 1001)), max(0, min(most, default=1000) - len(jobs()))


def ask(*command: str) -> str:
    """Call one of SLURM's commands; returns what it prints.

    Raises:
        SlurmError: it is not there, fails, or does not answer within a minute.
    """
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout  # noqa: S603
    except FileNotFoundError:
        raise SlurmError(f"there is no SLURM here: {command[0]} is not in PATH") from None
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        said = " ".join(str(error.stderr or error).split())
        raise SlurmError(f"{command[0]} failed: {said}") from error


def n_cpus() -> int:
    """CPUs of the whole cluster."""
    return sum(int(line.split("/")[-1]) for line in ask("sinfo", "-h", "-o", "%C").split())
