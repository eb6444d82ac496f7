"""What happens inside a worker process: it begins, does runs, and ends with its parent."""

import datetime
import faulthandler
import os
import shlex
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from types import FrameType
from typing import NoReturn

from bench.contest.definition import Contest, Run
from bench.contest.machine import AT_A_TIME
from bench.contest.run import Outcome, failed
from timae.session import Session

GRACE = 5.0
"""Seconds to reach a checkpoint after being asked to stop."""

ENDED_ITSELF = 70
"""Exit code of a worker in which somebody called os._exit(0)."""

_stop_asked = threading.Event()


def begin(alive: Connection, gpu: str | None, trains: bool, at_a_time: int) -> None:
    """Leave signals to the parent, watch for its end, and import what every run needs.

    Args:
        alive: end of a pipe; when it closes, this process writes a checkpoint and ends.
        gpu: the one that libraries are to see; None: whatever they see.
        trains: whether torch will be needed.
        at_a_time: how many runs go on here, this one and those beside it.
    """
    for name in (signal.SIGINT, signal.SIGUSR2):
        signal.signal(name, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _die)
    os.environ[AT_A_TIME] = str(at_a_time)
    if gpu is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = gpu
    threading.Thread(target=_end_with, args=(alive,), daemon=True).start()
    faulthandler.enable()  # a crash of C code leaves its Python stack in the run's log
    _never_end_well()
    import pandas  # noqa: F401, PLC0415 (reads data; the parent has no use for it)
    import sklearn.metrics  # noqa: F401, PLC0415

    if trains:
        import torch  # noqa: PLC0415

        import timae.fit  # noqa: F401, PLC0415

        torch.set_num_threads(1)


def _die(number: int, _frame: FrameType | None) -> None:
    """Die of a signal, as by default: Lightning, which adds to a handler, would take that for an error of the run."""
    signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)


def _never_end_well() -> None:
    """Let os._exit(0) in a method count as a death: the pool takes a worker that ends with 0 for one that is done."""
    end, process = os._exit, os.getpid()

    def end_badly(status: int) -> NoReturn:
        end(status or ENDED_ITSELF if os.getpid() == process else status)  # children may end as they like

    os._exit = end_badly


def _end_with(alive: Connection) -> NoReturn:
    wait([alive])
    _stop_asked.set()
    time.sleep(GRACE)
    os._exit(1)


def do(execute: Callable[..., Outcome], contest: Contest, run: Run, session: Session) -> Outcome:
    """Do one run by calling execute, with all that anyone prints in the run's log."""
    with _logged(contest, run):
        try:
            outcome = execute(contest, run, replace(session, stop=_stop_asked.is_set))
        except BaseException as error:
            outcome = failed(contest, run, error)
        _say(f"{outcome.kind} after {outcome.seconds:.1f} s {outcome.error}")
        return outcome


def command(contest: Contest, run: Run) -> str:
    """Return the command that repeats a run alone."""
    words = ["python", "-m", "bench", "run-one", str(run), "--name", contest.name, "--results", contest.results]
    return shlex.join(words)


@contextmanager
def _logged(contest: Contest, run: Run) -> Iterator[None]:
    """Send all that is printed, by C code too, to the log beside the result."""
    path = run.path(contest.folder).with_suffix(".log")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        log = path.open("ab")
    except OSError:  # the run itself will say what is wrong
        yield
        return
    kept = [os.dup(1), os.dup(2)]
    with log:
        for number in (1, 2):
            os.dup2(log.fileno(), number)
    try:
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        _say(f"# {now} {socket.gethostname()} process {os.getpid()}\n{command(contest, run)}")
        yield
    finally:
        for number, former in zip((1, 2), kept, strict=True):
            os.dup2(former, number)
            os.close(former)


def _say(line: str) -> None:
    """Write to the log past all buffers; a full disk is no reason to fail."""
    with suppress(OSError):
        os.write(1, f"{line.strip()}\n".encode())
