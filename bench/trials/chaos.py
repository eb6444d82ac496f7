"""A contest in which everything goes wrong, compared with the same contest in peace.

Faults are injected while `bench run` is at work, and the command is repeated until everything is done. The disk
is a small one of its own (tmpfs in a mount namespace), so that it can be full.
"""

import functools
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

import bench.trials.faults  # noqa: F401 (the methods of this contest)
from bench.contest import results
from bench.contest.definition import Contest, Run
from bench.contest.state import state_of
from bench.trials import harm

METHODS = ("shaky", "shaky-probe", "noop")
DATASETS = ("GunPoint", "ItalyPowerDemand", "ArrowHead", "OSULeaf")
DISK = "64m"
LONGEST = 900.0
"""Seconds after which a contest that is not done counts as lost."""
VOLATILE = ("finished_at", "environment", "cpu_seconds", *results.MEASURED)
"""Fields of a result that may differ between two runs of the same."""
INSIDE = "BENCH_CHAOS_DISK"
TOKENS = {"a NaN loss": "nan", "an exception in a method": "exception", "too little memory": "memory"}
"""Faults of a method, and how bench.trials.faults calls them."""


def main(n_runs: int, faults: int, seed: int) -> int:
    """Let a contest of tiny runs meet faults; say what came of it.

    Args:
        n_runs: at least so many.
        faults: how many of each kind.
        seed: of the moments and victims, which are random all the same.

    Returns:
        0 if nothing was lost, done twice or different; else 1.
    """
    if INSIDE not in os.environ:
        return _with_a_small_disk()
    disk = Path(os.environ[INSIDE])
    datasets = DATASETS[: -(-n_runs // len(METHODS))]
    resamples = -(-n_runs // (len(METHODS) * len(datasets)))
    calm, storm = (_Arena(disk / name, datasets, resamples) for name in ("calm", "storm"))
    _say(f"{sum(1 for _ in calm.contest.runs())} runs in peace, for comparison")
    if calm.start().wait() != 0:
        _say((calm.faults / "output").read_text())
        return 1
    injected = storm.rage(faults, random.Random(seed))  # noqa: S311 (chance, not secrecy)
    lost = [run for run in storm.contest.runs() if state_of(run, storm.contest).kind != "done"]
    twice = storm.done_twice()
    different = [run for run in storm.contest.runs() if run not in lost and _differ(run, calm, storm)]
    for what, runs in (("lost", lost), ("done twice", twice), ("different", different)):
        for run in runs:
            _say(f"{what}: {run}")
    _say(f"faults injected     {sum(injected.values())}")
    for kind, n in injected.items():
        _say(f"    {kind:32}{n}")
    _say(f"runs lost           {len(lost)}")
    _say(f"runs done twice     {len(twice)}")
    _say(f"results that differ {len(different)}")
    return 1 if lost or twice or different else 0


def _with_a_small_disk() -> int:
    """Start this command again in a mount namespace that has a small disk of its own, if we may have one."""
    with tempfile.TemporaryDirectory(prefix="bench-chaos-") as folder:
        enter = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
        mount = 'mount -t tmpfs -o size="$1" tmpfs "$2" && shift 2 && exec "$@"'
        attempt = [*enter, "sh", "-c", mount, "sh", DISK, folder]
        try:
            subprocess.run([*attempt, "true"], check=True, capture_output=True)  # noqa: S603
        except (OSError, subprocess.CalledProcessError):
            _say("no disk of our own (unshare --mount is not allowed): without the fault of a full one")
            attempt = []
        command = [*attempt, sys.executable, *sys.orig_argv[1:]]
        inside = {**os.environ, INSIDE: folder, "BENCH_CHAOS_SMALL": "1" if attempt else ""}
        return subprocess.run(command, env=inside, check=False).returncode  # noqa: S603


class _Arena:
    """A contest, its folder, and the ways to trouble it."""

    def __init__(self, folder: Path, datasets: tuple[str, ...], resamples: int) -> None:
        self.folder, self.faults = folder, folder.parent / f"{folder.name}-faults"
        folder.mkdir()
        self.faults.mkdir()
        self.contest = Contest("chaos", METHODS, datasets, resamples, "smoke", str(folder / "results"))
        self.process: subprocess.Popen[bytes] | None = None
        self.injected: Counter[str] = Counter()
        self.truncated: Counter[str] = Counter()

    def start(self) -> "subprocess.Popen[bytes]":
        """Begin, or go on with, the contest; without root's right to write where nobody may."""
        contest = self.contest
        command = [sys.executable, "-c", "from bench.trials.faults import main; main()", "run", "--name", contest.name]
        command += ["--methods", ",".join(contest.methods), "--datasets", ",".join(contest.datasets)]
        command += ["--resamples", str(contest.resamples), "--preset", contest.preset, "--workers", "2"]
        command += ["--results", contest.results, "--reports", str(self.folder / "reports"), "--rerun", "stale"]
        if os.geteuid() == 0:
            command = ["setpriv", "--inh-caps=-all", "--bounding-set=-all", *command]
        with (self.faults / "output").open("ab") as output:
            self.process = subprocess.Popen(  # noqa: S603
                command, stdout=output, stderr=output, env={**os.environ, "BENCH_FAULTS": str(self.faults)}
            )
        return self.process

    def rage(self, rounds: int, chance: random.Random) -> Counter[str]:
        """Inject every fault so often, in random order, at random moments of work, until the contest is done."""
        kinds: dict[str, Callable[[random.Random], None]] = {
            "kill -9 of a worker": self.kill_worker,
            "kill -9 of the command": self.kill_command,
            "SIGTERM to the command": self.terminate_command,
            "a truncated result": self.truncate_result,
            "a read-only moment": self.forbid_writing,
            "a clock set back an hour": self.set_clock_back,
        }
        kinds |= {kind: functools.partial(self.ask_for, token) for kind, token in TOKENS.items()}
        if os.environ["BENCH_CHAOS_SMALL"]:
            kinds["a full disk"] = self.fill_disk
        waiting = [kind for kind in kinds for _ in range(rounds)]
        end = time.monotonic() + LONGEST
        process, starts = self.start(), 1
        while time.monotonic() < end:
            if process.poll() is not None:
                if process.returncode == 0:
                    if not waiting:
                        break
                    self.truncate_result(chance)  # all is done, and faults are left: there must be more to do
                process = self.start()
                starts += 1
            time.sleep(chance.uniform(0.2, 1.5))
            if waiting and process.poll() is None and any(self.contest.folder.glob("work/shaky*/state.json")):
                kind = waiting.pop(chance.randrange(len(waiting)))
                kinds[kind](chance)
                self.injected[kind] += 1
        for kind, token in TOKENS.items():
            self.injected[kind] -= len(list(self.faults.glob(f"{token}.*")))  # those that nobody met
        _say(f"the command was started {starts} times")
        return self.injected

    def done_twice(self) -> list[str]:
        """Runs whose result was written more often than it was lost to a truncation."""
        written = Counter((self.faults / "ledger").read_text().split())
        return [run for run, n in written.items() if n > 1 + self.truncated[run]]

    def kill_worker(self, chance: random.Random) -> None:
        harm.kill_a_worker(self._pid(), chance)

    def kill_command(self, _: random.Random) -> None:
        os.kill(self._pid(), signal.SIGKILL)

    def terminate_command(self, _: random.Random) -> None:
        os.kill(self._pid(), signal.SIGTERM)

    def truncate_result(self, chance: random.Random) -> None:
        folder = self.contest.folder
        done = [run for run in self.contest.runs() if run.method.startswith("shaky") and run.path(folder).exists()]
        run = chance.choice(done or [Run("none", "none", 0)])
        with suppress(FileNotFoundError):
            os.truncate(run.path(folder), 100)
            self.truncated[str(run)] += 1

    def forbid_writing(self, chance: random.Random) -> None:
        folders = [self.contest.folder, *(path for path in self.contest.folder.rglob("*") if path.is_dir())]
        for mode in (0o555, 0o755):
            for folder in folders:
                with suppress(FileNotFoundError):
                    folder.chmod(mode)
            time.sleep(chance.uniform(0.5, 2.5) if mode == 0o555 else 0)

    def fill_disk(self, chance: random.Random) -> None:
        harm.fill_disk(self.folder, chance.uniform(0.5, 2.5))

    def set_clock_back(self, _: random.Random) -> None:
        """Let a worker see an hour less, and every file bear a time that is still to come."""
        ahead = time.time() + 3600
        for path in self.contest.folder.rglob("*"):
            with suppress(FileNotFoundError):
                os.utime(path, (ahead, ahead))
        self.ask_for("clock")

    def ask_for(self, fault: str, _: random.Random | None = None) -> None:
        """Have the next shaky run misbehave."""
        (self.faults / f"{fault}.{self.injected.total()}").touch()

    def _pid(self) -> int:
        assert self.process is not None
        return self.process.pid


def _differ(run: Run, calm: _Arena, storm: _Arena) -> bool:
    """Whether two results of a run differ in anything but time."""
    stored: list[Any] = []
    for arena in (calm, storm):
        path = run.path(arena.contest.folder)
        values = json.loads(path.read_bytes())
        with np.load(path.with_suffix(".npz")) as arrays:
            bits = {name: arrays[name].tobytes() for name in arrays.files}
        stored.append(({name: value for name, value in values.items() if name not in VOLATILE}, bits))
    return bool(stored[0] != stored[1])


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201
