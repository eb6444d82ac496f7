"""What a GPU makes of contests: runs that share it, and the paper's settings."""

import json
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from typing import Any

from bench.contest import live
from bench.contest.definition import Contest, Run
from bench.contest.survey import survey_of
from bench.places import local
from bench.places.place import Options
from bench.trials.ends import Ends
from bench.trials.gpu_part import TIME_WAS_OUT, Figures, Plan, Surroundings

SMALL = ("ArrowHead", "GunPoint", "ItalyPowerDemand", "OSULeaf")
"""Data sets that sktime ships; the other two have long series, and are left out where runs are counted."""
PACKED = (1, 4, 16)
SECONDS = 25.0
"""Of the runs of one width, about, without their workers' start."""
TO_END = 12.0
"""Seconds in which workers can be stopped, and what was reached is told."""


def _carry_out(contest: Contest, options: Options, seconds: float) -> tuple[Ends, list[dict[str, Any]]]:
    """Run a contest for so long at most; gives what ended, and where the other runs stood when time was out.

    Raises:
        RuntimeError: a run failed.
    """
    watcher, stood = Ends(), list[dict[str, Any]]()
    contest.save()
    with _at_most(seconds, lambda: stood.extend(live.running(contest.folder / "work"))):
        local.wait(local.submit(contest, survey_of(contest).todo, options), watcher)
    for _, outcome in watcher.ended:
        if outcome.kind == "failed":
            raise RuntimeError(f"{outcome.run}: {outcome.error}")
    return watcher, stood


@contextmanager
def _at_most(seconds: float, before_end: Callable[[], None]) -> Iterator[None]:
    """Leave the block when time is out."""

    def end(*_: object) -> None:
        before_end()
        raise TimeoutError(TIME_WAS_OUT)

    former = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001))
    try:
        yield
    except TimeoutError as error:
        if error.args != (TIME_WAS_OUT,):
            raise
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)


def packed(where: Surroundings) -> Plan:
    """Runs an hour, by how many share the device."""
    widths = (1, 2) if where.tiny else PACKED
    rates: list[float] = []
    return {f"{n} at a time": partial(_packed, n, widths, rates, where) for n in widths}


def _packed(n: int, widths: Sequence[int], rates: list[float], where: Surroundings) -> Figures:
    """Count the runs of one width; rates are those of the widths before it, in runs a second."""
    datasets, methods = SMALL[1:3] if where.tiny else SMALL, ("timae", "timae-ms-scratch")
    some = len(datasets) * len(methods)
    # half as many again as the rate before promises, and enough that workers seldom wait for the last ones
    wanted = max(1.5 * rates[-1] * SECONDS, 3 * n) if rates and not where.tiny else 1
    resamples = -(-int(wanted) // some)
    preset = "smoke" if where.tiny else "quick"
    contest = Contest(f"packed-{n}", methods, datasets, resamples, preset, str(where.folder))
    left = where.ends - TO_END - time.monotonic()
    most = left if n == widths[-1] else left / 2  # one run at a time takes the longest
    watcher, stood = _carry_out(contest, Options(workers=n, workers_per_gpu=n), most)
    if not watcher.ended:
        raise RuntimeError(f"{TIME_WAS_OUT} before the first run ended")
    seconds = watcher.last - watcher.first
    rates.append(len(watcher.ended) / seconds)
    return {
        "runs_per_hour": 3600 * rates[-1],
        "runs": len(watcher.ended),
        "cut_off": len(stood),
        "seconds": seconds,
        "start_up_seconds": watcher.first,
        "mean_run_seconds": watcher.seconds / len(watcher.ended),
    }


def paper(where: Surroundings) -> Plan:
    """The paper's settings on five data sets: seconds of each phase and accuracy, or how far it came."""
    rates = {name: figures["runs_per_hour"] for name, figures in where.found["packed"]["figures"].items()}
    alone, together = (rates.get(f"{n} at a time", 0.0) for n in PACKED[:2])
    datasets = SMALL[1:2] if where.tiny else (*SMALL, "ACSF1")
    width = 1 if together < alone else len(datasets)
    contest = Contest("paper", ("timae",), datasets, 1, "smoke" if where.tiny else "paper", str(where.folder))

    @cache
    def done() -> tuple[Ends, list[dict[str, Any]]]:
        left = where.ends - TO_END - time.monotonic()
        return _carry_out(contest, Options(workers=width, workers_per_gpu=width), left)

    return {dataset: partial(_paper, contest, Run("timae", dataset, 0), width, done) for dataset in datasets}


def _paper(contest: Contest, run: Run, width: int, done: Callable[[], tuple[Ends, list[dict[str, Any]]]]) -> Figures:
    _, stood = done()
    path = run.path(contest.folder)
    if path.exists():
        result = json.loads(path.read_text())
        measured = ("accuracy", "pretrain_seconds", "finetune_seconds", "test_seconds", "n_timepoints", "device")
        return {"at_a_time": width, **{name: result[name] for name in measured}}
    for state in stood:
        if state["run"] == str(run):
            reached: Figures = {name: state[name] for name in ("phase", "step", "steps", "seconds")}
            return {"at_a_time": width, "cut_off": TIME_WAS_OUT, **reached}
    return {"at_a_time": width, "cut_off": f"{TIME_WAS_OUT} before it began"}
