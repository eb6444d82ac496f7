"""Averages: A+B is a method whose probabilities are a weighted mean of A's and B's.

A contest has the members of an average as methods of their own, and reads their results; nothing is trained twice.
"""

import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from bench.methods.arms import frozen_beside
from bench.methods.few import labels_of, with_labels
from bench.methods.method import SHARED, Average, Method

Number = TypeVar("Number", int, float)


@functools.cache
def members_of(name: str) -> tuple[str, ...]:
    """Take the name of an average apart; a method that is none is its own only member.

    X+ridge is short for X beside the ridge classifier on its encoder as it was before X was fine-tuned.
    """
    first, *others = name.split("+")
    n = labels_of(first)
    beside, ridge = frozen_beside(with_labels(first, None)), with_labels("ridge", n)
    return (first, *(with_labels(beside, n) if beside and other == ridge else other for other in others))


def average_of(name: str, members: Sequence[Method]) -> Method:
    """Make the method that averages others."""
    named = " and ".join(member.name for member in members)
    sources = {member.pretrained_on for member in members}
    return Method(
        name,
        f"The average of the probabilities of {named}; weighted by left-out train cases where all have such.",
        Average(tuple(members)),
        members[0].preparation,
        None,
        next((source for source in SHARED if source in sources), "train"),
        tuple(dict.fromkeys(name for member in members for name in member.tuned_on)),
        members[0].labels,
    )


def weigh(left_out: Sequence[NDArray[Any] | None], labels: NDArray[np.int64]) -> list[float]:
    """Weights of members by what they say of left-out train cases; equal ones where one of them has no such.

    A network has none: it was fitted to all of the train split.

    Args:
        left_out: of each member, probabilities (case, class) of the train cases, or None.
        labels: (case,) of the train cases.
    """
    known = [probabilities for probabilities in left_out if probabilities is not None]
    if len(known) < len(left_out):
        return [1 / len(left_out)] * len(left_out)
    from timae.calibration import weights_of  # noqa: PLC0415 (scipy)

    return weights_of(known, labels)


def summed(parts: Iterable[Mapping[str, Number]]) -> dict[str, Number]:
    """Sums of what parts have, by its name; what none of them has is not there."""
    sums: dict[str, Number] = {}
    for part in parts:
        for name, number in part.items():
            sums[name] = sums[name] + number if name in sums else number
    return sums


def summed_if_all(parts: Iterable[Mapping[str, Number]]) -> dict[str, Number]:
    """Sums of what every part has, by its name."""
    parts = list(parts)
    shared = set.intersection(*(set(part) for part in parts))
    return summed({name: part[name] for name in part if name in shared} for part in parts)
