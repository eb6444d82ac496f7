"""The result of an average, from those of its members."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.contest.results import Result
from bench.contest.scores import score
from bench.methods.averages import summed, summed_if_all, weigh
from timae.clock import Clock

Arrays = Mapping[str, NDArray[Any]]


def average(
    members: Sequence[tuple[Result, Arrays]],
    digests: Mapping[str, str],
    method: str,
    identity: Mapping[str, Any],
    environment: dict[str, Any],
) -> tuple[Result, dict[str, NDArray[Any]]]:
    """Average the probabilities of runs on one split; returns the result and what is kept per case.

    What it cost is what its members cost, a pre-training that several of them build on counted once.

    Args:
        members: their results.
        digests: by the names of their methods, what tells these results from later ones of the same runs.
        method: the name of the average.
        identity: what decides its result.
        environment: in which it is made.
    """
    clock = Clock()
    results, arrays = zip(*members, strict=True)
    one, kept = results[0], arrays[0]
    pretrainings = {
        str(result.details.get("pretrained", result.method)): result.pretrain_seconds
        for result in results
        if result.pretrain_seconds
    }
    cpu_pretrainings = {
        str(result.details.get("pretrained", result.method)): result.cpu_seconds["pretrain"]
        for result in results
        if "pretrain" in result.cpu_seconds
    }
    weights = weigh([found.get("left_out") for found in arrays], kept["train"])
    probabilities = np.average([found["probabilities"] for found in arrays], axis=0, weights=weights)
    cpu = summed_if_all(
        {phase: took for phase, took in result.cpu_seconds.items() if phase != "pretrain"} for result in results
    )
    if "test" in cpu:
        cpu["test"] += clock.cpu_seconds()
    result = replace(
        one,
        method=method,
        scores=score(kept["truth"], probabilities),
        n_timepoints=max(result.n_timepoints for result in results),
        n_parameters=summed(result.n_parameters for result in results),
        pretrain_seconds=sum(pretrainings.values()),
        finetune_seconds=sum(result.finetune_seconds for result in results),
        test_seconds=sum(result.test_seconds for result in results) + clock.seconds(),
        peak_memory_mb=max(result.peak_memory_mb for result in results),
        device=", ".join(dict.fromkeys(result.device for result in results)),
        config=dict(identity["config"]),
        details={
            "weights": weights,
            "members": dict(digests),
            "pretrainings": pretrainings,
            "cpu_pretrainings": cpu_pretrainings,
        },
        environment=environment,
        cpu_seconds=cpu,
        finished_at=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    )
    same = {name: kept[name] for name in ("truth", "classes", "train")}
    return result, same | {
        "predictions": probabilities.argmax(axis=1),
        "probabilities": probabilities.astype(np.float32),
    }
