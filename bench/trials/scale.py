"""How the suite bears a large contest: made-up results of a whole archive, and what asking about them costs."""

import json
import resource
import subprocess
import sys
import tempfile
import time
from typing import Any

import numpy as np

from bench.contest import state
from bench.contest.definition import Contest, Run
from bench.contest.scores import SCORES
from ucr.archive import ARCHIVE

METHODS = (
    "timae", "timae-scratch", "timae-probe", "timae-random-probe", "timae-cls", "timae-max", "timae-mamba",
    "timae-cross", "timae-ms", "timae-ms-scratch", "timae-ms-probe", "timae-ms-random-probe", "timae-ms-mamba",
    "catch22", "1nn-dtw", "1nn-euclid", "minirocket", "rocket", "multirocket", "tsf",
)  # fmt: skip
MOST_SECONDS = {"status": 2.0}
"""What is promised, on an idle machine."""


def main(n_datasets: int, n_methods: int, resamples: int, share: float) -> int:
    """Make results up, and measure status, plan and what a submission is made of.

    Args:
        n_datasets: of the archive's.
        n_methods: of METHODS.
        resamples: of each.
        share: of the runs that are done.

    Returns:
        0 if all that is promised is kept, else 1.
    """
    with tempfile.TemporaryDirectory(prefix="bench-scale-") as folder:
        contest = Contest("scale", METHODS[:n_methods], (*ARCHIVE,)[:n_datasets], resamples, "quick", folder)
        start = time.perf_counter()
        n = make(contest, share)
        print(f"{n} results made up in {time.perf_counter() - start:.0f} s")  # noqa: T201
        late = 0
        where = ["--results", folder]
        asked = ["--datasets", ",".join(contest.datasets), "--methods", ",".join(contest.methods), "--name", "scale"]
        asked += ["--resamples", str(resamples), *where]
        for name, words in {
            "status": ["status", "scale", *where],
            "status, once more": ["status", "scale", *where],
            "status of all": ["status", *where],
            "plan": ["plan", *asked],
            "report": ["report", "scale", *where, "--reports", f"{folder}/reports"],
        }.items():
            seconds, megabytes = _measure(words)
            most = MOST_SECONDS.get(name.partition(",")[0], float("inf"))
            late += seconds > most
            print(f"{name}: {seconds:.1f} s, {megabytes:.0f} MB{' (promised: under 2 s)' * (seconds > most)}")  # noqa: T201
    return 1 if late else 0


def make(contest: Contest, share: float) -> int:
    """Write results as finished runs would have left them; returns how many."""
    contest.save()
    random = np.random.default_rng(0)
    versions = {"versions": state._versions()}
    configs = {name: contest.method(name).describe() | {"same_split": False} for name in contest.methods}
    data = {name: _fingerprint(name, contest) for name in contest.datasets}
    n = 0
    for run in contest.runs():
        if random.random() < share:
            _write(run, contest, data[run.dataset], configs[run.method], versions, random)
            n += 1
    return n


def _write(
    run: Run, contest: Contest, data: str, config: dict[str, Any], versions: dict[str, Any], random: np.random.Generator
) -> None:
    info = ARCHIVE[run.dataset]
    values: dict[str, Any] = {
        "method": run.method, "dataset": run.dataset, "resample": run.resample, "seed": run.resample,
        **dict.fromkeys(SCORES, round(float(random.uniform(0.4, 1)), 4)),
        "n_train": info.n_train, "n_test": info.n_test, "n_classes": info.n_classes,
        "n_timepoints": min(info.columns, 256), "n_parameters": {}, "pretrain_seconds": 1.0, "finetune_seconds": 2.0,
        "test_seconds": 0.1, "peak_memory_mb": 500.0, "device": "cpu", "data_sha256": data,
        "preparation": {}, "config": config, "details": {}, "environment": versions,
        "finished_at": "2026-01-01T00:00:00+00:00",
    }  # fmt: skip
    path = run.path(contest.folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values, indent=1))


def _fingerprint(dataset: str, contest: Contest) -> str:
    from ucr.archive import UcrError  # noqa: PLC0415
    from ucr.load import fingerprint  # noqa: PLC0415

    try:
        return fingerprint(dataset, contest.root)
    except UcrError:
        return "0"


def _measure(words: list[str]) -> tuple[float, float]:
    """Seconds and peak megabytes of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "bench", *words], check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    return time.perf_counter() - start, max(before, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1000
