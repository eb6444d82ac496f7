"""Runs on this machine: worker processes that import their libraries once and do many runs.

Every worker is a pebble pool of its own: it can be killed, hang or leave its queue in any state, and no other
worker shares a lock or a pipe with it. All workers hold one end of a pipe that nothing is ever sent through:
when its other end closes, because we want to stop or because this process has died, they write a checkpoint at
the next step and end.
"""

import multiprocessing
import os
import queue
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import TimeoutError as LimitExceeded
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any, NoReturn, Protocol

from filelock import FileLock, Timeout
from pebble import ProcessExpired, ProcessFuture, ProcessPool
from threadpoolctl import threadpool_limits

from bench import worker
from bench.methods import get_method
from bench.plan import Contest, Run, Todo
from bench.results import ResultError
from bench.run import Outcome, execute, leave_error
from timae.config import Recipe

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
"""Two workers of one thread finish more than one of two; libraries read these as they are imported."""
LATER = 2.0
"""Seconds until a run that another process is doing is looked at again."""
LEAST_LIMIT, PATIENCE = 1800.0, 20.0
"""Time limit where none is given: this many seconds, or this many times what was predicted."""
FALSE_STARTS = 3
"""So often a worker may die before it takes a run, one time after the other, before we give up."""


@dataclass(frozen=True)
class Options:
    """How runs are to be run."""

    workers: int = 2
    """Runs at a time, on a machine without GPUs."""
    workers_per_gpu: int = 1
    time_limit: float | None = None
    """Seconds that one try of a run may take; None: many times what is predicted."""
    retries: int = 1
    """How often a run is tried again after its worker died, took too long or met a full disk."""
    keep_checkpoints: bool = False
    slurm: Mapping[str, str] = field(default_factory=dict)
    """Of a SLURM submission: submitit's parameters, as text."""
    execute: Callable[..., Outcome] = execute
    """What a worker calls to do a run."""


class Watcher(Protocol):
    """Whoever wants to know how it goes."""

    def begin(self, run: Run) -> None:
        """A run was handed to a worker."""

    def end(self, outcome: Outcome) -> None:
        """A run has ended for good."""

    def note(self, line: str) -> None:
        """Something happened that is no end."""


@dataclass
class Batch:
    """Runs that belong together, and the means to stop them."""

    contest: Contest
    todo: Sequence[Todo]
    options: Options

    def __post_init__(self) -> None:
        self.reader, self.writer = multiprocessing.Pipe(duplex=False)
        self.in_flight: dict[ProcessFuture[Outcome], Todo] = {}

    def stop(self) -> None:
        """Ask all workers to stop, and wait until they have written their checkpoints."""
        self.writer.close()
        end = time.monotonic() + worker.GRACE
        while time.monotonic() < end and not all(future.done() for future in self.in_flight):
            time.sleep(0.05)


class _Slot:
    """A worker's place: its process, and the GPU that it sees."""

    def __init__(self, batch: Batch, gpu: str | None) -> None:
        self.device = "cpu" if gpu is None else "cuda"
        methods = {item.run.method for item in batch.todo}
        trains = any(isinstance(get_method(name, batch.contest.preset).config, Recipe) for name in methods)
        self.arguments = (batch.reader, gpu, trains)
        self.pool = self._open()

    def _open(self) -> ProcessPool:
        context = multiprocessing.get_context("spawn")
        return ProcessPool(1, initializer=worker.begin, initargs=self.arguments, context=context)

    def start(self, batch: Batch, item: Todo) -> "ProcessFuture[Outcome]":
        options = batch.options
        limit = options.time_limit or max(LEAST_LIMIT, PATIENCE * max(item.seconds, item.alone))
        arguments = (options.execute, batch.contest, item.run, self.device, options.keep_checkpoints)
        try:
            return self.pool.schedule(worker.do, arguments, timeout=limit)
        except RuntimeError:  # its worker died while it was idle
            self.renew()
            return self.pool.schedule(worker.do, arguments, timeout=limit)

    def renew(self) -> None:
        self.close()
        self.pool = self._open()

    def close(self) -> None:
        self.pool.stop()  # type: ignore[no-untyped-call]
        self.pool.join()


def submit(contest: Contest, todo: Sequence[Todo], options: Options) -> Batch:
    """Take runs, in the order in which they are to be started; they start when someone waits for them."""
    return Batch(contest, todo, options)


def wait(batch: Batch, watcher: Watcher) -> None:
    """Do all runs of a batch, so many at a time; a worker that dies or hangs costs the run that it had, once.

    Raises:
        KeyboardInterrupt: Ctrl-C or SIGTERM; what had finished is kept, the rest has written checkpoints.
    """
    with one_thread_each(), _sigterm_interrupts():
        slots = [_Slot(batch, gpu) for gpu in _places(batch.options)]
        try:
            _do_all(batch, slots, watcher)
        except BaseException:
            batch.stop()
            for future, item in batch.in_flight.items():
                if future.done() and not future.exception() and future.result().kind == "done":
                    watcher.end(future.result())
                else:
                    watcher.note(f"stopped: {item.run}")
            raise
        finally:
            batch.writer.close()
            for slot in slots:
                slot.close()


def cancel(contest: Contest) -> int:
    """End the `run` of a contest that is at work on this machine; returns how many there were: 0 or 1.

    Raises:
        results.ResultError: it is at work on another machine.
    """
    path = contest.folder / ".lock"
    try:
        with FileLock(path, timeout=0):
            return 0
    except Timeout:
        host, _, pid = path.read_text().partition(" ")
    if host != socket.gethostname():
        raise ResultError(f"contest {contest.name!r} is run by process {pid} on {host}: cancel it there")
    os.kill(int(pid), signal.SIGTERM)
    return 1


@contextmanager
def hold(contest: Contest) -> Iterator[bool]:
    """Keep other commands from running a contest; gives False where one does already."""
    path = contest.folder / ".lock"
    try:
        lock = FileLock(path).acquire(timeout=0)
    except Timeout:
        yield False
        return
    with lock:
        path.write_text(f"{socket.gethostname()} {os.getpid()}")
        yield True


def _do_all(batch: Batch, slots: list[_Slot], watcher: Watcher) -> None:
    waiting, idle = list(batch.todo), list(slots)
    later: list[tuple[float, Todo]] = []
    tries: Counter[Run] = Counter()
    false_starts = 0
    ended: queue.SimpleQueue[tuple[_Slot, float, ProcessFuture[Outcome]]] = queue.SimpleQueue()
    while waiting or later or batch.in_flight:
        now = time.monotonic()
        waiting += [item for due, item in later if due <= now]
        later = [(due, item) for due, item in later if due > now]
        while waiting and idle:
            slot, item = idle.pop(), _next(waiting, batch.in_flight.values())
            watcher.begin(item.run)
            future = slot.start(batch, item)
            batch.in_flight[future] = item
            future.add_done_callback(lambda future, slot=slot, now=now: ended.put((slot, now, future)))  # type: ignore[misc]
        try:
            slot, began, future = ended.get(timeout=1)
        except queue.Empty:
            continue
        item = batch.in_flight.pop(future)
        idle.append(slot)
        outcome = _outcome(batch.contest, item.run, time.monotonic() - began, future)
        if isinstance(future.exception(), ProcessExpired | BrokenProcessPool):
            slot.renew()
        false_starts = 0 if outcome else false_starts + 1
        if false_starts > FALSE_STARTS:
            raise ResultError("workers die before they take a run: out of memory, or a broken installation?")
        if not outcome:
            waiting.insert(0, item)
        elif outcome.kind == "elsewhere":
            later.append((time.monotonic() + LATER, item))
        elif outcome.transient and tries[item.run] < batch.options.retries:
            tries[item.run] += 1
            watcher.note(f"again: {item.run}: {outcome.error}")
            waiting.insert(0, item)
        else:
            watcher.end(outcome)


def _outcome(contest: Contest, run: Run, seconds: float, future: "ProcessFuture[Outcome]") -> Outcome | None:
    """Take a run's outcome; where the worker died, leave what is known in place of a traceback.

    Returns:
        None if the worker died before it took the run.
    """
    try:
        outcome = future.result()
        if outcome.kind != "stopped":
            return outcome
        error = "stopped, though nobody asked for it"
    except BrokenProcessPool:
        return None
    except LimitExceeded as limit:
        error = f"took longer than its time limit of {limit.args[1]:.0f} s"
    except ProcessExpired as death:
        error = f"the worker process died (exit code {death.exitcode}): killed, or out of memory?"
    except Exception as other:  # the outcome could not be sent, say
        error = f"{type(other).__name__}: {other}"
    leave_error(contest, run, error)
    return Outcome(run, "failed", seconds, error=error, transient=True)


def _next(waiting: list[Todo], in_flight: Any) -> Todo:
    """Take the first run whose pre-training nobody is making at this moment; else the first."""
    busy = {item.shares for item in in_flight} - {None}
    place = next((i for i, item in enumerate(waiting) if item.shares not in busy), 0)
    return waiting.pop(place)


def _places(options: Options) -> list[str | None]:
    """The GPU of each worker, or None each where there is no GPU."""
    return [gpu for gpu in gpus() for _ in range(options.workers_per_gpu)] or [None] * options.workers


def width(options: Options) -> int:
    """How many runs go on at a time."""
    return len(_places(options))


def gpus() -> list[str]:
    """Names that CUDA_VISIBLE_DEVICES takes, of the GPUs that torch can use; found without importing it."""
    if "+cpu" in version("torch"):
        return []
    if (visible := os.environ.get("CUDA_VISIBLE_DEVICES")) is not None:
        return [name for name in visible.split(",") if name.strip() not in ("", "-1")]
    try:
        listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=True).stdout  # noqa: S607
    except (OSError, subprocess.CalledProcessError):
        return []
    return [str(i) for i, line in enumerate(line for line in listed.splitlines() if line.startswith("GPU "))]


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Let libraries use one thread: those imported by now, and those that this or a new process imports from now on."""
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        with threadpool_limits(1):
            yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


@contextmanager
def _sigterm_interrupts() -> Iterator[None]:
    """Let SIGTERM do what Ctrl-C does."""

    def interrupt(*_: Any) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
