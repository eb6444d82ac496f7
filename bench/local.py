"""Runs on this machine: a pool of worker processes that import their libraries once and do many runs."""

import multiprocessing
import os
import queue
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

from pebble import ProcessExpired, ProcessFuture, ProcessPool

from bench import results
from bench.plan import Contest, Run
from bench.run import Outcome, execute

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
"""Two workers of one thread finish more than one of two; libraries read these as they are imported."""


def run_all(
    contest: Contest,
    runs: Sequence[Run],
    workers: int,
    on_start: Callable[[Run], None],
    on_end: Callable[[Outcome], None],
) -> None:
    """Do all runs, so many at a time, one thread each; a worker that dies costs the run that it had.

    Args:
        contest: what they belong to.
        runs: in the order in which they are to be started.
        workers: processes.
        on_start: called as a run is handed to a worker.
        on_end: called with each outcome.

    Raises:
        KeyboardInterrupt: Ctrl-C or SIGTERM; what had finished is kept, the workers are gone.
    """
    with _one_thread_each(), _sigterm_interrupts():
        pool = ProcessPool(workers, initializer=_begin_worker, context=multiprocessing.get_context("spawn"))
        ended: queue.SimpleQueue[tuple[Run, float, ProcessFuture[Outcome]]] = queue.SimpleQueue()

        def start(run: Run) -> None:
            began = time.perf_counter()
            on_start(run)
            future = pool.schedule(execute, (contest, run))
            future.add_done_callback(lambda future: ended.put((run, time.perf_counter() - began, future)))

        try:
            waiting = list(reversed(runs))
            running = 0
            while waiting or running:
                while waiting and running < workers:
                    start(waiting.pop())
                    running += 1
                run, seconds, future = ended.get()
                running -= 1
                on_end(_outcome(contest, run, seconds, future))
            pool.close()
        except BaseException:
            pool.stop()
            raise
        finally:
            pool.join()


def _outcome(contest: Contest, run: Run, seconds: float, future: "ProcessFuture[Outcome]") -> Outcome:
    """Take a future's outcome; where the worker died, leave what is known in place of a traceback."""
    try:
        return future.result()
    except ProcessExpired as death:
        error = f"the worker process died (exit code {death.exitcode}): killed, or out of memory?"
        path = results.error_path(run.path(contest.folder))
        results.write_whole(path, lambda file: file.write(error.encode()))
        return Outcome(run, seconds, error=error)


def _begin_worker() -> None:
    """Leave Ctrl-C to the parent, which ends the workers, and import what every run needs."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    import torch  # noqa: PLC0415 (the parent has no use for it)

    torch.set_num_threads(1)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
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
