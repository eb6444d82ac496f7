"""A real contest that is interrupted again and again, as in weeks on a shared machine; and what that did to it.

The same command is started until nothing is left to do. In between it is killed, its workers are killed, and its disk
is filled: one of its own, made for it, for nobody else's disk is ever filled.
"""

import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from bench.contest.definition import Contest, Run, load_contest
from bench.contest.state import state_of
from bench.trials import harm

FULL_SECONDS = 60.0
"""So long a disk stays full."""
SMALL = 16 * 2**30
"""A file system of at most so many bytes may be filled."""
CHECKED = 5
"""So many runs are repeated in the end, and compared byte by byte."""
KINDS = ("kill -9 of the command", "kill -9 of a worker", "SIGTERM to the command", "a full disk")


def main(name: str, results: Path, interruptions: int, minutes: float, seed: int, command: Sequence[str]) -> int:
    """Carry a contest to its end through interruptions.

    Args:
        name: of the contest.
        results: the folder that holds it.
        interruptions: at least so many, unless the contest is done before.
        minutes: between two, on average.
        seed: of the moments and victims.
        command: further arguments of `bench run`.

    Returns:
        0 if nothing was lost, done twice or different; else 1.
    """
    chance = random.Random(seed)  # noqa: S311 (chance, not secrecy)
    words = [sys.executable, "-m", "bench", "run", "--name", name, "--results", str(results), *command]
    soak = _Soak(results / name, words)
    while soak.process.poll() is None:
        if soak.alive_for(chance.uniform(0.5, 1.5) * minutes * 60) and soak.met.total() < interruptions:
            soak.interrupt(KINDS[soak.met.total() % len(KINDS)], chance)
    contest = load_contest(results / name)
    lost = [run for run in contest.runs() if state_of(run, contest).kind != "done"]
    soak.look()
    different = soak.differing(contest, chance)
    for what, runs in (("lost", lost), ("done twice", soak.twice), ("different", different)):
        for run in runs:
            _say(f"{what}: {run}")
    for kind, n in soak.met.items():
        _say(f"    {kind:32}{n}")
    _say(f"interruptions       {soak.met.total()}")
    _say(f"runs lost           {len(lost)}")
    _say(f"runs done twice     {len(soak.twice)}")
    _say(f"results that differ {len(different)} of {CHECKED} repeated")
    return 1 if lost or soak.twice or different else 0


class _Soak:
    """A contest under way, and what befell it."""

    def __init__(self, folder: Path, command: Sequence[str]) -> None:
        self.folder, self.command = folder, command
        self.met: Counter[str] = Counter()
        self.twice: list[str] = []
        self.written: dict[Path, int] = {}
        self.look()
        self.process = subprocess.Popen(self.command)  # noqa: S603

    def look(self) -> None:
        """Note which results there are; one that was there and is another now was done twice."""
        for path in self.folder.glob("*/*/resample-*.json"):
            stamp = path.stat().st_mtime_ns
            if self.written.setdefault(path, stamp) != stamp:
                self.twice.append("/".join(path.with_suffix("").parts[-3:]))
                self.written[path] = stamp

    def alive_for(self, seconds: float) -> bool:
        """Wait; returns whether the command is still at work."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)
        return self.process.poll() is None

    def interrupt(self, kind: str, chance: random.Random) -> None:
        """Do one thing to the contest, and go on with it."""
        self.look()
        if kind == "a full disk" and not self._fill():
            kind = KINDS[0]
        _say(f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S} {kind}, {len(self.written)} runs done")
        if kind == "kill -9 of a worker":
            harm.kill_a_worker(self.process.pid, chance)
        elif kind != "a full disk":
            self.process.send_signal(signal.SIGTERM if kind.startswith("SIGTERM") else signal.SIGKILL)
            self.process.wait()
            self.process = subprocess.Popen(self.command)  # noqa: S603
        self.met[kind] += 1

    def _fill(self) -> bool:
        """Fill the disk that the contest is on for a while, if it is a small one of its own."""
        if shutil.disk_usage(self.folder).total > SMALL or not self.folder.parent.is_mount():
            return False
        harm.fill_disk(self.folder.parent, FULL_SECONDS)
        return True

    def differing(self, contest: Contest, chance: random.Random) -> list[Run]:
        """Repeat some runs in another folder; returns those whose probabilities are not the same bytes."""
        runs = [run for run in contest.runs() if run.path(self.folder).with_suffix(".npz").exists()]
        different = []
        with tempfile.TemporaryDirectory(prefix="bench-soak-") as elsewhere:
            again = Path(elsewhere) / contest.name
            again.mkdir()
            shutil.copy(self.folder / "contest.json", again)
            for run in chance.sample(runs, min(CHECKED, len(runs))):
                for member in run.members:  # an average takes its members' results
                    for path in (member.path(self.folder), member.path(self.folder).with_suffix(".npz")):
                        target = again / path.relative_to(self.folder)
                        target.parent.mkdir(parents=True, exist_ok=True)
                        shutil.copy(path, target)
                words = ["run-one", str(run), "--name", contest.name, "--results", elsewhere]
                subprocess.run([sys.executable, "-m", "bench", *words], check=True)  # noqa: S603
                first, second = (run.path(folder).with_suffix(".npz") for folder in (self.folder, again))
                if first.read_bytes() != second.read_bytes():
                    different.append(run)
        return different


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201
