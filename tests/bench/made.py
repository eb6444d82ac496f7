"""Results made up for tests."""

from typing import Any

import numpy as np

from bench.contest import state
from bench.contest.definition import Run
from bench.contest.results import Result
from bench.contest.scores import SCORES
from bench.methods.table import get_method
from ucr.archive import ARCHIVE


def a_result(**changes: object) -> Result:
    values = {
        "method": "timae", "dataset": "Sines", "resample": 0, "seed": 0, "accuracy": 0.5, "balanced_accuracy": 0.5,
        "f1_macro": 0.5, "auroc": 0.5, "log_loss": 0.7, "n_train": 4, "n_labelled": 4, "n_test": 4, "n_classes": 2,
        "n_timepoints": 24, "n_parameters": {"encoder": 1, "total": 2}, "pretrain_seconds": 1.0,
        "finetune_seconds": 2.0, "test_seconds": 0.1, "peak_memory_mb": 100.0, "device": "cpu", "data_sha256": "0",
        "preparation": {}, "config": {}, "details": {}, "environment": {}, "finished_at": "2026-01-01T00:00:00+00:00",
    }  # fmt: skip
    return _result({**values, **changes})


PREDICTED = {"truth": np.zeros(1, int), "predictions": np.zeros(1, int)}
"""What lies beside a result at least."""


def a_stored_result(run: Run, preset: str, seconds: tuple[float, float, float], **changes: object) -> Result:
    """A result as a finished run of it would have left it, if it had cost these seconds."""
    values: dict[str, object] = dict.fromkeys(SCORES, 0.5)
    values |= dict(zip(("pretrain_seconds", "finetune_seconds", "test_seconds"), seconds, strict=True))
    info = ARCHIVE[run.dataset]
    values |= {
        "method": run.method, "dataset": run.dataset, "resample": run.resample, "seed": run.resample,
        "n_train": info.n_train, "n_labelled": info.n_train, "n_test": info.n_test, "n_classes": info.n_classes,
        "n_timepoints": min(info.columns, 256), "n_parameters": {}, "peak_memory_mb": 1.0, "device": "cpu",
        "data_sha256": "", "preparation": {}, "details": {},
        "config": {**get_method(run.method, preset).describe(), "same_split": False},
        "environment": {"versions": state._versions()}, "finished_at": "2020-01-01T00:00:00+00:00",
    }  # fmt: skip
    return _result(values | changes)


def _result(values: dict[str, Any]) -> Result:
    """A result of what stands in its file."""
    scores = {key: values.pop(key, 0.5) for key in SCORES}
    return Result(**values, scores=scores)
