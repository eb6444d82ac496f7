"""A contest, and a run, while it goes on: who has it, and where it stands.

<results>/<contest>/work/<method>.<dataset>.<k>/ is there while a run goes on, and after one was interrupted:

    claim          held by the process that does the run: nobody else starts it (timae.claim)
    state.json     process, phase, step, loss, seconds; written at most once a second
    finetune.ckpt  the last checkpoint of its training
    redo           there while a stored result is to be replaced although nothing is wrong with it

<results>/<contest>/events.log has a line for what befell the contest and was overcome: nodes that died, refusals, full
disks.
<results>/<contest>/.lock is locked by the command that runs the contest, and names its host and process.
"""

import contextlib
import datetime
import json
import logging
import math
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from timae import claim as claims

SIGN_OF_LIFE = 60.0
"""Seconds without a new state after which a run on another machine counts as gone."""


@contextmanager
def claim(folder: Path) -> Iterator[bool]:
    """Hold the run whose working folder this is; gives False where another process holds it.

    Whoever gets it must look first whether the run has been done in the meantime.
    """
    with ExitStack() as held:
        while True:
            folder.mkdir(parents=True, exist_ok=True)
            try:
                mine = held.enter_context(claims.claim(folder / "claim"))
            except FileNotFoundError:  # the former owner was just removing the folder
                continue
            break
        yield mine


@contextmanager
def hold(contest: Path) -> Iterator[bool]:
    """Keep other commands from running the contest of a folder; gives False where one does already."""
    path = contest / ".lock"
    try:
        lock = FileLock(path).acquire(timeout=0)
    except Timeout:
        yield False
        return
    with lock:
        path.write_text(f"{socket.gethostname()} {os.getpid()}")
        yield True


def holder(contest: Path) -> tuple[str, int] | None:
    """The host and process of the command that runs the contest of a folder; None where there is none."""
    path = contest / ".lock"
    try:
        with FileLock(path, timeout=0):
            return None
    except Timeout:
        host, _, process = path.read_text().partition(" ")
    return host, int(process) if process.isdigit() else 0  # its owner is just writing it


def note_event(contest: Path, line: str) -> None:
    """Write down what befell the contest of a folder; a full disk is no reason to fail."""
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    with contextlib.suppress(OSError), (contest / "events.log").open("a") as log:
        log.write(f"{now} {' '.join(line.split())}\n")


def events(contest: Path) -> list[str]:
    """What befell the contest of a folder, oldest first."""
    try:
        return (contest / "events.log").read_text(errors="replace").splitlines()
    except OSError:
        return []


class Live:
    """Writes down where a run stands, from a thread of its own: a training step never waits for a disk."""

    def __init__(self, folder: Path, run: str) -> None:
        self.path = folder / "state.json"
        self.draft = folder / f".state.{os.getpid()}.json"
        self.start = time.monotonic()
        self.over = threading.Event()
        self.state: dict[str, Any] = {
            "run": run,
            "folder": str(folder.resolve()),  # the state in a copy of it is of the original
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "job": os.environ.get("SLURM_JOB_ID"),  # of an array's task its own, not the array's
            "started_at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "phase": "start",
            "step": 0,
            "steps": 0,
            "loss": None,
        }

    def __enter__(self) -> "Live":
        self.write()
        self.thread = threading.Thread(target=self._keep_writing, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join()
        self.path.unlink(missing_ok=True)

    def report(self, phase: str, step: int = 0, steps: int = 0, loss: float = math.nan) -> None:
        """Note where the run stands."""
        known = loss if math.isfinite(loss) else None
        self.state = {**self.state, "phase": phase, "step": step, "steps": steps, "loss": known}

    def went_on(self, phase: str, step: int, steps: int, lost: int) -> None:
        """Note that a training goes on after its former process died, and what of it is done again."""
        line = (
            f"{self.state['run']} goes on at step {step} of {steps} ({phase}) on {self.state['host']} after it was "
            f"cut off: {lost} steps were lost"
        )
        note_event(self.path.parents[2], line)
        logging.getLogger(__name__).warning(line)

    def write(self) -> None:
        """Write the state aside and rename it."""
        self.draft.write_text(json.dumps({**self.state, "seconds": round(time.monotonic() - self.start, 1)}))
        self.draft.replace(self.path)

    def _keep_writing(self) -> None:
        while not self.over.wait(1):
            with contextlib.suppress(OSError):  # a full disk must not end a run that needs none
                self.write()


def announce(folder: Path, run: str) -> None:
    """Say of a run that a worker has it, which may have to import its libraries first; nothing where one is at it."""
    if _state(folder / "state.json") is not None:
        return
    given = Live(folder, run)
    given.report("import")
    with contextlib.suppress(OSError):  # the run itself will say what is wrong
        folder.mkdir(parents=True, exist_ok=True)
        given.write()


def redo_path(folder: Path) -> Path:
    """The file in a run's working folder that asks for the run although its stored result is good."""
    return folder / "redo"


def ask_to_redo(folder: Path) -> None:
    """Ask for a run, from its start, although its stored result is good; that one stays until it is replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    for checkpoint in folder.glob("*.ckpt"):
        checkpoint.unlink()
    redo_path(folder).touch()


def running(work: Path) -> list[dict[str, Any]]:
    """The states of all runs that go on, in the folder of a contest's working folders, oldest first.

    On this machine a run goes on as long as its process is there; on another as long as it gives signs of life.
    """
    found = [state for path in work.glob("*/state.json") if (state := _state(path)) is not None]
    return sorted(found, key=lambda state: str(state["started_at"]))


def _state(path: Path) -> dict[str, Any] | None:
    """The state in a file, if its run goes on."""
    import psutil  # noqa: PLC0415 (few need it)

    try:
        state: dict[str, Any] = json.loads(path.read_bytes())
        age = time.time() - path.stat().st_mtime
    except (OSError, ValueError):  # there is none, or it has just ended
        return None
    if state["host"] != socket.gethostname():
        return state if age < SIGN_OF_LIFE else None
    own = str(path.parent.resolve())
    return state if psutil.pid_exists(state["pid"]) and state.get("folder", own) == own else None
