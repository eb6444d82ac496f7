"""The result of an average, from those of its members."""

import datetime
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.contest.results import Result
from bench.contest.scores import score
from bench.methods.averages import mean, summed, weigh

Arrays = Mapping[str, NDArray[Any]]


def average(
    members: Sequence[tuple[Result, Arrays]], method: str, identity: Mapping[str, Any], environment: dict[str, Any]
) -> tuple[Result, dict[str, NDArray[Any]]]:
    """Average the probabilities of runs on one split; returns the result and what is kept per case.

    What it cost is what its members cost, a pre-training that several of them build on counted once.
    """
    start = time.perf_counter()
    results, arrays = zip(*members, strict=True)
    one, kept = results[0], arrays[0]
    weights = weigh([found.get("left_out") for found in arrays], kept["train"])
    probabilities = mean([found["probabilities"] for found in arrays], weights)
    result = replace(
        one,
        method=method,
        scores=score(kept["truth"], probabilities),
        n_timepoints=max(result.n_timepoints for result in results),
        n_parameters=summed(result.n_parameters for result in results),
        pretrain_seconds=sum(_pretrainings(results).values()),
        finetune_seconds=sum(result.finetune_seconds for result in results),
        test_seconds=sum(result.test_seconds for result in results) + time.perf_counter() - start,
        peak_memory_mb=max(result.peak_memory_mb for result in results),
        device=", ".join(dict.fromkeys(result.device for result in results)),
        config=dict(identity["config"]),
        details={"weights": weights} | _names(results),
        environment=environment,
        finished_at=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    )
    same = {name: kept[name] for name in ("truth", "classes", "train")}
    return result, same | {
        "predictions": probabilities.argmax(axis=1),
        "probabilities": probabilities.astype(np.float32),
    }


def _pretrainings(results: Sequence[Result]) -> dict[str, float]:
    """Seconds of each pre-training that the results build on, by its name, or by the method's where it has none."""
    return {str(r.details.get("pretrained", r.method)): r.pretrain_seconds for r in results}


def _names(results: Sequence[Result]) -> dict[str, str]:
    """The shared pre-training that a result of these builds on, for reports to spread its price."""
    names = dict.fromkeys(r.details["pretrained"] for r in results if "pretrained" in r.details)
    return {"pretrained": next(iter(names))} if names else {}
