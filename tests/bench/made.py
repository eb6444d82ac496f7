"""Results made up for tests."""

from bench.results import Result


def a_result(**changes: object) -> Result:
    values = {
        "method": "timae", "dataset": "Sines", "resample": 0, "seed": 0, "accuracy": 0.5, "balanced_accuracy": 0.5,
        "f1_macro": 0.5, "auroc": 0.5, "log_loss": 0.7, "n_train": 4, "n_test": 4, "n_classes": 2,
        "n_timepoints": 24, "n_parameters": {"encoder": 1, "total": 2}, "pretrain_seconds": 1.0,
        "finetune_seconds": 2.0, "test_seconds": 0.1, "peak_memory_mb": 100.0, "device": "cpu", "data_sha256": "0",
        "preparation": {}, "config": {}, "details": {}, "environment": {}, "finished_at": "2026-01-01T00:00:00+00:00",
    }  # fmt: skip
    return Result(**{**values, **changes})  # type: ignore[arg-type]
