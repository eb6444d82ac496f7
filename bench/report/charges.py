"""What a run costs, by one rule: its own training and test; and, apart, a pre-training that data sets share, once.

A pre-training on the data set's own series belongs to each run that starts from it, whichever made it. One that runs on
several data sets start from, or that is on the train series of all of them, is shared: what it cost stands in a column
of its own, whole, in each of these runs.

`runs` are tidy runs, one row each. What is not known (of imported results; CPU time of older ones) is NaN.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from bench.contest.results import Result
from bench.methods.method import FOR_ALL

PHASES = ("pretrain", "finetune", "test")
CLOCKS = {"cpu": "CPU seconds", "wall": "seconds (wall)"}
"""Column prefix → what its seconds are called."""


class Seconds(NamedTuple):
    """Of one pre-training."""

    wall: float
    cpu: float


def pretrainings_of(result: Result) -> dict[str, Seconds]:
    """The pre-trainings that a run starts from, by the names under which they are shared, "" for one of its own."""
    name = str(result.details.get("pretrained", ""))
    wall = result.details.get("pretrainings", {name: result.pretrain_seconds})
    cpu = result.details.get("cpu_pretrainings", {name: result.cpu_seconds.get("pretrain", math.nan)})
    # without a pre-training there is nothing that could be unknown
    return {key: Seconds(took, cpu.get(key, math.nan)) for key, took in wall.items() if took != 0}


def charge(runs: pd.DataFrame, results: Sequence[Result]) -> None:
    """Add the columns of cost to tidy runs, for either clock: phases, seconds, shared_pretraining; and which that is.

    Args:
        runs: with columns dataset and pretrained_on.
        results: that they are of, in the same order.
    """
    parts = [
        (row, runs.at[row, "dataset"], runs.at[row, "pretrained_on"] in FOR_ALL, len(found), name or row, *seconds)
        for row, found in enumerate(map(pretrainings_of, results))
        for name, seconds in found.items()
    ]
    each = pd.DataFrame(parts, columns=["row", "dataset", "archive", "n", "name", "wall", "cpu"])
    of_all = each["name"][each["archive"] & each["n"].eq(1)]  # of an average, another run says which is which
    shared = each.groupby("name")["dataset"].transform("nunique").gt(1) | each["name"].isin(of_all)
    for clock in CLOCKS:
        own, common = (
            part.groupby("row")[clock].agg(lambda x: x.sum(skipna=False)).reindex(runs.index, fill_value=0.0)
            for part in (each[~shared], each[shared])
        )
        runs[f"{clock}_pretrain"] = own
        for phase in PHASES[1:]:
            runs[f"{clock}_{phase}"] = [_seconds(result, clock, phase) for result in results]
        runs[f"{clock}_seconds"] = runs[[f"{clock}_{phase}" for phase in PHASES]].sum(axis=1, skipna=False)
        runs[f"{clock}_shared_pretraining"] = common
    names = each[shared].groupby("row")["name"].agg(lambda x: "+".join(map(str, x)))
    runs["shared_pretraining"] = names.reindex(runs.index, fill_value="")


def _seconds(result: Result, clock: str, phase: str) -> float:
    """Of a phase of training or test; NaN where they are not known."""
    return float(getattr(result, f"{phase}_seconds") if clock == "wall" else result.cpu_seconds.get(phase, math.nan))


def clock_of(runs: pd.DataFrame) -> str:
    """The clock that every run has: cpu, but wall where CPU time of one is not known, or says nothing: on GPUs."""
    known = runs["cpu_seconds"].notna().all() and runs["cpu_shared_pretraining"].notna().all()
    return "cpu" if known and runs["device"].str.startswith("cpu").all() else "wall"


def per_run(runs: pd.DataFrame, clock: str) -> pd.DataFrame:
    """Index methods; seconds: of a run, the median; shared: of a pre-training that data sets share, the median."""
    grouped = runs.groupby("method", sort=False)
    columns = {"seconds": f"{clock}_seconds", "shared": f"{clock}_shared_pretraining"}
    return pd.DataFrame({what: grouped[column].median() for what, column in columns.items()})


def by_phase(runs: pd.DataFrame, clock: str) -> pd.DataFrame:
    """Seconds of a run, method × phase: the median run, divided as all runs together are."""
    sums = runs.groupby("method", sort=False)[[f"{clock}_{phase}" for phase in PHASES]].sum()
    shares = sums.div(sums.sum(axis=1).replace(0, math.nan), axis=0).fillna(0.0)
    found = shares.mul(per_run(runs, clock)["seconds"], axis=0)
    return found.rename(columns=lambda name: name.removeprefix(f"{clock}_"))


def in_all(runs: pd.DataFrame, clock: str) -> "pd.Series[float]":
    """Seconds of all runs of each method, each pre-training that they share counted once."""
    own = runs.groupby("method", sort=False)[f"{clock}_seconds"].sum()
    made = runs.groupby(["method", "shared_pretraining"])[f"{clock}_shared_pretraining"].first()
    return own + made.groupby("method").sum()
