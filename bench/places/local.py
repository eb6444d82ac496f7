"""Runs on this machine: worker processes that import their libraries once and do many runs.

Every worker is a pebble pool of its own: it can be killed, hang or leave its queue in any state, and no other
worker shares a lock or a pipe with it. All workers hold one end of a pipe that nothing is ever sent through:
when its other end closes, because we want to stop or because this process has died, they write a checkpoint at
the next step and end.
"""

import math
import multiprocessing
import os
import queue
import signal
import socket
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import TimeoutError as LimitExceeded
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from pebble import ProcessExpired, ProcessFuture, ProcessPool

from bench.contest import live
from bench.contest.definition import Contest, Run
from bench.contest.results import ResultError
from bench.contest.run import Outcome, failed_member, leave_error
from bench.contest.survey import Todo
from bench.places import worker
from bench.places.interruption import interruptible
from bench.places.machine import gpus, one_thread_each
from bench.places.place import Options, Watcher
from timae.session import Session

QUEUE = ""
LATER = 2.0
"""Seconds until a run that another process is doing is looked at again."""
LEAST_LIMIT, PATIENCE = 1800.0, 20.0
"""Time limit where none is given: this many seconds, or this many times what was predicted."""
DISK_SECONDS, DISK_PATIENCE = 5.0, 900.0
"""Where the disk is full: until a run is tried again, and as long at most."""
FALSE_STARTS = 3
"""So often a worker may die before it takes a run, one time after the other, before we give up."""


@dataclass
class Batch:
    """Runs that belong together, and the means to stop them."""

    contest: Contest
    todo: Sequence[Todo]
    options: Options
    rest: Sequence[Todo] = ()

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
        trains = any(batch.contest.method(name).trains for name in methods)
        self.arguments = (batch.reader, gpu, trains, width(batch.options))
        self.pool = self._open()

    def _open(self) -> ProcessPool:
        context = multiprocessing.get_context("spawn")
        return ProcessPool(1, initializer=worker.begin, initargs=self.arguments, context=context)

    def start(self, batch: Batch, item: Todo) -> "ProcessFuture[Outcome]":
        options = batch.options
        limit = options.time_limit or max(LEAST_LIMIT, PATIENCE * max(item.seconds, item.alone))
        session = Session(device=self.device, keep=options.keep_checkpoints, pretrain_only=options.pretrain)
        arguments = (options.execute, batch.contest, item.run, session)
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
    with one_thread_each(), interruptible():
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


def cancel(contest: Contest) -> str:
    """End the `run` of a contest that is at work on this machine, if there is one.

    Raises:
        results.ResultError: it is at work on another machine.
    """
    if (holder := live.holder(contest.folder)) is None:
        return "0 command on this machine"
    host, process = holder
    if not process:
        raise ResultError(f"the command that runs contest {contest.name!r} is just beginning: try again")
    if host != socket.gethostname():
        raise ResultError(f"contest {contest.name!r} is run by process {process} on {host}: cancel it there")
    os.kill(process, signal.SIGTERM)
    return "1 command on this machine"


def queued(contest: Contest) -> list[Run]:  # noqa: ARG001 (other places have a queue)
    """None: whatever a command has not started yet is its own affair, and ends with it."""
    return []


def _do_all(batch: Batch, slots: list[_Slot], watcher: Watcher) -> None:
    waiting, idle = list(batch.todo), list(slots)
    later: list[tuple[float, Todo]] = []
    tries: Counter[Run] = Counter()
    outcomes: dict[Run, Outcome] = {}
    false_starts = 0
    disk = _Disk(batch.contest.folder)
    ended: queue.SimpleQueue[tuple[_Slot, float, ProcessFuture[Outcome]]] = queue.SimpleQueue()
    while waiting or later or batch.in_flight:
        now = time.monotonic()
        waiting[:0] = [item for due, item in later if due <= now]
        later = [(due, item) for due, item in later if due > now]
        while idle and (item := _next(waiting, batch.in_flight.values(), [item for _, item in later])):
            watcher.begin(item.run)
            if lost := _lost(batch.contest, item.run, outcomes):
                watcher.end(lost)
                continue
            slot = idle.pop()
            live.announce(item.run.work(batch.contest.folder), str(item.run))
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
        elif (seconds := _again(outcome, batch, tries, disk, watcher)) is not None:
            later.append((time.monotonic() + seconds, item))
        else:
            outcomes[outcome.run] = outcome
            watcher.end(outcome)


def _again(outcome: Outcome, batch: Batch, tries: Counter[Run], disk: "_Disk", watcher: Watcher) -> float | None:
    """Seconds after which a run is to be tried again; None where this was its end."""
    if outcome.kind == "elsewhere":
        return LATER
    if outcome.full and disk.waits():
        watcher.note(f"the disk is full, {outcome.run} waits: {outcome.error}")
        return DISK_SECONDS
    if outcome.kind == "done":
        disk.has_room()
    if outcome.transient and tries[outcome.run] < batch.options.retries:
        tries[outcome.run] += 1
        watcher.note(f"again: {outcome.run}: {outcome.error}")
        return 0.0
    return None


class _Disk:
    """Waits, within reason, for a full disk to have room again."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.since = folder, -math.inf

    def waits(self) -> bool:
        """Note that the disk is full; returns whether that is to be waited for."""
        now = time.monotonic()
        if self.since == -math.inf:
            self.since = now
        return now - self.since < DISK_PATIENCE

    def has_room(self) -> None:
        """Note that something could be written."""
        if self.since > -math.inf:
            seconds = time.monotonic() - self.since
            live.note_event(
                self.folder, f"the disk was full for {seconds:.0f} s on {socket.gethostname()}: runs waited"
            )
            self.since = -math.inf


def _lost(contest: Contest, run: Run, outcomes: Mapping[Run, Outcome]) -> Outcome | None:
    """The outcome of an average one of whose members has failed; None of every other run."""
    for member in run.members:
        if member in outcomes and outcomes[member].kind == "failed":
            error = failed_member(member, outcomes[member].error)
            leave_error(contest, run, error)
            return Outcome(run, "failed", error=error)
    return None


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
        error = _died(death.exitcode or 0)
    except Exception as other:  # the outcome could not be sent, say
        error = f"{type(other).__name__}: {other}"
    leave_error(contest, run, error)
    return Outcome(run, "failed", seconds, error=error, transient=True)


def _died(code: int) -> str:
    """Say how a worker ended, by its exit code."""
    if code < 0:
        name = signal.Signals(-code).name
        return f"the worker process was killed by {name}{': out of memory?' if name == 'SIGKILL' else ''}"
    return f"the worker process ended with exit code {code}: does the method call os._exit()?"


def _next(waiting: list[Todo], in_flight: Collection[Todo], later: Sequence[Todo] = ()) -> Todo | None:
    """Take the first run whose pre-training nobody is making at this moment; else the first.

    An average's turn comes when its members have ended: no worker waits for another.
    """
    going_on = {item.run for item in (*waiting, *in_flight, *later)}
    ready = [item for item in waiting if going_on.isdisjoint(item.run.members)]
    if not ready:
        return None
    busy = {item.shares for item in in_flight} - {None}
    item = next((item for item in ready if item.shares not in busy), ready[0])
    waiting.remove(item)
    return item


def _places(options: Options) -> list[str | None]:
    """The GPU of each worker, or None each where there is no GPU."""
    return [gpu for gpu in gpus() for _ in range(options.workers_per_gpu)] or [None] * options.workers


def width(options: Options) -> int:
    """How many runs go on at a time."""
    return len(_places(options))
