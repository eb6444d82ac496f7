"""What SLURM says of itself and of our tasks, asked by its own commands."""

import getpass
import re
import subprocess

from bench.contest.results import ResultError

FINAL = ("COMPLETED", "CANCELLED", "FAILED", "TIMEOUT", "OUT_OF_MEMORY", "NODE_FAIL", "BOOT_FAIL", "DEADLINE")
"""States in which SLURM still lists a task for some minutes."""


class SlurmError(ResultError):
    """SLURM cannot do what was asked for; the message is one line that says why."""


def ending(task: str) -> str:
    """The last state that SLURM remembers of a task, if it keeps accounts."""
    try:
        answer = ask("sacct", "-X", "-n", "-P", "-o", "State", "-j", task).split("\n")
    except SlurmError:
        return "state unknown"
    return answer[0].strip() or "state unknown"


def states() -> dict[str, str]:
    """State of each of the user's tasks that SLURM has, by id."""
    lines = ask("squeue", "-h", "-r", f"--user={getpass.getuser()}", "-o", "%i|%T").splitlines()
    found = dict(line.split("|") for line in lines)
    return {task: state for task, state in found.items() if state not in FINAL}


def limits() -> tuple[int, int]:
    """How large an array may be, and how many tasks more we may submit."""
    config = dict(re.findall(r"^(\w+)\s*=\s*(\d+)\b", ask("scontrol", "show", "config"), re.MULTILINE))
    most = [int(config[name]) for name in ("MaxJobCount", "MaxSubmitJobs") if name in config]
    try:
        own = ask("sacctmgr", "-n", "-P", "show", "assoc", f"user={getpass.getuser()}", "format=MaxSubmitJobs")
    except SlurmError:  # a cluster without accounts
        own = ""
    most += [int(number) for number in own.split() if number.isdigit()]
    return int(config.get("MaxArraySize", 1001)), max(0, min(most, default=1000) - len(states()))


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
